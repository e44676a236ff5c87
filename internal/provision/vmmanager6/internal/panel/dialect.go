package panel

import (
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

// Call names one thing that the panel is asked for.
type Call string

// The calls.
const (
	HostList      Call = "host_list"
	HostCreate    Call = "host_create"
	HostDelete    Call = "host_delete"
	HostStart     Call = "host_start"
	HostStop      Call = "host_stop"
	HostRestart   Call = "host_restart"
	HostReinstall Call = "host_reinstall"
	HostResource  Call = "host_resource"
	HostDisable   Call = "host_disable"
	HostEnable    Call = "host_enable"
	HostHistory   Call = "host_history"
	HostIPv4      Call = "host_ipv4"
	HostIPv6      Call = "host_ipv6"
	HostAddIP     Call = "host_ip_add"
	IPDelete      Call = "ip_delete"
	DiskResize    Call = "disk_resize"
	Tasks         Call = "tasks"
	Accounts      Call = "accounts"
	AccountCreate Call = "account_create"
	Clusters      Call = "clusters"
	Presets       Call = "presets"
	OSTemplates   Call = "os_templates"
	Recipes       Call = "recipes"
	Pools         Call = "ip_pools"
	Metrics       Call = "metrics"
)

// endpoints is the one table of paths.
var endpoints = dialect.Paths[Call]{
	HostList:      dialect.Documented("GET /vm/v3/host"),
	HostCreate:    dialect.Documented("POST /vm/v3/host"),
	HostDelete:    dialect.Seen("DELETE /vm/v3/host/{id}"),
	HostStart:     dialect.Seen("POST /vm/v3/host/{id}/start"),
	HostStop:      dialect.Seen("POST /vm/v3/host/{id}/stop"),
	HostRestart:   dialect.Seen("POST /vm/v3/host/{id}/restart"),
	HostReinstall: dialect.Seen("POST /vm/v3/host/{id}/reinstall"),
	HostResource:  dialect.Seen("POST /vm/v3/host/{id}/resource"),
	HostDisable:   dialect.Inferred("POST /vm/v3/host/{id}/disable", "Used only with disable_suspended."),
	HostEnable:    dialect.Inferred("POST /vm/v3/host/{id}/enable", "Used only with disable_suspended."),
	HostHistory:   dialect.Seen("GET /vm/v3/host/{id}/history"),
	HostIPv4:      dialect.Seen("GET /vm/v3/host/{id}/ipv4"),
	HostIPv6:      dialect.Seen("GET /vm/v3/host/{id}/ipv6"),
	HostAddIP:     dialect.Seen("POST /vm/v3/host/{id}/ip"),
	IPDelete:      dialect.Seen("DELETE /vm/v3/ip/{ip}"),
	DiskResize:    dialect.Seen("POST /vm/v3/disk/{disk}"),
	Tasks:         dialect.Documented("GET /vm/v3/task"),
	Accounts:      dialect.Seen("GET /vm/v3/account"),
	AccountCreate: dialect.Seen("POST /vm/v3/account"),
	Clusters:      dialect.Seen("GET /vm/v3/cluster"),
	Presets:       dialect.Seen("GET /vm/v3/preset"),
	OSTemplates:   dialect.Seen("GET /vm/v3/os"),
	Recipes:       dialect.Seen("GET /vm/v3/recipe"),
	Pools:         dialect.Seen("GET /vm/v3/ippool"),
	Metrics: dialect.Seen("GET /vm/v3/host/{id}/metrics?target={target}&from={from}&until={until}", "Inferred: until.").
		Sparing("{until}"),
}

// names is the table of member names and words in bodies and answers.
var names = dialect.Words{
	"mark":          dialect.Inferred("comment", "Where a machine remembers its service: comment or name.").Among("comment", "name"),
	"user_role":     dialect.Seen("@user"),
	"net_in":        dialect.Inferred("net_in_mbitps", "Which of the panel's limits the ordered port speed is."),
	"net_out":       dialect.Inferred("net_out_mbitps", "The same for what goes out."),
	"defer_action":  dialect.Seen("host_stop"),
	"recipe_access": dialect.Inferred("all", "The access of a recipe that customers may order."),
	"in":            dialect.Inferred("net_rx", "The series of what came in, seen from the machine."),
	"out":           dialect.Inferred("net_tx", "The series of what went out."),
	"task_complete": dialect.Seen("complete"),
	"task_failed":   dialect.Seen("fail", "\"failed\" and the like are understood as well."),
	"created":       dialect.Seen("host_create", "Name of the work in a machine's history."),
	"restarted":     dialect.Seen("host_restart", "Name of the work in a machine's history."),
	"reinstalled":   dialect.Seen("host_reinstall", "Name of the work in a machine's history."),
}

// Units is the table of what stands for parameters that say how the panel measures.
var Units = dialect.Listed{Terms: map[string]dialect.Term{
	"traffic_unit": dialect.Inferred("B/s", "Unit of the measured rates."),
	"traffic_zone": dialect.Inferred("UTC", "Time zone of the panel's metrics."),
}}

// Tables are all that can be corrected.
var Tables = []dialect.Table{endpoints, names, Units}

// Dialect is how one installation of the panel wants to be spoken to.
type Dialect struct {
	endpoints map[Call]string
	names     map[string]string
}

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(paths, words map[string]string) (Dialect, error) {
	var broken fault.Fields
	d := Dialect{endpoints: endpoints.Corrected(paths, &broken), names: names.Corrected(words, &broken)}
	return d, broken.Err()
}
