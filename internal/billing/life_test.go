package billing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// world is a house and the books it is held to.
type world struct {
	*house
	*books
	dice    *rand.Rand
	tariffs map[*ware]catalog.TariffID
	wares   []*ware
	sisters map[*ware]*ware // of the same product type and period, at another price
}

type coin struct {
	id       payment.ID
	cents    int64
	refunded int64
}

const (
	lives       = 4
	stepsOfLife = 300
)

// Random lives of several clients agree with the books after every step, and leave nothing that verify would find.
func TestLivesAgreeWithNaiveBooks(t *testing.T) {
	t.Parallel()
	all := make([]map[string]int, lives)
	t.Run("lives", func(t *testing.T) {
		for i := range all {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				all[i] = live(t, uint64(i)+1)
			})
		}
	})
	total := map[string]int{}
	for _, seen := range all {
		for what, n := range seen {
			total[what] += n
		}
	}
	for _, what := range []string{
		"bought", "bought later with a payment", "paid without a debt", "renewed by the daily run", "renewed by hand", "hand renewal refused",
		"renewed while suspended by people", "had no money to renew", "went below zero", "suspended as unpaid", "became unpaid while suspended",
		"waited for the end of the weekend", "resumed by a payment", "resumed by freed money", "had money for some only", "suspended by people", "resumed by people",
		"deleted after too long", "deleted at its end", "deleted at once", "gave back at a close", "gave back what was paid ahead",
		"deletion taken back", "caught up after an outage", "refunded", "refund refused", "automatic renewal switched",
		"changed to a dearer tariff", "changed to a cheaper tariff", "had no money for a change", "changed what was paid ahead",
		"changed to a dearer add-on", "changed to a cheaper add-on", "had no money for a disk", "renewed with disks",
	} {
		t.Logf("%5d × %s", total[what], what)
		require.Positive(t, total[what], what)
	}
}

func live(t *testing.T, seed uint64) map[string]int {
	start := time.Date(2026, time.January, 28+int(seed), 10, 0, 0, 0, time.UTC) // the anchors of long months among them
	w := &world{house: newHouse(t, start, time.UTC), dice: rand.New(rand.NewPCG(seed, 2026)), tariffs: map[*ware]catalog.TariffID{}, sisters: map[*ware]*ware{}}
	w.books = &books{now: start, seen: map[string]int{}}
	w.wares = []*ware{
		{period: "P1D", cents: 133, disk: 9},
		{period: "P1D", cents: 250, disk: 31, rests: true, deleteDays: 4},
		{period: "P1M", cents: 1999, disk: 333, setup: 500},
		{period: "P1M", cents: 3100, disk: 101, rests: true, deleteDays: 6},
		{period: "P3M", cents: 5555, disk: 1249, setup: 1},
		{period: "one_time", cents: 700},
	}
	for _, s := range w.wares {
		typ := product.TypeChange{NoWeekendSuspension: &s.rests, ExpenseSplit: ptr(string(calendar.SplitFromFirst))}
		if s.deleteDays > 0 {
			typ.AutoDeleteAfterDays = input.To(s.deleteDays)
		}
		w.tariffs[s] = w.sells(typ, tariff.Change{}, price(calendar.Period(s.period), text(s.cents), text(s.setup)))
		if s.period != "one_time" {
			dear := &ware{period: s.period, cents: s.cents*3/2 + 7, disk: s.disk*2 + 1, setup: 900, rests: s.rests, deleteDays: s.deleteDays}
			w.tariffs[dear] = w.sister(w.tariffs[s], price(calendar.Period(dear.period), text(dear.cents), text(dear.setup)))
			w.sisters[s], w.sisters[dear] = dear, s
			w.disks(s, dear)
		}
	}
	for _, limit := range []int64{0, 0, 1500} {
		p := &purse{limit: limit, ran: start.Truncate(24 * time.Hour).Add(20 * time.Minute)}
		if amount := cents(limit); limit > 0 {
			p.id = w.client("", client.SettlementInput{Mode: client.CreditLimit, Limit: &amount})
		} else {
			p.id = w.client("")
		}
		w.purses = append(w.purses, p)
	}
	for step := range stepsOfLife {
		what := w.step()
		w.agree(fmt.Sprintf("seed %d, step %d, %s: %s", seed, step, w.now.Format(time.DateTime), what))
	}
	w.sound()
	return w.seen
}

// disks sells up to five disks with tariffs of one product type.
func (w *world) disks(sorts ...*ware) {
	w.Helper()
	ctx := context.Background()
	t, err := w.db.Reader().Tariff(ctx, actor.Everything, w.tariffs[sorts[0]])
	require.NoError(w, err)
	_, err = w.products.CreateContent(ctx, admin, t.ProductType, "disk", product.ContentChange{Name: ptr("Disks"), ValueType: ptr(product.IntegerValue), Unit: ptr("piece")})
	require.NoError(w, err)
	for _, s := range sorts {
		_, err = w.house.tariffs.CreateAddOn(ctx, admin, w.tariffs[s], "disk", "disk", tariff.AddOnChange{
			Billing: ptr(catalog.BillOrder), Maximum: input.To(dec("5")),
			Prices: &[]catalog.AddOnPrice{{Period: calendar.Period(s.period), Amount: dec(text(s.disk))}},
		})
		require.NoError(w, err)
	}
}

func text(n int64) string { return decimal.New(n, -2).String() }

func cents(n int64) money.Amount { return money.New(decimal.New(n, -2), "EUR") }

func (w *world) purse() *purse { return w.purses[w.dice.IntN(len(w.purses))] }

func (w *world) agree(when string) {
	w.Helper()
	rows := []struct {
		ID      service.ID     `db:"id"`
		Status  service.Status `db:"status"`
		Reasons pq.StringArray `db:"suspend_reasons"`
		Until   *time.Time     `db:"paid_until"`
		Balance decimal.Decimal
	}{}
	require.NoError(w, w.pool.Select(&rows, `
		SELECT s.id, status, suspend_reasons, paid_until, amount AS balance
		FROM service s JOIN account a ON a.client_id = s.client_id AND a.kind = 'balance'`))
	things, owners := map[service.ID]*thing{}, map[service.ID]*purse{}
	for _, p := range w.purses {
		for _, t := range p.things {
			things[t.id], owners[t.id] = t, p
		}
	}
	for _, r := range rows {
		t := things[r.ID]
		if t == nil {
			continue // of an order that was never paid
		}
		require.Equal(w, t.status, r.Status, "%s: %s", when, t.sort.period)
		require.Len(w, r.Reasons, len(t.why), when)
		for _, why := range r.Reasons {
			require.True(w, t.why[service.Reason(why)], when)
		}
		if !t.until.IsZero() {
			require.Equal(w, t.until, r.Until.UTC(), "%s: %s", when, t.sort.period)
		}
		delete(things, r.ID)
	}
	require.Empty(w, things, when)
	for _, r := range rows {
		if p := owners[r.ID]; p != nil {
			require.Equal(w, decimal.New(p.cents, -2).StringFixed(2), r.Balance.StringFixed(2), when)
		}
	}
}
