package httpapi

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// booked charges a client for three months from 15 August, split by months (D5), and closes it a month later (D8).
func (r *rig) booked(clientID, serviceID string) {
	r.t.Helper()
	start := time.Date(2026, 8, 15, 0, 0, 0, 0, time.UTC)
	anchor, end := calendar.AnchorOf(start, time.UTC), time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
	amount := func(s string) money.Amount { return money.New(decimal.RequireFromString(s), "EUR") }
	s := service.Service{
		ID: actor.ServiceID(serviceID), ClientID: actor.ClientID(clientID), Currency: "EUR", Period: "P3M",
		Anchor: &anchor, PeriodStart: &start, PaidUntil: &end,
	}
	in := func(fn func(ctx context.Context, tx *postgres.Tx) error) {
		require.NoError(r.t, r.db.InTx(context.Background(), func(tx *postgres.Tx) error { return fn(context.Background(), tx) }))
	}
	r.business.Set(start)
	in(func(ctx context.Context, tx *postgres.Tx) error {
		quote := pricing.Quote{PeriodStart: start, PeriodEnd: &end, Lines: []pricing.Line{
			{Kind: pricing.PeriodLine, Amount: amount("90.00"), Tax: amount("9.00")},
			{Kind: pricing.SetupLine, Amount: amount("10.00"), Tax: amount("1.00")},
		}}
		return charge.Book(ctx, tx, charge.Booking{Service: s, Quote: quote, Split: calendar.SplitFromFirst, Zone: time.UTC, From: ledger.Balance})
	})
	r.business.Set(start.AddDate(0, 1, 0))
	in(func(ctx context.Context, tx *postgres.Tx) error {
		back, err := charge.GiveBack(ctx, tx, s, time.UTC)
		require.Equal(r.t, "59.67", back.String())
		return err
	})
}

func TestExpensesAndLedgerTellTheSameStory(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	c, serviceID := r.aClient(r.defaultProvider(), "a@x.example"), actor.NewID()
	r.admin.post("/v1/payments", pay(c, "100.00", nil), "Idempotency-Key", "p").is(201)
	r.booked(c, serviceID)

	rows := r.admin.get("/v1/expenses?client_id=" + c).is(200).data()
	got := [][3]any{}
	sum := decimal.Zero
	for _, e := range rows {
		text := e["amount"].(obj)["amount"].(string)
		got = append(got, [3]any{e["kind"], e["date"], text})
		sum = sum.Add(decimal.RequireFromString(text))
	}
	require.Equal(t, [][3]any{
		{"period", "2026-08-15", "16.45"},
		{"period", "2026-09-01", "30.00"},
		{"period", "2026-10-01", "30.00"},
		{"period", "2026-11-01", "13.55"},
		{"setup", "2026-08-15", "10.00"},
		{"refund", "2026-11-01", "-13.55"},
		{"refund", "2026-10-01", "-30.00"},
		{"refund", "2026-09-15", "-16.12"},
	}, got)
	require.Equal(t, rows[3]["id"], rows[5]["reverses"])
	require.Equal(t, rows[0]["charge_id"], rows[3]["charge_id"])
	require.Equal(t, decimal.NewFromInt(100).Sub(sum).StringFixed(2), r.balance(c))

	entries := r.admin.get("/v1/clients/" + c + "/ledger").is(200).data()
	balance := decimal.Zero
	kinds := []any{}
	for _, e := range entries {
		balance = balance.Add(decimal.RequireFromString(e["amount"].(obj)["amount"].(string)))
		require.Equal(t, euros(balance.StringFixed(2)), e["balance_after"], "each line knows the balance after it")
		kinds = append(kinds, e["kind"])
	}
	require.Equal(t, []any{"payment", "period", "period", "setup", "setup", "refund", "refund"}, kinds, "net and tax are two legs")
	require.Equal(t, balance.StringFixed(2), r.balance(c))
	require.Equal(t, entries[1]["id"], entries[5]["reverses"], "what comes back names the posting it takes back")
	require.Equal(t, serviceID, entries[1]["refs"].(obj)["service_id"])
}

func TestExpensesAndLedgerAreFilteredAndScoped(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	provider := r.defaultProvider()
	a, b, foreign := r.aClient(provider, "a@x.example"), r.aClient(provider, "b@x.example"), r.aClient(r.aProvider("Other"), "c@x.example")
	one := actor.NewID()
	r.booked(a, one)
	r.booked(b, actor.NewID())
	r.booked(foreign, actor.NewID())
	shop, own := r.storefront(provider), r.clientKey(a)
	for _, test := range []struct {
		by    caller
		query string
		want  int
	}{
		{r.admin, "?limit=200", 24},
		{shop, "?limit=200", 16},
		{own, "", 8},
		{own, "?client_id=" + b, 0},
		{shop, "?client_id=" + foreign, 0},
		{r.admin, "?service_id=" + one, 8},
		{own, "?from=2026-09-01&to=2026-11-01", 4},
		{own, "?to=2026-08-16", 2},
	} {
		require.Len(t, test.by.get("/v1/expenses"+test.query).is(200).data(), test.want, test.query)
	}
	own.get("/v1/expenses?from=2026-02-30").is(422)
	path := "/v1/clients/" + a + "/ledger"
	require.Len(t, own.get(path).is(200).data(), 6)
	require.Len(t, own.get(path+"?from=2026-09-01T00:00:00Z").is(200).data(), 2)
	require.Len(t, own.get(path+"?to=2026-09-01T00:00:00Z").is(200).data(), 4)
	shop.get("/v1/clients/"+foreign+"/ledger").fails(404, "not_found")
	own.get("/v1/clients/"+b+"/ledger").fails(404, "not_found")
	page := own.get(path + "?limit=4").is(200)
	require.Len(t, own.get(path+"?limit=4&cursor="+page.text("next_cursor")).is(200).data(), 2)
}
