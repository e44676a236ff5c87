#!/bin/sh
# A program that keeps its objects in a folder, and fails where the test has put a fault into it.
set -u
command='' item='' operation=''
while [ $# -gt 0 ]; do
	case $1 in
	--command) command=$2 ;;
	--item) item=$2 ;;
	--runningoperation) operation=$2 ;;
	esac
	shift 2
done
if [ "$command" = features ]; then
	echo '{"params":[{"name":"store"}],"features":["open","suspend","resume","close","setparam","prolong","reboot","reinstall"]}'
	exit
fi
cat >/dev/null
store=$(mgrctl -m billmgr document.get path=module.params.store)
fault=''
if mv "$store/fault" "$store/struck" 2>/dev/null; then fault=$(cat "$store/struck"); fi
case $fault in
exit_before) exit 3 ;;
error) echo '<doc><error type="value"><msg>It cannot be done.</msg></error></doc>' && exit ;;
esac
at=$store/$item
case $command in
open) mkdir "$at" 2>/dev/null ;;
suspend) touch "$at/off" ;;
resume) rm -f "$at/off" ;;
close) rm -rf "$at" ;;
reboot | reinstall) mkdir "$at/$operation" 2>/dev/null && echo >>"$at/$command" ;;
esac
case $fault in
exit_after) exit 3 ;;
killed_after) kill -9 $$ ;;
garbage_after) echo 'all is well' && exit ;;
timeout) sleep 600 ;;
flood_after) yes ;;
esac
echo "<doc><external_id>$item</external_id></doc>"
