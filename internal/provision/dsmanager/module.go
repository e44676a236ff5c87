package dsmanager

import (
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, CheckTariff: provision.CheckTariff[Tariff], Types: []provision.Module{(*Dedicated)(nil), (*Module)(nil)}}
}

// Parameters are a module's own choices.
type Parameters struct {
	Login          string            `json:"login" validate:"omitempty,oneof=each_call session"`
	TimeoutSeconds int               `json:"timeout_seconds" validate:"min=0,max=300"`
	Endpoints      map[string]string `json:"endpoints"`
	Fields         map[string]string `json:"fields"`
	Errors         map[string]string `json:"errors"`
}

// Tariff is what a tariff says about the servers it sells.
type Tariff struct {
	Preset    string `json:"preset" validate:"max=255"` // empty: the tariff's code
	DefaultOS string `json:"default_os" validate:"max=255"`
}

// Module drives one panel. One for colocation has no stock: people find the place.
type Module struct {
	panel       *panel.Panel
	set         Parameters
	productType string
}

// Dedicated is a module that sells the panel's own servers.
type Dedicated struct{ *Module }

func newModule(c provision.Config) (provision.Module, error) {
	var connection panelhttp.Connection
	var set Parameters
	if err := c.Decode(&connection, &set); err != nil {
		return nil, err
	}
	dialect, err := panel.NewDialect(set.Endpoints, set.Fields, set.Errors)
	if err != nil {
		return nil, err
	}
	http, err := connection.Client(set.TimeoutSeconds, c.Env)
	if err != nil {
		return nil, err
	}
	client := coremgr.New(http, coremgr.Options{
		User: connection.Username, Password: connection.Password, EachCall: set.Login != "session", Meanings: dialect.Meanings(),
	})
	m := &Module{panel: panel.New(client, dialect), set: set, productType: c.ProductType}
	if m.productType == colocation {
		return m, nil
	}
	return &Dedicated{m}, nil
}

// Catalog lists the images and the presets.
func (m *Module) Catalog(ctx context.Context) (c provision.Catalog, err error) {
	images, err := m.panel.Names(ctx, panel.OSImages)
	if err != nil {
		return c, err
	}
	presets, err := m.panel.Names(ctx, panel.Presets)
	if err != nil {
		return c, err
	}
	return provision.Catalog{OS: entries(images), Configurations: entries(presets)}, nil
}

func entries(names []string) (out []provision.Entry) {
	for _, name := range names {
		out = append(out, provision.Entry{ID: name, Name: name})
	}
	return out
}

// Stock counts the servers without owner of each preset.
func (m *Dedicated) Stock(ctx context.Context) ([]provision.Stock, error) {
	presets, err := m.panel.Names(ctx, panel.Presets)
	if err != nil {
		return nil, err
	}
	free, err := m.free(ctx, "")
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, name := range presets {
		count[name] = 0
	}
	for _, s := range free {
		count[s.Preset]++
	}
	return provision.Counted(count), nil
}

// StockKey is the tariff's preset, which is its code where it names none.
func (m *Dedicated) StockKey(tariffCode string, settings json.RawMessage) string {
	return m.SortOf(tariffCode, settings)
}

// free lists the servers of a preset ("": of all) that nobody has, or is about to have.
func (m *Module) free(ctx context.Context, preset string) ([]panel.Server, error) {
	all, err := m.panel.Servers(ctx)
	out := all[:0]
	for _, s := range all {
		if s.Free() && markIn(s) == "" && (preset == "" || s.Preset == preset) {
			out = append(out, s)
		}
	}
	return out, err
}
