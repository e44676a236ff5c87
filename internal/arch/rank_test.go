package arch

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/tariffd/tariffd"

// The rank table: a package imports lower ranks only.
var ranks = map[string]int{
	"fault": 0, "money": 0, "calendar": 0, "clock": 0, "secret": 0, "netguard": 0, "actor": 0,
	"event": 1, "input": 1,
	"client": 2, "department": 2, "provision": 2, "datacenter": 2, "measure": 2,
	"product": 3,
	"module":  4,
	"catalog": 5,
	"pricing": 6, "service": 6, "ledger": 6, "tariff": 6,
	"charge": 7, "operation": 7, "traffic": 7, "payment": 7, "pricelist": 7,
	"order":     8,
	"lifecycle": 9,
	"billing":   10, "verify": 10,
	"postgres": 11, "httpapi": 11, "due": 11, "webhook": 11, "gateway": 11, "document": 11, "embedpg": 11,
	"config": 12,
	"app":    13, // wiring: it alone sees everything below
}

// rankOutside is the rank of everything that talks to the world outside.
const rankOutside = 11

// Packages that only tests may use; what they import is their own affair, but for e2e.
var forTests = map[string]bool{"pgtest": true, "sim": true, "e2e": true, "bench": true, "badinput": true, "arch": true, "enginetest": true, "provision/provisiontest": true, "provision/panels/paneltest": true}

// Helpers that drivers share.
var driverHelpers = map[string]bool{"provision/panelhttp": true, "provision/isp6": true, "provision/program": true, "provision/coremgr": true, "provision/dialect": true, "provision/mark": true, "provision/attempt": true}

// What the simulated panels share among themselves.
var panelParts = map[string]bool{"provision/panels/panel": true, "provision/panels/isp6": true}

// rankOf returns the rank of a package below internal ("provision/all") or of the module ("cmd/tariffd").
func rankOf(p string) (int, bool) {
	switch {
	case p == "api" || strings.HasPrefix(p, "api/") || p == "db":
		return rankOutside, true
	case strings.HasPrefix(p, "cmd/"):
		return 14, true
	case p == "provision/all":
		return 12, true
	case strings.HasPrefix(p, "provision/"), strings.HasPrefix(p, "gateway/"):
		return rankOutside, true
	}
	r, ok := ranks[p]
	return r, ok
}

// driverOf names the driver that a package belongs to; empty: to none.
func driverOf(p string) string {
	rest, below := strings.CutPrefix(p, "provision/")
	name, _, _ := strings.Cut(rest, "/")
	if !below || name == "all" || name == "panels" || forTests["provision/"+name] || driverHelpers["provision/"+name] {
		return ""
	}
	return name
}

// What ranks below rankOutside never import: the edge and the database.
var outside = []string{
	module + "/api", "github.com/labstack/echo", "github.com/jmoiron/sqlx", "github.com/lib/pq", "net/http", "database/sql",
}

// Why some may after all.
var mayImport = map[string]string{
	"netguard net/http":            "outgoing calls are its subject",
	"calendar database/sql/driver": "a day stores and reads itself, as a decimal does",
	"provision net/http":           "it hands the guarded transport to drivers, as the interface http.RoundTripper",
}

func TestImportsFollowTheRanks(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range packages(t) {
		from := local(p.ImportPath)
		seen[from] = true
		if _, ok := rankOf(from); !ok && !forTests[from] {
			t.Errorf("%s has no rank: every package has its place in the table.", from)
		}
		for _, to := range p.Imports {
			if sentence := broken(from, to); sentence != "" {
				t.Errorf("%s → %s: %s", from, local(to), sentence)
			}
		}
		if from == "e2e" {
			for _, to := range append(p.TestImports, p.XTestImports...) {
				if strings.HasPrefix(to, module) {
					t.Errorf("e2e → %s: e2e imports nothing of internal.", local(to))
				}
			}
		}
	}
	require.Greater(t, len(seen), 20, "go list found the module")
}

