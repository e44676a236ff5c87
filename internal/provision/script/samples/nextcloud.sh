#!/bin/sh
# Sells Nextcloud accounts. A sample of a processing module in the manner of an existing one: a POSIX shell and curl.
# It reads what it needs by mgrctl and reports by mgrctl, and nothing else.
#
# Settings: url (of the Nextcloud), username (an administrator's), password (crypted).
# The add-on "disk" is the account's quota; without it there is none.
#
# Every command may be repeated: the account is named after the service's number, and is looked for before it is made.
set -u

command='' item='' module='' operation=''
while [ $# -gt 0 ]; do
	case $1 in
	--command) command=$2 ;;
	--item) item=$2 ;;
	--module) module=$2 ;;
	--runningoperation) operation=$2 ;;
	esac
	shift 2
done

manager() { mgrctl -m billmgr "$@"; }
document() { manager document.get path="$1"; }

xml() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

# fail KIND TEXT: auth, connection, or anything else for a refusal.
fail() {
	printf '<doc><error type="%s"><msg>%s</msg></error></doc>\n' "$1" "$(xml "$2")"
	exit 1
}

# ocs METHOD PATH [CURL ARGUMENT …] calls Nextcloud's user API and sets $code. Secrets reach curl by files of our own folder.
ocs() {
	method=$1 path=$2
	shift 2
	status=$(curl --silent --config login --request "$method" --header 'OCS-APIRequest: true' --max-time 60 \
		--output answer --write-out '%{http_code}' "$@" "$url/ocs/v1.php/cloud/users$path?format=xml") ||
		fail connection 'Nextcloud does not answer'
	case $status in
	401 | 403) fail auth 'Nextcloud does not accept the login' ;;
	404) code=998 && return ;;
	2??) ;;
	*) fail connection "Nextcloud answers with status $status" ;;
	esac
	code=$(sed -n 's:.*<statuscode>\([0-9]*\)</statuscode>.*:\1:p' answer | head -n 1)
	case $code in
	'') fail connection "Nextcloud's answer cannot be read" ;;
	997) fail auth 'Nextcloud does not accept the login' ;;
	esac
}

# must KIND OF CALL: as ocs, and a refusal is one.
must() {
	ocs "$@"
	case $code in
	100 | 200) ;;
	*) fail nextcloud "Nextcloud refuses: $(sed -n 's:.*<message>\(.*\)</message>.*:\1:p' answer | head -n 1) ($code)" ;;
	esac
}

# find looks for the account.
find_account() {
	ocs GET "/$user"
	case $code in
	100 | 200) return 0 ;;
	404 | 998) return 1 ;;
	*) fail nextcloud "Nextcloud refuses ($code)" ;;
	esac
}

existing() { find_account || fail nextcloud "there is no account $user"; }

# quota is the ordered space in Nextcloud's words.
quota() {
	amount=$(manager service.addons elid="$item" name=disk)
	case ${amount:-0} in
	0) echo none && return ;;
	esac
	case $(document add_ons.disk.unit) in
	B) echo "$amount B" ;;
	KiB) echo "$amount KB" ;;
	MiB) echo "$amount MB" ;;
	'' | GiB) echo "$amount GB" ;;
	TiB) echo "$amount TB" ;;
	esac
}

set_quota() { must PUT "/$user" --data-urlencode key=quota --data-urlencode "value=$space"; }

prepare() {
	umask 077
	url=$(manager processing.params elid="$module" name=url)
	url=${url%/}
	# In a file of curl's settings \ and " are escaped.
	{
		printf 'user = "'
		printf '%s:%s' "$(manager processing.params elid="$module" name=username)" "$(manager processing.params elid="$module" name=password)" |
			sed 's/\\/\\\\/g; s/"/\\"/g'
		printf '"\n'
	} >login
	user=$(document service.external_id)
	user=${user:-t$item}
}

measure() {
	space=$(quota)
	[ -n "$space" ] || fail value 'the unit of disk is none that Nextcloud knows'
}

cat >/dev/null # the document; mgrctl tells the same
case $command in
features)
	cat <<-'FEATURES'
		<doc>
		  <params><param name="url"/><param name="username"/><param name="password" crypted="yes"/></params>
		  <features>
		    <feature name="check_connection"/><feature name="open"/><feature name="suspend"/><feature name="resume"/>
		    <feature name="close"/><feature name="setparam"/>
		  </features>
		</doc>
	FEATURES
	;;
check_connection)
	prepare
	must GET ''
	echo '<doc><ok/></doc>'
	;;
open)
	prepare
	measure
	if find_account; then
		set_quota
	else
		document service.password | tr -d '\n' >password
		document client.email | tr -d '\n' >email
		document client.name | tr -d '\n' >name
		[ -s name ] || printf '%s' "$user" >name
		ocs POST '' --data-urlencode "userid=$user" --data-urlencode password@password --data-urlencode email@email \
			--data-urlencode displayName@name --data-urlencode "quota=$space"
		case $code in
		100 | 102 | 200) ;; # 102: a run before this one made it
		*) fail nextcloud "Nextcloud refuses ($code)" ;;
		esac
	fi
	manager service.saveparam elid="$item" name=username value="$user" >&2 &&
		manager service.postopen elid="$item" sok=ok external_id="$user" >&2
	;;
suspend)
	prepare
	existing
	must PUT "/$user/disable"
	manager service.postsuspend elid="$item" sok=ok >&2
	;;
resume)
	prepare
	existing
	must PUT "/$user/enable"
	manager service.postresume elid="$item" sok=ok >&2
	;;
close)
	prepare
	if find_account; then
		ocs DELETE "/$user"
		case $code in
		100 | 200 | 998) ;;
		*) fail nextcloud "Nextcloud refuses ($code)" ;;
		esac
	fi
	manager service.postclose elid="$item" sok=ok >&2
	;;
setparam)
	prepare
	measure
	existing
	set_quota
	manager service.postsetparam elid="$item" sok=ok >&2
	;;
*)
	fail command 'unknown command'
	;;
esac
