package order_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/enginetest"
	"github.com/tariffd/tariffd/internal/provision"
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

// panel is an outside system that answers as the test says, and counts what it was asked.
type panel struct {
	mu     sync.Mutex
	answer func(op provision.Op) (provision.Outcome, error) // nil: everything is done at once
	calls  int
	free   map[string]int // machines by configuration; nil: it does not say
	asked  int            // how often it was asked what is free
}

// has sets what is free.
func (p *panel) has(configuration string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = map[string]int{configuration: n}
}

func (p *panel) driver() provision.Driver {
	modes := map[provision.Kind]provision.Mode{}
	for _, kind := range provision.Kinds {
		modes[kind] = provision.ModeAuto
	}
	schema := json.RawMessage(`{"type": "object"}`)
	return provision.Driver{
		Info: provision.Info{
			Name:             "dcimanager6",
			ProductTypes:     []provision.ProductType{{Code: "dedicated", Operations: modes}},
			ConnectionSchema: schema, ParametersSchema: schema, TariffSchema: schema,
		},
		New: func(c provision.Config) (provision.Module, error) {
			if strings.Contains(string(c.Parameters), "loose") {
				return &loose{rack{p}, strings.Contains(string(c.Parameters), "mixed")}, nil
			}
			return &rack{p}, nil
		},
	}
}

// says makes the panel answer every call with this.
func (p *panel) says(out provision.Outcome, err error) {
	p.does(func(provision.Op) (provision.Outcome, error) { return out, err })
}

func (p *panel) does(fn func(op provision.Op) (provision.Outcome, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = fn
}

// rack is one module of the panel.
type rack struct{ *panel }

func (*rack) Check(context.Context) error { return nil }

func (m *rack) Stock(context.Context) (out []provision.Stock, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if m.free == nil {
		return nil, provision.NewUnavailable(nil, "No answer.")
	}
	for key, n := range m.free {
		out = append(out, provision.Stock{Key: key, Free: n})
	}
	return out, nil
}

func (*rack) StockKey(_ string, settings json.RawMessage) string {
	var in struct{ Configuration string }
	_ = json.Unmarshal(settings, &in)
	return in.Configuration
}

// loose is a module that has another sort than the panel's others, of which people make what was ordered; a mixed one has one of each.
type loose struct {
	rack
	mixed bool
}

func (m *loose) Stock(context.Context) ([]provision.Stock, error) {
	out := []provision.Stock{{Key: "E5", Free: 1}}
	if m.mixed {
		out = append(out, provision.Stock{Key: "E3", Free: 1})
	}
	return out, nil
}

func (*loose) StockKey(string, json.RawMessage) string { return "" }

func (m *loose) ExactKey(code string, settings json.RawMessage) string {
	return m.rack.StockKey(code, settings)
}

func (*loose) Apply(context.Context, provision.Op) (provision.Outcome, error) {
	return provision.Outcome{State: provision.Manual, Text: "Take the E5."}, nil
}

// take takes a machine for an open, if there is one.
func (m *rack) take(op provision.Op) bool {
	key := m.StockKey(op.Spec.TariffCode, op.Spec.Settings)
	if m.free == nil || op.Kind != provision.Open {
		return true
	}
	m.free[key]--
	return m.free[key] >= 0
}

func (m *rack) Apply(_ context.Context, op provision.Op) (provision.Outcome, error) {
	m.mu.Lock()
	m.calls++
	answer, n := m.answer, m.calls
	there := answer != nil || m.take(op)
	m.mu.Unlock()
	switch {
	case !there:
		return provision.Outcome{}, provision.NewRejected("no_free_server", "No free server.")
	case answer != nil:
		return answer(op)
	case op.Kind == provision.Open:
		return provision.Outcome{Ref: provision.Ref(strconv.Itoa(n))}, nil
	}
	return provision.Outcome{}, nil
}
