package charge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/verify"
)

var march = calendar.Month{Year: 2026, Month: time.March}

func on(dom int) calendar.Day { return march.First().AddDays(dom - 1) }

// house is a client with one service that has a traffic add-on.
type house struct {
	pool    *sqlx.DB
	db      *postgres.DB
	clock   *clock.Fake
	client  actor.ClientID
	service actor.ServiceID
}

func newHouse(t *testing.T, included, price string, change ...func(*service.Term)) *house {
	h := &house{
		pool: pgtest.New(t), clock: clock.NewFake(on(1).Start(time.UTC)),
		client: actor.ClientID(actor.NewID()), service: actor.ServiceID(actor.NewID()),
	}
	h.db = postgres.New(h.pool, postgres.Options{Prepare: true, Clock: h.clock, Wall: h.clock})
	tariff, order := actor.NewID(), actor.NewID()
	h.run(t, `INSERT INTO client (id, provider_id, email, billed_through, next_run_at, created_at)
		SELECT $1, id, 'a@example.com', '2026-02-28', now(), now() FROM provider`, h.client)
	h.run(t, `INSERT INTO account (client_id, kind, currency) SELECT $1, kind, 'EUR' FROM unnest(ARRAY['balance', 'held']) AS kind`, h.client)
	h.run(t, `INSERT INTO tariff (id, provider_id, product_type, code, name, status, created_at) SELECT $1, id, 'dedicated', 't', 't', 'active', now() FROM provider`, tariff)
	h.run(t, `INSERT INTO tariff_version (tariff_id, number, offer, created_at) VALUES ($1, 1, '{}', now())`, tariff)
	h.run(t, `INSERT INTO client_order (id, client_id, provider_id, status, pay, total, currency, created_at)
		SELECT $1, $2, id, 'completed', 'balance', 0, 'EUR', now() FROM provider`, order, h.client)
	h.run(t, `INSERT INTO service (id, client_id, provider_id, order_id, position, status, product_type, tariff_id, tariff_version, period, currency, quote, created_at)
		SELECT $1, $2, id, $3, 0, 'active', 'dedicated', $4, 1, 'P1M', 'EUR', '{}', now() FROM provider`, h.service, h.client, order, tariff)
	h.run(t, `SELECT make_block_partition('2026-03-01')`)
	agreed := service.Term{
		Billing: catalog.BillStatistics, Included: ptr(included), Unit: "GiB", OveragePrice: ptr(price),
		Statistics: &catalog.Statistics{Bill: catalog.BillByMonth, Params: []string{"in", "out"}, Combine: catalog.CombineSum, OverageUnit: "GiB"},
	}
	for _, f := range change {
		f(&agreed)
	}
	h.term(t, service.FromTariff, on(1).Start(time.UTC), nil, agreed)
	return h
}

func ptr(s string) *decimal.Decimal { d := decimal.RequireFromString(s); return &d }

func (h *house) run(t require.TestingT, statement string, args ...any) {
	_, err := h.pool.Exec(statement, args...)
	require.NoError(t, err)
}

func (h *house) term(t *testing.T, source service.Source, from time.Time, to *time.Time, term service.Term) {
	raw, err := json.Marshal(term)
	require.NoError(t, err)
	h.run(t, `INSERT INTO service_term (client_id, id, service_id, item, source, from_at, to_at, term) VALUES ($1, $2, $3, 'traffic', $4, $5, $6, $7)`,
		h.client, actor.NewID(), h.service, source, from, to, raw)
}

// used stores a day's block of in and out, each so many GiB, and marks the month due.
func (h *house) used(t *testing.T, day calendar.Day, each int) {
	const gib = 1024 * 1024 // KiB
	h.run(t, `INSERT INTO traffic_block (client_id, server_service_id, day, owner_service_id, in_value, in_unit, out_value, out_unit, source, collected_at)
		VALUES ($1, $2, $3, $2, $4, 'KiB', $4, 'KiB', 'push', now())
		ON CONFLICT (client_id, server_service_id, day) DO UPDATE SET in_value = excluded.in_value, out_value = excluded.out_value`,
		h.client, h.service, day, each*gib)
	h.mark(t)
}

func (h *house) mark(t *testing.T) {
	h.run(t, `INSERT INTO overage_due (id, client_id, service_id, month, due_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (service_id, month) DO UPDATE SET marks = overage_due.marks + 1, due_at = least(overage_due.due_at, excluded.due_at)`,
		actor.NewID(), h.client, h.service, march, h.clock.BusinessNow())
}

func (h *house) engine() *charge.Engine {
	return &charge.Engine{
		Zone: time.UTC,
		InTx: func(ctx context.Context, fn func(charge.OverageTx) error) error {
			return h.db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
		},
	}
}

