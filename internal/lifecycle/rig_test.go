package lifecycle_test

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/enginetest"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

var admin, start = enginetest.Admin, enginetest.Start

// rig is a shop, and a panel that answers as the test says.
type rig struct {
	*enginetest.Shop
	panel *panel
}

func ptr[T any](v T) *T { return &v }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func newRig(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	p := &panel{}
	return &rig{Shop: enginetest.OpenShop(t, p.driver()), panel: p}
}

// active is a server that its panel has made, of a client that paid 100.00 and has 40.00 left.
func (r *rig) active() (actor.ClientID, service.ID) {
	r.Helper()
	c := r.Client("100")
	id := r.Buy(c, 1).Items[0].ServiceID
	r.Work()
	require.Equal(r, service.Active, r.service(id).Status)
	return c, id
}

func (r *rig) service(id service.ID) lifecycle.View {
	r.Helper()
	v, err := r.DB.Reader().Service(context.Background(), actor.Everything, id)
	require.NoError(r, err)
	return v
}

// operation is a service's newest of a kind.
func (r *rig) operation(id service.ID, kind provision.Kind) operation.Operation {
	r.Helper()
	var op operation.ID
	require.NoError(r, r.Pool.Get(&op, `SELECT id FROM operation WHERE service_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1`, id, kind))
	o, err := r.DB.Reader().Operation(context.Background(), actor.Everything, op)
	require.NoError(r, err)
	return o
}

func clientKey(v lifecycle.View) actor.Actor {
	return actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: v.ProviderID, ClientID: v.ClientID}}
}

func storefront(v lifecycle.View) actor.Actor {
	return actor.Actor{Role: actor.Storefront, Scope: actor.Scope{ProviderID: v.ProviderID}}
}

// panel is an outside system that answers as the test says, and remembers what it was asked.
type panel struct {
	mu     sync.Mutex
	answer func(module string, op provision.Op) (provision.Outcome, error) // nil: everything is done at once
	modes  map[provision.Kind]provision.Mode
	calls  []call
	found  provision.Found // of whatever is inspected
	deaf   error           // why it does not tell
	has    []provision.Machine
}

type call struct {
	module string
	op     provision.Op
}

func (p *panel) driver() provision.Driver {
	p.modes = map[provision.Kind]provision.Mode{}
	for _, kind := range provision.Kinds {
		p.modes[kind] = provision.ModeAuto
	}
	schema := json.RawMessage(`{"type": "object"}`)
	return provision.Driver{
		Info: provision.Info{
			Name:             "dcimanager6",
			ProductTypes:     []provision.ProductType{{Code: "dedicated", Operations: p.modes, CompletesWith: []string{"external_id"}, Recovery: true}},
			ConnectionSchema: schema, ParametersSchema: schema, TariffSchema: schema,
		},
		Types: []provision.Module{(*rack)(nil)},
		New: func(c provision.Config) (provision.Module, error) {
			var named struct{ Name string }
			return &rack{p, &named.Name}, json.Unmarshal(c.Parameters, &named)
		},
	}
}

// says makes the panel answer every call with this.
func (p *panel) says(out provision.Outcome, err error) {
	p.does(func(string, provision.Op) (provision.Outcome, error) { return out, err })
}

func (p *panel) does(fn func(module string, op provision.Op) (provision.Outcome, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = fn
}

// asked tells the modules and kinds of all calls since the last time.
func (p *panel) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []string{}
	for _, c := range p.calls {
		out = append(out, c.module+" "+string(c.op.Kind))
	}
	p.calls = nil
	return out
}

func (p *panel) last() provision.Op {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[len(p.calls)-1].op
}

// rack is one module of the panel.
type rack struct {
	*panel
	name *string
}

func (*rack) Check(context.Context) error { return nil }

func (m *rack) Inspect(_ context.Context, op provision.Op) (provision.Found, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, call{*m.name, op})
	return m.found, m.deaf
}

func (m *rack) Machines(context.Context) ([]provision.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.has, m.deaf
}

func (*rack) SortOf(_ string, settings json.RawMessage) string {
	var in struct{ Configuration string }
	_ = json.Unmarshal(settings, &in)
	return in.Configuration
}

func (m *rack) Apply(_ context.Context, op provision.Op) (provision.Outcome, error) {
	m.mu.Lock()
	m.calls = append(m.calls, call{*m.name, op})
	answer, n := m.answer, len(m.calls)
	m.mu.Unlock()
	switch {
	case answer != nil:
		return answer(*m.name, op)
	case op.Kind == provision.Open:
		return provision.Outcome{Ref: provision.Ref(strconv.Itoa(n))}, nil
	}
	return provision.Outcome{}, nil
}

func on(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
}

// monthly is the period of everything that the rig sells.
const monthly calendar.Period = "P1M"

func texts(code, value string) map[string]json.RawMessage {
	return map[string]json.RawMessage{code: json.RawMessage(strconv.Quote(value))}
}

func editNote(note string) lifecycle.Patch { return lifecycle.Patch{Note: &note} }
