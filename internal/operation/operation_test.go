package operation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// lane is an idle module without problems; limits are those that a module has at first.
func lane(id provision.ModuleID, changes ...func(*operation.Lane)) operation.Lane {
	l := operation.Lane{Module: module.Module{
		ID: id, Enabled: true, SortOrder: 1, MaxRunningOpens: 2, Queue: module.Queue{Workers: 1}, CreatedAt: noon,
	}}
	for _, change := range changes {
		change(&l)
	}
	return l
}

func sorted(n int) func(*operation.Lane) { return func(l *operation.Lane) { l.Module.SortOrder = n } }
func opens(n int) func(*operation.Lane)  { return func(l *operation.Lane) { l.RunningOpens = n } }
func troubled(l *operation.Lane)         { l.Problems = 1 }
func disabled(l *operation.Lane)         { l.Module.Enabled = false }
func boundless(l *operation.Lane)        { l.Module.MaxRunningOpens = 0 }
func older(l *operation.Lane)            { l.Module.CreatedAt = noon.Add(-time.Hour) }

func queued(running int) func(*operation.Lane) {
	return func(l *operation.Lane) {
		l.Module.Queue, l.RunningQueue = module.Queue{Enabled: true, Workers: 2}, running
	}
}

func TestChooseD23(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kind   provision.Kind
		lanes  []operation.Lane
		tried  []provision.ModuleID
		want   provision.ModuleID
		choice operation.Choice
	}{
		{name: "nothing is left", choice: operation.NoModule},
		{name: "a disabled one is no candidate", lanes: []operation.Lane{lane("a", disabled)}, choice: operation.NoModule},
		{name: "all were tried", lanes: []operation.Lane{lane("a"), lane("b")}, tried: []provision.ModuleID{"a", "b"}, choice: operation.NoModule},
		{name: "the one that was not tried", lanes: []operation.Lane{lane("a"), lane("b", sorted(9), troubled)}, tried: []provision.ModuleID{"a"}, want: "b"},
		{name: "lowest sort order", lanes: []operation.Lane{lane("a", sorted(2)), lane("b")}, want: "b"},
		{name: "then the oldest", lanes: []operation.Lane{lane("a"), lane("b", older)}, want: "b"},
		{name: "sort order before age", lanes: []operation.Lane{lane("a"), lane("b", older, sorted(2))}, want: "a"},
		{name: "of one age, the first made", lanes: []operation.Lane{lane("b"), lane("a")}, want: "a"},
		{name: "no open problem comes first", lanes: []operation.Lane{lane("a", troubled), lane("b", sorted(2))}, want: "b"},
		{name: "a troubled one is better than none", lanes: []operation.Lane{lane("a", troubled)}, want: "a"},
		{name: "below the limit before sort order", lanes: []operation.Lane{lane("a", opens(2)), lane("b", sorted(2))}, want: "b"},
		{name: "at the limit of all it waits for the best", lanes: []operation.Lane{lane("a", opens(2)), lane("b", opens(3))}, want: "a", choice: operation.NoLane},
		{name: "it waits for a sound one rather than troubling a troubled", lanes: []operation.Lane{lane("a", opens(2)), lane("b", troubled)}, want: "a", choice: operation.NoLane},
		{name: "of troubled ones the free one", lanes: []operation.Lane{lane("a", opens(2), troubled), lane("b", troubled, sorted(2))}, want: "b"},
		{name: "0 is no limit", lanes: []operation.Lane{lane("a", boundless, opens(99))}, want: "a"},
		{name: "the limit is one of opens", kind: provision.Suspend, lanes: []operation.Lane{lane("a", opens(2))}, want: "a"},
		{name: "workers are a limit of every kind", kind: provision.Suspend, lanes: []operation.Lane{lane("a", queued(2))}, want: "a", choice: operation.NoLane},
		{name: "below the workers", lanes: []operation.Lane{lane("a", queued(1))}, want: "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.kind == "" {
				c.kind = provision.Open
			}
			m, choice := operation.Choose(c.kind, c.lanes, c.tried)
			require.Equal(t, c.choice, choice)
			require.Equal(t, c.want, m.ID)
		})
	}
}

