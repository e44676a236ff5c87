package provisiontest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

// matrixKinds are the ways for one call to fail that the matrix plays.
var matrixKinds = []string{"http_500", "http_503", "http_401", "timeout", "drop_response", "bad_body", "task_fail"}

// matrixOps are the operations whose every call is made to fail.
var matrixOps = []provision.Kind{
	provision.Open, provision.Suspend, provision.Resume, provision.SetParams, provision.Reboot, provision.Reinstall, provision.Close,
}

const (
	mostCalls    = 200 // of one operation
	mostAttempts = 10  // as the engine's
)

// stride is how many calls of an operation the matrix goes on by. Ways to fail begin at different calls, so that each is struck by
// some of them; `make soak` strikes each call in each way.
func stride() int {
	if os.Getenv("SOAK") != "" {
		return 1
	}
	return 3
}

// Matrix fails each call of each operation in each way, once, and lets the operation be repeated as the engine does. At the end
// the panel holds one object of the service or none, in the state that the outcome tells, and nothing was done twice.
func Matrix(t *testing.T, h Harness) {
	for _, op := range h.Ops {
		row(t, h, cell{op: op})
	}
	if len(h.Ops) > 0 {
		return
	}
	for _, op := range matrixOps {
		row(t, h, cell{op: op})
	}
	if p := h.Driver.Info.ProductTypes; len(p) > 0 && p[0].Recovery {
		row(t, h, cell{op: provision.Reboot, recovery: true})
	}
}

// row fails the calls of one operation.
func row(t *testing.T, h Harness, c cell) {
	name := string(c.op)
	if c.recovery {
		name = "recovery"
	}
	for i, fault := range matrixKinds {
		t.Run(fmt.Sprintf("%s/%s", name, fault), func(t *testing.T) {
			t.Parallel()
			for call := (i + len(name)) % stride(); call < mostCalls; call += stride() {
				at := c
				at.fault, at.call = fault, call
				if !at.survive(t, h) {
					require.True(t, call > 0 || fault == "task_fail", "the operation makes a call")
					return
				}
			}
			require.FailNow(t, "the operation does not run out of calls")
		})
	}
}

// cell is one place of the matrix.
type cell struct {
	op       provision.Kind
	recovery bool // a reboot into recovery
	fault    string
	call     int // which one fails, from 0
}

func (c cell) String() string { return fmt.Sprintf("%s with %s at call %d", c.op, c.fault, c.call) }

// survive plays one cell and tells whether there was such a call.
func (c cell) survive(t *testing.T, h Harness) bool {
	t.Helper()
	b := newBench(t, h)
	op := c.prepare(b)
	require.NoError(t, b.module.Check(t.Context())) // the login is not part of the operation
	before := b.runs(op)
	if c.fault == "timeout" && b.Impatient != nil {
		b.module = b.connect(*b.Impatient)
	}
	b.Network.Break(Fault{Kind: c.fault, Times: 1, After: c.call})
	out, err := b.attempts(&op)
	struck := b.Network.Mend() > 0
	c.judge(b, op, out, err, before)
	if err != nil && c.op != provision.Open {
		// Staff start it again, once the panel is well: nothing of the failure may be in the way.
		again := op
		again.Memo = nil
		out, err = b.attempts(&again)
		require.NoError(t, err, "%s, started again", c)
		require.Equal(t, provision.Done, out.State, c)
		c.judge(b, again, out, nil, -1)
	}
	return struck
}

// prepare makes the service that the operation needs.
func (c cell) prepare(b *bench) provision.Op {
	b.Helper()
	if c.op == provision.Open {
		return Opening(b.Spec)
	}
	service := b.opened()
	if c.op == provision.Resume {
		b.Then(b.module, provision.Suspend, service)
	}
	op := b.op(c.op, service)
	op.Recovery = c.recovery
	if c.op == provision.SetParams && b.Changed != nil {
		op.Spec = *b.Changed
	}
	return op
}

// judge compares the panel with the outcome.
func (c cell) judge(b *bench, op provision.Op, out provision.Outcome, err error, before int) {
	b.Helper()
	failure, refused := provision.FailureOf(err)
	if err != nil {
		require.Truef(b, refused && failure.Kind == provision.Rejected, "%s ends in a refusal or not at all: %v", c, err)
	} else {
		require.Equal(b, provision.Done, out.State, c)
	}
	want := 1
	if c.op == provision.Open && err != nil || c.op == provision.Close && err == nil {
		want = 0
	}
	if b.Objects != nil {
		require.Equal(b, want, b.Objects(op.ServiceID), "%s: objects in the panel, %v", c, err)
	}
	if err == nil && want == 1 && b.InService != nil {
		require.Equal(b, c.op != provision.Suspend, b.InService(op.ServiceID), "%s: in service", c)
	}
	if err != nil && c.op == provision.SetParams && b.InService != nil && c.fault != "task_fail" {
		require.True(b, b.InService(op.ServiceID), "%s: a refused change leaves the service as it was", c)
	}
	if err == nil && before >= 0 && b.Runs != nil && (c.op == provision.Reboot || c.op == provision.Reinstall) {
		require.Equal(b, before+1, b.runs(op), "%s: done once", c)
	}
}

func (b *bench) runs(op provision.Op) int {
	if b.Runs == nil {
		return 0
	}
	return b.Runs(op.ServiceID, op.Kind)
}

// attempts applies an operation as the engine does: what is away is tried again five minutes later, up to ten times, with the
// memo of the last look that succeeded.
func (b *bench) attempts(op *provision.Op) (out provision.Outcome, err error) {
	b.Helper()
	failed := 0
	for range mostLooks {
		out, err = b.look(b.module, *op)
		if err == nil {
			if b.settled(op, out) {
				return out, nil
			}
			continue
		}
		if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected {
			return out, err
		}
		if failed++; failed == mostAttempts {
			return out, err
		}
		b.wait(5 * time.Minute)
	}
	b.endless(*op)
	return out, err
}
