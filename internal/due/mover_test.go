package due_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/due"
	"github.com/tariffd/tariffd/internal/fault"
)

func TestMoveStepsThroughEveryDueInstant(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 3)
	var told []time.Time
	m := w.mover(t, w.loop(w.kind(w.do)))
	m.Panels = func(_ context.Context, now time.Time, mode string) error {
		require.Equal(t, "frozen", mode)
		told = append(told, now)
		return nil
	}
	target := first.Add(3*day + 12*time.Hour)
	moved, err := m.Move(t.Context(), target)
	require.NoError(t, err)
	require.Equal(t, due.Moved{Now: target, Mode: "frozen", Ran: map[string]int{"chore": 12}}, moved)
	require.Equal(t, []time.Time{first, first.Add(day), first.Add(2 * day), first.Add(3 * day), target}, told)
	require.Zero(t, w.number(t, `SELECT count(*) FROM chore_done WHERE at <> now_at`), "each runs at its own instant")

	moved, err = m.Move(t.Context(), target)
	require.NoError(t, err)
	require.Empty(t, moved.Ran)
	_, err = m.Move(t.Context(), target.Add(-time.Microsecond))
	require.True(t, fault.Has(err, "clock_backwards"), "%v", err)
	require.Equal(t, "/now", fault.Of(err).Fields[0].Pointer)
}

func TestMoveOfARunningClockGoesOnWithRealTime(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 1)
	require.NoError(t, w.db.Sandbox().SetMode(t.Context(), "running"))
	m := w.mover(t, w.loop(w.kind(w.do)))
	moved, err := m.Move(t.Context(), first.Add(day))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"chore": 2}, moved.Ran)
	require.False(t, moved.Now.Before(first.Add(day)))
	eventually(t, "it runs", func() bool {
		now, _, err := m.Now(t.Context())
		return err == nil && now.After(moved.Now)
	})
	require.NoError(t, w.db.Sandbox().SetMode(t.Context(), "frozen"))
	frozen, _, err := m.Now(t.Context())
	require.NoError(t, err)
	require.True(t, frozen.After(moved.Now), "it stands where it had run to")
	again, mode, err := m.Now(t.Context())
	require.NoError(t, err)
	require.Equal(t, frozen, again)
	require.Equal(t, "frozen", mode)
	require.NoError(t, w.db.Sandbox().SetMode(t.Context(), "running"))
	_, err = m.Move(t.Context(), moved.Now)
	require.NoError(t, err, "the instant just read means: wait until idle")
}

func TestMoveGoesOnWhenTheCallerHangsUp(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 1)
	ctx, hangUp := context.WithCancel(t.Context())
	m := w.mover(t, w.loop(w.kind(func(ctx context.Context, c due.Claim) error {
		hangUp()
		return w.do(ctx, c)
	})))
	moved, err := m.Move(ctx, first.Add(2*day))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"chore": 3}, moved.Ran)
}

func TestOneMoverAtATime(t *testing.T) {
	t.Parallel()
	w, url := newWork(t, 1)
	inside, goOn := make(chan struct{}), make(chan struct{})
	m := w.mover(t, w.loop(w.kind(func(ctx context.Context, c due.Claim) error {
		close(inside)
		<-goOn
		return w.do(ctx, c)
	})))
	done := make(chan error, 1)
	go func() {
		_, err := m.Move(t.Context(), first)
		done <- err
	}()
	<-inside
	other, err := open(t.Context(), url, 0)
	require.NoError(t, err)
	defer other.db.Close()
	_, err = other.mover(t, other.loop()).Move(t.Context(), first)
	require.True(t, fault.Has(err, "clock_moving"), "%v", err)
	_, ok, err := other.loop().Now(t.Context())
	require.NoError(t, err)
	require.False(t, ok, "the background keeps still meanwhile")
	close(goOn)
	require.NoError(t, <-done)
	_, err = other.mover(t, other.loop()).Move(t.Context(), first)
	require.NoError(t, err)
}

func TestMoveEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 1)
	life, end := context.WithCancel(t.Context())
	m := w.mover(t, w.loop(w.kind(func(ctx context.Context, _ due.Claim) error {
		end()
		<-ctx.Done()
		return ctx.Err()
	})))
	m.Life = life
	_, err := m.Move(t.Context(), first)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, w.number(t, `SELECT count(*) FROM chore WHERE lease_until > now() + interval '10 s'`), "the row is given back")
}
