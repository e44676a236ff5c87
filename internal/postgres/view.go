package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/service"
)

// viewStore reads services with all that is told of them, each in one statement.
type viewStore struct{ conn }

// termDocument is an open term as one JSON document; t is service_term.
const termDocument = `json_build_object('id', t.id, 'item', t.item, 'source', t.source, 'from', t.from_at, 'tariff_version', t.tariff_version,
    'term', t.term, 'period', t.period, 'bandwidth_service_id', t.bandwidth_service_id)`

const viewColumns = serviceColumns + `,
(SELECT coalesce(json_agg(` + termDocument + ` ORDER BY t.item, t.source, t.from_at), '[]') FROM service_term t
 WHERE t.client_id = s.client_id AND t.service_id = s.id AND t.to_at IS NULL) AS terms,
(SELECT coalesce(json_agg(json_build_object('id', o.id, 'kind', o.kind, 'status', o.status) ORDER BY o.id), '[]') FROM operation o
 WHERE o.service_id = s.id AND o.status IN ('queued', 'running', 'waiting', 'manual')) AS live,
(SELECT coalesce(json_agg(json_build_object('server', l.server_service_id, 'since', l.from_at, 'terms',
            (SELECT coalesce(json_agg(` + termDocument + ` ORDER BY t.item), '[]') FROM service_term t
             WHERE t.client_id = l.client_id AND t.service_id = l.server_service_id AND t.to_at IS NULL)) ORDER BY l.from_at, l.id), '[]')
 FROM traffic_link l WHERE l.client_id = s.client_id AND l.bandwidth_service_id = s.id AND l.to_at IS NULL) AS links,
(SELECT coalesce(max(l.bandwidth_service_id::text), '') FROM traffic_link l
 WHERE l.client_id = s.client_id AND l.server_service_id = s.id AND l.to_at IS NULL) AS bandwidth_service_id,
(SELECT v.offer FROM tariff t JOIN tariff_version v ON v.tariff_id = t.id AND v.number = t.current_version
 WHERE t.id = s.tariff_id) AS offer,
(SELECT coalesce(max(m.driver), '') FROM processing_module m WHERE m.id = s.module_id) AS driver,
(SELECT p.prices_include_tax FROM provider p WHERE p.id = s.provider_id) AS prices_include_tax`

const viewOf = `SELECT ` + viewColumns + ` FROM service s WHERE s.id = $1`

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
	return row.toView()
}

func (c conn) views(ctx context.Context, query string, args ...any) ([]lifecycle.View, error) {
	var rows []viewRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fromConstraint(fmt.Errorf("read services: %w", err))
	}
	out := make([]lifecycle.View, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.toView(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type viewRow struct {
	serviceRow
	Terms              []byte          `db:"terms"`
	Live               []byte          `db:"live"`
	Links              []byte          `db:"links"`
	BandwidthServiceID actor.ServiceID `db:"bandwidth_service_id"`
	Driver             string          `db:"driver"`
	Offer              []byte          `db:"offer"`
	PricesIncludeTax   bool            `db:"prices_include_tax"`
}

// termDoc is what termDocument builds.
type termDoc struct {
	ID                 string           `json:"id"`
	Item               string           `json:"item"`
	Source             service.Source   `json:"source"`
	From               time.Time        `json:"from"`
	TariffVersion      int              `json:"tariff_version"`
	Term               service.Term     `json:"term"`
	Period             calendar.Period  `json:"period"`
	BandwidthServiceID *actor.ServiceID `json:"bandwidth_service_id"`
}

func (r viewRow) toView() (lifecycle.View, error) {
	s, err := r.toService()
	if err != nil {
		return lifecycle.View{}, err
	}
	v := lifecycle.View{Service: s, BandwidthServiceID: r.BandwidthServiceID, Driver: r.Driver, PricesIncludeTax: r.PricesIncludeTax}
	var terms []termDoc
	var links []struct {
		Server service.ID `json:"server"`
		Since  time.Time  `json:"since"`
		Terms  []termDoc  `json:"terms"`
	}
	if err = unmarshalAll([][]byte{r.Terms, r.Live, r.Links, r.Offer}, &terms, &v.Pending, &links, &v.Offer); err != nil {
		return v, err
	}
	v.Terms = toTerms(terms, s.ClientID, s.ID)
	for _, l := range links {
		v.Links = append(v.Links, lifecycle.Linked{Server: l.Server, Since: l.Since.UTC(), Terms: toTerms(l.Terms, s.ClientID, l.Server)})
	}
	return v, nil
}

func toTerms(docs []termDoc, c actor.ClientID, id service.ID) []service.TermRow {
	out := make([]service.TermRow, len(docs))
	for i, d := range docs {
		out[i] = service.TermRow{
			ID: d.ID, ClientID: c, ServiceID: id, Item: d.Item, Source: d.Source, From: d.From.UTC(), TariffVersion: d.TariffVersion,
			Term: d.Term, Period: d.Period,
		}
		if d.BandwidthServiceID != nil {
			out[i].BandwidthServiceID = *d.BandwidthServiceID
		}
	}
	return out
}
