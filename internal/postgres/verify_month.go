package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
	"github.com/tariffd/tariffd/internal/verify"
)

const nextServices = `
SELECT client_id, id FROM service WHERE (client_id, id) > ($1::uuid, $2::uuid) AND started_at IS NOT NULL ORDER BY client_id, id LIMIT $3`

// NextServices are the next services that were ever active, in order of client and id.
func (s *Snapshot) NextServices(ctx context.Context, after traffic.Point, limit int) ([]traffic.Point, error) {
	var rows []struct {
		ClientID actor.ClientID `db:"client_id"`
		ID       service.ID     `db:"id"`
	}
	if err := s.all(ctx, &rows, nextServices, first(after.ClientID), first(after.Server), limit); err != nil {
		return nil, fmt.Errorf("read the next services: %w", err)
	}
	out := make([]traffic.Point, len(rows))
	for i, r := range rows {
		out[i] = traffic.Point{ClientID: r.ClientID, Server: r.ID}
	}
	return out, nil
}

const monthsOf = `
WITH k AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS k (client_id, service_id)
), used AS (
    SELECT k.client_id, k.service_id, date_trunc('month', b.day)::date AS month, count(*) AS blocks
    FROM k JOIN traffic_block b ON b.client_id = k.client_id AND b.owner_service_id = k.service_id GROUP BY 1, 2, 3
    UNION ALL
    SELECT k.client_id, k.service_id, date_trunc('month', e.for_day)::date, 0
    FROM k JOIN expense e ON e.client_id = k.client_id AND e.service_id = k.service_id AND e.for_day IS NOT NULL GROUP BY 1, 2, 3
)
SELECT client_id, service_id, month, sum(blocks) AS blocks,
    EXISTS (SELECT FROM overage_due d WHERE d.service_id = used.service_id AND d.month = used.month AND d.due_at <= $3) AS due
FROM used GROUP BY client_id, service_id, month ORDER BY client_id, service_id, month`

// MonthsOf are the months in which services own blocks or have booked overage.
func (s *Snapshot) MonthsOf(ctx context.Context, services []traffic.Point, live time.Time) ([]verify.Month, error) {
	var rows []struct {
		ClientID  actor.ClientID  `db:"client_id"`
		ServiceID actor.ServiceID `db:"service_id"`
		Month     calendar.Month  `db:"month"`
		Blocks    int             `db:"blocks"`
		Due       bool            `db:"due"`
	}
	clients, ids := pointArrays(services)
	if err := s.all(ctx, &rows, monthsOf, clients, ids, live); err != nil {
		return nil, fmt.Errorf("list months with usage: %w", err)
	}
	out := make([]verify.Month, len(rows))
	for i, r := range rows {
		out[i] = verify.Month{
			ServiceMonth: charge.ServiceMonth{ClientID: r.ClientID, ServiceID: r.ServiceID, Month: r.Month}, Blocks: r.Blocks, Due: r.Due,
		}
	}
	return out, nil
}

// monthKey names a month of a service within one lot.
type monthKey struct {
	service actor.ServiceID
	month   calendar.Month
}

// BooksOf reads what OverageBooks reads, for many months in a few statements.
func (s *Snapshot) BooksOf(ctx context.Context, months []charge.ServiceMonth, zone *time.Location) ([]charge.Books, error) {
	if len(months) == 0 {
		return nil, nil
	}
	all, err := s.sold(ctx, months)
	if err != nil {
		return nil, err
	}
	terms, err := s.termsOf(ctx, months, zone)
	if err != nil {
		return nil, err
	}
	units, err := unitStore{s.conn}.UnitsAll(ctx)
	if err != nil {
		return nil, err
	}
	usage, err := s.usageOf(ctx, months)
	if err != nil {
		return nil, err
	}
	booked, err := s.bookedOf(ctx, months)
	if err != nil {
		return nil, err
	}
	out := make([]charge.Books, len(months))
	for i, m := range months {
		key := monthKey{m.ServiceID, m.Month}
		b, ok := all[key]
		if !ok {
			return nil, fmt.Errorf("read months' books: service %s is not there", m.ServiceID)
		}
		b.Terms, b.Units, b.Usage, b.Booked = terms[m.ServiceID], measure.NewUnits(units), ownedUsage(usage[key]), booked[key]
		out[i] = b
	}
	return out, nil
}

// monthArrays are the columns of months for unnest, with the bounds over all of them: by these only the partitions of these
// months are looked at.
func monthArrays(months []charge.ServiceMonth) []any {
	n := len(months)
	clients, services, firsts := make([]string, n), make([]string, n), make([]string, n)
	low, high := months[0].Month, months[0].Month
	for i, m := range months {
		clients[i], services[i], firsts[i] = string(m.ClientID), string(m.ServiceID), m.Month.First().String()
		if m.Month.Before(low) {
			low = m.Month
		}
		if high.Before(m.Month) {
			high = m.Month
		}
	}
	return []any{pq.Array(clients), pq.Array(services), pq.Array(firsts), low.First(), high.Next().First()}
}

const unnestMonths = `unnest($1::uuid[], $2::uuid[], $3::date[]) AS k (client_id, service_id, month)`

const soldOf = `SELECT ` + serviceColumns + ` FROM service s WHERE id = ANY ($1::uuid[])`

