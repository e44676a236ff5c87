package dsmanager_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dsmanager"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
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

// lacking is a panel without one of its functions.
type lacking string

func (function lacking) RoundTrip(r *http.Request) (*http.Response, error) {
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	asked := strings.ReplaceAll(string(form), "func="+string(function)+"&", "func=nonesuch&")
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(asked)), int64(len(asked))
	return http.DefaultTransport.RoundTrip(r)
}

func TestAPanelWithoutAListOfPresetsIsUsable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.config(paneltest.AdminPassword, nil)
	config.Env.Transport = lacking("servertype")
	m := provisiontest.Connect(t, dsmanager.Driver(), config)
	told, err := provision.Explain(t.Context(), m)
	require.NoError(t, err, "the name is inferred, and orders do without it")
	require.Len(t, told.Hints, 1)
	require.Contains(t, told.Hints[0], "presets (servertype) was refused: ")
	_, out := w.Open(m, spec())
	require.NotEmpty(t, out.Ref)
}
