package panel

import (
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

// Call names one thing that DCImanager, IPmanager or the license server is asked for.
type Call string

// The calls.
const (
	Users           Call = "users"
	UserCreate      Call = "user_create"
	ServerTypes     Call = "server_types"
	OSTemplates     Call = "os_templates"
	Servers         Call = "servers"
	ServerEdit      Call = "server_edit"
	ServerEnable    Call = "server_enable"
	ServerDisable   Call = "server_disable"
	PowerOn         Call = "power_on"
	PowerOff        Call = "power_off"
	Reboot          Call = "reboot"
	Operations      Call = "operations"
	OperationCancel Call = "operation_cancel"
	History         Call = "history"
	Connections     Call = "connections"
	Addresses       Call = "addresses"
	AddressEdit     Call = "address_edit"
	AddressDelete   Call = "address_delete"
	TrafficReport   Call = "traffic_report"
	BurstReport     Call = "burst_report"
	PowerReport     Call = "power_report"
	PoolAddresses   Call = "ipmanager_addresses"
	PoolAddressEdit Call = "ipmanager_address_edit"
	PoolRelease     Call = "ipmanager_address_delete"
	PoolTypes       Call = "ipmanager_types"
	Licenses        Call = "licenses"
	LicenseOrder    Call = "license_order"
	LicenseEdit     Call = "license_edit"
	LicenseSuspend  Call = "license_suspend"
	LicenseResume   Call = "license_resume"
	LicenseProlong  Call = "license_prolong"
)

// functions is the one table of functions.
var functions = dialect.Functions[Call]{
	Users:           dialect.Seen("user"),
	UserCreate:      dialect.Seen("user.edit"),
	ServerTypes:     dialect.Seen("chassistempl", "Inferred: its rows.").OrOff(),
	OSTemplates:     dialect.Seen("osmgr"),
	Servers:         dialect.Seen("server"),
	ServerEdit:      dialect.Seen("server.edit", "Inferred: the main address among its fields."),
	ServerEnable:    dialect.Seen("server.enable"),
	ServerDisable:   dialect.Seen("server.disable"),
	PowerOn:         dialect.Seen("server.poweron"),
	PowerOff:        dialect.Seen("server.poweroff"),
	Reboot:          dialect.Seen("server.reboot"),
	Operations:      dialect.Seen("server.operations", "Inferred: the list of recipes in its form."),
	OperationCancel: dialect.Seen("server.opercancel"),
	History:         dialect.Inferred("server.history", "A panel without it is understood.").OrOff(),
	Connections:     dialect.Seen("server.connection").OrOff(),
	Addresses:       dialect.Seen("iplist"),
	AddressEdit:     dialect.Seen("iplist.edit", "Inferred: with the address itself."),
	AddressDelete:   dialect.Seen("iplist.delete"),
	TrafficReport:   dialect.Seen("traffic", "Inferred: its columns and its period."),
	BurstReport:     dialect.Seen("trafficburstable", "Inferred: its columns by direction.").OrOff(),
	PowerReport:     dialect.Inferred("powerusage").OrOff(),
	PoolAddresses:   dialect.Documented("ip"),
	PoolAddressEdit: dialect.Documented("ip.edit", "Inferred: the note among its fields."),
	PoolRelease:     dialect.Inferred("ip.delete", "By the rule of the vendor's family."),
	PoolTypes:       dialect.Inferred("iptype").OrOff(),
	Licenses:        dialect.Documented("soft"),
	LicenseOrder:    dialect.Documented("soft.order.param"),
	LicenseEdit:     dialect.Documented("soft.edit", "Inferred: autoprolong among its fields."),
	LicenseSuspend:  dialect.Documented("soft.suspend"),
	LicenseResume:   dialect.Documented("soft.resume"),
	LicenseProlong:  dialect.Documented("service.prolong"),
}

// names is the table of words in forms and answers that had to be inferred, or that differ between installations.
var names = dialect.Words{
	"free_hostname": dialect.Seen("free.ds", "Host name of a server that is nobody's."),
	"no_owner":      dialect.Seen("no_owner", "Owner of a server that is nobody's."),
	"user_level":    dialect.Seen("lvUser"),
	"user_email":    dialect.Inferred("email", "Column of a user's e-mail address; a panel without it tells names."),
	"no_recipe":     dialect.Seen("null"),
	"main_address":  dialect.Inferred("ip", "The field of server.edit that is a server's main address."),
	"public_type":   dialect.Inferred("public", "Type of public IPv4 addresses."),
	"private_type":  dialect.Inferred("private", "Type of private IPv4 addresses."),
	"ipv6_type":     dialect.Inferred("public", "Type of IPv6 addresses."),
	"mark":          dialect.Inferred("note", "The field in which IPmanager remembers whose an address is."),
	"taken_marker":  dialect.Documented("dns.set.error", "The name of an address that another service has already."),
	"running":       dialect.Inferred("running", "The status of work in the list of operations."),
	"status":        dialect.Inferred("status", "Column of the state of work in the list of operations."),
	"listed_name":   dialect.Inferred("name", "Column of names in the lists of server types, systems and types of addresses."),
	"recipes":       dialect.Inferred("recipe", "The list of scripts in the form of a server's operations."),
	"autoprolong":   dialect.Inferred("autoprolong", "Field of a license that is prolonged by itself."),
	"from":          dialect.Inferred("periodstart", "The first day of a report."),
	"to":            dialect.Inferred("periodend", "The last day of a report."),
	"in":            dialect.Inferred("in", "Column of the traffic report."),
	"out":           dialect.Inferred("out", "Column of the traffic report."),
	"burst_in":      dialect.Inferred("burst_in", "Column of the burst report."),
	"burst_out":     dialect.Inferred("burst_out", "Column of the burst report."),
	"power":         dialect.Inferred("power", "Column of the power report."),
}

// Units is the table of what stands for parameters that say how the panel measures.
var Units = dialect.Listed{Terms: map[string]dialect.Term{
	"traffic_unit": dialect.Inferred("KiB", "Unit of the traffic report."),
	"burst_unit":   dialect.Inferred("Mbit/s", "Unit of the burst report."),
}}

// Tables are all that can be corrected.
var Tables = []dialect.Table{functions, names, Units}

// Dialect is how one installation wants to be spoken to.
type Dialect struct {
	functions map[Call]string
	names     map[string]string
}

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(endpoints, words map[string]string) (Dialect, error) {
	var broken fault.Fields
	d := Dialect{functions: functions.Corrected(endpoints, &broken), names: names.Corrected(words, &broken)}
	return d, broken.Err()
}

// Word is one of the words of the table.
func (d Dialect) Word(name string) string { return d.names[name] }
