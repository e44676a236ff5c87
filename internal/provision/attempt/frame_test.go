package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
)

// machine is one of a panel that remembers whose it is and whether it was handed over.
type machine struct {
	id           int
	mine, handed bool
}

// board is a panel of machines. What stands in refuse is what it refuses; slow is how often a release wants another look.
type board struct {
	machines []machine
	refuse   map[string]error
	slow     int
	before   func(what string) // somebody else's hand, before a call
}

func (b *board) call(what string) error {
	if b.before != nil {
		b.before(what)
	}
	return b.refuse[what]
}

func (b *board) mine() (out []machine) {
	for _, m := range b.machines {
		if m.mine {
			out = append(out, m)
		}
	}
	return out
}

func (b *board) at(id int) *machine {
	return &b.machines[slices.IndexFunc(b.machines, func(m machine) bool { return m.id == id })]
}

func (b *board) frame(a *attempt.Attempt) attempt.Frame[machine] {
	return attempt.Frame[machine]{
		Panel: "Board",
		Find: func(context.Context) (machine, bool, error) {
			all := b.mine()
			if len(all) == 0 {
				return machine{}, false, b.refuse["find"]
			}
			return all[0], true, nil
		},
		NotFound: provision.NewRejected("not_found", "there is none"),
		Carriers: func(context.Context) ([]machine, error) { return b.mine(), nil },
		Obtain: func(context.Context) ([]machine, provision.Outcome, error) {
			if err := b.call("obtain"); err != nil || len(b.machines) == 0 {
				return nil, a.Pending(), err
			}
			b.machines[0].mine = true
			return b.mine(), provision.Outcome{}, nil
		},
		Prepare: func(_ context.Context, m machine) (machine, bool, error) {
			err := b.call("prepare")
			return *b.at(m.id), err == nil, err
		},
		HandOver: func(_ context.Context, m machine) (machine, bool, error) {
			b.at(m.id).handed = true
			err := b.call("hand over")
			return *b.at(m.id), true, err
		},
		HandedOver: func(m machine) bool { return m.handed },
		Ours:       func(m machine) bool { return m.mine },
		Same:       func(x, y machine) bool { return x.id == y.id },
		Opened: func(_ context.Context, m machine) (provision.Outcome, error) {
			return provision.Outcome{State: provision.Done, Ref: provision.Ref(fmt.Sprint(m.id))}, nil
		},
		Release: func(_ context.Context, m machine) (bool, error) {
			if err := b.call("release"); err != nil {
				return false, err
			}
			if b.slow > 0 {
				b.slow--
				return false, nil
			}
			*b.at(m.id) = machine{id: m.id}
			return true, nil
		},
		Kept:         func(m machine) string { return fmt.Sprintf("machine %d stays", m.id) },
		LeaveNothing: func(context.Context) error { return b.call("rest") },
		Changes: map[provision.Kind]attempt.Change[machine]{
			provision.Reboot: func(_ context.Context, m machine) (provision.Outcome, error) {
				return provision.Outcome{Text: fmt.Sprint(m.id)}, nil
			},
		},
	}
}

func (b *board) apply(t *testing.T, kind provision.Kind, memo map[string]string) (provision.Outcome, error) {
	t.Helper()
	a := attempt.At(provision.Op{Kind: kind, Memo: memo}, time.Minute)
	return b.frame(&a).Apply(t.Context(), &a)
}

var (
	refused = provision.NewRejected("no_disk", "the disk is broken")
	away    = provision.NewUnavailable(errors.New("timeout"), "the panel is away")
)

func TestAnOpeningTakesOneMachineAndTellsItAgain(t *testing.T) {
	t.Parallel()
	b := &board{machines: []machine{{id: 1}, {id: 2}}}
	out, err := b.apply(t, provision.Open, nil)
	require.NoError(t, err)
	require.Equal(t, provision.Outcome{State: provision.Done, Ref: "1", Begun: true}, out)
	b.refuse = map[string]error{"prepare": refused} // it is handed over: nothing is done to it any more
	again, err := b.apply(t, provision.Open, nil)
	require.NoError(t, err)
	require.Equal(t, out, again)
	require.Equal(t, []machine{{id: 1, mine: true, handed: true}, {id: 2}}, b.machines)
}

func TestOfTwoAttemptsTheLastSeesBothMachines(t *testing.T) {
	t.Parallel()
	b := &board{machines: []machine{{id: 1}, {id: 2}}}
	b.before = func(what string) {
		if what == "hand over" {
			b.machines[1] = machine{id: 2, mine: true} // a ghost has taken this one
		}
	}
	out, err := b.apply(t, provision.Open, nil)
	require.NoError(t, err)
	require.Equal(t, provision.Ref("1"), out.Ref)
	require.Equal(t, []machine{{id: 1, mine: true, handed: true}, {id: 2}}, b.machines, "the first one stays")
}

