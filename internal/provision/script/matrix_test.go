package script_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/script"
)

// store is the folder in which store.sh keeps its objects.
type store struct {
	testing.TB
	folder string
}

func (s store) Break(f provisiontest.Fault) {
	require.NoError(s, os.WriteFile(filepath.Join(s.folder, "fault"), []byte(f.Kind), 0o600))
}

func (s store) Mend() int {
	_ = os.Remove(filepath.Join(s.folder, "fault"))
	if errors.Is(os.Remove(filepath.Join(s.folder, "struck")), os.ErrNotExist) {
		return 0
	}
	return 1
}

func (s store) of(service actor.ServiceID) string {
	return filepath.Join(s.folder, strconv.FormatInt(program.Number(string(service)), 10))
}

func (s store) objects(service actor.ServiceID) int {
	if _, err := os.Stat(s.of(service)); err != nil {
		return 0
	}
	return 1
}

func (s store) inService(service actor.ServiceID) bool {
	_, err := os.Stat(filepath.Join(s.of(service), "off"))
	return err != nil
}

func (s store) runs(service actor.ServiceID, kind provision.Kind) int {
	lines, _ := os.ReadFile(filepath.Join(s.of(service), string(kind)))
	return bytes.Count(lines, []byte("\n"))
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
		s := store{t, t.TempDir()}
		impatient := storeConfig(t, s.folder, 2)
		w := provisiontest.World{
			Config: storeConfig(t, s.folder, 60), Impatient: &impatient, Spec: spec(),
			Objects: s.objects, InService: s.inService, Runs: s.runs, Secrets: []string{firstPassword},
		}
		if broken {
			w.Network = s
		}
		return w
	}}
}

func TestConformanceOfAProgramWithoutANetwork(t *testing.T) {
	provisiontest.Run(t, storeHarness(false))
}

func TestFaultMatrixOfPrograms(t *testing.T) {
	t.Parallel()
	provisiontest.Programs(t, storeHarness(true))
}