func TestExactlyKeepsWhatIsUnknownD23(t *testing.T) {
	t.Parallel()
	lanes := []operation.Lane{lane("like"), lane("silent"), lane("exact")}
	names := func(exact catalog.Stocks, tried ...provision.ModuleID) (out []provision.ModuleID) {
		for _, l := range operation.Exactly(lanes, exact, tried) {
			out = append(out, l.Module.ID)
		}
		return out
	}
	all := []provision.ModuleID{"like", "silent", "exact"}
	require.Equal(t, all[1:], names(catalog.Stocks{"like": 0, "exact": 1}))
	require.Equal(t, all, names(catalog.Stocks{"like": 0, "exact": 1}, "exact"), "it refused")
	require.Equal(t, all, names(catalog.Stocks{"like": 0, "exact": 0}))
	require.Equal(t, all, names(nil))
}

// The choice goes by what the modules are, not by the order in which they were read; and it is never one that cannot.
func TestChooseGoesByTheModulesAloneD23(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var lanes []operation.Lane
		for i := range rapid.IntRange(0, 5).Draw(t, "modules") {
			l := lane(provision.ModuleID(fmt.Sprint(i)), sorted(rapid.IntRange(1, 2).Draw(t, "sort")), opens(rapid.IntRange(0, 2).Draw(t, "opens")))
			l.Problems = rapid.IntRange(0, 1).Draw(t, "problems")
			l.Module.Enabled = rapid.Bool().Draw(t, "enabled")
			l.Module.MaxRunningOpens = rapid.IntRange(0, 2).Draw(t, "limit")
			l.Module.CreatedAt = noon.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "age")) * time.Hour)
			lanes = append(lanes, l)
		}
		tried := []provision.ModuleID{provision.ModuleID(fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "tried")))}
		m, choice := operation.Choose(provision.Open, lanes, tried)
		again, choiceAgain := operation.Choose(provision.Open, rapid.Permutation(lanes).Draw(t, "other order"), tried)
		if m.ID != again.ID || choice != choiceAgain {
			t.Fatalf("%s (%d) or %s (%d)", m.ID, choice, again.ID, choiceAgain)
		}
		if choice != operation.Chosen {
			return
		}
		for _, l := range lanes {
			full := l.Module.MaxRunningOpens > 0 && l.RunningOpens >= l.Module.MaxRunningOpens
			if l.Module.ID == m.ID && (!l.Module.Enabled || full || m.ID == tried[0]) {
				t.Fatalf("%s was chosen", m.ID)
			}
			if l.Module.Enabled && !full && l.Module.ID != tried[0] && l.Problems == 0 && l.Module.SortOrder < m.SortOrder {
				t.Fatalf("%s was passed over for %s", l.Module.ID, m.ID)
			}
		}
	})
}

func TestRetryAtD24(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for i := range 300 {
		id := operation.ID(fmt.Sprintf("01a0-%d", i))
		at := operation.RetryAt(id, noon)
		require.Equal(t, at, operation.RetryAt(id, noon), "goes by the id alone")
		require.WithinRange(t, at, noon.Add(4*time.Minute+30*time.Second), noon.Add(5*time.Minute+30*time.Second))
		seen[at.Sub(noon)] = true
	}
	require.Greater(t, len(seen), 30, "operations of one outage do not come back at once")
}

func TestALogKeepsItsNewestLines(t *testing.T) {
	t.Parallel()
	var o operation.Operation
	for i := range 150 {
		o.Note(noon, fmt.Sprint(i))
	}
	require.Len(t, o.Log, 100)
	require.Equal(t, "149", o.Log[99].Text)
	require.Equal(t, "50", o.Log[0].Text)
}

func TestOnlyThreeStatusesAreFinal(t *testing.T) {
	t.Parallel()
	for status, final := range map[operation.Status]bool{
		operation.Queued: false, operation.Running: false, operation.Waiting: false, operation.Manual: false,
		operation.Succeeded: true, operation.Failed: true, operation.Cancelled: true,
	} {
		require.Equal(t, final, status.Final(), status)
	}
}
