#!/bin/sh
# Stands under all the names: keeps objects in the folder that the parameter store names, and fails where the test has put a
# fault into it.
set -u
store='' service_id='' operation_id='' run=''
for argument; do
	case $argument in
	--store=*) store=${argument#*=} ;;
	--service_id=*) service_id=${argument#*=} ;;
	--operation_id=*) operation_id=${argument#*=} ;;
	--run=*) run=${argument#*=} ;;
	esac
done
IFS= read -r password
if [ -n "$run" ]; then
	eval "$run"
	exit
fi
fault=''
if mv "$store/fault" "$store/struck" 2>/dev/null; then fault=$(cat "$store/struck"); fi
case $fault in
exit_before) exit 3 ;;
error) echo 'ERROR: it cannot be done' && exit 1 ;;
esac
at=$store/$service_id command=$(basename "$0" .sh)
case $command in
open) mkdir "$at" 2>/dev/null ;;
suspend) touch "$at/off" ;;
resume) rm -f "$at/off" ;;
close) rm -rf "$at" ;;
reboot | reinstall) mkdir "$at/$operation_id" 2>/dev/null && echo >>"$at/$command" ;;
esac
case $fault in
exit_after) echo "OK" && exit 3 ;;
killed_after) kill -9 $$ ;;
garbage_after) echo 'all is well' && exit ;;
timeout) sleep 600 ;;
flood_after) yes ;;
esac
echo 'working'
echo "OK external_id=$service_id"
