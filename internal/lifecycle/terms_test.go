package lifecycle_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
	"github.com/tariffd/tariffd/internal/verify"
)

// offers makes a tariff of the rig's module with these prices: "P1M", "31", "P3M", "90".
func (r *rig) offers(code string, prices ...string) catalog.TariffID {
	r.Helper()
	t := r.NewTariff(code, "dedicated", "1", r.Module)
	var list []catalog.Price
	for i := 0; i < len(prices); i += 2 {
		list = append(list, catalog.Price{Period: calendar.Period(prices[i]), Amount: dec(prices[i+1]), SetupFee: dec("7")})
	}
	_, err := r.Tariffs.Update(context.Background(), admin, t, tariff.Change{Prices: &list})
	require.NoError(r, err)
	return t
}

// ram adds memory to a tariff: 4 GiB included and at least, 3.10 a month for each further one.
func (r *rig) ram(t catalog.TariffID, edit string) {
	r.Helper()
	_, err := r.Tariffs.CreateAddOn(context.Background(), admin, t, "ram", "ram", tariff.AddOnChange{
		Billing: ptr(catalog.BillOrder), Included: ptr(dec("4")), Minimum: input.To(dec("4")), Maximum: input.To(dec("64")), Edit: &edit,
		Prices: &[]catalog.AddOnPrice{{Period: monthly, Amount: dec("3.10")}},
	})
	require.NoError(r, err)
}

// policy sets one member of a tariff's policy.
func (r *rig) policy(t catalog.TariffID, member, value string) {
	r.Helper()
	r.Pool.MustExec(`UPDATE tariff_version SET offer = jsonb_set(offer, ARRAY['policy', $2], to_jsonb($3::text)) WHERE tariff_id = $1`, t, member, value)
}

// has is an active service of a tariff, whose client has paid 1000.00; what it cost is gone.
func (r *rig) has(t catalog.TariffID, period calendar.Period, addOns map[string]json.RawMessage) (actor.ClientID, service.ID) {
	r.Helper()
	c := r.Client("1000")
	o, err := r.Orders.Place(context.Background(), admin, order.PlaceInput{
		ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: t, Period: period, AddOns: addOns}},
	})
	require.NoError(r, err)
	r.Work()
	return c, o.Items[0].ServiceID
}

func (r *rig) change(id service.ID, in lifecycle.TermsInput) lifecycle.Result {
	r.Helper()
	res, err := r.Lifecycle.ChangeTerms(context.Background(), admin, id, in)
	require.NoError(r, err)
	return res
}

func (r *rig) preview(id service.ID, in lifecycle.TermsInput) lifecycle.Bill {
	r.Helper()
	b, err := r.Lifecycle.PreviewTerms(context.Background(), admin, id, in)
	require.NoError(r, err)
	return b
}

func (r *rig) mayNot(code, pointer string, by actor.Actor, id service.ID, in lifecycle.TermsInput) {
	r.Helper()
	_, err := r.Lifecycle.ChangeTerms(context.Background(), by, id, in)
	r.Refuses(code, err)
	if pointer != "" {
		require.Equal(r, pointer, fault.Of(err).Fields[0].Pointer)
	}
}

// sound asserts that nothing is wrong with the whole database.
func (r *rig) sound() {
	r.Helper()
	e := verify.Engine{Zone: time.UTC, InSnapshot: func(ctx context.Context, fn func(verify.Snapshot) error) error {
		return r.DB.InSnapshot(ctx, func(s *postgres.Snapshot) error { return fn(s) })
	}}
	found, err := e.Run(context.Background())
	require.NoError(r, err)
	require.Empty(r, found.Findings)
}

func (r *rig) booked(id service.ID) []string {
	r.Helper()
	rows := []string{}
	require.NoError(r, r.Pool.Select(&rows, `
		SELECT concat_ws(' ', kind, nullif(add_on, ''), date, round(amount, 2)) FROM expense WHERE service_id = $1 ORDER BY id`, id))
	return rows
}

