package dcimanager5_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

func TestTheCheckTriesWhatWasCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	for _, call := range []string{
		"users", "server_types", "os_templates", "servers", "server_edit", "operations", "history", "connections", "addresses",
		"traffic_report", "burst_report", "power_report", "ipmanager_addresses", "ipmanager_types", "licenses",
	} {
		told, err := provision.Explain(t.Context(), w.module(map[string]any{"endpoints": map[string]string{call: "nonesuch"}}))
		require.ErrorContains(t, err, call+" (nonesuch): ", call)
		require.Equal(t, call+" (nonesuch)", told.Tried[len(told.Tried)-1])
	}
	told, err := provision.Explain(t.Context(), w.module(map[string]any{"endpoints": map[string]string{
		"history": "-", "server_types": "-", "operations": "server.operations", "server_enable": "server.on",
	}}))
	require.NoError(t, err)
	require.Equal(t, provision.Checked{
		Tried: []string{"os_templates (osmgr)", "servers (server)", "operations (server.operations)", "licenses (soft)", "ipmanager_addresses (ip)"},
		Hints: []string{"The correction endpoints.server_enable (server.on) was not tried: it changes something, or there is nothing yet to try it on."},
	}, told)
}
