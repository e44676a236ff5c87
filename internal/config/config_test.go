package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"HOME=/root", "PATH=/bin"})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", c.Listen)
	require.Equal(t, "./var", c.DataDir)
	require.Equal(t, 10*time.Minute, c.PanelsDelay)
	require.True(t, c.Embedded())
	require.True(t, c.DatabasePrepare)
	require.False(t, c.Sandbox)
	require.Equal(t, time.UTC, c.Zone())
}

func TestValuesAreRead(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{
		"TARIFFD_SANDBOX=true", "TARIFFD_SANDBOX_NOW=2026-03-01T00:00:00Z", "TARIFFD_PANEL_NETWORKS=10.0.0.0/8,127.0.0.1",
		"TARIFFD_CORS_ORIGINS=https://shop.example,http://localhost:5173", "TARIFFD_BILLING_ZONE=Europe/Berlin", "TARIFFD_PANELS_DELAY=90s",
	})
	require.NoError(t, err)
	require.True(t, c.Sandbox)
	require.Equal(t, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), c.SandboxNow.UTC())
	require.Equal(t, Networks{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}, c.PanelNetworks)
	require.Equal(t, []string{"https://shop.example", "http://localhost:5173"}, c.CORSOrigins)
	require.Equal(t, "Europe/Berlin", c.Zone().String())
	require.Equal(t, 90*time.Second, c.PanelsDelay)
}

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{
		"TARIFFD_LISTN=:1", "TARIFFD_LISTEN=nowhere", "TARIFFD_BILLING_ZONE=Mars/Base", "TARIFFD_ADMIN_KEY=short-and-secret",
		"TARIFFD_LOG_FORMAT=xml",
	})
	for _, name := range []string{
		"TARIFFD_LISTN is not a setting", "TARIFFD_LISTEN: ", "TARIFFD_BILLING_ZONE: ", "TARIFFD_ADMIN_KEY: ", "TARIFFD_LOG_FORMAT: one of text, json",
	} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "short-and-secret")
}

func TestUnreadableValueIsNamedNotShown(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{"TARIFFD_SANDBOX=maybe"})
	require.ErrorContains(t, err, "TARIFFD_SANDBOX: ")
	require.NotContains(t, err.Error(), "maybe")
}

func TestSecretsComeFromFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("tfd_0123456789012345678901234567890123\n"), 0o600))
	c, err := Load([]string{"TARIFFD_ADMIN_KEY_FILE=" + path})
	require.NoError(t, err)
	require.Equal(t, "tfd_0123456789012345678901234567890123", c.AdminKey)

	_, err = Load([]string{"TARIFFD_ADMIN_KEY_FILE=" + path + "-missing"})
	require.ErrorContains(t, err, "TARIFFD_ADMIN_KEY_FILE")
	_, err = Load([]string{"TARIFFD_ADMIN_KEY_FILE=" + path, "TARIFFD_ADMIN_KEY=x"})
	require.ErrorContains(t, err, "both set")
	_, err = Load([]string{"TARIFFD_LISTEN_FILE=" + path})
	require.ErrorContains(t, err, "TARIFFD_LISTEN_FILE is not a setting")
}

func TestDatabaseIsAURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"postgres://u@/d?host=/run/x&port=5432", "postgresql://u:p@db.example:5432/d"} {
		c, err := Load([]string{"TARIFFD_DATABASE_URL=" + good})
		require.NoError(t, err)
		require.False(t, c.Embedded())
	}
	_, err := Load([]string{"TARIFFD_DATABASE_URL=host=db password=hunter2"})
	require.ErrorContains(t, err, "TARIFFD_DATABASE_URL: a postgres:// URL is expected")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestPrintingMasksSecrets(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{
		"TARIFFD_ADMIN_KEY=tfd_0123456789012345678901234567890123", "TARIFFD_SECRET_KEY=AGE-SECRET-KEY-1ABC",
		"TARIFFD_DATABASE_URL=postgres://user:hunter2@db/x", "TARIFFD_DATABASE_READ_URL=postgres://db/x?password=hunter3&sslmode=disable",
	})
	require.NoError(t, err)
	text := c.String()
	for _, secret := range []string{"tfd_", "AGE-", "hunter2", "hunter3"} {
		require.NotContains(t, text, secret)
	}
	require.Contains(t, text, "TARIFFD_LISTEN=127.0.0.1:8080\n")
	require.Contains(t, text, "@db/x")
}
