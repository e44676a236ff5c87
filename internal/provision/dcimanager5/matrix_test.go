package dcimanager5_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// The delay is short, so that looks are few and with them the calls that can fail.
const matrixDelay = 40 * time.Second

func matrix(t *testing.T, struck string, ops ...provision.Kind) {
	t.Helper()
	h := harness(matrixDelay, struck, struck != dci)
	h.Ops = ops
	fresh := h.New
	h.New = func(t *testing.T) provisiontest.World {
		w := fresh(t)
		panel := w.Network.(*world)
		w.Config = panel.config(adminPassword, map[string]any{"timeout_seconds": 60}) // a busy machine is no silent panel
		// Impatient below the driver's own time limit, whose unit is a second.
		transport := &http.Transport{ResponseHeaderTimeout: 250 * time.Millisecond}
		t.Cleanup(transport.CloseIdleConnections)
		impatient := w.Config
		impatient.Env.Transport, w.Impatient = transport, &impatient
		return w
	}
	provisiontest.Matrix(t, h)
}

func TestFaultMatrix(t *testing.T) { matrix(t, dci) }

func TestFaultMatrixOfIPManager(t *testing.T) {
	matrix(t, ipmgr, provision.Open, provision.SetParams, provision.Close)
}

func TestFaultMatrixOfLicenseServer(t *testing.T) {
	matrix(t, licenses, provision.Open, provision.Suspend, provision.Resume, provision.SetParams, provision.Close)
}
