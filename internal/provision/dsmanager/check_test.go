package dsmanager_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

func TestTheCheckTriesTheFunctionsThatShowSomething(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, call := range []string{"servers", "users", "presets", "os_images", "history"} {
		_, err := provision.Explain(t.Context(), w.module(map[string]any{"endpoints": map[string]string{call: "nonesuch"}}))
		require.ErrorContains(t, err, call+" (nonesuch): ", call)
	}
	told, err := provision.Explain(t.Context(), w.module(map[string]any{"endpoints": map[string]string{"reboot": "server.restart"}}))
	require.NoError(t, err)
	require.Equal(t, []string{
		"servers (server)", "users (user)", "presets (servertype)", "os_images (osimage)", "history (server.history)",
	}, told.Tried)
	require.Len(t, told.Hints, 1)
	require.Contains(t, told.Hints[0], "endpoints.reboot (server.restart) was not tried")

	told, err = provision.Explain(t.Context(), w.colocation())
	require.NoError(t, err)
	require.Equal(t, provision.Checked{Tried: []string{"servers (server)"}}, told)
	told, err = provision.Explain(t.Context(), w.module(map[string]any{"fields": map[string]string{"id": "number", "name": "title"}}))
	require.NoError(t, err)
	require.Len(t, told.Hints, 3, "neither servers nor names can be read by these columns: %v", told.Hints)
}