// work does the overage work that is due.
func (h *house) work(t *testing.T, e *charge.Engine) {
	ctx := context.Background()
	claims, err := h.db.Due("overage").Claim(ctx, h.clock.BusinessNow(), 10)
	require.NoError(t, err)
	for _, c := range claims {
		require.NoError(t, e.RunLot(ctx, []charge.Claim{{ID: c.ID, No: c.No}}))
	}
}

func (h *house) balance(t *testing.T) string {
	var amount decimal.Decimal
	require.NoError(t, h.pool.Get(&amount, `SELECT amount FROM account WHERE client_id = $1 AND kind = 'balance'`, h.client))
	return amount.StringFixed(2)
}

func (h *house) column(t *testing.T, query string) []string {
	var out []string
	require.NoError(t, h.pool.Select(&out, query))
	return out
}

// One path for all overage: in daily steps, and a revised value that comes late is booked by reversals and new charges.
func TestOverageIsBookedInStepsAndCorrectedByReversals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "100", "0.02")
	e := h.engine()
	for dom := 1; dom <= 7; dom++ {
		h.used(t, on(dom), 10)
		h.clock.Set(calendar.DailyRunAt(on(dom), time.UTC))
		h.work(t, e)
	}
	require.Equal(t, "-0.80", h.balance(t), "40 GiB above the 100 that are included")
	require.Equal(t, []string{"2026-03-06 0.4", "2026-03-07 0.4"}, h.column(t, `SELECT for_day || ' ' || amount FROM expense ORDER BY id`))
	require.Empty(t, h.column(t, `SELECT id FROM overage_due`))

	h.mark(t)
	h.work(t, e)
	require.Len(t, h.column(t, `SELECT id FROM expense`), 2, "running again books nothing")

	h.clock.Set(on(9).Start(time.UTC))
	h.used(t, on(2), 15)
	h.work(t, e)
	require.Equal(t, "-1.00", h.balance(t))
	require.Equal(t, []string{
		"overage 2026-03-06 0.4", "overage 2026-03-07 0.4", "overage 2026-03-05 0.2",
	}, h.column(t, `SELECT kind || ' ' || for_day || ' ' || amount FROM expense ORDER BY id`), "only the day whose step differs is booked")

	h.used(t, on(3), 5)
	h.work(t, e)
	require.Equal(t, "-0.80", h.balance(t))
	require.Equal(t, []string{"correction 2026-03-05 2026-03-05 -0.2"},
		h.column(t, `SELECT kind || ' ' || date || ' ' || for_day || ' ' || amount FROM expense ORDER BY id OFFSET 3`))
	require.Equal(t, []string{"true"}, h.column(t, `
		SELECT (r.reverses = p.id AND r.amount = p.amount AND r.from_account = p.to_account AND r.refs->>'for_day' = '2026-03-05')::text
		FROM posting r JOIN posting p ON p.id = r.reverses WHERE r.kind = 'correction'`), "the reversal names the posting it takes back")
}

// By a scale whose units get cheaper a day may give back what earlier ones cost; a revision takes that back, too.
func TestADayOnAFallingScaleGivesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "0", func(term *service.Term) {
		term.OveragePrice, term.Tiers = nil, &catalog.Tiers{Mode: catalog.TiersVolume, Steps: []catalog.Tier{
			{UpTo: ptr("100"), Price: ptr("0.10")}, {Price: ptr("0.05")},
		}}
	})
	e := h.engine()
	h.used(t, on(1), 50)
	h.used(t, on(2), 1)
	h.clock.Set(on(4).Start(time.UTC))
	h.work(t, e)
	require.Equal(t, "-5.10", h.balance(t), "102 units at 0.05")
	require.Equal(t, []string{"overage 1 10.00 by scale", "overage 2 -4.90 by scale"},
		h.column(t, `SELECT kind || ' ' || extract(day FROM for_day) || ' ' || round(amount, 2) || ' ' || coalesce(unit_price::text, 'by scale') FROM expense ORDER BY id`))

	h.used(t, on(2), 0)
	h.work(t, e)
	require.Equal(t, "-10.00", h.balance(t))
	require.Equal(t, []string{"correction 2 4.90"},
		h.column(t, `SELECT kind || ' ' || extract(day FROM for_day) || ' ' || round(amount, 2) FROM expense ORDER BY id OFFSET 2`))
	require.Equal(t, []string{"true"}, h.column(t, `
		SELECT (r.amount = p.amount AND r.from_account = p.to_account AND r.to_account = 'revenue')::text
		FROM posting r JOIN posting p ON p.id = r.reverses WHERE r.kind = 'correction'`))
}

