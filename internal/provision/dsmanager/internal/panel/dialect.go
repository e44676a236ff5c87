package panel

import (
	"maps"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dialect"
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

// functions is the one table of functions. The vendor has published none of them: all are inferred from the rule by which the
// family names its functions.
var functions = dialect.Functions[Call]{
	Users:      dialect.Inferred("user"),
	UserCreate: dialect.Inferred("user.edit"),
	Presets:    dialect.Inferred("servertype"),
	OSImages:   dialect.Inferred("osimage"),
	Servers:    dialect.Inferred("server"),
	ServerEdit: dialect.Inferred("server.edit"),
	Enable:     dialect.Inferred("server.enable"),
	Disable:    dialect.Inferred("server.disable"),
	PowerOn:    dialect.Inferred("server.poweron"),
	PowerOff:   dialect.Inferred("server.poweroff"),
	Reboot:     dialect.Inferred("server.reboot"),
	Reinstall:  dialect.Inferred("server.reinstall"),
	History:    dialect.Inferred("server.history"),
}

// names is the table of words in forms and rows.
var names = dialect.Words{
	"id":       dialect.Inferred("id", "Column of a server's and an operation's number."),
	"name":     dialect.Inferred("name", "Column and field of a name: of servers, users, presets and images."),
	"address":  dialect.Inferred("ip", "Column of a server's address."),
	"no_owner": dialect.Inferred("", "What a form says for nobody."),
	"preset":   dialect.Inferred("type", "Column of a server's preset."),
	"owner":    dialect.Inferred("owner", "Column and field of the owner's name."),
	"hostname": dialect.Inferred("hostname", "Column and field of the host name."),
	"email":    dialect.Inferred("email", "Column of a user's e-mail address; a panel without it tells names."),
	"os":       dialect.Inferred("os", "Column of a server's installed image."),
	"os_image": dialect.Inferred("osimage", "Field of the image to install."),
	"password": dialect.Inferred("passwd", "Field of a password."),
	"confirm":  dialect.Inferred("confirm", "Field of the same password again."),
	"disabled": dialect.Inferred("disabled", "Switch in a server's row."),
	"powered":  dialect.Inferred("poweron", "Switch in a server's row."),
	"working":  dialect.Inferred("func_in_progress", "Switch in a server's row."),
	"blocked":  dialect.Inferred("blocked", "Switch in a server's row."),
	"broken":   dialect.Inferred("hwproblem", "Switch in a server's row."),
	"status":   dialect.Inferred("status", "Column of a server's history."),
	"failed":   dialect.Inferred("failed", "The status of work that came to nothing."),
}

// numbers are those of errors, with their meanings.
var numbers = dialect.Listed{Parameter: "errors", Terms: map[string]dialect.Term{
	"1": dialect.Inferred("away"), "2": dialect.Inferred("exists"), "3": dialect.Inferred("unknown"), "4": dialect.Inferred("refused"),
	"5": dialect.Inferred("refused"), "6": dialect.Inferred("refused"), "100": dialect.Inferred("logged_out"),
}}

// meanings are by the words for them.
var meanings = map[string]coremgr.Meaning{
	"refused": coremgr.Refused, "unknown": coremgr.Unknown, "exists": coremgr.Exists, "away": coremgr.Away, "logged_out": coremgr.LoggedOut,
}

// Tables are all that can be corrected.
var Tables = []dialect.Table{functions, names, numbers}

// Dialect is how one installation wants to be spoken to.
type Dialect struct {
	functions map[Call]string
	names     map[string]string
	meanings  map[string]coremgr.Meaning
}

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(endpoints, fields, errors map[string]string) (Dialect, error) {
	var broken fault.Fields
	d := Dialect{
		functions: functions.Corrected(endpoints, &broken), names: names.Corrected(fields, &broken),
		meanings: map[string]coremgr.Meaning{},
	}
	said := numbers.Usuals()
	maps.Copy(said, errors)
	for number, word := range said {
		meaning, known := meanings[word]
		if !known {
			broken.Add("/parameters/errors/"+number, "invalid_value", "Expected is one of refused, unknown, exists, away, logged_out.")
		}
		d.meanings[number] = meaning
	}
	return d, broken.Err()
}

// Meanings are what the numbers of errors mean to the client.
func (d Dialect) Meanings() map[string]coremgr.Meaning { return d.meanings }
