package order_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// lottery makes tariffs with add-ons of random forms and random selections of them.
type lottery struct {
	*rig
	*rand.Rand
	made int
}

func (l *lottery) price() decimal.Decimal { return decimal.New(l.Int64N(100_000), -4) }

func (l *lottery) prices() []catalog.AddOnPrice {
	return []catalog.AddOnPrice{{Period: "P1M", Amount: l.price(), SetupFee: l.price()}}
}

// tariff makes one, and answers what may be chosen of it: by code, values to pick from.
func (l *lottery) tariff() (catalog.TariffID, map[string][]any) {
	l.Helper()
	ctx := context.Background()
	l.made++
	id := l.NewTariff(fmt.Sprintf("lot%d", l.made), "dedicated", l.price().String(), l.Module)
	open := map[string][]any{}
	add := func(code, element string, in tariff.AddOnChange) {
		_, err := l.Tariffs.CreateAddOn(ctx, admin, id, code, element, in)
		require.NoError(l, err)
	}
	modes := []string{catalog.TiersFlat, catalog.TiersVolume, catalog.TiersGraduated}
	scale := catalog.Tiers{Mode: modes[l.IntN(3)], Steps: []catalog.Tier{{UpTo: ptr(dec("5")), Prices: l.prices()}, {Prices: l.prices()}}}
	add("ips", "ipv4_public", tariff.AddOnChange{Billing: ptr(catalog.BillOrder), Included: ptr(decimal.NewFromInt(l.Int64N(3))), Tiers: input.To(scale)})
	open["ips"] = []any{0, 1, 4, "9"}
	add("disk", "ram", tariff.AddOnChange{Billing: ptr(catalog.BillOrder), Prices: ptr(l.prices()), Default: input.To(json.RawMessage(`"4"`))})
	open["disk"] = []any{0, "2", 30}
	add("os", "os", tariff.AddOnChange{Billing: ptr(catalog.BillOrder), ItemPrices: &[]catalog.ItemPrice{
		{Item: "debian", Enabled: true}, {Item: "windows", Enabled: true, Prices: l.prices()},
	}})
	open["os"] = []any{"debian", "windows"}
	add("extra", "", tariff.AddOnChange{Billing: ptr(catalog.BillChoice)})
	parent := input.To("extra")
	add("v6", "ipv6", tariff.AddOnChange{Billing: ptr(catalog.BillOrder), Prices: ptr(l.prices()), Parent: parent})
	add("port", "port_speed", tariff.AddOnChange{Billing: ptr(catalog.BillNone), Included: ptr(dec("1000")), Parent: parent})
	open["extra"] = []any{"v6", "port"}
	add("care", "care", tariff.AddOnChange{Billing: ptr(catalog.BillManual), Prices: ptr(l.prices())})
	add("traffic", "traffic", tariff.AddOnChange{Billing: ptr(catalog.BillStatistics), Included: ptr(dec("100")), Tiers: input.To(catalog.Tiers{
		Mode: catalog.TiersGraduated, Steps: []catalog.Tier{{Price: ptr(dec("0.02"))}},
	})})
	return id, open
}

func (l *lottery) choose(open map[string][]any) map[string]json.RawMessage {
	l.Helper()
	out := map[string]json.RawMessage{}
	for _, code := range []string{"ips", "disk", "os", "extra"} {
		if l.IntN(3) == 0 {
			continue // omitted
		}
		raw, err := json.Marshal(open[code][l.IntN(len(open[code]))])
		require.NoError(l, err)
		out[code] = raw
	}
	if string(out["extra"]) == `"v6"` && l.IntN(2) == 0 {
		out["v6"] = json.RawMessage(`"3"`)
	}
	return out
}

// stock gives the product type what the lottery's tariffs are made of.
func (l *lottery) stock() {
	l.Helper()
	ctx := context.Background()
	_, err := l.Products.CreateEnumeration(ctx, admin, "systems", product.EnumerationChange{Items: &[]product.EnumerationItem{{Code: "debian"}, {Code: "windows"}}})
	require.NoError(l, err)
	_, err = l.Products.UpdateContent(ctx, admin, "dedicated", "os", product.ContentChange{EnumerationCode: input.To("systems")})
	require.NoError(l, err)
	_, err = l.Products.CreateContent(ctx, admin, "dedicated", "care", product.ContentChange{Name: ptr("Care"), ValueType: ptr(product.BooleanValue)})
	require.NoError(l, err)
}

