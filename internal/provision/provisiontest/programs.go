package provisiontest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
)

// programFaults are the ways for one run of an operator's program to fail: before it did anything with another status or an error
// that it tells, and after its work by another status, a signal, nonsense, silence without end and talk without end.
var programFaults = []string{"exit_before", "error", "exit_after", "killed_after", "garbage_after", "timeout", "flood_after"}

// Programs is the matrix of drivers that run programs: each operation's run fails in each way, once, and is repeated as the
// engine does. The harness's Network breaks the next run by the fault's kind. At the end there is one object of the service
// or none, in the state that the outcome tells, and nothing was done twice.
func Programs(t *testing.T, h Harness) {
	for _, op := range matrixOps {
		for _, fault := range programFaults {
			t.Run(fmt.Sprintf("%s/%s", op, fault), func(t *testing.T) {
				t.Parallel()
				require.True(t, cell{op: op, fault: fault}.survive(t, h), "the fault was met")
			})
		}
	}
}

// Store is the folder in which a test's program keeps its objects: each a folder with a file off while it is suspended, and with a
// file of one line for each run of a kind. Where a file fault names one of the ways to fail, the next run fails so and renames it
// to struck.
type Store struct {
	testing.TB
	Folder string
	Name   func(actor.ServiceID) string // of a service's object
}

// World is a store's: a module that works on it and one with a short time limit; its Network fails runs where it is to be broken.
func (s Store) World(config, impatient provision.Config, spec provision.Spec, broken bool) World {
	w := World{
		Config: config, Impatient: &impatient, Spec: spec,
		Objects: s.objects, InService: s.inService, Runs: s.runs, Secrets: []string{spec.Password},
	}
	if broken {
		w.Network = s
	}
	return w
}

// Break lets the next run of the program fail by the fault's kind.
func (s Store) Break(f Fault) {
	require.NoError(s, os.WriteFile(filepath.Join(s.Folder, "fault"), []byte(f.Kind), 0o600))
}

// Mend takes a fault away that no run met.
func (s Store) Mend() (struck int) {
	_ = os.Remove(filepath.Join(s.Folder, "fault"))
	if errors.Is(os.Remove(filepath.Join(s.Folder, "struck")), os.ErrNotExist) {
		return 0
	}
	return 1
}

func (s Store) of(service actor.ServiceID, file string) string {
	return filepath.Join(s.Folder, s.Name(service), file)
}

func (s Store) objects(service actor.ServiceID) int {
	if _, err := os.Stat(s.of(service, "")); err != nil {
		return 0
	}
	return 1
}

func (s Store) inService(service actor.ServiceID) bool {
	_, err := os.Stat(s.of(service, "off"))
	return err != nil && s.objects(service) == 1
}

func (s Store) runs(service actor.ServiceID, kind provision.Kind) int {
	lines, _ := os.ReadFile(s.of(service, string(kind)))
	return bytes.Count(lines, []byte("\n"))
}
