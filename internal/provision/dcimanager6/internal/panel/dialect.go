package panel

import (
	"sort"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
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

// endpoints is the one table of paths. Only those marked D or C were seen by somebody in the vendor's text or in a working
// client; the others are inferred, and a module's parameter "endpoints" corrects each of them without a new program.
var endpoints = map[Call]string{
	ServerList:     "GET /dci/v3/server",                                  // D, C
	ServerEdit:     "POST /dci/v3/server/{id}",                            // I
	ServerOwner:    "POST /dci/v3/server/{id}/owner",                      // I; where it equals server_edit, owner and name go in one call
	Install:        "POST /dci/v3/server/{id}/os",                         // I
	Recovery:       "POST /dci/v3/server/{id}/recovery",                   // I; D knows recovery as a topic of servers
	SuspendServer:  "POST /dci/v3/server/{id}/suspend",                    // I; D knows the state "suspending"
	ResumeServer:   "POST /dci/v3/server/{id}/resume",                     // I
	PowerOn:        "POST /dci/v3/server/{id}/power_on",                   // I, by analogy with power_reset
	PowerOff:       "POST /dci/v3/server/{id}/power_off",                  // I
	PowerReset:     "POST /dci/v3/server/{id}/power_reset",                // C
	AddIP:          "POST /dci/v3/server/{id}/ip",                         // I
	RemoveIP:       "DELETE /dci/v3/server/{id}/ip/{ip}",                  // I
	Configurations: "GET /dci/v3/server/configuration",                    // D
	Users:          "GET /dci/v3/user",                                    // D
	UserCreate:     "POST /dci/v3/user",                                   // D
	OSTemplates:    "GET /dci/v3/os_template",                             // I
	Scripts:        "GET /dci/v3/script",                                  // I
	Locations:      "GET /dci/v3/location",                                // I
	Pools:          "GET /ip/v3/ippool",                                   // I
	Traffic:        "GET /dci/v3/server/{id}/traffic?from={from}&to={to}", // I
}

// names is the table of inferred member names and words in bodies and answers.
var names = map[string]string{
	"owner":         "owner",
	"os_template":   "os_template",
	"password":      "password",
	"script":        "recipe",
	"pool":          "pool",
	"count":         "count",
	"family":        "family",
	"user_role":     "@user",
	"recovery_tag":  "recovery", // of the templates that are no systems to install
	"in":            "in",
	"out":           "out",
	"burst_in_day":  "burst_in_day",
	"burst_out_day": "burst_out_day",
	"power":         "power",
}

// Dialect is how one installation of the panel wants to be spoken to.
type Dialect struct {
	endpoints map[Call]string
	names     map[string]string
	unit      string // of traffic
}

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(paths, words map[string]string, unit string) (Dialect, error) {
	d := Dialect{endpoints: map[Call]string{}, names: map[string]string{}, unit: unit}
	if unit == "" {
		d.unit = "KiB"
	}
	var broken fault.Fields
	for call, usual := range endpoints {
		d.endpoints[call] = usual
	}
	for name, path := range paths {
		if why := misfit(endpoints[Call(name)], path); why != "" {
			broken.Add("/parameters/endpoints/"+name, "invalid_value", "%s", why)
			continue
		}
		d.endpoints[Call(name)] = path
	}
	for name, usual := range names {
		d.names[name] = usual
	}
	for name, word := range words {
		if _, known := names[name]; !known || word == "" {
			broken.Add("/parameters/fields/"+name, "invalid_value", "Not one of the members that can be renamed, or empty.")
			continue
		}
		d.names[name] = word
	}
	return d, broken.Err()
}

// misfit says why a path cannot stand in for the usual one: it must have a method and the same places to fill.
func misfit(usual, path string) string {
	if usual == "" {
		return "There is no such call; known are " + strings.Join(CallNames(), ", ") + "."
	}
	method, rest, _ := strings.Cut(path, " ")
	if method != "GET" && method != "POST" && method != "DELETE" || !strings.HasPrefix(rest, "/") || strings.ContainsAny(rest, " #") {
		return "Expected is a method GET, POST or DELETE and a path, such as \"" + usual + "\"."
	}
	for _, place := range []string{"{id}", "{ip}", "{from}", "{to}"} {
		if strings.Contains(usual, place) && !strings.Contains(rest, place) {
			return "The path must hold " + place + "."
		}
	}
	return ""
}

// CallNames lists the calls whose paths can be corrected.
func CallNames() []string {
	out := make([]string, 0, len(endpoints))
	for call := range endpoints {
		out = append(out, string(call))
	}
	sort.Strings(out)
	return out
}

// FieldNames lists the members that can be renamed.
func FieldNames() []string {
	out := make([]string, 0, len(names))
	for name := range names {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