func TestATariffChangeWithinThePeriodCostsTheDifferenceOnceTheModuleHasAppliedItD9(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62")
	c, id := r.has(small, monthly, nil)
	r.panel.asked()
	r.Clock.Set(on(time.March, 17, 0)) // 15 of 31 days are left
	in := lifecycle.TermsInput{TariffID: big, Period: monthly}
	bill := r.preview(id, in)
	require.Equal(r, []string{"15.00", "0.00"}, []string{bill.Charge.String(), bill.Refund.String()})
	require.Equal(r, on(time.April, 1, 0), *bill.PaidUntil)
	require.Len(r, bill.Lines, 2)
	require.NotEqual(r, bill.Lines[0].Name, bill.Lines[1].Name, "what is given back has the name under which it was sold")
	require.Equal(r, "[962.00 0.00]", r.Books(c), "a preview changes nothing")

	res := r.change(id, in)
	require.Equal(r, provision.SetParams, res.Operation.Kind)
	require.Equal(r, "[947.00 15.00]", r.Books(c), "the money is kept aside")
	r.sound()
	require.Equal(r, small, r.service(id).TariffID)
	r.mayNot("operation_pending", "", admin, id, in)
	r.Work()
	require.Equal(r, []string{"one set_params"}, r.panel.asked())
	s := r.service(id)
	require.Equal(r, big, s.TariffID)
	require.Equal(r, on(time.April, 1, 0), *s.PaidUntil)
	require.Equal(r, "[947.00 0.00]", r.Books(c))
	require.Equal(r, []string{"period 2026-03-01 31.00", "setup 2026-03-01 7.00", "refund 2026-03-17 -15.00", "period 2026-03-17 30.00"}, r.booked(id))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM event WHERE type = 'service.changed' AND data ->> 'id' = $1`, id))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM audit WHERE action = 'service.terms' AND subject_id = $1`, id))
	require.Equal(r, "62", s.Terms[0].Term.Price.String())

	r.Clock.Set(on(time.March, 24, 0)) // 8 days are left
	r.change(id, lifecycle.TermsInput{TariffID: small, Period: monthly})
	require.Equal(r, "[947.00 0.00]", r.Books(c), "nothing is kept aside for what gives money back")
	r.Work()
	require.Equal(r, "[955.00 0.00]", r.Books(c))
	require.Nil(r, r.change(id, lifecycle.TermsInput{TariffID: small, Period: monthly}).Operation, "nothing is left to change")

	r.delete(admin, id, lifecycle.Now)
	r.Work()
	require.Equal(r, "[963.00 0.00]", r.Books(c), "8 days at 31.00: what earlier tariffs gave back is not given twice (D8)")
	r.sound()
}

func TestAChangeOfPeriodClosesTheOldOneAndStartsANewOneNowD9(t *testing.T) {
	r := newRig(t)
	tariff := r.offers("S", "P1M", "31", "P3M", "90")
	_, err := r.Products.UpdateType(context.Background(), admin, "dedicated", product.TypeChange{ExpenseSplit: ptr("from_first_of_month")})
	require.NoError(r, err)
	r.Clock.Set(on(time.August, 15, 0))
	c, id := r.has(tariff, "P3M", nil)
	r.Clock.Set(on(time.September, 15, 0))
	in := lifecycle.TermsInput{TariffID: tariff, Period: monthly}
	bill := r.preview(id, in)
	require.Equal(r, []string{"31.00", "59.67"}, []string{bill.Charge.String(), bill.Refund.String()})
	r.change(id, in)
	r.Work()
	s := r.service(id)
	require.Equal(r, on(time.October, 15, 0), *s.PaidUntil)
	require.Equal(r, monthly, s.Period)
	require.Equal(r, 15, s.Anchor.Day)
	require.Equal(r, "[931.67 0.00]", r.Books(c)) // 1000 − 90 − 7 + 59.67 − 31
	require.Equal(r, []string{
		"period 2026-08-15 16.45", "period 2026-09-01 30.00", "period 2026-10-01 30.00", "period 2026-11-01 13.55", "setup 2026-08-15 7.00",
		"refund 2026-11-01 -13.55", "refund 2026-10-01 -30.00", "refund 2026-09-15 -16.12", "period 2026-09-15 16.53", "period 2026-10-01 14.47",
	}, r.booked(id))
}

// The slices of months to come are filled as those of the old price are taken back, the rest falls to the current month.
func TestAChangeReplacesTheSlicesOfMonthsToComeD5D9(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P3M", "90"), r.offers("L", "P3M", "180")
	_, err := r.Products.UpdateType(context.Background(), admin, "dedicated", product.TypeChange{ExpenseSplit: ptr("from_first_of_month")})
	require.NoError(r, err)
	r.Clock.Set(on(time.August, 15, 0))
	_, id := r.has(small, "P3M", nil)
	r.Clock.Set(on(time.September, 15, 0))
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: "P3M"})
	r.Work()
	require.Equal(r, []string{
		"refund 2026-11-01 -13.55", "refund 2026-10-01 -30.00", "refund 2026-09-15 -16.12",
		"period 2026-09-15 32.25", "period 2026-10-01 60.00", "period 2026-11-01 27.10",
	}, r.booked(id)[5:])
}

