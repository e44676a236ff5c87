package client_test

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
)

func TestSecretsAreLongAndNeverTheSame(t *testing.T) {
	t.Parallel()
	form, seen := regexp.MustCompile(`^tfd_[A-Za-z0-9]{32}$`), map[string]bool{}
	for range 1000 {
		s := client.MakeSecret()
		require.Regexp(t, form, s)
		require.False(t, seen[s])
		seen[s] = true
	}
}

func TestUsable(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	before, after := now.Add(-time.Second), now.Add(time.Second)
	here, there := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("192.0.2.1")
	ranges := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for name, c := range map[string]struct {
		key  client.Credential
		from netip.Addr
		want bool
	}{
		"plain":           {client.Credential{}, there, true},
		"not yet expired": {client.Credential{Key: client.Key{ExpiresAt: &after}}, here, true},
		"expiring now":    {client.Credential{Key: client.Key{ExpiresAt: &now}}, here, false},
		"revoked":         {client.Credential{Key: client.Key{RevokedAt: &before}}, here, false},
		"blocked client":  {client.Credential{ClientBlocked: true}, here, false},
		"right address":   {client.Credential{Key: client.Key{AllowedIPs: ranges}}, here, true},
		"mapped address":  {client.Credential{Key: client.Key{AllowedIPs: ranges}}, netip.MustParseAddr("::ffff:10.1.2.3"), true},
		"wrong address":   {client.Credential{Key: client.Key{AllowedIPs: ranges}}, there, false},
		"no address":      {client.Credential{Key: client.Key{AllowedIPs: ranges}}, netip.Addr{}, false},
	} {
		require.Equal(t, c.want, c.key.Usable(now, c.from), name)
	}
}

// Programs that start at the same time, each with a secret of its own, make one admin key; the next start makes none, and
// when the last one has ended, a start makes one again.
func TestBootstrapMakesOneAdminKey(t *testing.T) {
	t.Parallel()
	wall := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	db := postgres.New(pgtest.New(t), postgres.Options{Prepare: true, Clock: wall, Wall: wall})
	e := &client.Engine{Zone: time.UTC, Wall: wall, InTx: func(ctx context.Context, fn func(client.Tx) error) error {
		return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
	}}
	ctx := context.Background()
	type outcome struct {
		secret string
		made   bool
		err    error
	}
	out := make(chan outcome, 4)
	for range cap(out) {
		go func() {
			secret := client.MakeSecret()
			made, err := e.EnsureAdminKey(ctx, secret)
			out <- outcome{secret, made, err}
		}()
	}
	winner := ""
	for range cap(out) {
		o := <-out
		require.NoError(t, o.err)
		if o.made {
			require.Empty(t, winner)
			winner = o.secret
		}
	}
	require.NotEmpty(t, winner)
	key, err := db.Reader().KeyByHash(ctx, client.HashKey(winner))
	require.NoError(t, err)
	require.True(t, key.Usable(wall.WallNow(), netip.Addr{}))

	require.NoError(t, db.InTx(ctx, func(tx *postgres.Tx) error { return tx.RevokeKey(ctx, key.ID, wall.WallNow()) }))
	_, err = e.EnsureAdminKey(ctx, winner)
	require.True(t, fault.Has(err, "already_exists"), "a revoked key does not come back: %v", err)
	made, err := e.EnsureAdminKey(ctx, "tfd_"+strings.Repeat("x", 32))
	require.NoError(t, err)
	require.True(t, made)
	_, err = e.EnsureAdminKey(ctx, "tfd_short")
	require.True(t, fault.Has(err, "bad_format"))
}
