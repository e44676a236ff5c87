package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Marks are locked in the order in which those who make them lock them.
const (
	overageDue = `
SELECT d.id, d.claim_no, d.client_id, d.service_id, d.month
FROM overage_due d JOIN unnest($1::uuid[], $2::bigint[]) AS c (id, no) ON d.id = c.id AND d.claim_no = c.no
ORDER BY d.service_id, d.month`
	holdOverage = overageDue + ` FOR UPDATE OF d`
)

// OverageDue reads due months that were claimed without a lock, to learn whose they are.
func (s chargeStore) OverageDue(ctx context.Context, claims []charge.Claim) ([]charge.Due, error) {
	return s.claimedMonths(ctx, overageDue, claims)
}

// HoldOverage locks the due months that are still the caller's.
func (s chargeStore) HoldOverage(ctx context.Context, due []charge.Due) ([]charge.Due, error) {
	claims := make([]charge.Claim, len(due))
	for i, d := range due {
		claims[i] = d.Claim
	}
	return s.claimedMonths(ctx, holdOverage, claims)
}

func (s chargeStore) claimedMonths(ctx context.Context, query string, claims []charge.Claim) ([]charge.Due, error) {
	ids, nos := make([]string, len(claims)), make([]int64, len(claims))
	for i, c := range claims {
		ids[i], nos[i] = c.ID, c.No
	}
	var rows []struct {
		ID        string          `db:"id"`
		No        int64           `db:"claim_no"`
		ClientID  actor.ClientID  `db:"client_id"`
		ServiceID actor.ServiceID `db:"service_id"`
		Month     calendar.Month  `db:"month"`
	}
	if err := s.all(ctx, &rows, query, pq.Array(ids), pq.Array(nos)); err != nil {
		return nil, fmt.Errorf("read due months: %w", err)
	}
	out := make([]charge.Due, len(rows))
	for i, r := range rows {
		out[i] = charge.Due{Claim: charge.Claim{ID: r.ID, No: r.No}, ClientID: r.ClientID, ServiceID: r.ServiceID, Month: r.Month}
	}
	return out, nil
}

const dropOverage = `DELETE FROM overage_due WHERE id = ANY ($1::uuid[])`

// DropOverage forgets due months that were recomputed.
func (s chargeStore) DropOverage(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.exec(ctx, dropOverage, pq.Array(ids))
	return wrap("drop due months", err)
}

const postponeOverage = `UPDATE overage_due SET due_at = $2, lease_until = NULL WHERE id = $1`

// PostponeOverage gives the claim back and makes the month due again at an instant.
func (s chargeStore) PostponeOverage(ctx context.Context, id string, at time.Time) error {
	_, err := s.exec(ctx, postponeOverage, id, at)
	return wrap("postpone a due month", err)
}

const insertNotice = `
INSERT INTO overage_notice (client_id, service_id, add_on, period, notice, told_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`

// InsertNotice notes that something is told; false: it was told before.
func (s chargeStore) InsertNotice(ctx context.Context, c actor.ClientID, id actor.ServiceID, addOn string, period calendar.Day,
	n charge.Notice, at time.Time,
) (bool, error) {
	rows, err := s.exec(ctx, insertNotice, c, id, addOn, period, n, at)
	return rows == 1, wrap("insert a notice", err)
}

// OverageBooks reads what there is about a service's month.
func (s chargeStore) OverageBooks(ctx context.Context, c actor.ClientID, id actor.ServiceID, m calendar.Month, zone *time.Location) (charge.Books, error) {
	return s.overageBooks(ctx, c, id, m, zone)
}

const overageFrame = `
SELECT p.prices_include_tax, ` + taxPlace + ` AS tax_place, ` + rulesOfProvider + ` AS tax_rules,
       ` + switchesOfProvider + ` AS tax_switches,
       EXISTS (SELECT FROM usage_month u WHERE u.client_id = s.client_id AND u.service_id = s.id AND u.month = $3) AS closed
FROM service s JOIN provider p ON p.id = s.provider_id JOIN client c ON c.id = s.client_id WHERE s.id = $2 AND s.client_id = $1`

