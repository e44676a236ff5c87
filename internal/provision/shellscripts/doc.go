// Package shellscripts sells by a folder of small scripts: open.sh, suspend.sh, resume.sh and close.sh, and where there are
// some also setparam.sh, prolong.sh, reboot.sh and reinstall.sh.
//
// A script is started as `open.sh --disk=5 --hostname=web --user=u5814 …`. It has succeeded when it ended with status 0 and a line
// begins with OK, followed by what it wants kept: `OK external_id=17 ip=192.0.2.7 login=web`.
//
// What is known how: the names of the scripts, the form of the arguments and the line OK are the vendor's text (D) on a module
// that logs into a server by SSH and runs them there. Ours: they run on the machine of tariffd (a script may go on by ssh
// itself, with its own key); the password is the first line of standard input, because others can read arguments; a line that
// begins with ERROR is a refusal; prolong.sh, reboot.sh, reinstall.sh; the arguments beside the vendor's.
//
// It owns the arguments and the reading of the line; it owns neither how a program is started and ended (package program), nor
// retries and tasks (package operation).
//
// Invariants: a script may come twice for one operation, which --operation_id names, and one service has one script at a
// time; without the line OK nothing has succeeded; no secret is an argument, and none is in a failure's text.
package shellscripts
