package dialect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

func TestATrialTriesEachCallOnceUntilOneFails(t *testing.T) {
	t.Parallel()
	corrections := map[string]string{"show": "srv.show", "remove": "srv.remove", "history": dialect.Off}
	trial := dialect.NewTrial(func(call string) string { return paths.Corrected(nil, nil)[call] }, corrections)
	require.True(t, trial.Corrected("show"))
	require.False(t, trial.Corrected("rate"))
	made := 0
	for range 2 {
		trial.Call("show", func() error { made++; return nil })
	}
	require.Equal(t, 1, made)
	told, err := trial.Result()
	require.NoError(t, err)
	require.Equal(t, []string{"show (GET /server/{id})"}, told.Tried)
	require.Len(t, told.Hints, 1, "what the installation lacks is not missed")
	require.Contains(t, told.Hints[0], "endpoints.remove (srv.remove) was not tried")

	refused := dialect.NewTrial(func(call string) string { return call }, corrections)
	refused.Call("rate", func() error { return provision.NewRejected("unknown", "no such function") })
	refused.Call("show", func() error { t.Error("the first failure ends a check"); return nil })
	told, err = refused.Result()
	require.ErrorContains(t, err, "rate (rate): no such function")
	require.Equal(t, []string{"rate (rate)"}, told.Tried)
	require.Empty(t, told.Hints)
}
