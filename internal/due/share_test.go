package due_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/due"
)

// One master keeps all of his chores waiting. Those of others are done meanwhile, and his own as soon as he lets go.
func TestAGroupThatWaitsLeavesPlacesToOthers(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 20)
	w.must(t, `UPDATE chore SET master = 'slow'`)
	w.must(t, `INSERT INTO chore (due_at, master) SELECT $1, 'quick' FROM generate_series(1, 5)`, first.Add(1))
	w.must(t, `INSERT INTO chore (due_at) SELECT $1 FROM generate_series(1, 5)`, first.Add(1))
	goOn := make(chan struct{})
	var mu sync.Mutex
	waiting, most := 0, 0
	k := w.kind(func(ctx context.Context, c due.Claim) error {
		if c.Group == "slow" {
			mu.Lock()
			waiting++
			most = max(most, waiting)
			mu.Unlock()
			select {
			case <-goOn:
			case <-ctx.Done():
			}
			mu.Lock()
			waiting--
			mu.Unlock()
		}
		return w.do(ctx, c)
	})
	k.Lot, k.Parallel, k.Share = 1, 5, 3
	w.must(t, `UPDATE sandbox_clock SET now_at = $1`, first.Add(1000))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	l := w.loop(k)
	go func() { l.Background(ctx); close(ended) }()
	eventually(t, "the others' chores are done", func() bool { return w.number(t, `SELECT count(*) FROM chore_done`) == 10 })
	eventually(t, "the slow one has what he may have", func() bool {
		return w.number(t, `SELECT count(*) FROM chore WHERE master = 'slow' AND lease_until IS NOT NULL`) == 3
	})
	close(goOn)
	eventually(t, "all chores are done", func() bool { return w.number(t, `SELECT count(*) FROM chore_done`) == 30 })
	cancel()
	<-ended
	require.Equal(t, 3, most)
}

// A move of the clock runs all of them, however many of one group may run at once.
func TestRunDueRunsFullGroupsToTheirEnd(t *testing.T) {
	t.Parallel()
	w, _ := newWork(t, 7)
	w.must(t, `UPDATE chore SET master = 'slow'`)
	k := w.kind(w.do)
	k.Lot, k.Parallel, k.Share = 1, 4, 1
	ran, err := w.loop(k).RunDue(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"chore": 7}, ran)
}