// Whatever a tariff is made of and whatever is chosen: what is quoted is what is held, what is booked when the service is
// active is that again, and what the service says its next period will cost is what the renewal takes.
func TestTheQuoteIsTheBillInEveryForm(t *testing.T) {
	r := newRig(t)
	l := &lottery{rig: r, Rand: rand.New(rand.NewPCG(1, 2))}
	l.stock()
	ctx := context.Background()
	money := func(query string, args ...any) (sum decimal.Decimal) {
		require.NoError(r, r.Pool.Get(&sum, query, args...))
		return sum
	}
	for range 12 {
		tariff, open := l.tariff()
		wish := order.Wish{TariffID: tariff, Period: "P1M", AddOns: l.choose(open)}
		c := r.Client("90000")
		quoted, err := r.Orders.Quote(ctx, admin, order.QuoteInput{ClientID: c, Wishes: []order.Wish{wish}})
		require.NoError(r, err)
		total := quoted[0].Quote.Total.Decimal()
		o, err := r.Orders.Place(ctx, admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{wish}})
		require.NoError(r, err)
		const holds = `SELECT amount FROM account WHERE client_id = $1 AND kind = 'held'`
		require.True(r, total.Equal(money(holds, c)), "%s quoted", total)

		id := o.Items[0].ServiceID
		before := r.view(id)
		r.Work()
		active := r.view(id)
		require.Equal(r, service.Active, active.Status)
		require.True(r, money(holds, c).IsZero())
		const booked = `SELECT coalesce(sum(amount), 0) FROM expense WHERE service_id = $1`
		require.True(r, total.Equal(money(booked, id)))
		require.Equal(r, said(before.Agreed()), said(active.Agreed()), "from the order on a client sees what it bought")

		next := active.NextCharge(time.UTC)
		require.NotNil(r, next)
		_, err = r.Lifecycle.Renew(ctx, admin, id, "")
		require.NoError(r, err)
		require.True(r, total.Add(next.Amount.Decimal()).Equal(money(booked, id)), "%s was to come", next.Amount)
	}
}

// said writes terms as the API tells them.
func said(rows []service.TermRow) (out []string) {
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s %s %s %v", r.Item, r.Term.Value, r.Term.Price, r.Term.Tiers != nil))
	}
	return out
}

// A panel is told each element that the service has, what was not chosen as nothing, and amounts in the element's own unit.
func TestPanelsAreToldWhatIsChosen(t *testing.T) {
	r := newRig(t)
	l := &lottery{rig: r, Rand: rand.New(rand.NewPCG(1, 2))}
	l.stock()
	sold, _ := l.tariff()
	_, err := r.Tariffs.UpdateAddOn(context.Background(), admin, sold, "disk", tariff.AddOnChange{Unit: input.To("MiB")})
	require.NoError(r, err)
	var spec provision.Spec
	r.panel.does(func(op provision.Op) (provision.Outcome, error) {
		spec = op.Spec
		return provision.Outcome{Ref: "1"}, nil
	})
	c := r.Client("90000")
	_, err = r.Orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{
		TariffID: sold, Period: "P1M", AddOns: map[string]json.RawMessage{
			"os": json.RawMessage(`"windows"`), "extra": json.RawMessage(`"port"`), "disk": json.RawMessage(`2048`), "ips": json.RawMessage(`2`),
		},
	}}})
	require.NoError(r, err)
	r.Work()
	told := map[string]string{}
	for code, a := range spec.AddOns {
		told[code] = fmt.Sprint(a.Amount, a.Unit, a.Item)
		if a.On != nil {
			told[code] = fmt.Sprint(*a.On)
		}
	}
	require.Equal(r, map[string]string{
		"os": "<nil>windows", "port_speed": "1000Mbit/s", "ipv6": "0piece", "ram": "2GiB", "ipv4_public": "2piece", "care": "false", "traffic": "100GiB",
	}, told)
}

// The tariff changes under a service: what no longer fits counts as omitted, and the renewal takes what was announced.
func TestARenewalSurvivesAnotherFormOfItsAddOns(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	l := &lottery{rig: r, Rand: rand.New(rand.NewPCG(1, 2))}
	l.stock()
	sold, _ := l.tariff()
	c := r.Client("90000")
	o, err := r.Orders.Place(ctx, admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{
		TariffID: sold, Period: "P1M", AddOns: map[string]json.RawMessage{"os": json.RawMessage(`"windows"`), "extra": json.RawMessage(`"v6"`)},
	}}})
	require.NoError(r, err)
	r.Work()
	_, err = r.Tariffs.UpdateAddOn(ctx, admin, sold, "os", tariff.AddOnChange{ItemPrices: &[]catalog.ItemPrice{{Item: "debian", Enabled: true}}})
	require.NoError(r, err)
	require.NoError(r, r.Tariffs.DeleteAddOn(ctx, admin, sold, "v6", nil))
	_, err = r.Tariffs.UpdateAddOn(ctx, admin, sold, "disk", tariff.AddOnChange{Default: input.None[json.RawMessage]()})
	require.NoError(r, err)

	id := o.Items[0].ServiceID
	next := r.view(id).NextCharge(time.UTC)
	_, err = r.Lifecycle.Renew(ctx, admin, id, "")
	require.NoError(r, err)
	after := r.view(id)
	require.JSONEq(r, `"debian"`, string(after.AddOns["os"]))
	require.JSONEq(r, `"port"`, string(after.AddOns["extra"]))
	require.JSONEq(r, `"4"`, string(after.AddOns["disk"]), "what was chosen once stays chosen")
	require.True(r, next.Amount.Equal(after.NextCharge(time.UTC).Amount))
	var values []string
	require.NoError(r, r.Pool.Select(&values, `SELECT item || ' ' || coalesce(term ->> 'value', '') FROM service_term WHERE service_id = $1 AND to_at IS NULL ORDER BY item`, id))
	require.Equal(r, []string{" ", "disk 4", "extra port", "ips " + after.text("ips"), "os debian", "port 1000", "traffic "}, values)
}

type view struct{ lifecycle.View }

func (v view) text(code string) (out string) {
	_ = json.Unmarshal(v.AddOns[code], &out)
	return out
}

func (r *rig) view(id service.ID) view {
	r.Helper()
	v, err := r.DB.Reader().Service(context.Background(), actor.Everything, id)
	require.NoError(r, err)
	return view{v}
}
