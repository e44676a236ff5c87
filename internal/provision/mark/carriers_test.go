package mark_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision/mark"
)

func TestAllAttemptsAgreeOnTheCarrierThatStays(t *testing.T) {
	t.Parallel()
	const own, other = actor.ServiceID("01980000-0000-7000-8000-00000000000a"), actor.ServiceID("01980000-0000-7000-8000-00000000000b")
	type server struct {
		name   string
		number int
	}
	row := func(s server) (string, int) { return s.name, s.number }
	opening, late := server{mark.New("Srv-2", own), 2}, server{mark.New("Srv-9", own), 9}
	finished := server{mark.Final("Srv-7", own), 7}
	all := []server{{"Srv-1", 1}, late, {mark.Final("Srv-3", other), 3}, opening, finished}
	require.Equal(t, []server{finished, opening, late}, mark.Carriers(all, own, row), "a finished one, then by number")
	require.Equal(t, server{"Srv-1", 1}, all[0], "the panel's list is as it was")
	require.Empty(t, mark.Carriers(all[:1], own, row))
}