func TestAddOnsChangeByTheirOwnRulesD9(t *testing.T) {
	r := newRig(t)
	tariff := r.offers("S", "P1M", "31")
	r.ram(tariff, "any")
	r.policy(tariff, "min_period", "P3M")
	c, id := r.has(tariff, monthly, texts("ram", "14"))
	require.Equal(r, "[931.00 0.00]", r.Books(c)) // 31 + 7 + 10 × 3.10
	r.Clock.Set(on(time.March, 17, 0))
	add := func(n string) lifecycle.TermsInput { return lifecycle.TermsInput{AddOns: texts("ram", n)} }
	r.panel.asked()
	r.change(id, add("24"))
	r.Work()
	require.Equal(r, dec("24"), *r.panel.last().Spec.AddOns["ram"].Amount, "the module is told first")
	require.Equal(r, "[916.00 0.00]", r.Books(c))
	require.Equal(r, []string{"refund ram 2026-03-17 -15.00", "add_on ram 2026-03-17 30.00"}, r.booked(id)[3:], "the tariff itself is left alone")
	require.JSONEq(r, `"24"`, string(r.service(id).AddOns["ram"]))

	r.mayNot("min_period_not_over", "/add_ons/ram", admin, id, add("14"))
	r.mayNot("out_of_range", "/add_ons/ram", admin, id, add("65"))
	r.mayNot("unknown_field", "/add_ons/disk", admin, id, lifecycle.TermsInput{AddOns: texts("disk", "1")})
	r.Pay(c, "1000", "")
	for range 2 {
		_, err := r.Lifecycle.Renew(context.Background(), admin, id, "")
		require.NoError(r, err)
		r.Work()
	}
	r.Clock.Set(on(time.June, 1, 0).Add(-time.Minute))
	r.Work()
	r.mayNot("min_period_not_over", "/add_ons/ram", admin, id, add("14"))
	_, err := r.Lifecycle.Renew(context.Background(), admin, id, "")
	require.NoError(r, err)
	r.Clock.Set(on(time.June, 1, 0))
	r.Work()
	before := r.Books(c)
	r.change(id, add("14"))
	r.Work()
	require.NotEqual(r, before, r.Books(c))
	require.JSONEq(r, `"14"`, string(r.service(id).AddOns["ram"]))

	for edit, want := range map[string][]string{
		"fixed": {"not_editable", "not_editable"}, "increase_only": {"", "increase_only"}, "decrease_only": {"decrease_only", ""},
	} {
		other := r.offers("X_"+edit, "P1M", "31")
		r.ram(other, edit)
		_, id := r.has(other, monthly, texts("ram", "10"))
		for i, n := range []string{"11", "9"} {
			_, err := r.Lifecycle.PreviewTerms(context.Background(), clientKey(r.service(id)), id, add(n))
			if want[i] == "" {
				require.NoError(r, err, edit)
			} else {
				r.Refuses(want[i], err)
			}
		}
	}
}