// D25: overage holds the tax of its day; what is booked keeps it when the rule changes, and a correction takes back what was
// booked.
func TestD25TaxOfOverageIsFrozenWhenBooked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "100", "0.02")
	e := h.engine()
	h.run(t, `UPDATE provider SET prices_include_tax = false`)
	h.run(t, `INSERT INTO tax_rule (id, provider_id, country, rate, created_at) SELECT $1, id, 'DE', 0.20, now() FROM provider`, actor.NewID())
	h.run(t, `UPDATE client SET country = 'DE'`)
	booked := func() []string {
		return h.column(t, `SELECT kind || ' ' || for_day || ' ' || amount || ' ' || tax FROM expense ORDER BY id`)
	}
	h.used(t, on(1), 100)
	h.clock.Set(calendar.DailyRunAt(on(1), time.UTC))
	h.work(t, e)
	require.Equal(t, []string{"overage 2026-03-01 2.4 0.4"}, booked())
	require.Equal(t, "-2.40", h.balance(t))

	h.run(t, `UPDATE tax_rule SET rate = 0.50`)
	h.mark(t)
	h.work(t, e)
	require.Len(t, booked(), 1, "the use is the same")
	h.used(t, on(1), 75)
	h.work(t, e)
	require.Equal(t, []string{"overage 2026-03-01 2.4 0.4", "correction 2026-03-01 -2.4 -0.4", "overage 2026-03-01 1.5 0.5"}, booked())
	require.Equal(t, "-1.50", h.balance(t))
}

// D25: when prices are read in another way, days that are over cost what they did, however often they are recomputed.
func TestD25PricesWithTaxFromAnotherDayOnLeaveThoseBeforeAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "0.01")
	e := h.engine()
	h.run(t, `INSERT INTO tax_rule (id, provider_id, country, rate, created_at) SELECT $1, id, 'DE', 0.20, now() FROM provider`, actor.NewID())
	h.run(t, `UPDATE client SET country = 'DE'`)
	providers := &client.Engine{Zone: time.UTC, Wall: h.clock, InTx: func(ctx context.Context, fn func(client.Tx) error) error {
		return h.db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
	}}
	ctx := context.Background()
	include := func(yes bool) {
		t.Helper()
		ids := h.column(t, `SELECT id FROM provider`)
		_, err := providers.UpdateProvider(ctx, actor.Actor{Role: actor.Admin, Scope: actor.Everything}, actor.ProviderID(ids[0]), client.ProviderChange{PricesIncludeTax: &yes})
		require.NoError(t, err)
	}
	booked := func() []string {
		return h.column(t, `SELECT extract(day FROM for_day) || ' ' || amount || ' ' || tax FROM expense ORDER BY id`)
	}
	for dom := 1; dom <= 3; dom++ {
		h.used(t, on(dom), 300)
	}
	h.clock.Set(on(2).At(12, 0, time.UTC))
	h.work(t, e)
	require.Equal(t, []string{"1 6 1"}, booked())
	include(false)
	include(true)
	include(false) // the day's last word counts
	h.mark(t)
	h.work(t, e)
	require.Len(t, booked(), 1)
	h.clock.Set(calendar.DailyRunAt(on(3), time.UTC))
	h.work(t, e)
	require.Equal(t, []string{"1 6 1", "2 7.2 1.2", "3 7.2 1.2"}, booked())
	include(true)
	h.used(t, on(4), 300)
	h.clock.Set(calendar.DailyRunAt(on(4), time.UTC))
	h.work(t, e)
	require.Equal(t, []string{"1 6 1", "2 7.2 1.2", "3 7.2 1.2", "4 6 1"}, booked())
	found, err := (&verify.Engine{Zone: time.UTC, InSnapshot: func(ctx context.Context, fn func(verify.Snapshot) error) error {
		return h.db.InSnapshot(ctx, func(s *postgres.Snapshot) error { return fn(s) })
	}}).Run(ctx)
	require.NoError(t, err)
	for _, f := range found.Findings {
		require.NotEqual(t, 5, f.Invariant, f.Detail)
	}
}

// The running day counts as nothing in money and is charged once it is over, without any further mark.
func TestOverageOfTheRunningDayWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "1")
	e := h.engine()
	h.clock.Set(on(4).At(14, 0, time.UTC))
	h.used(t, on(4), 1)
	h.work(t, e)
	require.Equal(t, "0.00", h.balance(t))
	next, some, err := h.db.Due("overage").Next(context.Background())
	require.NoError(t, err)
	require.True(t, some)
	require.Equal(t, on(5).At(0, 20, time.UTC), next)
	h.clock.Set(next)
	h.work(t, e)
	require.Equal(t, "-2.00", h.balance(t))
}

