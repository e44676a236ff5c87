package all_test

import (
	"strings"
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

// Whoever runs a panel whose build differs finds out what to correct, and how sure we are of it.
func TestDriversOfPanelsTellWhatTheyTakeForGranted(t *testing.T) {
	t.Parallel()
	for name, inferred := range map[string]string{
		"vmmanager6": "traffic_unit", "dcimanager6": "endpoints/install_os", "dcimanager5": "fields/main_address",
		"dsmanager": "errors/100", "openstack": "suspend_by",
	} {
		d, err := all.Registry().Driver(name)
		require.NoError(t, err)
		marks := map[string]provision.Mark{}
		for _, term := range d.Info.Dialect {
			marks[strings.TrimSuffix(term.Parameter+"/"+term.Name, "/")] = term.Mark
		}
		require.Len(t, marks, len(d.Info.Dialect), "%s names a term once", name)
		require.Equal(t, provision.Inferred, marks[inferred], name)
	}
}

// Abilities are read from the types of modules; whoever writes one sees it here.
func TestDriversTellWhatTheyCan(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, d := range all.Registry().All() {
		require.NotEmpty(t, d.Types, "%s names the types of its modules", d.Info.Name)
		words := []string{}
		for _, a := range d.Abilities() {
			words = append(words, string(a))
		}
		got[d.Info.Name] = strings.Join(words, " ")
	}
	require.Equal(t, map[string]string{
		"vmmanager6": "catalog statistics sync import", "dcimanager6": "stock catalog statistics sync import",
		"dcimanager5": "stock catalog statistics sync import", "dsmanager": "stock catalog sync import", "openstack": "catalog sync import",
		"script": "statistics sync import", "shell_scripts": "", "manual": "", "none": "",
	}, got)
}