// What was paid in advance is changed, too: both periods cost the difference.
func TestAChangeReachesWhatWasPaidInAdvanceD9(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62")
	c, id := r.has(small, monthly, nil)
	_, err := r.Lifecycle.Renew(context.Background(), admin, id, "")
	require.NoError(r, err)
	r.Work()
	r.Clock.Set(on(time.March, 17, 0))
	require.Equal(r, "46.00", r.preview(id, lifecycle.TermsInput{TariffID: big, Period: monthly}).Charge.String())
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	r.Work()
	require.Equal(r, "[885.00 0.00]", r.Books(c)) // 1000 − 38 − 31 − 46
	require.Equal(r, on(time.May, 1, 0), *r.service(id).PaidUntil)
	r.change(id, lifecycle.TermsInput{TariffID: small, Period: monthly})
	r.Work()
	require.Equal(r, "[931.00 0.00]", r.Books(c))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM service_term WHERE service_id = $1 AND to_at IS NULL`, id))
}

func TestARefusedChangeLeavesEverythingAsItWas(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62")
	c, id := r.has(small, monthly, nil)
	booked := r.booked(id)
	r.panel.says(provision.Outcome{}, provision.NewRejected("panel_rejected", "No."))
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	r.Work()
	require.Equal(r, operation.Manual, r.operation(id, provision.SetParams).Status)
	require.Equal(r, "[931.00 31.00]", r.Books(c), "people may still do it")
	r.CloseTask(r.Task(id).ID, lifecycle.CloseTaskInput{Result: "refused"})
	require.Equal(r, "[962.00 0.00]", r.Books(c))
	s := r.service(id)
	require.Equal(r, []any{small, 2, on(time.April, 1, 0)}, []any{s.TariffID, s.TariffVersion, *s.PaidUntil})
	require.Equal(r, booked, r.booked(id))

	// What people did counts from when they did it.
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	r.Work()
	r.Clock.Set(on(time.March, 17, 0))
	r.CloseTask(r.Task(id).ID, lifecycle.CloseTaskInput{Result: "done"})
	require.Equal(r, "[947.00 0.00]", r.Books(c))
	require.Equal(r, big, r.service(id).TariffID)

	// A service that goes while it is being changed gives back what was kept aside.
	third := r.offers("XL", "P1M", "93")
	r.change(id, lifecycle.TermsInput{TariffID: third, Period: monthly})
	require.Equal(r, "[932.00 15.00]", r.Books(c))
	r.Work()
	r.panel.does(nil)
	r.delete(admin, id, lifecycle.Now)
	r.Work()
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Equal(r, "[977.00 0.00]", r.Books(c))
	r.sound()
}

func TestWhatAChangeOfTariffIsHeldTo(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	small, big := r.offers("S", "P1M", "31", "one_time", "500"), r.offers("L", "P1M", "5000")
	c, id := r.has(small, monthly, nil)
	me := clientKey(r.service(id))
	to := func(t catalog.TariffID, p calendar.Period) lifecycle.TermsInput {
		return lifecycle.TermsInput{TariffID: t, Period: p}
	}
	r.mayNot("insufficient_funds", "", me, id, to(big, monthly))
	require.Equal(r, "[962.00 0.00]", r.Books(c))
	r.mayNot("not_found", "/tariff_id", me, id, to(catalog.TariffID(actor.NewID()), monthly))
	r.mayNot("period_not_available", "/period", me, id, to(big, "P3M"))
	r.mayNot("period_not_available", "/period", me, id, to(small, "one_time"))
	_, err := r.Lifecycle.ChangeTerms(ctx, actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: r.Provider, ClientID: actor.ClientID(actor.NewID())}}, id, to(big, monthly))
	r.Refuses("not_found", err)

	elsewhere := r.NewTariff("E", "dedicated", "50", r.NewModule("two", module.Change{}))
	r.mayNot("module_not_in_tariff", "/tariff_id", me, id, to(elsewhere, monthly))
	_, err = r.Tariffs.Update(ctx, admin, big, tariff.Change{Status: ptr(catalog.Archived)})
	require.NoError(r, err)
	r.mayNot("tariff_not_active", "/tariff_id", me, id, to(big, monthly))

	require.Contains(r, r.Lifecycle.Actions(r.service(id), actor.Client), "change_tariff")
	locked := r.offers("locked", "P1M", "31")
	r.policy(locked, "change_to", "none")
	_, kept := r.has(locked, monthly, nil)
	r.mayNot("change_forbidden", "/tariff_id", admin, kept, to(small, monthly))
	require.NotContains(r, r.Lifecycle.Actions(r.service(kept), actor.Admin), "change_tariff")
	grouped := r.offers("grouped", "P1M", "31")
	r.policy(grouped, "change_to", "same_group")
	_, kept = r.has(grouped, monthly, nil)
	r.mayNot("other_tariff_group", "/tariff_id", admin, kept, to(small, monthly))

	_, once := r.has(small, "one_time", nil)
	r.mayNot("invalid_service_state", "", admin, once, to(small, monthly))
	r.suspend(id, service.ByAdmin)
	r.mayNot("invalid_service_state", "", admin, id, to(small, "P1M"))
	require.NotContains(r, r.Lifecycle.Actions(r.service(id), actor.Client), "resume", "an administrator's reason is not the client's to clear")
	require.Contains(r, r.Lifecycle.Actions(r.service(id), actor.Admin), "resume")
}

// Special prices are staff's word about the service, not the tariff's: they hold for the rest of the period under another
// tariff, too.
func TestSpecialPricesSurviveAChangeOfTariff(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "310")
	c, id := r.has(small, monthly, nil)
	_, err := r.Lifecycle.SetSpecialPrice(context.Background(), admin, id, traffic.SpecialPrice{Amount: ptr(dec("62"))}, nil)
	require.NoError(r, err)
	r.Clock.Set(on(time.March, 17, 0))
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	r.Work()
	require.Equal(r, "[947.00 0.00]", r.Books(c), "62.00, not 310.00")
}