func (c conn) overageBooks(ctx context.Context, owner actor.ClientID, id actor.ServiceID, m calendar.Month, zone *time.Location) (b charge.Books, err error) {
	var frame struct {
		PricesIncludeTax bool           `db:"prices_include_tax"`
		TaxPlace         pq.StringArray `db:"tax_place"`
		TaxRules         pq.StringArray `db:"tax_rules"`
		TaxSwitches      pq.StringArray `db:"tax_switches"`
		Closed           bool           `db:"closed"`
	}
	if err = c.get(ctx, &frame, overageFrame, owner, id, m); err != nil {
		return b, fmt.Errorf("read a month's books: %w", err)
	}
	b.PricesIncludeTax, b.Closed, b.Taxpayer = frame.PricesIncludeTax, frame.Closed, toTaxpayer(frame.TaxPlace)
	if b.TaxRules, err = toTaxRules("", frame.TaxRules); err != nil {
		return b, err
	}
	if b.TaxSwitches, err = toTaxSwitches(frame.TaxSwitches); err != nil {
		return b, err
	}
	if b.Service, err = (serviceStore{c}).ServiceByID(ctx, id); err != nil {
		return b, err
	}
	b.Terms, err = termStore{c}.TermsBetween(ctx, owner, []service.ID{id}, m.Start(zone), m.Next().Start(zone))
	if err != nil {
		return b, err
	}
	units, err := unitStore{c}.UnitsAll(ctx)
	if err != nil {
		return b, err
	}
	b.Units = measure.NewUnits(units)
	if b.Usage, err = c.usageWithin(ctx, owner, id, m); err != nil {
		return b, err
	}
	b.Booked, err = c.expenses(ctx, bookedOverage, owner, id, m.First(), m.Next().First())
	return b, err
}

const bookedOverage = `
SELECT ` + expenseColumns + ` FROM expense
WHERE client_id = $1 AND service_id = $2 AND for_day >= $3 AND for_day < $4 ORDER BY id`

const ownedBlocks = `
SELECT day, ` + valueColumns + ` FROM traffic_block
WHERE client_id = $1 AND owner_service_id = $2 AND day >= $3 AND day < $4 ORDER BY day`

// usageWithin reads the current blocks that a service owns in a month.
func (c conn) usageWithin(ctx context.Context, owner actor.ClientID, id actor.ServiceID, m calendar.Month) (charge.Usage, error) {
	var rows []struct {
		Day calendar.Day `db:"day"`
		valuesRow
	}
	if err := c.all(ctx, &rows, ownedBlocks, owner, id, m.First(), m.Next().First()); err != nil {
		return nil, fmt.Errorf("read owned blocks: %w", err)
	}
	blocks := make([]traffic.Block, len(rows))
	for i, r := range rows {
		blocks[i] = traffic.Block{ClientID: owner, Owner: id, Day: r.Day, Values: r.toValues()}
	}
	return ownedUsage(blocks), nil
}

// ownedUsage shows blocks, in order of days, as charging reads them; how a block is measured is the rule of package traffic.
type ownedUsage []traffic.Block

// Days are the days with any block.
func (u ownedUsage) Days() []calendar.Day {
	var out []calendar.Day
	for _, b := range u {
		if len(out) == 0 || out[len(out)-1] != b.Day {
			out = append(out, b.Day)
		}
	}
	return out
}

// ByDay adds up the blocks of each day over servers.
func (u ownedUsage) ByDay(s catalog.Statistics, unit string, units measure.Units) (map[calendar.Day]decimal.Decimal, error) {
	days, err := traffic.ByDay(u, s, unit, units)
	if err != nil {
		return nil, err
	}
	out := make(map[calendar.Day]decimal.Decimal, len(days))
	for _, d := range days {
		out[d.Day] = d.Used
	}
	return out, nil
}
