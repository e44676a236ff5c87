package product

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// DedicatedBandwidth is the product type that the integration module of that name installs.
const DedicatedBandwidth = "dedicated_bandwidth"

// Integration is a bundle of functions that can be added to the catalogue.
type Integration struct {
	Name        string
	Title       string
	Description string
	ProductType string
	InstalledAt *time.Time
}

// Version tells one state from another, for ETag: not installed is 1, and each installation has its own.
func (i Integration) Version() int64 {
	if i.InstalledAt == nil {
		return 1
	}
	return i.InstalledAt.UnixMicro()
}

// bundle is an integration module and what installing it adds.
type bundle struct {
	Integration
	content []Content
}

// integrations are the integration modules of this program.
var integrations = map[string]bundle{
	DedicatedBandwidth: {
		Integration: Integration{
			Name:        DedicatedBandwidth,
			Title:       "Bandwidth of dedicated servers",
			Description: "Sells the traffic of one or several dedicated servers as a service of its own. While it is active, whole days of their traffic are charged there instead of with the servers.",
			ProductType: DedicatedBandwidth,
		},
		content: []Content{
			{Code: "in", Name: "Incoming bandwidth", Unit: "GiB", StatisticsParams: []string{"in"}},
			{Code: "out", Name: "Outgoing bandwidth", Unit: "GiB", StatisticsParams: []string{"out"}},
			{Code: "bandwidth", Name: "Total bandwidth", Unit: "GiB", StatisticsParams: []string{"in", "out"}},
			{Code: "burst_in_day", Name: "Burstable in", Unit: "Mbit/s", StatisticsParams: []string{"burst_in_day"}},
			{Code: "burst_out_day", Name: "Burstable out", Unit: "Mbit/s", StatisticsParams: []string{"burst_out_day"}},
		},
	},
}

// Integrations lists the integration modules, in order of their names, without telling which are installed.
func Integrations() []Integration {
	out := make([]Integration, 0, len(integrations))
	for _, b := range integrations {
		out = append(out, b.Integration)
	}
	slices.SortFunc(out, func(a, b Integration) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Integration returns one of them and since when it is installed. Fault: not_found.
func (e *Engine) Integration(ctx context.Context, name string) (out Integration, err error) {
	b, known := integrations[name]
	if !known {
		return Integration{}, ErrNoIntegration
	}
	out = b.Integration
	err = e.InTx(ctx, func(tx Tx) (err error) {
		out.InstalledAt, err = tx.IntegrationInstalledAt(ctx, name)
		return err
	})
	return out, err
}

// Install adds what the integration module brings; installing it again changes nothing. Fault: not_found.
func (e *Engine) Install(ctx context.Context, by actor.Actor, name string) (Integration, error) {
	b, known := integrations[name]
	if !known {
		return Integration{}, ErrNoIntegration
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Integration, error) {
		out := b.Integration
		at, err := tx.IntegrationInstalledAt(ctx, name)
		if err != nil || at != nil {
			out.InstalledAt = at
			return out, err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return Integration{}, err
		}
		// This insert decides between two who install at the same time.
		first, err := tx.InsertIntegration(ctx, name, now)
		if err != nil {
			return Integration{}, err
		}
		if !first {
			out.InstalledAt, err = tx.IntegrationInstalledAt(ctx, name)
			return out, err
		}
		out.InstalledAt = &now
		return out, b.install(ctx, tx, by, now)
	})
}

func (b bundle) install(ctx context.Context, tx Tx, by actor.Actor, now time.Time) error {
	p := newType(b.ProductType)
	p.Name, p.Builtin, p.SortOrder, p.CreatedAt = b.Title, true, 10, now
	if err := tx.InsertProductType(ctx, p); err != nil {
		return err
	}
	list := make([]Content, len(b.content))
	for i, c := range b.content {
		c.ProductType, c.ValueType, c.Builtin, c.SortOrder = b.ProductType, IntegerValue, true, i+1
		c.CreatedAt, c.Version = now, 1
		list[i] = c
	}
	if err := tx.InsertContent(ctx, list); err != nil {
		return err
	}
	return event.RecordChange(ctx, tx, by, "integration_module", b.Name, "installed", map[string]any{"name": b.Name})
}

// Uninstall takes away what the integration module brought. Faults: not_found (unknown, or not installed),
// precondition_failed, in_use.
func (e *Engine) Uninstall(ctx context.Context, by actor.Actor, name string, ifVersion *int64) error {
	b, known := integrations[name]
	if !known {
		return ErrNoIntegration
	}
	return e.InTx(ctx, func(tx Tx) error {
		at, err := tx.IntegrationInstalledAt(ctx, name)
		if err != nil {
			return err
		}
		if at == nil {
			return fault.New(fault.NotFound, "not_found", "This integration module is not installed.")
		}
		if err = input.CheckVersion(ifVersion, Integration{InstalledAt: at}.Version()); err != nil {
			return err
		}
		p, err := tx.LockProductType(ctx, b.ProductType)
		if err != nil {
			return err
		}
		if err = deleteType(ctx, tx, by, p); err != nil {
			return err
		}
		if err = tx.DeleteIntegration(ctx, name); err != nil {
			return err
		}
		return event.RecordChange(ctx, tx, by, "integration_module", name, "uninstalled", map[string]any{"name": name})
	})
}
