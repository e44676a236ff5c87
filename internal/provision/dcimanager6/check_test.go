package dcimanager6_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

func TestTheCheckTriesWhatWasCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for call, path := range map[string]string{
		"server_list": "GET /dci/v3/nonesuch", "configurations": "GET /dci/v3/nonesuch", "users": "GET /dci/v3/nonesuch",
		"os_templates": "GET /dci/v3/nonesuch", "scripts": "GET /dci/v3/nonesuch", "locations": "GET /dci/v3/nonesuch",
		"ip_pools": "GET /ip/v3/nonesuch", "traffic": "GET /dci/v3/nonesuch/{id}?from={from}&to={to}",
	} {
		_, err := provision.Explain(t.Context(), w.module(map[string]any{"endpoints": map[string]string{call: path}}))
		require.ErrorContains(t, err, call+" ("+path+"): ", call)
	}
	told, err := provision.Explain(t.Context(), w.module(map[string]any{
		"use_recipes": true, "endpoints": map[string]string{"suspend": "POST /dci/v3/server/{id}/block"},
	}))
	require.NoError(t, err)
	require.Equal(t, []string{
		"locations (GET /dci/v3/location)", "server_list (GET /dci/v3/server)", "os_templates (GET /dci/v3/os_template)", "scripts (GET /dci/v3/script)",
	}, told.Tried)
	require.Len(t, told.Hints, 1)
	require.Contains(t, told.Hints[0], "endpoints.suspend")
}
