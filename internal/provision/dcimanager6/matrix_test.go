package dcimanager6_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// inService tells whether the service's one server is connected and on.
func (w *world) inService(service actor.ServiceID) bool {
	of := w.carriers(service)
	return len(of) == 1 && !of[0].Suspended && of[0].Power == "on"
}

// runs counts how often what cannot be repeated was begun on the service's server.
func (w *world) runs(service actor.ServiceID, kind provision.Kind) int {
	begun := map[provision.Kind][]string{provision.Reboot: {"power_reset", "power_on", "recovery"}, provision.Reinstall: {"os_install"}}[kind]
	n := 0
	v := w.view()
	for _, s := range v.Servers {
		if !strings.Contains(s.Name, string(service)) {
			continue
		}
		for _, op := range v.Operations {
			if op.ServerID == s.ID && slices.Contains(begun, op.Name) {
				n++
			}
		}
	}
	return n
}

func TestFaultMatrix(t *testing.T) { provisiontest.Matrix(t, matrix(nil)) }

// A suspension that also switches the machine off, and a resumption that switches it on, are two calls each.
func TestFaultMatrixOfPower(t *testing.T) {
	h := matrix(map[string]any{"power_sync": "on_off"})
	h.Ops = []provision.Kind{provision.Suspend, provision.Resume}
	provisiontest.Matrix(t, h)
}

// matrix is the harness of a world whose module has some parameters.
func matrix(parameters map[string]any) provisiontest.Harness {
	h := harness(40 * time.Second) // few looks, so that the calls are few that can fail
	fresh := h.New
	h.New = func(t *testing.T) provisiontest.World {
		w := fresh(t)
		changed := withAddresses(provision.Op{Spec: spec()}, 3).Spec
		w.Changed, w.InService, w.Runs = &changed, w.Network.(*world).inService, w.Network.(*world).runs
		panel := w.Network.(*world)
		set := map[string]any{"timeout_seconds": 60} // a busy machine is no silent panel
		maps.Copy(set, parameters)
		w.Config = panel.config("", adminPassword, set)
		// Impatient below the driver's own time limit, whose unit is a second.
		transport := &http.Transport{ResponseHeaderTimeout: 250 * time.Millisecond}
		t.Cleanup(transport.CloseIdleConnections)
		impatient := w.Config
		impatient.Env.Transport, w.Impatient = transport, &impatient
		return w
	}
	return h
}

func (w *world) carriers(service actor.ServiceID) (out []shown) {
	w.Helper()
	for _, s := range w.view().Servers {
		if strings.Contains(s.Name, string(service)) {
			out = append(out, s)
		}
	}
	require.LessOrEqual(w, len(out), 2)
	return out
}
