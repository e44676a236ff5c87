package isp6_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
)

func TestPoolsGoRound(t *testing.T) {
	t.Parallel()
	pool, use := &isp6.Pool{ID: 1, Network: "192.0.2.0/29"}, isp6.NewInUse()
	require.Equal(t, 5, use.Free(pool), "not the network's own address, the gateway and the broadcast address")
	var got []string
	for range 5 {
		ip, gateway := use.Take(pool)
		require.Equal(t, "192.0.2.1", gateway)
		got = append(got, ip)
	}
	require.Equal(t, []string{"192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"}, got)
	require.Zero(t, use.Free(pool))
	use.Remove(pool.ID, "192.0.2.4")
	use.Remove(pool.ID, "192.0.2.3")
	ip, _ := use.Take(pool)
	require.Equal(t, "192.0.2.3", ip)
	require.Equal(t, 4, use.Of(pool))
}

func TestOnlyNetworksOfTheirOwnArePools(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "192.0.2.1", "192.0.2.1/29", "192.0.2.0/31", "2001:db8::/64", "0.0.0.0/1"} {
		require.Error(t, isp6.CheckNetwork(bad), bad)
	}
	require.NoError(t, isp6.CheckNetwork("192.0.2.0/29"))
	pool := isp6.Pool{Network: "192.0.2.0/29"}
	require.NoError(t, pool.Fits(&isp6.Pool{ID: 2, Network: "192.0.2.8/29"}))
	require.ErrorContains(t, pool.Fits(&isp6.Pool{ID: 3, Network: "192.0.2.0/24"}), "overlaps pool 3")
}