// broken returns the sentence that an import breaks, or nothing.
func broken(from, to string) string {
	if forTests[from] {
		return ""
	}
	rank, _ := rankOf(from)
	if !strings.HasPrefix(to, module) {
		if rank >= rankOutside {
			return ""
		}
		for _, banned := range outside {
			if (to == banned || strings.HasPrefix(to, banned+"/")) && mayImport[from+" "+to] == "" {
				return "Features never import api, echo, sqlx, lib/pq, net/http."
			}
		}
		return ""
	}
	to = local(to)
	if forTests[to] {
		return "What is for tests only is imported by nothing else."
	}
	if from == "provision/panels" || strings.HasPrefix(from, "provision/panels/") {
		return brokenAmongPanels(from, to)
	}
	return brokenWithin(from, to)
}

// brokenAmongPanels: the frame hosts the simulators, and each of them knows only what they share.
func brokenAmongPanels(from, to string) string {
	switch {
	case !strings.HasPrefix(to, "provision/panels/"):
		return "The simulated panels import nothing of the program."
	case from != "provision/panels" && !panelParts[to]:
		return "A simulator imports no other simulator."
	}
	return ""
}

func brokenWithin(from, to string) string {
	rank, _ := rankOf(from)
	target, _ := rankOf(to)
	if d := driverOf(from); d != "" {
		own := to == "provision/"+d || strings.HasPrefix(to, "provision/"+d+"/")
		if own || to == "provision" || driverHelpers[to] || target == 0 {
			return ""
		}
		return "A driver folder imports only provision, its helpers and rank 0."
	}
	switch {
	case target < rank:
		return ""
	case driverHelpers[from] && driverHelpers[to], from == "httpapi" && to == "api", strings.HasPrefix(to, from+"/"):
		return ""
	case target == rank:
		return fmt.Sprintf("Same rank (%d) = never import each other.", rank)
	}
	return fmt.Sprintf("A package imports lower ranks only (%d imports %d).", rank, target)
}

func TestTheTableCatchesWhatItForbids(t *testing.T) {
	t.Parallel()
	for _, edge := range [][2]string{
		{"money", module + "/internal/fault"},
		{"fault", "net/http"},
		{"order", "github.com/jmoiron/sqlx"},
		{"order", module + "/internal/postgres"},
		{"ledger", module + "/internal/pricing"},
		{"postgres", module + "/internal/due"},
		{"provision/dcimanager6", module + "/internal/catalog"},
		{"provision/dcimanager6", module + "/internal/provision/vmmanager6"},
		{"provision/panels", module + "/internal/clock"},
		{"provision/panels/isp6", module + "/internal/provision/isp6"},
		{"provision/panels/vmmanager6", module + "/internal/provision/panels/dcimanager6"},
		{"provision/vmmanager6", module + "/internal/provision/panels/vmmanager6"},
		{"app", module + "/internal/pgtest"},
	} {
		require.NotEmpty(t, broken(edge[0], edge[1]), "%s → %s", edge[0], edge[1])
	}
	for _, edge := range [][2]string{
		{"order", module + "/internal/fault"},
		{"httpapi", module + "/api"},
		{"provision/isp6", module + "/internal/provision/panelhttp"},
		{"provision/dcimanager6", module + "/internal/provision/dcimanager6/internal/panel"},
		{"provision/panels", module + "/internal/provision/panels/dcimanager6"},
		{"provision/panels/dcimanager6", module + "/internal/provision/panels/isp6"},
		{"cmd/tariffd", module + "/internal/app"},
		{"postgres", "github.com/jmoiron/sqlx"},
	} {
		require.Empty(t, broken(edge[0], edge[1]), "%s → %s", edge[0], edge[1])
	}
}

// local is a package's path below internal, or below the module.
func local(importPath string) string {
	p := strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
	return path.Clean(strings.TrimPrefix(p, "internal/"))
}
