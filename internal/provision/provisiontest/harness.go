// Package provisiontest is the conformance suite of drivers: what every module must keep, whatever system it drives.
//
// It owns the promises and their tests; it knows no panel. A driver's test calls Run with a Harness that makes a fresh panel
// for each promise; a driver without a network leaves Network out and keeps the rest. Matrix fails each call of each operation in
// turn, and Programs each run of an operator's program.
//
// What drivers' own tests do alike stands here too: an Engine that brings operations to their ends, Fails, Refused and
// Inspect with what they expect, and Sized and With for what a client orders. Steering a panel is paneltest's.
//
// Invariants: no test waits for real time except for a time limit of the driver's own; no test shares a panel with another;
// whatever a driver says in an error or an outcome is searched for the harness's secrets.
package provisiontest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
)

// Harness is a driver with the means to make it a world to work in.
type Harness struct {
	Driver provision.Driver
	// New makes a fresh panel with something free in it.
	New func(t *testing.T) World
	// Ops are the operations that the matrix plays: those that call the system which is struck. Empty: all.
	Ops []provision.Kind
}

// World is one panel.
type World struct {
	Config provision.Config
	// Sibling reaches the same panel as another process would: it shares no lock and no login with Config. Nil: there is none.
	Sibling *provision.Config
	// WrongLogin has a password that the panel refuses. Nil: there is none to refuse.
	WrongLogin *provision.Config
	Spec       provision.Spec
	// Advance moves the panel's clock and the business clock. Nil: nothing takes time.
	Advance func(time.Duration)
	// Objects counts what the panel holds of a service. Nil: the driver makes nothing.
	Objects func(actor.ServiceID) int
	Network Network
	// Impatient is Config with a short time limit, for the silences of the fault matrix. Nil: Config.
	Impatient *provision.Config
	// Changed is what set_params asks for in the fault matrix. Nil: Spec again.
	Changed *provision.Spec
	// InService tells whether the service's object works for the client: not suspended, not off. Nil: not told.
	InService func(actor.ServiceID) bool
	// Runs counts how often the panel restarted or reinstalled the service's object, by kind. Nil: not told.
	Runs func(actor.ServiceID, provision.Kind) int
	// Secrets must appear in no error and no outcome.
	Secrets []string
}

// Offline is the harness of a driver that calls no system.
func Offline(d provision.Driver) Harness {
	return Harness{Driver: d, New: func(*testing.T) World {
		const password = "first-password-7Q"
		return World{Spec: provision.Spec{ProductType: "anything", TariffCode: "T1", Password: password}, Secrets: []string{password}}
	}}
}

// Network makes calls to the panel fail.
type Network interface {
	Break(Fault)
	// Mend ends all faults, lets held calls go and tells how many calls were struck.
	Mend() (struck int)
}

// Fault is one way for calls to fail.
type Fault struct {
	Method string // empty: any
	Kind   string // http_500, http_401, timeout, drop_response, bad_body, hold, task_fail
	Times  int    // 0: until mended
	After  int    // calls that get through before
}

// bench is one test's panel with a module on it.
type bench struct {
	*testing.T
	World
	*Engine
	driver provision.Driver
	module provision.Module
}

func newBench(t *testing.T, h Harness) *bench {
	t.Helper()
	b := &bench{T: t, World: h.New(t), driver: h.Driver}
	b.Engine = NewEngine(t, b.Advance)
	b.heard = b.clean
	b.module = b.connect(b.Config)
	return b
}

func (b *bench) connect(c provision.Config) provision.Module {
	b.Helper()
	return Connect(b, b.driver, c)
}

// op is a new operation; its service is new where none is given.
func (b *bench) op(kind provision.Kind, of *provision.Op) provision.Op {
	return NewOp(kind, b.Spec, of)
}

// opened returns a service that is there; its op carries the Ref.
func (b *bench) opened() *provision.Op {
	b.Helper()
	op, _ := b.Open(b.module, b.Spec)
	return &op
}

// persist is Try for a bad day: Unavailable is tried again.
func (b *bench) persist(module provision.Module, op *provision.Op) (provision.Outcome, error) {
	b.Helper()
	for range mostLooks {
		out, err := b.look(module, *op)
		if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Unavailable {
			b.wait(5 * time.Minute)
			continue
		}
		if err != nil || b.settled(op, out) {
			return out, err
		}
	}
	b.endless(*op)
	return provision.Outcome{}, nil
}

// clean searches what a driver said for secrets.
func (b *bench) clean(out provision.Outcome, err error) {
	b.Helper()
	said := []string{out.Text}
	for k, v := range out.Memo {
		said = append(said, k, v)
	}
	if err != nil {
		said = append(said, err.Error())
		if failure, ok := provision.FailureOf(err); ok {
			said = append(said, failure.Text, failure.Code)
		}
	}
	for _, text := range said {
		for _, secret := range b.Secrets {
			require.NotContains(b, text, secret)
		}
	}
}

func (b *bench) count(op provision.Op, want int) {
	b.Helper()
	if b.Objects != nil {
		require.Equal(b, want, b.Objects(op.ServiceID), "objects of the service in the panel")
	}
}

// within runs a function that must come back in time.
func within(t testing.TB, limit time.Duration, run func() error) error {
	t.Helper()
	back := make(chan error, 1)
	go func() { back <- run() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-back:
		return err
	case <-timer.C:
		require.FailNow(t, "the module does not come back in time")
		return context.DeadlineExceeded
	}
}
