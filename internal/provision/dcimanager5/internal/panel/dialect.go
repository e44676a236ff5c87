package panel

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
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

// Off is the function of a call that an installation does not have.
const Off = "-"

// functions is the one table of functions. D: in the vendor's text; C: seen in a working client; I: inferred. A module's
// parameter "endpoints" corrects each of them without a new program.
var functions = map[Call]string{
	Users:           "user",              // C
	UserCreate:      "user.edit",         // C
	ServerTypes:     "chassistempl",      // C; I: its rows
	OSTemplates:     "osmgr",             // C
	Servers:         "server",            // C
	ServerEdit:      "server.edit",       // C; I: the main address among its fields
	ServerEnable:    "server.enable",     // C
	ServerDisable:   "server.disable",    // C
	PowerOn:         "server.poweron",    // C
	PowerOff:        "server.poweroff",   // C
	Reboot:          "server.reboot",     // C
	Operations:      "server.operations", // C; I: the list of recipes in its form
	OperationCancel: "server.opercancel", // C
	History:         "server.history",    // I; a panel without it is understood
	Connections:     "server.connection", // C
	Addresses:       "iplist",            // C
	AddressEdit:     "iplist.edit",       // C; I: with the address itself
	AddressDelete:   "iplist.delete",     // C
	TrafficReport:   "traffic",           // C; I: its columns and its period
	BurstReport:     "trafficburstable",  // C; I: its columns by direction
	PowerReport:     "powerusage",        // I
	PoolAddresses:   "ip",                // D
	PoolAddressEdit: "ip.edit",           // D; I: the note among its fields
	PoolRelease:     "ip.delete",         // I, by the family's rule
	PoolTypes:       "iptype",            // I
	Licenses:        "soft",              // D
	LicenseOrder:    "soft.order.param",  // D
	LicenseEdit:     "soft.edit",         // D; I: autoprolong among its fields
	LicenseSuspend:  "soft.suspend",      // D
	LicenseResume:   "soft.resume",       // D
	LicenseProlong:  "service.prolong",   // D
}

// optional are the calls that may be switched off by "-".
var optional = []Call{History, Connections, PowerReport, BurstReport, PoolTypes, ServerTypes}

// names is the table of words in forms and answers that had to be inferred, or that differ between installations.
var names = map[string]string{
	"free_hostname": "free.ds",       // C
	"no_owner":      "no_owner",      // C
	"user_level":    "lvUser",        // C
	"no_recipe":     "null",          // C
	"main_address":  "ip",            // I: the field of server.edit that is a server's main address
	"public_type":   "public",        // I: types of addresses
	"private_type":  "private",       //
	"ipv6_type":     "public",        //
	"mark":          "note",          // I: where IPmanager remembers whose an address is
	"taken_marker":  "dns.set.error", // D: the name of an address that another service has already
	"running":       "running",       // I: the status of work in the list of operations
	"from":          "periodstart",   // I: the days of a report
	"to":            "periodend",     //
	"in":            "in",            // I: columns of the traffic report
	"out":           "out",           //
	"burst_in":      "burst_in",      // I: columns of the burst report
	"burst_out":     "burst_out",     //
	"power":         "power",         // I: column of the power report
}

// Dialect is how one installation wants to be spoken to.
type Dialect struct {
	functions map[Call]string
	names     map[string]string
}

var functionName = regexp.MustCompile(`^[A-Za-z0-9_.]{1,100}$`)

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(endpoints, words map[string]string) (Dialect, error) {
	d := Dialect{functions: maps.Clone(functions), names: maps.Clone(names)}
	var broken fault.Fields
	for name, function := range endpoints {
		_, known := functions[Call(name)]
		switch {
		case !known:
			broken.Add("/parameters/endpoints/"+name, "invalid_value", "There is no such call; known are %s.", strings.Join(CallNames(), ", "))
		case function == Off && slices.Contains(optional, Call(name)), functionName.MatchString(function):
			d.functions[Call(name)] = function
		default:
			broken.Add("/parameters/endpoints/"+name, "invalid_value", "The name of a function is expected, such as %q.", functions[Call(name)])
		}
	}
	for name, word := range words {
		if _, known := names[name]; !known || word == "" {
			broken.Add("/parameters/fields/"+name, "invalid_value", "Not one of the words that can be corrected, or no word for it.")
			continue
		}
		d.names[name] = word
	}
	return d, broken.Err()
}

// Word is one of the words of the table.
func (d Dialect) Word(name string) string { return d.names[name] }

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
