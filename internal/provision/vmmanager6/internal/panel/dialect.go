package panel

import (
	"maps"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
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

// endpoints is the one table of paths. D: in the vendor's text; C: seen in a working client; I: inferred. A module's parameter
// "endpoints" corrects each of them without a new program.
var endpoints = map[Call]string{
	HostList:      "GET /vm/v3/host",                                                        // D, C
	HostCreate:    "POST /vm/v3/host",                                                       // D, C
	HostDelete:    "DELETE /vm/v3/host/{id}",                                                // C
	HostStart:     "POST /vm/v3/host/{id}/start",                                            // C
	HostStop:      "POST /vm/v3/host/{id}/stop",                                             // C
	HostRestart:   "POST /vm/v3/host/{id}/restart",                                          // C
	HostReinstall: "POST /vm/v3/host/{id}/reinstall",                                        // C
	HostResource:  "POST /vm/v3/host/{id}/resource",                                         // C
	HostDisable:   "POST /vm/v3/host/{id}/disable",                                          // I; used only with disable_suspended
	HostEnable:    "POST /vm/v3/host/{id}/enable",                                           // I
	HostHistory:   "GET /vm/v3/host/{id}/history",                                           // C
	HostIPv4:      "GET /vm/v3/host/{id}/ipv4",                                              // C
	HostIPv6:      "GET /vm/v3/host/{id}/ipv6",                                              // C
	HostAddIP:     "POST /vm/v3/host/{id}/ip",                                               // C
	IPDelete:      "DELETE /vm/v3/ip/{ip}",                                                  // C
	DiskResize:    "POST /vm/v3/disk/{disk}",                                                // C
	Tasks:         "GET /vm/v3/task",                                                        // D, C
	Accounts:      "GET /vm/v3/account",                                                     // C
	AccountCreate: "POST /vm/v3/account",                                                    // C
	Clusters:      "GET /vm/v3/cluster",                                                     // C
	Presets:       "GET /vm/v3/preset",                                                      // C
	OSTemplates:   "GET /vm/v3/os",                                                          // C
	Recipes:       "GET /vm/v3/recipe",                                                      // C
	Pools:         "GET /vm/v3/ippool",                                                      // C
	Metrics:       "GET /vm/v3/host/{id}/metrics?target={target}&from={from}&until={until}", // C; I: until
}

// names is the table of inferred member names and words in bodies and answers.
var names = map[string]string{
	"mark":          "comment",        // where a machine remembers its service: comment or name
	"user_role":     "@user",          // C
	"net_in":        "net_in_mbitps",  // which of the panel's limits the ordered port speed is
	"net_out":       "net_out_mbitps", //
	"defer_action":  "host_stop",      // C
	"recipe_access": "all",            // the access of a script that customers may order
	"in":            "net_rx",         // the series of what came in, seen from the machine
	"out":           "net_tx",         //
	"task_complete": "complete",       // C
	"task_failed":   "fail",           // C; "failed" is understood as well
	"created":       "host_create",    // C, names of tasks in a machine's history
	"restarted":     "host_restart",   // C
	"reinstalled":   "host_reinstall", // C
}

// Dialect is how one installation of the panel wants to be spoken to.
type Dialect struct {
	endpoints map[Call]string
	names     map[string]string
}

// NewDialect takes the tables with one installation's corrections. Faults: Invalid below /parameters.
func NewDialect(paths, words map[string]string) (Dialect, error) {
	d := Dialect{endpoints: maps.Clone(endpoints), names: maps.Clone(names)}
	var broken fault.Fields
	for name, path := range paths {
		if why := misfit(endpoints[Call(name)], path); why != "" {
			broken.Add("/parameters/endpoints/"+name, "invalid_value", "%s", why)
			continue
		}
		d.endpoints[Call(name)] = path
	}
	for name, word := range words {
		_, known := names[name]
		if !known || word == "" || name == "mark" && word != "comment" && word != "name" {
			broken.Add("/parameters/fields/"+name, "invalid_value", "Not one of the members that can be renamed, or not a word for it.")
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
	for _, place := range []string{"{id}", "{ip}", "{disk}", "{target}", "{from}"} {
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
	slices.Sort(out)
	return out
}

// FieldNames lists the members that can be renamed.
func FieldNames() []string { return slices.Sorted(maps.Keys(names)) }
