package script_test

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/script"
)

// store is where store.sh keeps its objects, by the numbers of their services.
func store(t testing.TB) provisiontest.Store {
	return provisiontest.Store{TB: t, Folder: t.TempDir(), Name: func(service actor.ServiceID) string {
		return strconv.FormatInt(program.Number(string(service)), 10)
	}}
}

func storeConfig(t testing.TB, folderOf string, seconds int) provision.Config {
	t.Helper()
	return provision.Config{
		ModuleID: "0190-module",
		Connection: encoded(t, map[string]any{
			"program": filepath.Join(folder, "store.sh"), "params": map[string]string{"store": folderOf},
		}),
		Parameters: encoded(t, map[string]any{"timeout_seconds": seconds}),
	}
}

func storeHarness(broken bool) provisiontest.Harness {
	return provisiontest.Harness{Driver: script.Driver(), New: func(t *testing.T) provisiontest.World {
		s := store(t)
		return s.World(storeConfig(t, s.Folder, 60), storeConfig(t, s.Folder, 2), spec(), broken)
	}}
}

func TestConformanceOfAProgramWithoutANetwork(t *testing.T) {
	provisiontest.Run(t, storeHarness(false))
}

func TestFaultMatrixOfPrograms(t *testing.T) {
	t.Parallel()
	provisiontest.Programs(t, storeHarness(true))
}
