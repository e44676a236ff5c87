#!/bin/sh
# A program that does what the test wrote into the service's or the module's setting "run".
for argument; do
	if [ "$argument" = features ]; then
		case $0 in
		*blind*) look="" ;;
		*) look="<feature name=\"sync_item\"/><feature name=\"import\"/>" ;;
		esac
		case $0 in
		*xml*) flag='<feature name="xml_input"/>' ;;
		*) flag='' ;;
		esac
		cat <<-FEATURES
			<doc><itemtypes><itemtype name="cloud"/></itemtypes>
			<params><param name="run"/><param name="url"/><param name="token" crypted="yes"/></params>
			<features>$flag<feature name="check_connection"/><feature name="open"/><feature name="setparam"/>
			<feature name="prolong"/><feature name="stat"/>$look</features></doc>
		FEATURES
		exit
	fi
done
cat >document
arguments="$*"
run=$(mgrctl -m billmgr document.get path=service.parameters.run)
[ -n "$run" ] || run=$(mgrctl -m billmgr document.get path=module.params.run)
eval "$run"
