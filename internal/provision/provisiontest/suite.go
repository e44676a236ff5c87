package provisiontest

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tariffd/tariffd/internal/provision"
)

// Run proves a driver. It listens to the process's default logs meanwhile, so a package calls it from one test that is
// not parallel to others.
func Run(t *testing.T, h Harness) {
	logs := listen(t)
	secrets := h.New(t).Secrets
	t.Run("promises", func(t *testing.T) {
		for name, promise := range promises {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				promise(t, h)
			})
		}
	})
	for _, secret := range secrets {
		require.NotContains(t, logs.String(), secret, "a secret was logged")
	}
}

var promises = map[string]func(*testing.T, Harness){
	"info is complete":                   infoIsComplete,
	"check proves the connection":        checkProvesTheConnection,
	"apply twice is once":                applyTwiceIsOnce,
	"open forgets nothing":               openWithoutMemoIsOnce,
	"two at once are one":                twoAtOnceAreOne,
	"two processes at once are one":      twoProcessesAtOnceAreOne,
	"a lost response leads to one":       lostResponseLeadsToOne,
	"suspend of a suspended one":         suspendOfSuspended,
	"close of a missing one":             closeOfMissing,
	"close leaves nothing":               closeLeavesNothing,
	"silence is unavailable":             silenceIsUnavailable,
	"broken answers are failures":        brokenAnswersAreFailures,
	"a failed job leaves nothing behind": failedJobLeavesNothing,
	"a cancelled call comes back":        cancelledCallComesBack,
}

// applyTwiceIsOnce repeats every kind after its end, with the memo of its last look, as after a lost lease.
func applyTwiceIsOnce(t *testing.T, h Harness) {
	b := newBench(t, h)
	service := b.opened()
	for _, kind := range []provision.Kind{
		provision.Suspend, provision.Resume, provision.SetParams, provision.Renew, provision.Reboot, provision.Reinstall,
	} {
		op := b.op(kind, service)
		first := b.Do(b.module, &op)
		out, err := b.look(b.module, op)
		require.NoError(t, err, kind)
		require.Equal(t, first.State, out.State, kind)
		require.Equal(t, first.Ref, out.Ref, kind)
	}
	b.count(*service, 1)
}

// openWithoutMemoIsOnce repeats an opening as if nothing of it had been noted.
func openWithoutMemoIsOnce(t *testing.T, h Harness) {
	b := newBench(t, h)
	op := Opening(b.Spec)
	first := b.Do(b.module, &op)
	again := provision.Op{Kind: op.Kind, Key: op.Key, ServiceID: op.ServiceID, Spec: op.Spec}
	out, err := b.look(b.module, again)
	require.NoError(t, err)
	require.Equal(t, first.State, out.State, "a finished opening is not begun anew")
	require.Equal(t, first.Ref, out.Ref)
	b.count(op, 1)
}

func twoAtOnceAreOne(t *testing.T, h Harness) {
	b := newBench(t, h)
	together(b, b.module, b.connect(b.Config))
}

func twoProcessesAtOnceAreOne(t *testing.T, h Harness) {
	b := newBench(t, h)
	if b.Sibling == nil {
		return
	}
	together(b, b.module, b.connect(*b.Sibling))
}

// together runs an opening by two workers side by side to their ends.
func together(b *bench, modules ...provision.Module) {
	b.Helper()
	op := Opening(b.Spec)
	outs := make([]provision.Outcome, len(modules))
	ops := make([]provision.Op, len(modules))
	for i := range ops {
		ops[i] = op
	}
	for range mostLooks {
		var group errgroup.Group
		open := 0
		for i, module := range modules {
			if outs[i].State != provision.Pending && outs[i].Ref != "" || outs[i].State == provision.Manual {
				continue
			}
			open++
			group.Go(func() (err error) {
				ops[i].Memo = outs[i].Memo
				outs[i], err = module.Apply(b.Context(), ops[i])
				return err
			})
		}
		require.NoError(b, group.Wait())
		if open == 0 || b.Objects == nil {
			break
		}
		b.wait(5 * time.Second)
	}
	for _, out := range outs {
		b.clean(out, nil)
		require.Equal(b, outs[0].Ref, out.Ref)
		require.NotEqual(b, provision.Pending, out.State)
	}
	b.count(op, 1)
}

