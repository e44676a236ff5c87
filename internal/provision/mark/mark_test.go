package mark_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision/mark"
)

const (
	id    = actor.ServiceID("0190c42e-7f3a-7c1e-9d2b-5a6f70819203")
	other = actor.ServiceID("0190c42e-7f3a-7c1e-9d2b-5a6f70819204")
)

func TestANameCarriesOneMarkAndKeepsItsOwnPart(t *testing.T) {
	t.Parallel()
	for _, own := range []string{"Srv-7", "", "new", "rack 7-new", "renew", "a-", "svc", "a-svc-12"} {
		require.Empty(t, mark.Ending(own))
		require.True(t, mark.HandedOver(own), "nobody opens it")
		require.Equal(t, own, mark.Plain(own))

		begun := mark.New(own, id)
		require.Equal(t, mark.Of(id), mark.Ending(begun), own)
		require.False(t, mark.HandedOver(begun), own)
		require.Equal(t, own, mark.Plain(begun))

		final := mark.Final(begun, id)
		require.Equal(t, mark.Of(id), mark.Ending(final), own)
		require.True(t, mark.HandedOver(final), own)
		require.Equal(t, own, mark.Plain(final))
		require.Equal(t, mark.Of(other), mark.Ending(mark.Final(final, other)), "the new one takes the old one's place")
		require.Equal(t, own, mark.Plain(mark.Final(final, other)))
	}
}

func TestAMarkIsFoundAmongOtherWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, mark.Of(id), mark.In("do not touch! "+mark.Of(id)+" (moved by Jan)"))
	require.Empty(t, mark.Ending(mark.Of(id)+" (moved by Jan)"))
	require.Empty(t, mark.In("svc-7"))
	require.Equal(t, "vm-5a6f70819203", mark.Name(id))
	require.NotEqual(t, mark.Name(id), mark.Name(other))
}
