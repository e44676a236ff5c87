package panel

import (
	"cmp"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

// Call names one thing that the panel is asked for.
type Call string

// The calls.
const (
	ServerList     Call = "server_list"
	ServerEdit     Call = "server_edit"
	ServerOwner    Call = "server_owner"
	Install        Call = "install_os"
	Recovery       Call = "recovery"
	SuspendServer  Call = "suspend"
	ResumeServer   Call = "resume"
	PowerOn        Call = "power_on"
	PowerOff       Call = "power_off"
	PowerReset     Call = "power_reset"
	AddIP          Call = "ip_add"
	RemoveIP       Call = "ip_remove"
	Configurations Call = "configurations"
	Users          Call = "users"
	UserCreate     Call = "user_create"
	OSTemplates    Call = "os_templates"
	Scripts        Call = "scripts"
	Locations      Call = "locations"
	Pools          Call = "ip_pools"
	Traffic        Call = "traffic"
)

// endpoints is the one table of paths.
var endpoints = dialect.Paths[Call]{
	ServerList:     dialect.Documented("GET /dci/v3/server"),
	ServerEdit:     dialect.Inferred("POST /dci/v3/server/{id}"),
	ServerOwner:    dialect.Inferred("POST /dci/v3/server/{id}/owner", "Where it equals server_edit, owner and name go in one call."),
	Install:        dialect.Inferred("POST /dci/v3/server/{id}/os"),
	Recovery:       dialect.Inferred("POST /dci/v3/server/{id}/recovery", "Documented: recovery as a topic of servers."),
	SuspendServer:  dialect.Inferred("POST /dci/v3/server/{id}/suspend", "Documented: the state \"suspending\"."),
	ResumeServer:   dialect.Inferred("POST /dci/v3/server/{id}/resume"),
	PowerOn:        dialect.Inferred("POST /dci/v3/server/{id}/power_on", "By analogy with power_reset."),
	PowerOff:       dialect.Inferred("POST /dci/v3/server/{id}/power_off", "By analogy with power_reset."),
	PowerReset:     dialect.Seen("POST /dci/v3/server/{id}/power_reset"),
	AddIP:          dialect.Inferred("POST /dci/v3/server/{id}/ip"),
	RemoveIP:       dialect.Inferred("DELETE /dci/v3/server/{id}/ip/{ip}"),
	Configurations: dialect.Documented("GET /dci/v3/server/configuration"),
	Users:          dialect.Documented("GET /dci/v3/user"),
	UserCreate:     dialect.Documented("POST /dci/v3/user"),
	OSTemplates:    dialect.Inferred("GET /dci/v3/os_template"),
	Scripts:        dialect.Inferred("GET /dci/v3/script"),
	Locations:      dialect.Inferred("GET /dci/v3/location"),
	Pools:          dialect.Inferred("GET /ip/v3/ippool"),
	Traffic:        dialect.Inferred("GET /dci/v3/server/{id}/traffic?from={from}&to={to}"),
}

// names is the table of member names and words in bodies and answers.
var names = dialect.Words{
	"owner":         dialect.Inferred("owner", "Member of server_owner."),
	"os_template":   dialect.Inferred("os_template", "Member of install_os."),
	"password":      dialect.Inferred("password", "Member of install_os."),
	"script":        dialect.Inferred("recipe", "Member of install_os."),
	"pool":          dialect.Inferred("pool", "Member of ip_add."),
	"count":         dialect.Inferred("count", "Member of ip_add."),
	"family":        dialect.Inferred("family", "Member of ip_add."),
	"user_role":     dialect.Inferred("@user", "The role of customers."),
	"recovery_tag":  dialect.Inferred("recovery", "Tag of the templates that are no systems to install."),
	"metrics":       dialect.Inferred("metrics", "Member of a traffic answer: samples beside the days."),
	"series_in":     dialect.Inferred("in", "Target of samples."),
	"series_out":    dialect.Inferred("out", "Target of samples."),
	"series_power":  dialect.Inferred("power", "Target of samples, in W."),
	"in":            dialect.Inferred("in", "Member of a day's traffic."),
	"out":           dialect.Inferred("out", "Member of a day's traffic."),
	"burst_in_day":  dialect.Inferred("burst_in_day", "Member of a day's traffic."),
	"burst_out_day": dialect.Inferred("burst_out_day", "Member of a day's traffic."),
	"power":         dialect.Inferred("power", "Member of a day's traffic."),
}

// Units is the table of what stands for parameters that say how the panel measures.
var Units = dialect.Listed{Terms: map[string]dialect.Term{
	"traffic_unit": dialect.Inferred("KiB", "Unit of the panel's traffic."),
	"rate_unit":    dialect.Inferred("bit/s", "Unit of the panel's samples."),
}}

// Tables are all that can be corrected.
var Tables = []dialect.Table{endpoints, names, Units}

// Dialect is how one installation of the panel wants to be spoken to.
type Dialect struct {
	endpoints map[Call]string
	names     map[string]string
	unit      string // of traffic
}

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(paths, words map[string]string, unit string) (Dialect, error) {
	var broken fault.Fields
	d := Dialect{
		endpoints: endpoints.Corrected(paths, &broken), names: names.Corrected(words, &broken),
		unit: cmp.Or(unit, Units.Usual("traffic_unit")),
	}
	return d, broken.Err()
}
