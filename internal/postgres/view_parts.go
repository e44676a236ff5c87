package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/service"
)

// kept holds what never changes once it was committed: terms by id (their end is not kept), offers by tariff and version;
// and the catalogue as it stands. It is emptied when it has grown too large; the next readers fill it again.
type kept struct {
	mu     sync.RWMutex
	terms  map[string]*service.TermRow
	offers map[offerKey]catalog.Offer
	now    *stand // the catalogue
}

type offerKey struct {
	tariff catalog.TariffID
	number int
}

const (
	mostTerms  = 100_000
	mostOffers = 10_000
)

func newKept() *kept {
	return &kept{terms: map[string]*service.TermRow{}, offers: map[offerKey]catalog.Offer{}}
}

// offer reads one version of a tariff. Inside a transaction nothing is kept: what it reads may never be committed.
func (c conn) offer(ctx context.Context, id catalog.TariffID, number int) (catalog.Offer, error) {
	k := c.db.kept
	key := offerKey{id, number}
	k.mu.RLock()
	o, ok := k.offers[key]
	k.mu.RUnlock()
	if ok {
		return o, nil
	}
	o, err := tariffStore{c}.TariffVersion(ctx, id, number)
	if err != nil || c.tx != nil {
		return o, err
	}
	k.keepOffer(key, o)
	return o, nil
}

const offersOf = `
SELECT v.tariff_id, v.number, v.offer
FROM unnest($1::uuid[], $2::int[]) AS want (id, number) JOIN tariff_version v ON v.tariff_id = want.id AND v.number = want.number`

// offers answers those of the versions that exist; what is not kept yet is read in one statement.
func (c conn) offers(ctx context.Context, keys []offerKey) (map[offerKey]catalog.Offer, error) {
	k := c.db.kept
	out := make(map[offerKey]catalog.Offer, len(keys))
	var ids []catalog.TariffID
	var numbers []int64
	k.mu.RLock()
	for _, key := range keys {
		if o, ok := k.offers[key]; ok {
			out[key] = o
		} else {
			ids, numbers = append(ids, key.tariff), append(numbers, int64(key.number))
		}
	}
	k.mu.RUnlock()
	if len(ids) == 0 {
		return out, nil
	}
	var rows []struct {
		Tariff catalog.TariffID `db:"tariff_id"`
		Number int              `db:"number"`
		Offer  []byte           `db:"offer"`
	}
	if err := c.all(ctx, &rows, offersOf, texts(ids), pq.Array(numbers)); err != nil {
		return nil, wrap("read offers", err)
	}
	for _, r := range rows {
		o, err := toOffer(r.Offer)
		if err != nil {
			return nil, err
		}
		out[offerKey{r.Tariff, r.Number}] = o
		if c.tx == nil {
			k.keepOffer(offerKey{r.Tariff, r.Number}, o)
		}
	}
	return out, nil
}

func (k *kept) keepOffer(key offerKey, o catalog.Offer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.offers) >= mostOffers {
		clear(k.offers)
	}
	k.offers[key] = o
}

const termsByID = `
SELECT ` + termColumns + ` FROM service_term WHERE client_id = ANY ($1::uuid[]) AND id = ANY ($2::uuid[])`

// keptTerms answers open terms by their ids; those that are not kept yet are read in one statement.
func (c conn) keptTerms(ctx context.Context, want map[string][]string) (map[string]*service.TermRow, error) {
	out, clients, ids := c.db.kept.find(want)
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := c.terms(ctx, termsByID, pq.Array(clients), pq.Array(ids))
	if err != nil {
		return nil, fromConstraint(err)
	}
	for i := range rows {
		out[rows[i].ID] = &rows[i]
	}
	if c.tx == nil {
		c.db.kept.keep(rows)
	}
	return out, nil
}

// find answers what is kept, and of the rest the ids with their clients.
func (k *kept) find(want map[string][]string) (out map[string]*service.TermRow, clients, ids []string) {
	out = make(map[string]*service.TermRow, 2*len(want))
	k.mu.RLock()
	defer k.mu.RUnlock()
	for client, list := range want {
		before := len(ids)
		for _, id := range list {
			if row, ok := k.terms[id]; ok {
				out[id] = row
			} else {
				ids = append(ids, id)
			}
		}
		if len(ids) > before {
			clients = append(clients, client)
		}
	}
	return out, clients, ids
}

func (k *kept) keep(rows []service.TermRow) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.terms) >= mostTerms {
		clear(k.terms)
	}
	for i := range rows {
		if rows[i].To == nil {
			k.terms[rows[i].ID] = &rows[i]
		}
	}
}

const openLinksOf = `
SELECT l.bandwidth_service_id, l.client_id, l.server_service_id, l.from_at,
       ARRAY(SELECT x.id::text FROM service_term x
             WHERE x.client_id = l.client_id AND x.service_id = l.server_service_id AND x.to_at IS NULL) AS terms
FROM service s JOIN traffic_link l ON l.client_id = s.client_id AND l.bandwidth_service_id = s.id
WHERE s.id = ANY ($1::uuid[]) AND l.to_at IS NULL AND l.superseded_at IS NULL ORDER BY l.from_at, l.id`

type viewLink struct {
	Bandwidth service.ID     `db:"bandwidth_service_id"`
	ClientID  actor.ClientID `db:"client_id"`
	Server    service.ID     `db:"server_service_id"`
	Since     time.Time      `db:"from_at"`
	Terms     pq.StringArray `db:"terms"`
}

// linksOf reads the servers of bandwidth services, and adds their terms to those that are wanted.
func (c conn) linksOf(ctx context.Context, bandwidth []service.ID, want map[string][]string) (map[service.ID][]viewLink, error) {
	if len(bandwidth) == 0 {
		return nil, nil
	}
	var rows []viewLink
	if err := c.all(ctx, &rows, openLinksOf, texts(bandwidth)); err != nil {
		return nil, fromConstraint(fmt.Errorf("read links: %w", err))
	}
	out := map[service.ID][]viewLink{}
	for _, r := range rows {
		out[r.Bandwidth] = append(out[r.Bandwidth], r)
		want[string(r.ClientID)] = append(want[string(r.ClientID)], r.Terms...)
	}
	return out, nil
}
