package provisiontest

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
)

// Connect makes a module, whose settings must be good.
func Connect(t testing.TB, d provision.Driver, c provision.Config) provision.Module {
	t.Helper()
	m, err := d.New(c)
	require.NoError(t, err)
	return m
}

// NewOp is an operation of a service: of the one that another operation was of, by what that asked for, or of a new one by the spec.
func NewOp(kind provision.Kind, spec provision.Spec, of *provision.Op) provision.Op {
	op := provision.Op{Kind: kind, Key: actor.NewID(), ServiceID: actor.ServiceID(actor.NewID()), Spec: spec}
	if of != nil {
		op.ServiceID, op.Ref, op.Spec = of.ServiceID, of.Ref, of.Spec
	}
	return op
}

// Opening is the operation that opens a new service.
func Opening(spec provision.Spec) provision.Op { return NewOp(provision.Open, spec, nil) }

// mostLooks is after how many an operation that is still pending has no end.
const mostLooks = 300

// Engine applies operations as the program's engine does: look after look with the memo of the last one, until they are no longer
// pending, while the time passes that a module asks for.
type Engine struct {
	t       *testing.T
	advance func(time.Duration)            // nil: nothing takes time
	heard   func(provision.Outcome, error) // what a look came back with; nil: nobody listens
	begun   bool                           // a look told that the panel holds something for an operation
}

// NewEngine takes what moves the clocks.
func NewEngine(t *testing.T, advance func(time.Duration)) *Engine {
	return &Engine{t: t, advance: advance}
}

// Try applies an operation to its end. The op keeps the last memo, and at the end the object's id.
func (e *Engine) Try(m provision.Module, op *provision.Op) (provision.Outcome, error) {
	e.t.Helper()
	for range mostLooks {
		out, err := e.look(m, *op)
		if err != nil || e.settled(op, out) {
			return out, err
		}
	}
	e.endless(*op)
	return provision.Outcome{}, nil
}

// Do is Try of what must not fail.
func (e *Engine) Do(m provision.Module, op *provision.Op) provision.Outcome {
	e.t.Helper()
	out, err := e.Try(m, op)
	require.NoError(e.t, err, "%s", op.Kind)
	return out
}

// Then does another operation of a service.
func (e *Engine) Then(m provision.Module, kind provision.Kind, service *provision.Op) provision.Outcome {
	e.t.Helper()
	op := NewOp(kind, service.Spec, service)
	return e.Do(m, &op)
}

// Refused is Try of what must end in a refusal with this code.
func (e *Engine) Refused(m provision.Module, op *provision.Op, code string) *provision.Failure {
	e.t.Helper()
	_, err := e.Try(m, op)
	return Refused(e.t, err, code)
}

// LeavesAlone expects that a service which is known by the object of another is refused all this with this code, and that there is
// nothing to close. Whether the object is as before, the test looks itself.
func (e *Engine) LeavesAlone(m provision.Module, foreign provision.Op, code string, kinds ...provision.Kind) {
	e.t.Helper()
	for _, kind := range kinds {
		op := foreign
		op.Kind, op.Key = kind, actor.NewID()
		e.Refused(m, &op, code)
	}
	foreign.Kind, foreign.Key = provision.Close, actor.NewID()
	require.Equal(e.t, provision.Done, e.Do(m, &foreign).State)
}

// DoTwice takes every look twice with the same memo: the second one is a ghost's after a lost lease, and both end alike.
func (e *Engine) DoTwice(m provision.Module, op *provision.Op) provision.Outcome {
	e.t.Helper()
	for range mostLooks {
		out, err := e.look(m, *op)
		require.NoError(e.t, err, "%s", op.Kind)
		ghost, err := e.look(m, *op)
		require.NoError(e.t, err, "%s by a ghost", op.Kind)
		if e.settled(op, out) {
			require.Equal(e.t, out.Ref, ghost.Ref)
			return out
		}
	}
	e.endless(*op)
	return provision.Outcome{}
}

// Open opens a service. Its op carries the Ref, for NewOp.
func (e *Engine) Open(m provision.Module, spec provision.Spec) (provision.Op, provision.Outcome) {
	e.t.Helper()
	op := Opening(spec)
	out := e.Do(m, &op)
	op.Memo = nil
	return op, out
}

func (e *Engine) look(m provision.Module, op provision.Op) (provision.Outcome, error) {
	e.t.Helper()
	out, err := m.Apply(e.t.Context(), op)
	if e.heard != nil {
		e.heard(out, err)
	}
	return out, err
}

// settled takes over what an outcome asks to remember and lets its time pass.
func (e *Engine) settled(op *provision.Op, out provision.Outcome) bool {
	e.t.Helper()
	if out.State != provision.Pending {
		if out.Ref != "" {
			op.Ref = out.Ref
		}
		return true
	}
	op.Memo = maps.Clone(out.Memo)
	e.begun = e.begun || out.Begun
	require.Positive(e.t, out.After, "a pending outcome says when to look again")
	e.wait(out.After)
	return false
}

func (e *Engine) wait(d time.Duration) {
	e.t.Helper()
	if e.advance != nil {
		e.advance(d)
	}
}

func (e *Engine) endless(op provision.Op) {
	e.t.Helper()
	require.FailNow(e.t, "the operation does not come to an end", "%s", op.Kind)
}
