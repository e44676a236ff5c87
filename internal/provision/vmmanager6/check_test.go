package vmmanager6_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

func TestTheCheckTriesWhatWasCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Open(w.module(nil), spec()) // there is a machine to look at
	for call, path := range map[string]string{
		"clusters": "GET /vm/v3/nonesuch", "presets": "GET /vm/v3/nonesuch", "os_templates": "GET /vm/v3/nonesuch", "recipes": "GET /vm/v3/nonesuch",
		"ip_pools": "GET /vm/v3/nonesuch", "accounts": "GET /vm/v3/nonesuch", "tasks": "GET /vm/v3/nonesuch", "host_list": "GET /vm/v3/nonesuch",
		"host_history": "GET /vm/v3/nonesuch/{id}", "host_ipv4": "GET /vm/v3/nonesuch/{id}", "host_ipv6": "GET /vm/v3/nonesuch/{id}",
		"metrics": "GET /vm/v3/nonesuch/{id}?target={target}&from={from}",
	} {
		_, err := provision.Explain(t.Context(), w.module(map[string]any{"endpoints": map[string]string{call: path}}))
		require.ErrorContains(t, err, call+" ("+path+"): ", call)
	}
	told, err := provision.Explain(t.Context(), w.module(map[string]any{"cluster": "", "use_recipes": true}))
	require.NoError(t, err)
	require.Equal(t, []string{
		"clusters (GET /vm/v3/cluster)", "ip_pools (GET /vm/v3/ippool)", "os_templates (GET /vm/v3/os)", "recipes (GET /vm/v3/recipe)",
	}, told.Tried)
	require.Equal(t, []string{`No cluster is named: machines are made in "KVM", the first.`}, told.Hints)
}
