package all_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/all"
)

func TestRegistryHoldsTheDriversByName(t *testing.T) {
	t.Parallel()
	registry := all.Registry()
	var names []string
	for _, d := range registry.All() {
		names = append(names, d.Info.Name)
	}
	require.Subset(t, names, []string{"dcimanager6", "manual", "none", "script", "shell_scripts", "vmmanager6"})
	require.IsIncreasing(t, names)
	for _, name := range names {
		d, err := registry.Driver(name)
		require.NoError(t, err)
		require.NotNil(t, d.New)
	}
	_, err := registry.Driver("dcimanager7")
	require.ErrorContains(t, err, "not_found")
	none, err := registry.Driver("none")
	require.NoError(t, err)
	kind, serves := none.Info.Serves("anything")
	require.True(t, serves)
	require.Equal(t, provision.ModeNone, kind.Operations[provision.Open])
}
