package panel

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
)

// Call names one thing that the panel is asked for.
type Call string

// The calls.
const (
	Users      Call = "users"
	UserCreate Call = "user_create"
	Presets    Call = "presets"
	OSImages   Call = "os_images"
	Servers    Call = "servers"
	ServerEdit Call = "server_edit"
	Enable     Call = "server_enable"
	Disable    Call = "server_disable"
	PowerOn    Call = "power_on"
	PowerOff   Call = "power_off"
	Reboot     Call = "reboot"
	Reinstall  Call = "reinstall"
	History    Call = "history"
)

// functions is the one table of functions. The vendor has published none of them: all are inferred (I) from the rule by which the
// family names its functions. A module's parameter "endpoints" corrects each.
var functions = map[Call]string{
	Users:      "user",
	UserCreate: "user.edit",
	Presets:    "servertype",
	OSImages:   "osimage",
	Servers:    "server",
	ServerEdit: "server.edit",
	Enable:     "server.enable",
	Disable:    "server.disable",
	PowerOn:    "server.poweron",
	PowerOff:   "server.poweroff",
	Reboot:     "server.reboot",
	Reinstall:  "server.reinstall",
	History:    "server.history",
}

// names is the table of inferred words in forms and rows.
var names = map[string]string{
	"no_owner":  "",                 // what a form says for nobody
	"preset":    "type",             // the column of a server's preset
	"owner":     "owner",            // column and field of the owner's name
	"hostname":  "hostname",         // column and field of the host name
	"os_image":  "osimage",          // field of the image to install
	"password":  "passwd",           // field of a password
	"confirm":   "confirm",          // field of the same password again
	"disabled":  "disabled",         // switches in a server's row
	"powered":   "poweron",          //
	"working":   "func_in_progress", //
	"blocked":   "blocked",          //
	"broken":    "hwproblem",        //
	"operation": "operation",        // columns of a server's history
	"status":    "status",           //
	"failed":    "failed",           // the status of work that came to nothing
}

// meanings are the numbers of errors, inferred as well.
var meanings = map[string]coremgr.Meaning{
	"1": coremgr.Away, "2": coremgr.Exists, "3": coremgr.Unknown, "4": coremgr.Refused, "5": coremgr.Refused, "6": coremgr.Refused,
	"100": coremgr.LoggedOut,
}

// words are how a module's parameter "errors" says a meaning.
var words = map[string]coremgr.Meaning{
	"refused": coremgr.Refused, "unknown": coremgr.Unknown, "exists": coremgr.Exists, "away": coremgr.Away, "logged_out": coremgr.LoggedOut,
}

// Dialect is how one installation wants to be spoken to.
type Dialect struct {
	functions map[Call]string
	names     map[string]string
	meanings  map[string]coremgr.Meaning
}

var functionName = regexp.MustCompile(`^[A-Za-z0-9_.]{1,100}$`)

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(endpoints, fields, errors map[string]string) (Dialect, error) {
	d := Dialect{functions: maps.Clone(functions), names: maps.Clone(names), meanings: maps.Clone(meanings)}
	var broken fault.Fields
	for name, function := range endpoints {
		if _, known := functions[Call(name)]; !known || !functionName.MatchString(function) {
			broken.Add("/parameters/endpoints/"+name, "invalid_value", "The name of a function is expected, for one of %s.", strings.Join(CallNames(), ", "))
			continue
		}
		d.functions[Call(name)] = function
	}
	for name, word := range fields {
		if _, known := names[name]; !known || word == "" {
			broken.Add("/parameters/fields/"+name, "invalid_value", "Not one of the words that can be corrected, or no word for it.")
			continue
		}
		d.names[name] = word
	}
	for number, word := range errors {
		meaning, known := words[word]
		if !known {
			broken.Add("/parameters/errors/"+number, "invalid_value", "Expected is one of refused, unknown, exists, away, logged_out.")
			continue
		}
		d.meanings[number] = meaning
	}
	return d, broken.Err()
}

// Meanings are what the numbers of errors mean to the client.
func (d Dialect) Meanings() map[string]coremgr.Meaning { return d.meanings }

// CallNames lists the calls whose functions can be corrected.
func CallNames() []string {
	out := make([]string, 0, len(functions))
	for call := range functions {
		out = append(out, string(call))
	}
	slices.Sort(out)
	return out
}

// FieldNames lists the words that can be corrected.
func FieldNames() []string { return slices.Sorted(maps.Keys(names)) }
