package due_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/due"
	"github.com/tariffd/tariffd/internal/fault"
)

func TestRunDueRunsAllThatIsDueAndNothingElse(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 10)
	w.must(t, `INSERT INTO chore (due_at) VALUES ($1), (NULL)`, first.Add(time.Microsecond))
	l := w.loop(w.kind(w.do))
	ran, err := l.RunDue(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"chore": 10}, ran)
	require.Equal(t, 10, w.number(t, `SELECT count(*) FROM chore_done`))
	next, ok, err := l.Next(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, first.Add(time.Microsecond), next)
}

func TestKindsRunInTheirOrder(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 4)
	var order []string
	var mu sync.Mutex
	kinds := make([]due.Kind, 0, 2)
	for _, name := range []string{"even", "odd"} {
		columns := choreColumns
		columns.Where = map[string]string{"even": `mod(ascii(id::text), 2) = 0`, "odd": `mod(ascii(id::text), 2) = 1`}[name]
		k := w.kind(func(ctx context.Context, c due.Claim) error {
			mu.Lock()
			order = append(order, name)
			mu.Unlock()
			return w.do(ctx, c)
		})
		k.Name, k.Rows = name, rows{w.db.DueIn(columns)}
		kinds = append(kinds, k)
	}
	w.must(t, `DELETE FROM chore`)
	w.must(t, `INSERT INTO chore (id, due_at) SELECT ('0000000' || n || '-0000-7000-8000-00000000000' || n)::uuid, $1 FROM generate_series(1, 2) n`, first)
	w.must(t, `INSERT INTO chore (id, due_at) SELECT (n || '0000000-0000-7000-8000-00000000000' || n)::uuid, $1 FROM generate_series(1, 1) n`, first)
	_, err := w.loop(kinds...).RunDue(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, []string{"even", "even", "odd"}, order)
}

func TestHeldRowsAreWaitedFor(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 3)
	held, err := w.db.DueIn(choreColumns).Claim(t.Context(), first, 1)
	require.NoError(t, err)
	require.Len(t, held, 1)
	done := make(chan error, 1)
	go func() {
		_, err := w.loop(w.kind(w.do)).RunDue(t.Context(), first)
		done <- err
	}()
	eventually(t, "the free rows run", func() bool { return w.number(t, `SELECT count(*) FROM chore_done`) == 2 })
	select {
	case err := <-done:
		t.Fatalf("came back with a row still held: %v", err)
	default:
	}
	require.NoError(t, w.do(t.Context(), due.Claim{ID: held[0].ID, No: held[0].No}))
	require.NoError(t, <-done)
}

func TestRowThatFailsThriceStopsTheClock(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 5)
	var bad string
	require.NoError(t, w.pool.Get(&bad, `SELECT id FROM chore LIMIT 1`))
	tries := 0
	l := w.loop(w.kind(func(ctx context.Context, c due.Claim) error {
		if c.ID == bad {
			tries++
			if tries == 2 {
				panic("a bug")
			}
			return errors.New("no")
		}
		return w.do(ctx, c)
	}))
	_, err := w.mover(t, l).Move(t.Context(), first.Add(3*day))
	require.True(t, fault.Has(err, "clock_blocked"), "%v", err)
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind)
	require.Equal(t, 3, tries)
	require.Equal(t, 4, w.number(t, `SELECT count(*) FROM chore_done`), "the others of its lot")
	now, _, err := w.db.Sandbox().Now(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, now, "the clock stands before it")
}

func TestBackgroundRunsOnWakeAndPausesFailures(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 2)
	var mu sync.Mutex
	fail := true
	l := w.loop(w.kind(func(ctx context.Context, c due.Claim) error {
		mu.Lock()
		defer mu.Unlock()
		if fail {
			return errors.New("no")
		}
		return w.do(ctx, c)
	}))
	l.Every = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { l.Background(ctx); close(ended) }()
	eventually(t, "failed rows rest", func() bool {
		return w.number(t, `SELECT count(*) FROM chore WHERE lease_until BETWEEN now() AND now() + interval '2 s' AND claim_no >= 1`) == 2
	})
	mu.Lock()
	fail = false
	mu.Unlock()
	w.must(t, `UPDATE chore SET lease_until = NULL`)
	l.Wake("another kind")
	l.Wake("chore")
	eventually(t, "the work is done", func() bool { return w.number(t, `SELECT count(*) FROM chore_done`) == 2 })
	cancel()
	<-ended
}

func TestLostClaimWritesNothing(t *testing.T) {
	t.Parallel()
	w, url := newWork(t, 1)
	old, err := w.db.DueIn(choreColumns).Claim(t.Context(), first, 1)
	require.NoError(t, err)
	later, err := open(t.Context(), url, 31*time.Second)
	require.NoError(t, err)
	defer later.db.Close()
	again, err := later.db.DueIn(choreColumns).Claim(t.Context(), first, 1)
	require.NoError(t, err)
	require.Len(t, again, 1, "an expired lease may be claimed")
	require.Equal(t, old[0].No+1, again[0].No)

	require.ErrorIs(t, w.do(t.Context(), due.Claim{ID: old[0].ID, No: old[0].No}), errLost)
	table := w.db.DueIn(choreColumns)
	require.NoError(t, table.Extend(t.Context(), old))
	left, err := table.Delay(t.Context(), old, time.Hour)
	require.NoError(t, err)
	require.Empty(t, left, "nor does it let go of what another holds")
	require.NoError(t, later.do(t.Context(), due.Claim{ID: again[0].ID, No: again[0].No}))
}

func TestHeartbeatKeepsAClaim(t *testing.T) {
	t.Parallel()
	w, url := newWork(t, 1)
	table := w.db.DueIn(choreColumns)
	held, err := table.Claim(t.Context(), first, 1)
	require.NoError(t, err)
	w.must(t, `UPDATE chore SET lease_until = now() + interval '1 s'`)
	require.NoError(t, table.Extend(t.Context(), held))
	other, err := open(t.Context(), url, 10*time.Second) // after the former end and long before the new one
	require.NoError(t, err)
	defer other.db.Close()
	got, err := other.db.DueIn(choreColumns).Claim(t.Context(), first, 1)
	require.NoError(t, err)
	require.Empty(t, got)
}