// D16: what was told is not told again, whatever is recomputed.
func TestOverageIsToldOncePerPeriodD16(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "100", "0.02")
	e := h.engine()
	for dom, each := range map[int]int{1: 40, 2: 11} {
		h.used(t, on(dom), each)
	}
	h.clock.Set(on(3).Start(time.UTC))
	h.work(t, e)
	want := []string{"overage.threshold 80 2026-03-01", "overage.threshold 100 2026-03-02", "overage.started  2026-03-02"}
	told := `SELECT type || ' ' || coalesce(data->>'percent', '') || ' ' || (data->>'day') FROM event ORDER BY id`
	require.Equal(t, want, h.column(t, told))
	h.used(t, on(1), 60)
	h.work(t, e)
	require.Equal(t, want, h.column(t, told))
}

// D21: what a link charged nothing for on days that are over stays so; the price at the end of each day counts.
func TestOverageGoesByTheTermsAtTheEndOfTheDay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "1")
	end := on(4).At(9, 0, time.UTC)
	h.term(t, service.FromBandwidth, on(2).At(14, 0, time.UTC), &end, service.Term{OveragePrice: ptr("0")})
	for dom := 1; dom <= 5; dom++ {
		h.used(t, on(dom), 1)
	}
	h.clock.Set(on(6).Start(time.UTC))
	h.work(t, h.engine())
	require.Equal(t, []string{"2026-03-01 2", "2026-03-04 2", "2026-03-05 2"}, h.column(t, `SELECT for_day || ' ' || amount FROM expense ORDER BY for_day`))
}

func TestAnOverageClaimThatWasLostWritesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "1")
	h.used(t, on(1), 1)
	h.clock.Set(on(2).Start(time.UTC))
	ctx := context.Background()
	first, err := h.db.Due("overage").Claim(ctx, h.clock.BusinessNow(), 1)
	require.NoError(t, err)
	h.clock.Advance(time.Minute) // longer than the lease
	second, err := h.db.Due("overage").Claim(ctx, h.clock.BusinessNow(), 1)
	require.NoError(t, err)
	require.Equal(t, first[0].ID, second[0].ID)

	e := h.engine()
	require.True(t, fault.Has(e.RunLot(ctx, []charge.Claim{{ID: first[0].ID, No: first[0].No}}), "claim_lost"))
	require.Equal(t, "0.00", h.balance(t))
	require.NoError(t, e.RunLot(ctx, []charge.Claim{{ID: second[0].ID, No: second[0].No}}))
	require.Equal(t, "-2.00", h.balance(t))
	require.True(t, fault.Has(e.RunLot(ctx, []charge.Claim{{ID: first[0].ID, No: first[0].No}}), "claim_lost"), "it is gone")
}

// D14, D15: the outcome tells what suspension is decided by, and a failure there undoes the booking.
func TestTheOutcomeOfARecomputation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "1")
	h.run(t, `UPDATE service_term SET term = term || '{"maximum": "3"}'`)
	h.used(t, on(1), 1)
	h.used(t, on(2), 1)
	h.clock.Set(on(3).Start(time.UTC))
	e := h.engine()
	var got charge.Outcome
	e.Recomputed = func(_ context.Context, _ charge.OverageTx, c client.Client, o charge.Outcome) error {
		got = o
		return fmt.Errorf("no")
	}
	ctx := context.Background()
	claims, err := h.db.Due("overage").Claim(ctx, h.clock.BusinessNow(), 1)
	require.NoError(t, err)
	require.ErrorContains(t, e.RunLot(ctx, []charge.Claim{{ID: claims[0].ID, No: claims[0].No}}), "no")
	require.Equal(t, "0.00", h.balance(t))
	require.True(t, got.Booked)
	require.Equal(t, "-4.00", got.Balance.String())
	require.Equal(t, h.service, got.Service.ID)
	require.Equal(t, []charge.Exceeded{{AddOn: "traffic", Until: march.Next().First()}}, got.Exceeded)
}

func TestExpensesAreNeverChanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "1")
	h.used(t, on(1), 1)
	h.clock.Set(on(2).Start(time.UTC))
	h.work(t, h.engine())
	for _, statement := range []string{`UPDATE expense SET amount = 0`, `DELETE FROM expense`} {
		_, err := h.pool.Exec(statement)
		require.ErrorContains(t, err, "expense is append-only")
	}
}

func TestAClosedMonthIsFinal(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "1")
	h.used(t, on(1), 1)
	h.used(t, on(2), 1)
	h.clock.Set(on(3).At(0, 20, time.UTC))
	h.work(t, h.engine())
	charged := h.balance(t)
	require.Equal(t, "-4.00", charged)
	h.run(t, `DELETE FROM traffic_block`)
	h.run(t, `INSERT INTO usage_month (client_id, service_id, month, usage, closed_at) VALUES ($1, $2, $3, '{}', now())`, h.client, h.service, march)
	h.mark(t)
	h.work(t, h.engine())
	require.Equal(t, charged, h.balance(t), "its blocks are gone, and it is not charged back")
}