// lostResponseLeadsToOne cuts the answer off after each changing call in turn, and opens and closes all the same.
func lostResponseLeadsToOne(t *testing.T, h Harness) {
	if newBench(t, h).Network == nil {
		return
	}
	for _, kind := range []provision.Kind{provision.Open, provision.Suspend, provision.Close} {
		changes := 0
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			for lost := 0; survivesLoss(t, h, kind, method, lost); lost++ {
				changes++
			}
		}
		require.Positive(t, changes, "%s changes something in the panel", kind)
	}
}

// survivesLoss tells whether there was such a call to lose.
func survivesLoss(t *testing.T, h Harness, kind provision.Kind, method string, lost int) bool {
	t.Helper()
	b := newBench(t, h)
	var service *provision.Op
	if kind != provision.Open {
		service = b.opened()
	}
	op := b.op(kind, service)
	require.NoError(t, b.module.Check(t.Context())) // logged in: the lost call is one that changes something
	b.Network.Break(Fault{Method: method, Kind: "drop_response", Times: 1, After: lost})
	out, err := b.persist(b.module, &op)
	require.NoErrorf(t, err, "%s with call %d unanswered", kind, lost)
	require.Equal(t, provision.Done, out.State)
	want := 1
	if kind == provision.Close {
		want = 0
	}
	b.count(op, want)
	return b.Network.Mend() > 0
}

func suspendOfSuspended(t *testing.T, h Harness) {
	b := newBench(t, h)
	service := b.opened()
	for _, kind := range []provision.Kind{provision.Suspend, provision.Suspend, provision.Resume, provision.Resume} {
		out := b.Then(b.module, kind, service)
		require.NotEqual(t, provision.Pending, out.State)
	}
	b.count(*service, 1)
}

func closeOfMissing(t *testing.T, h Harness) {
	b := newBench(t, h)
	op := b.op(provision.Close, nil)
	op.Ref = "999999"
	out := b.Do(b.module, &op)
	require.NotEqual(t, provision.Pending, out.State)
	never := b.op(provision.Close, nil)
	b.Do(b.module, &never)
}

func closeLeavesNothing(t *testing.T, h Harness) {
	b := newBench(t, h)
	service, other := b.opened(), b.opened()
	b.Then(b.module, provision.Suspend, service)
	for range 2 {
		b.Then(b.module, provision.Close, service)
		b.count(*service, 0)
		b.count(*other, 1)
	}
}

// prompt is soon on a busy machine, and sooner than the time limit of any harness.
const prompt = 2500 * time.Millisecond

// cancelledCallComesBack gives up while the panel keeps the call, and calls with a context that is over.
func cancelledCallComesBack(t *testing.T, h Harness) {
	b := newBench(t, h)
	op := Opening(b.Spec)
	if b.Network != nil {
		b.Network.Break(Fault{Kind: "hold"})
		defer b.Network.Mend()
		const patience = 200 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		err := within(t, patience+prompt, func() error {
			_, err := b.module.Apply(ctx, op)
			return err
		})
		Fails(t, err, provision.Unavailable)
		b.clean(provision.Outcome{}, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := within(t, prompt, func() error {
		_, err := b.module.Apply(ctx, op)
		return err
	})
	require.ErrorIs(t, err, context.Canceled)
	b.clean(provision.Outcome{}, err)
}

// sink keeps what is logged.
type sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// listen takes over the process's default loggers until the test is over.
func listen(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.SetOutput(s)
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	return s
}
