package coremgr_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
)

func TestWhoOwnsAServer(t *testing.T) {
	t.Parallel()
	spec := provision.Spec{Client: provision.Client{ID: "01980000-0000-7000-8000-00000000000a", Username: "ada", Email: "ada@example.com"}}
	emails := map[string]string{"bob": "bob@example.com"}
	require.True(t, coremgr.Owns(coremgr.UserName(spec.Client), spec))
	require.False(t, coremgr.Owns("", spec), "nobody is no client, though nothing was taken over")
	require.False(t, coremgr.Owns("Bob", spec))
	require.Equal(t, "bob@example.com", coremgr.Email("Bob", emails, spec))
	require.Equal(t, "eve", coremgr.Email("eve", emails, spec), "a panel that tells no address tells the name")

	spec.Parameters = map[string]json.RawMessage{coremgr.PanelUser: json.RawMessage(`"bob"`)}
	require.True(t, coremgr.Owns("Bob", spec), "a server that was taken over")
	require.Equal(t, "ada@example.com", coremgr.Email("Bob", emails, spec))
}
