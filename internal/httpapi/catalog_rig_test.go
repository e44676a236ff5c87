package httpapi

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

// panel is what the fake driver drives: it accepts one password and has a stock.
type panel struct {
	mu       sync.Mutex
	password string
	down     bool
	silent   bool // connects, but tells nothing of what it offers
	calls    int
	stock    []provision.Stock
	offer    provision.Catalog
}

func (p *panel) set(change func(*panel)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// driver connects to the panel. It wants a data center with an external id and makes dedicated servers.
func (p *panel) driver() provision.Driver {
	return provision.Driver{
		Info: provision.Info{
			Name: "fake", Title: "Fake",
			ProductTypes: []provision.ProductType{
				{Code: "dedicated", Operations: automatic(), CompletesWith: []string{"external_id"}},
				{Code: "colocation", Operations: automatic(), Recovery: true, TariffSchema: json.RawMessage(`{"type": "object", "properties": {"rack": {"type": "string"}}}`)},
			},
			ConnectionSchema: json.RawMessage(`{"type": "object", "properties": {
				"url": {"type": "string"}, "port": {"type": "integer"}, "password": {"type": "string", "writeOnly": true}}}`),
			ParametersSchema: json.RawMessage(`{"type": "object", "properties": {"exact": {"type": "boolean", "default": true},
				"beside": {"type": "string", "default": ""}}}`),
			FixedParameters: []string{"exact"}, FixedWithServices: []string{"beside"},
			TariffSchema: json.RawMessage(`{"type": "object", "required": ["configuration"],
				"properties": {"configuration": {"type": "string", "minLength": 1}, "cores": {"type": "integer", "maximum": 64}}}`),
			Statistics: []provision.Statistic{{Param: "in", Unit: "KiB", Kind: "counter"}},
			DataCenter: provision.DataCenterRule{Required: true, ExternalID: provision.Required},
			Dialect: []provision.Term{
				{Parameter: "endpoints", Name: "list", Default: "GET /machines", Mark: provision.Inferred, Note: "A guess."},
				{Parameter: "unit", Default: "KiB", Mark: provision.Documented},
			},
		},
		New: func(c provision.Config) (provision.Module, error) {
			var in fakeConnection
			if err := provision.Decode(c.Connection, "/connection", &in); err != nil {
				return nil, err
			}
			return fakeModule{p, in.Password}, nil
		},
		CheckTariff: func(settings json.RawMessage) error {
			var in struct {
				Configuration string `json:"configuration"`
			}
			if _ = json.Unmarshal(settings, &in); in.Configuration == "imaginary" {
				return fault.New(fault.Invalid, "unknown_value", "There is no such configuration.").At("/settings/configuration")
			}
			return nil
		},
	}
}

type fakeConnection struct {
	URL      string `json:"url" validate:"required"`
	Port     int    `json:"port"`
	Password string `json:"password"`
}

// plain is a driver that makes anything without connecting anywhere.
func plain() provision.Driver {
	return provision.Driver{
		Info: provision.Info{
			Name: "plain", Title: "Plain", Default: provision.ProductType{Operations: automatic()},
			DataCenter: provision.DataCenterRule{ExternalID: provision.Optional},
		},
		New: func(provision.Config) (provision.Module, error) { return plainModule{}, nil },
	}
}

func automatic() map[provision.Kind]provision.Mode {
	out := map[provision.Kind]provision.Mode{}
	for _, k := range provision.Kinds {
		out[k] = provision.ModeAuto
	}
	return out
}

type plainModule struct{}

func (plainModule) Check(context.Context) error { return nil }

func (plainModule) Apply(context.Context, provision.Op) (provision.Outcome, error) {
	return provision.Outcome{}, nil
}

type fakeModule struct {
	panel    *panel
	password string
}

func (m fakeModule) Check(context.Context) error {
	m.panel.mu.Lock()
	defer m.panel.mu.Unlock()
	m.panel.calls++
	switch {
	case m.panel.down:
		return provision.NewUnavailable(nil, "connection refused")
	case m.password != m.panel.password:
		return provision.NewUnauthenticated("Invalid credentials")
	}
	return nil
}

func (m fakeModule) Apply(context.Context, provision.Op) (provision.Outcome, error) {
	return provision.Outcome{}, nil
}

func (m fakeModule) Stock(ctx context.Context) ([]provision.Stock, error) {
	if err := m.Check(ctx); err != nil {
		return nil, err
	}
	m.panel.mu.Lock()
	defer m.panel.mu.Unlock()
	return m.panel.stock, nil
}

func (fakeModule) StockKey(_ string, settings json.RawMessage) string {
	var in struct {
		Configuration string `json:"configuration"`
	}
	_ = json.Unmarshal(settings, &in)
	return in.Configuration
}

func (m fakeModule) Catalog(ctx context.Context) (provision.Catalog, error) {
	if err := m.Check(ctx); err != nil {
		return provision.Catalog{}, err
	}
	m.panel.mu.Lock()
	defer m.panel.mu.Unlock()
	if m.panel.silent {
		return provision.Catalog{}, provision.NewUnavailable(nil, "no answer")
	}
	return m.panel.offer, nil
}

// shop is a rig with a catalogue and the fake panel.
type shop struct {
	*rig
	panel    *panel
	provider string
}

func newShop(t testing.TB) *shop {
	s := &shop{panel: &panel{password: "right", stock: []provision.Stock{{Key: "E3", Free: 2}, {Key: "i9", Free: 0}}, offer: offering("Debian-12")}}
	s.rig = newRig(t, func(r *rig) {
		drivers := provision.NewRegistry(s.panel.driver(), plain())
		r.server.Units = &measure.Engine{InTx: narrow[measure.Tx](r.db)}
		r.server.Products = &product.Engine{InTx: narrow[product.Tx](r.db)}
		r.server.Modules = &module.Engine{InTx: narrow[module.Tx](r.db), Drivers: drivers}
		r.server.Tariffs = &tariff.Engine{InTx: narrow[tariff.Tx](r.db), Drivers: drivers, Connect: r.server.Modules.Connect}
		r.server.CatalogReader = r.db.Reader()
		r.server.Tariffs.Free = module.NewStock(r.server.Modules, r.wall)
		r.server.Shelf = func(ctx context.Context) (Shelf, error) { return r.db.Shelf(ctx) }
		r.server.Orders = &order.Engine{
			InTx: narrow[order.Tx](r.db), Zone: time.UTC, Stock: r.server.Tariffs.Free,
			Look: func(ctx context.Context) (order.Lookup, error) { return r.db.Shelf(ctx) },
		}
	})
	s.provider = s.defaultProvider()
	return s
}

// dataCenter makes a data center.
func (s *shop) dataCenter(name, externalID string) string {
	s.t.Helper()
	body := obj{"name": name}
	if externalID != "" {
		body["external_id"] = externalID
	}
	return s.admin.post("/v1/data-centers", body).is(201).text("id")
}

// module connects the fake panel in a data center.
func (s *shop) module(name, dataCenter string) string {
	s.t.Helper()
	return s.admin.post("/v1/processing-modules", moduleBody(name, dataCenter)).is(201).text("id")
}

func moduleBody(name, dataCenter string) obj {
	return obj{
		"driver": "fake", "product_type": "dedicated", "name": name, "data_center_id": dataCenter,
		"connection": obj{"url": "http://panel", "password": "right"},
	}
}

// tariff makes a tariff with the usual price; further members may be given.
func (s *shop) tariff(code string, more obj) string {
	s.t.Helper()
	return s.admin.post("/v1/tariffs", s.tariffBody(code, more)).is(201).text("id")
}

func (s *shop) tariffBody(code string, more obj) obj {
	body := obj{
		"product_type": "dedicated", "provider_id": s.provider, "code": code, "name": code, "activate": true,
		"prices": []obj{{"period": "P1M", "amount": "50.00", "setup_fee": "10.00"}},
	}
	for name, v := range more {
		body[name] = v
	}
	return body
}

// offering is the catalogue of a panel with some operating systems and a script.
func offering(systems ...string) provision.Catalog {
	c := provision.Catalog{Scripts: []provision.Entry{{ID: "1", Name: "LAMP", Tags: []string{"linux"}}}}
	for _, name := range systems {
		c.OS = append(c.OS, provision.Entry{ID: name, Name: name})
	}
	return c
}
