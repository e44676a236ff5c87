package dialect_test

import (
	"errors"
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

var (
	gone = provision.NewRejected("no_such", "No such page.")
	busy = provision.NewRejected("busy", "It is being made.")
	away = provision.NewUnavailable(errors.New("timeout"), "The panel is away.")
)

func asIs(call string) string { return call }

func TestWhatOneObjectRefusesIsNoMistakeOfTheModule(t *testing.T) {
	t.Parallel()
	missing := func(err error) bool { return provision.IsRejected(err, "no_such") }
	for name, c := range map[string]struct {
		answers []error
		asked   int
		hints   []string
		err     error
	}{
		"answered":         {answers: []error{nil, busy}, asked: 1},
		"the first is odd": {answers: []error{busy, gone, nil}, asked: 3},
		"all are odd":      {answers: []error{busy, gone}, asked: 2, hints: []string{"show (show) was refused: It is being made."}},
		"no such call":     {answers: []error{gone, gone, gone, nil}, asked: 3, err: gone},
		"away":             {answers: []error{busy, away, nil}, asked: 2, err: away},
		"no object":        {},
	} {
		trial, asked := dialect.NewTrial(asIs, nil), 0
		dialect.OnSome(trial, "show", c.answers, missing, func(answer error) error { asked++; return answer })
		told, err := trial.Result()
		require.Equal(t, c.asked, asked, name)
		require.Equal(t, c.hints, told.Hints, name)
		require.Equal(t, c.err, err, name)
		require.Len(t, told.Tried, min(1, len(c.answers)), name)
	}
}

func TestAGuessedNameOfSomethingOptionalIsAHint(t *testing.T) {
	t.Parallel()
	guessed, corrected := dialect.NewTrial(asIs, nil), dialect.NewTrial(asIs, map[string]string{"show": "srv.show"})
	for _, trial := range []*dialect.Trial[string]{guessed, corrected} {
		trial.Optional("show", func() error { return provision.NewRejected("no_such", "No such page.") })
	}
	require.NoError(t, guessed.Err)
	require.Equal(t, []string{"show (show) was refused: No such page."}, guessed.Hints)
	require.ErrorContains(t, corrected.Err, "show (show): No such page.")
	silent := dialect.NewTrial(asIs, nil)
	silent.Optional("show", func() error { return away })
	require.ErrorIs(t, silent.Err, error(away))
}
