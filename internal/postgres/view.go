package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// viewStore reads services with all that is told of them. One statement brings what changes; terms and offers, which never
// do, are kept in memory once they were read.
type viewStore struct{ conn }

// The lists come as arrays of short texts: building and reading JSON would cost more than finding the rows.
const viewColumns = serviceHead + `, t.current_version, coalesce(m.driver, '') AS driver, p.prices_include_tax, pt.client_deletion, pt.client_deletion_time,
CASE WHEN NOT p.prices_include_tax THEN (SELECT ` + taxPlace + ` FROM client c WHERE c.id = s.client_id) END AS tax_place,
CASE WHEN NOT p.prices_include_tax THEN ` + rulesOfProvider + ` END AS tax_rules,
ARRAY(SELECT x.id::text FROM service_term x
      WHERE x.client_id = s.client_id AND x.service_id = s.id AND x.to_at IS NULL) AS terms,
ARRAY(SELECT concat_ws(' ', o.id, o.kind, o.status, CASE WHEN o.begun THEN 'begun' END, CASE WHEN o.task_id IS NOT NULL THEN 'asked' END)
      FROM operation o
      WHERE o.service_id = s.id AND o.status IN ('queued', 'running', 'waiting', 'manual')) AS pending,
coalesce((SELECT l.bandwidth_service_id::text FROM traffic_link l
          WHERE l.client_id = s.client_id AND l.server_service_id = s.id AND l.to_at IS NULL AND l.superseded_at IS NULL LIMIT 1), '') AS bandwidth_service_id`

const viewTables = ` FROM service s JOIN tariff t ON t.id = s.tariff_id JOIN provider p ON p.id = s.provider_id
JOIN product_type pt ON pt.code = s.product_type LEFT JOIN processing_module m ON m.id = s.module_id `

const viewOf = `SELECT ` + viewColumns + viewTables + `WHERE s.id = $1`

// ViewOf reads one service.
func (s viewStore) ViewOf(ctx context.Context, id service.ID) (lifecycle.View, error) {
	return s.view(ctx, viewOf, id)
}

func (c conn) view(ctx context.Context, query string, args ...any) (lifecycle.View, error) {
	var row viewRow
	err := c.get(ctx, &row, query, args...)
	if isNoRows(err) {
		return lifecycle.View{}, fault.Missing("service")
	}
	if err != nil {
		return lifecycle.View{}, fromConstraint(fmt.Errorf("read service: %w", err))
	}
	out, err := c.toViews(ctx, []viewRow{row})
	if err != nil {
		return lifecycle.View{}, err
	}
	return out[0], nil
}

func (c conn) views(ctx context.Context, query string, args ...any) ([]lifecycle.View, error) {
	var rows []viewRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fromConstraint(fmt.Errorf("read services: %w", err))
	}
	return c.toViews(ctx, rows)
}

type viewRow struct {
	serviceRow
	CurrentVersion     int             `db:"current_version"`
	Driver             string          `db:"driver"`
	PricesIncludeTax   bool            `db:"prices_include_tax"`
	ClientDeletion     string          `db:"client_deletion"`
	ClientDeletionTime string          `db:"client_deletion_time"`
	TaxPlace           pq.StringArray  `db:"tax_place"`
	TaxRules           pq.StringArray  `db:"tax_rules"`
	Terms              pq.StringArray  `db:"terms"`
	Pending            pq.StringArray  `db:"pending"`
	BandwidthServiceID actor.ServiceID `db:"bandwidth_service_id"`
}

// toViews completes rows with their offers, terms and links.
func (c conn) toViews(ctx context.Context, rows []viewRow) ([]lifecycle.View, error) {
	out := make([]lifecycle.View, len(rows))
	want := make(map[string][]string, len(rows)) // terms by client
	var bandwidth []service.ID
	var units measure.Units
	for i, r := range rows {
		s, err := r.toService()
		if err != nil {
			return nil, err
		}
		out[i] = lifecycle.View{
			Service: s, BandwidthServiceID: r.BandwidthServiceID, Driver: r.Driver, PricesIncludeTax: r.PricesIncludeTax,
			Pending: pendingOf(r.Pending), ClientDeletion: r.ClientDeletion, ClientDeletionTime: r.ClientDeletionTime,
			Taxpayer: toTaxpayer(r.TaxPlace),
		}
		if out[i].TaxRules, err = toTaxRules(s.ProviderID, r.TaxRules); err != nil {
			return nil, err
		}
		if out[i].Offer, err = c.offer(ctx, s.TariffID, r.CurrentVersion); err != nil {
			return nil, err
		}
		out[i].AgreedOffer = out[i].Offer
		if s.TariffVersion != r.CurrentVersion {
			if out[i].AgreedOffer, err = c.offer(ctx, s.TariffID, s.TariffVersion); err != nil {
				return nil, err
			}
			if lifecycle.CountsAnew(out[i].AgreedOffer, out[i].Offer, s.AddOns) {
				if units, err = c.unitsOnce(ctx, units); err != nil {
					return nil, err
				}
				out[i].Units = units
			}
		}
		want[string(s.ClientID)] = append(want[string(s.ClientID)], r.Terms...)
		if s.ProductType == product.DedicatedBandwidth {
			bandwidth = append(bandwidth, s.ID)
		}
	}
	links, err := c.linksOf(ctx, bandwidth, want)
	if err != nil {
		return nil, err
	}
	terms, err := c.keptTerms(ctx, want)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		out[i].Terms = pick(terms, r.Terms)
		for _, l := range links[out[i].ID] {
			out[i].Links = append(out[i].Links, lifecycle.Linked{Server: l.Server, Since: l.Since.UTC(), Terms: pick(terms, l.Terms)})
		}
	}
	return out, nil
}

// unitsOnce reads the units, unless they were read.
func (c conn) unitsOnce(ctx context.Context, had measure.Units) (measure.Units, error) {
	if had != nil {
		return had, nil
	}
	list, err := unitStore{c}.UnitsAll(ctx)
	return measure.NewUnits(list), err
}

// pick takes terms by their ids, in the order in which they are told.
func pick(all map[string]*service.TermRow, ids []string) []service.TermRow {
	out := make([]service.TermRow, len(ids))
	for i, id := range ids {
		if t := all[id]; t != nil {
			out[i] = *t
		}
	}
	slices.SortFunc(out, func(a, b service.TermRow) int {
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Source, b.Source), a.From.Compare(b.From))
	})
	return out
}

// pendingOf reads operations written as id, kind, status and what is true of them; they are told in order of their ids.
func pendingOf(texts []string) []lifecycle.Pending {
	var out []lifecycle.Pending
	for _, text := range texts {
		if f := strings.Fields(text); len(f) >= 3 {
			out = append(out, lifecycle.Pending{
				ID: operation.ID(f[0]), Kind: provision.Kind(f[1]), Status: operation.Status(f[2]),
				Begun: slices.Contains(f[3:], "begun"), Asked: slices.Contains(f[3:], "asked"),
			})
		}
	}
	slices.SortFunc(out, func(a, b lifecycle.Pending) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
