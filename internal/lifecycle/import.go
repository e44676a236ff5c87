package lifecycle

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// Importable is a machine of a panel that no service holds, and whose it may be.
type Importable struct {
	provision.Machine
	// ClientID is the client with the owner's e-mail address; empty: there is none. Of several providers' clients the one to whom
	// a fitting tariff is sold comes first.
	ClientID actor.ClientID
	// TariffID is the first of the client's provider that sells this sort by this module; empty: there is none.
	TariffID catalog.TariffID
}

// ImportItem says whose a machine is and what it is sold as.
type ImportItem struct {
	Ref       provision.Ref
	ClientID  actor.ClientID
	TariffID  catalog.TariffID
	Period    calendar.Period
	PaidUntil *time.Time // nil: one_time
	AddOns    map[string]json.RawMessage
	AutoRenew *bool // nil: true, but for one_time
}

// ImportPreview lists the machines of a module's panel that can be taken over, in order of their references. Nothing is written.
// Faults: not_found, unsupported_operation, panel_unavailable, panel_refused_login, module_refused.
func (e *Engine) ImportPreview(ctx context.Context, id provision.ModuleID) ([]Importable, error) {
	importer, err := e.importer(ctx, id)
	if err != nil {
		return nil, err
	}
	machines, err := machinesOf(ctx, importer)
	if err != nil {
		return nil, err
	}
	var out []Importable
	err = e.InTx(ctx, func(tx Tx) error {
		out = nil
		held, err := tx.HeldObjects(ctx, id, refsOf(machines))
		if err != nil {
			return err
		}
		owners, err := tx.ClientsByEmail(ctx, ownersOf(machines))
		if err != nil {
			return err
		}
		tariffs, err := tx.TariffsWith(ctx, id)
		if err != nil {
			return err
		}
		for _, m := range machines {
			if !slices.Contains(held, m.Ref) {
				out = append(out, suggest(importer, m, owners, tariffs))
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Importable) int {
		return cmp.Or(cmp.Compare(len(a.Ref), len(b.Ref)), cmp.Compare(a.Ref, b.Ref)) // numbers by their value
	})
	return out, err
}

// suggest finds whose a machine may be and what it may be sold as. Pure.
func suggest(importer provision.Importer, m provision.Machine, owners []client.Client, tariffs []catalog.Tariff) Importable {
	out := Importable{Machine: m}
	for _, c := range owners {
		if !strings.EqualFold(c.Email, m.Owner) {
			continue
		}
		if out.ClientID == "" {
			out.ClientID = c.ID
		}
		for _, t := range tariffs {
			sort := importer.SortOf(t.Code, t.Offer.Settings)
			if t.ProviderID == c.ProviderID && t.Status != catalog.Draft && (sort == "" || strings.EqualFold(sort, m.Sort)) {
				out.ClientID, out.TariffID = c.ID, t.ID
				return out
			}
		}
	}
	return out
}

// importer opens a module that can list machines, without connecting anywhere.
func (e *Engine) importer(ctx context.Context, id provision.ModuleID) (provision.Importer, error) {
	live, err := e.Module(ctx, id)
	if err != nil {
		return nil, err
	}
	importer, able := live.(provision.Importer)
	if !able {
		return nil, fault.New(fault.Invalid, "unsupported_operation", "This driver cannot list machines.")
	}
	return importer, nil
}

// machinesOf asks a panel, outside any transaction, for what it had before this program.
func machinesOf(ctx context.Context, importer provision.Importer) ([]provision.Machine, error) {
	list, err := importer.Machines(ctx)
	if err != nil {
		return nil, module.PanelFault(err)
	}
	return list, nil
}

func refsOf(machines []provision.Machine) []provision.Ref {
	out := make([]provision.Ref, len(machines))
	for i, m := range machines {
		out[i] = m.Ref
	}
	return out
}

func ownersOf(machines []provision.Machine) []string {
	var out []string
	for _, m := range machines {
		if m.Owner != "" {
			out = append(out, strings.ToLower(m.Owner))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Import makes active services of machines that a panel has already, all or none of them. Nothing is charged: the time until
// paid_until was paid elsewhere, from then on they renew as any other. The terms begin now, and so does their traffic. Faults:
// as ImportPreview, and with places below /items: not_found (machine, client, tariff), already_exists, duplicate_value,
// owner_differs, module_not_in_tariff, data_center_not_in_tariff, period_not_available, out_of_range, required, and what
// pricing.Resolve names.
func (e *Engine) Import(ctx context.Context, by actor.Actor, id provision.ModuleID, items []ImportItem) ([]View, error) {
	importer, err := e.importer(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fault.New(fault.Invalid, "required", "Name the machines.").At("/items")
	}
	machines, err := machinesOf(ctx, importer)
	if err != nil {
		return nil, err
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) ([]View, error) {
		taking, err := e.takings(ctx, tx, by, id, machines, items)
		if err != nil {
			return nil, err
		}
		views := make([]View, len(taking))
		for i := range taking {
			if err = e.adopt(ctx, tx, by, &taking[i]); err != nil {
				return nil, err
			}
			if views[i], err = tx.ViewOf(ctx, taking[i].service.ID); err != nil {
				return nil, err
			}
		}
		return views, nil
	})
}

// taking is one machine that was checked.
type taking struct {
	service service.Service
	offer   catalog.Offer
	quote   pricing.Quote
}

// adopt makes the service of a machine, with the history of one that was opened now.
func (e *Engine) adopt(ctx context.Context, tx Tx, by actor.Actor, t *taking) error {
	s := &t.service
	if err := tx.InsertService(ctx, *s); err != nil {
		return err
	}
	if err := tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if err := tx.InsertActivity(ctx, s.ClientID, service.ActivityRow{ServiceID: s.ID, From: *s.StartedAt, Cause: "imported"}); err != nil {
		return err
	}
	terms, err := termsOf(*s, t.offer, t.quote, *s.StartedAt)
	if err != nil {
		return err
	}
	if err = tx.InsertTerms(ctx, terms); err != nil {
		return err
	}
	return record(ctx, tx, by, *s, "service.imported", "service.opened", map[string]any{"external_id": s.ExternalID, "module_id": s.ModuleID})
}
