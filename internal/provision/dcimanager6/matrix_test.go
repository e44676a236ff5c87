package dcimanager6_test

import (
	"net/http"
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

func TestFaultMatrix(t *testing.T) {
	h := harness(40 * time.Second) // few looks, so that the calls are few that can fail
	fresh := h.New
	h.New = func(t *testing.T) provisiontest.World {
		w := fresh(t)
		changed := withAddresses(provision.Op{Spec: spec()}, 3).Spec
		w.Changed, w.InService = &changed, w.Network.(*world).inService
		panel := w.Network.(*world)
		w.Config = panel.config("", adminPassword, map[string]any{"timeout_seconds": 60}) // a busy machine is no silent panel
		// Impatient below the driver's own time limit, whose unit is a second.
		transport := &http.Transport{ResponseHeaderTimeout: 250 * time.Millisecond}
		t.Cleanup(transport.CloseIdleConnections)
		impatient := w.Config
		impatient.Env.Transport, w.Impatient = transport, &impatient
		return w
	}
	provisiontest.Matrix(t, h)
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