func TestAMachineThatAnotherHandTookIsLeft(t *testing.T) {
	t.Parallel()
	b := &board{machines: []machine{{id: 1}}}
	b.before = func(what string) {
		if what == "prepare" {
			b.machines[0].mine = false
		}
	}
	out, err := b.apply(t, provision.Open, map[string]string{"step": "owner 1"})
	require.NoError(t, err)
	require.Equal(t, provision.Outcome{State: provision.Pending, After: attempt.Soon, Memo: map[string]string{}}, out)
}

func TestARefusedOpeningIsTakenBackBeforeItIsTold(t *testing.T) {
	t.Parallel()
	b := &board{machines: []machine{{id: 1}}, refuse: map[string]error{"prepare": refused}, slow: 1}
	out, err := b.apply(t, provision.Open, nil)
	require.NoError(t, err)
	require.Equal(t, provision.Pending, out.State)
	require.True(t, out.Begun, "the panel still holds it")

	stuck := &board{machines: slices.Clone(b.machines), refuse: map[string]error{"release": refused}}
	_, err = stuck.apply(t, provision.Open, out.Memo)
	failure, ok := provision.FailureOf(err)
	require.True(t, ok)
	require.Equal(t, "the disk is broken; machine 1 stays: the disk is broken", failure.Text)
	require.False(t, failure.TakenBack)

	beside := &board{machines: slices.Clone(b.machines), refuse: map[string]error{"rest": away}}
	_, err = beside.apply(t, provision.Open, out.Memo)
	require.ErrorIs(t, err, error(away), "what is beside the machine is still there")

	b.refuse = nil
	out, err = b.apply(t, provision.Open, out.Memo)
	failure, ok = provision.FailureOf(err)
	require.True(t, ok)
	require.Equal(t, []any{"no_disk", true, false}, []any{failure.Code, failure.TakenBack, out.Begun})
	require.Equal(t, []machine{{id: 1}}, b.machines)
}

func TestWhatIsAwayIsNoRefusal(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"obtain", "prepare", "hand over"} {
		b := &board{machines: []machine{{id: 1}}, refuse: map[string]error{what: away}}
		_, err := b.apply(t, provision.Open, nil)
		require.ErrorIs(t, err, error(away), what)
	}
	out, err := new(board).apply(t, provision.Open, nil)
	require.NoError(t, err)
	require.Equal(t, provision.Pending, out.State, "none is listed yet")
	require.False(t, out.Begun)
}

func TestAClosingReleasesWhateverCarriesTheMark(t *testing.T) {
	t.Parallel()
	b := &board{machines: []machine{{id: 1, mine: true}, {id: 2, mine: true}}, slow: 1}
	out, err := b.apply(t, provision.Close, nil)
	require.NoError(t, err)
	require.Equal(t, provision.Pending, out.State)
	out, err = b.apply(t, provision.Close, nil)
	require.NoError(t, err)
	require.Equal(t, provision.Done, out.State)
	require.Equal(t, []machine{{id: 1}, {id: 2}}, b.machines)
}

func TestAChangeNeedsItsMachine(t *testing.T) {
	t.Parallel()
	b := &board{machines: []machine{{id: 7, mine: true}}}
	out, err := b.apply(t, provision.Reboot, nil)
	require.NoError(t, err)
	require.Equal(t, "7", out.Text)
	_, err = new(board).apply(t, provision.Reboot, nil)
	require.True(t, provision.IsRejected(err, "not_found"))
	_, err = b.apply(t, provision.Reinstall, nil)
	require.True(t, provision.IsRejected(err, "unsupported_operation"))
	out, err = new(board).apply(t, provision.Renew, nil)
	require.NoError(t, err)
	require.Equal(t, provision.Done, out.State, "a panel without periods has nothing to do")
}

func TestTheNextFreeMachineIsTriedWhereOneIsLostOrRefused(t *testing.T) {
	t.Parallel()
	isRefusal := func(err error) bool { return provision.IsRejected(err, "") }
	take := func(answers map[int]error, won int) func(int) (int, bool, error) {
		return func(n int) (int, bool, error) { return n, n == won, answers[n] }
	}
	none := provision.NewRejected("none", "there is none")
	got, err := attempt.FirstOf([]int{1, 2, 3}, none, isRefusal, take(map[int]error{1: refused}, 3))
	require.NoError(t, err)
	require.Equal(t, 3, got)
	_, err = attempt.FirstOf([]int{1, 2}, none, isRefusal, take(nil, 0))
	require.ErrorIs(t, err, error(none))
	_, err = attempt.FirstOf([]int{1, 2}, none, isRefusal, take(map[int]error{1: refused}, 0))
	require.ErrorIs(t, err, error(refused), "the panel's own words say more")
	_, err = attempt.FirstOf([]int{1, 2}, none, isRefusal, take(map[int]error{1: away}, 2))
	require.ErrorIs(t, err, error(away))
}

func TestAStepIsGivenUpAfterItsTries(t *testing.T) {
	t.Parallel()
	a := attempt.At(provision.Op{}, time.Minute)
	require.True(t, a.Try("power on", 2))
	require.True(t, a.Try("power on", 2))
	require.False(t, a.Try("power on", 2))
	require.True(t, a.Try("power off", 2), "another step begins anew")
	require.Equal(t, 1, a.Count("tries"))
}