const framesOf = `
SELECT k.service_id, k.month, p.prices_include_tax, u.month IS NOT NULL AS closed, ` + taxPlace + ` AS tax_place, ` + rulesOfProvider + ` AS tax_rules,
    ` + switchesOfProvider + ` AS tax_switches
FROM ` + unnestMonths + `
JOIN service s ON s.id = k.service_id AND s.client_id = k.client_id
JOIN provider p ON p.id = s.provider_id
JOIN client c ON c.id = s.client_id
LEFT JOIN usage_month u ON u.client_id = k.client_id AND u.service_id = k.service_id AND u.month = k.month`

// sold is what frames each month: its service, the provider's tax and whether the month is final.
func (s *Snapshot) sold(ctx context.Context, months []charge.ServiceMonth) (map[monthKey]charge.Books, error) {
	ids := make([]actor.ServiceID, len(months))
	for i, m := range months {
		ids[i] = m.ServiceID
	}
	services, err := s.manyServices(ctx, soldOf, texts(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[actor.ServiceID]service.Service, len(services))
	for _, v := range services {
		byID[v.ID] = v
	}
	var rows []struct {
		ServiceID        actor.ServiceID `db:"service_id"`
		Month            calendar.Month  `db:"month"`
		PricesIncludeTax bool            `db:"prices_include_tax"`
		Closed           bool            `db:"closed"`
		TaxPlace         pq.StringArray  `db:"tax_place"`
		TaxRules         pq.StringArray  `db:"tax_rules"`
		TaxSwitches      pq.StringArray  `db:"tax_switches"`
	}
	if err = s.all(ctx, &rows, framesOf, monthArrays(months)[:3]...); err != nil {
		return nil, fmt.Errorf("read months' books: %w", err)
	}
	out := make(map[monthKey]charge.Books, len(rows))
	for _, r := range rows {
		b := charge.Books{Service: byID[r.ServiceID], PricesIncludeTax: r.PricesIncludeTax, Closed: r.Closed, Taxpayer: toTaxpayer(r.TaxPlace)}
		if b.TaxRules, err = toTaxRules("", r.TaxRules); err != nil {
			return nil, err
		}
		if b.TaxSwitches, err = toTaxSwitches(r.TaxSwitches); err != nil {
			return nil, err
		}
		out[monthKey{r.ServiceID, r.Month}] = b
	}
	return out, nil
}

const termsWithin = `
SELECT ` + termColumns + ` FROM service_term
WHERE client_id = ANY ($1::uuid[]) AND service_id = ANY ($2::uuid[]) AND from_at < $4 AND (to_at IS NULL OR to_at >= $3)
ORDER BY service_id, item, from_at, id`

// termsOf are the terms of the services in all of these months; those of one month are found by their ranges.
func (s *Snapshot) termsOf(ctx context.Context, months []charge.ServiceMonth, zone *time.Location) (map[actor.ServiceID][]service.TermRow, error) {
	a := monthArrays(months)
	from, to := a[3].(calendar.Day).Start(zone), a[4].(calendar.Day).Start(zone)
	rows, err := s.terms(ctx, termsWithin, a[0], a[1], from, to)
	if err != nil {
		return nil, err
	}
	out := map[actor.ServiceID][]service.TermRow{}
	for _, r := range rows {
		out[r.ServiceID] = append(out[r.ServiceID], r)
	}
	return out, nil
}

const ownedBlocksOf = `
SELECT b.owner_service_id, b.day, ` + valueColumns + `
FROM ` + unnestMonths + `
JOIN traffic_block b ON b.client_id = k.client_id AND b.owner_service_id = k.service_id
    AND b.day >= k.month AND b.day < (k.month + interval '1 month')::date
WHERE b.day >= $4::date AND b.day < $5::date
ORDER BY b.owner_service_id, b.day`

func (s *Snapshot) usageOf(ctx context.Context, months []charge.ServiceMonth) (map[monthKey][]traffic.Block, error) {
	var rows []struct {
		Owner actor.ServiceID `db:"owner_service_id"`
		Day   calendar.Day    `db:"day"`
		valuesRow
	}
	if err := s.all(ctx, &rows, ownedBlocksOf, monthArrays(months)...); err != nil {
		return nil, fmt.Errorf("read owned blocks: %w", err)
	}
	out := map[monthKey][]traffic.Block{}
	for _, r := range rows {
		key := monthKey{r.Owner, calendar.MonthOf(r.Day)}
		out[key] = append(out[key], traffic.Block{Owner: r.Owner, Day: r.Day, Values: r.toValues()})
	}
	return out, nil
}

const bookedOf = `
SELECT ` + expenseColumns + ` FROM expense
WHERE (client_id, service_id) IN (SELECT k.client_id, k.service_id FROM ` + unnestMonths + `) AND for_day >= $4 AND for_day < $5
ORDER BY client_id, id`

func (s *Snapshot) bookedOf(ctx context.Context, months []charge.ServiceMonth) (map[monthKey][]charge.Expense, error) {
	rows, err := s.expenses(ctx, bookedOf, monthArrays(months)...)
	if err != nil {
		return nil, err
	}
	out := map[monthKey][]charge.Expense{}
	for _, e := range rows {
		key := monthKey{e.ServiceID, calendar.MonthOf(e.ForDay)}
		out[key] = append(out[key], e)
	}
	return out, nil
}
