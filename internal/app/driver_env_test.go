package app

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/all"
)

// What the program lends to drivers keeps them inside the networks of panels: no driver reaches the machine's own metadata, however
// its module is configured, and a system beside the panel no more than the panel.
func TestNoDriverReachesWhereNoPanelIs(t *testing.T) {
	t.Parallel()
	env := opened(t, settings(t, pgtest.URL(t))).driverEnv()
	require.NotEmpty(t, env.UserAgent)
	const metadata = "http://169.254.169.254/latest"
	connection, err := json.Marshal(map[string]any{"url": metadata, "username": "admin", "password": "secret", "insecure": true})
	require.NoError(t, err)
	cloud, err := json.Marshal(map[string]any{"url": metadata, "username": "admin", "password": "secret", "project": "p", "insecure": true})
	require.NoError(t, err)
	tried := 0
	for _, d := range all.Registry().All() {
		c := provision.Config{Connection: connection, Location: "RegionOne", Env: env}
		switch d.Info.Name {
		case "none", "manual", "script", "shell_scripts":
			continue // they call nobody
		case "openstack":
			c.Connection = cloud
		}
		m, err := d.New(c)
		require.NoError(t, err, d.Info.Name)
		require.ErrorContains(t, m.Check(t.Context()), "address not allowed", d.Info.Name)
		tried++
	}
	require.Equal(t, 5, tried)
}
