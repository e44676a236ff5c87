package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// disk adds a disk of 20 GiB to a tariff, of which 5 may be given up.
func (r *rig) disk(t catalog.TariffID) {
	r.Helper()
	_, err := r.Tariffs.CreateAddOn(context.Background(), admin, t, "disk", "ram", tariff.AddOnChange{
		Billing: ptr(catalog.BillOrder), Included: ptr(dec("20")), Minimum: input.To(dec("15")), Maximum: input.To(dec("100")),
		Prices: &[]catalog.AddOnPrice{{Period: monthly, Amount: dec("3.10")}, {Period: "P3M", Amount: dec("9")}},
	})
	require.NoError(r, err)
}

func (r *rig) renew(id service.ID, p calendar.Period) {
	r.Helper()
	_, err := r.Lifecycle.Renew(context.Background(), admin, id, p)
	require.NoError(r, err)
}

// A trial that renews while its module is still at other add-ons is over: it does not begin anew.
func TestAChangeOfAddOnsDoesNotBringATrialBackD9D13(t *testing.T) {
	r := newRig(t)
	sold := r.offers("S", "P1M", "31")
	r.disk(sold)
	_, err := r.Tariffs.Update(context.Background(), admin, sold, tariff.Change{TrialDays: ptr(10)})
	require.NoError(r, err)
	c, id := r.has(sold, calendar.Trial, nil)
	require.Equal(r, "[1000.00 0.00]", r.Books(c))
	r.change(id, lifecycle.TermsInput{AddOns: texts("disk", "15")})
	r.renew(id, monthly)
	r.Work()
	s := r.service(id)
	require.Equal(r, []any{monthly, on(time.April, 11, 0)}, []any{s.Period, *s.PaidUntil})
	require.JSONEq(r, `"15"`, string(s.AddOns["disk"]))
	require.Equal(r, "[969.00 0.00]", r.Books(c))
	r.sound()
}

// Add-ons that a module takes its time for are charged for the periods and by the version that the service has by then.
func TestAChangeOfAddOnsFollowsARenewalMeanwhileD9(t *testing.T) {
	r := newRig(t)
	sold := r.offers("S", "P1M", "31", "P3M", "90")
	r.disk(sold)
	c, id := r.has(sold, monthly, nil)
	r.change(id, lifecycle.TermsInput{AddOns: texts("disk", "30")})
	require.Equal(r, "[931.00 31.00]", r.Books(c))
	_, err := r.Tariffs.Update(context.Background(), admin, sold, tariff.Change{
		Prices: &[]catalog.Price{{Period: monthly, Amount: dec("40")}, {Period: "P3M", Amount: dec("120")}},
	})
	require.NoError(r, err)
	r.renew(id, "P3M")
	require.Equal(r, "[811.00 31.00]", r.Books(c))
	version := r.service(id).TariffVersion
	r.Work()
	s := r.service(id)
	require.Equal(r, []any{calendar.Period("P3M"), version, on(time.July, 1, 0)}, []any{s.Period, s.TariffVersion, *s.PaidUntil})
	require.Equal(r, dec("30"), *r.panel.last().Spec.AddOns["ram"].Amount)
	require.Equal(r, []string{
		"period 2026-03-01 31.00", "setup 2026-03-01 7.00", "period 2026-04-01 120.00", "add_on disk 2026-04-01 90.00", "add_on disk 2026-03-01 31.00",
	}, r.booked(id), "what the wait made dearer is charged all the same")
	r.sound()

	r.change(id, lifecycle.TermsInput{TariffID: sold, Period: "P3M"})
	other := r.offers("L", "P3M", "90", "P1M", "31")
	r.change(id, lifecycle.TermsInput{TariffID: other, Period: "P3M"})
	_, err = r.Lifecycle.Renew(context.Background(), admin, id, monthly)
	r.Refuses("operation_pending", err)
	r.renew(id, "P3M")
	r.Work()
	require.Equal(r, []any{other, on(time.October, 1, 0)}, []any{r.service(id).TariffID, *r.service(id).PaidUntil})
	r.sound()
}

// What runs was paid for a month, or as a trial, whatever was paid in advance since: a change costs its own price there.
func TestAChangeLeavesARunningPeriodItsOwnLengthD9(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31", "P3M", "90"), r.offers("L", "P1M", "62", "P3M", "180")
	quarters := r.offers("Q", "P3M", "270")
	_, err := r.Products.UpdateType(context.Background(), admin, "dedicated", product.TypeChange{ExpenseSplit: ptr("from_first_of_month")})
	require.NoError(r, err)
	c, id := r.has(small, monthly, nil)
	r.renew(id, "P3M")
	r.Work()
	require.Equal(r, "[872.00 0.00]", r.Books(c))
	r.Clock.Set(on(time.March, 17, 0)) // 15 of 31 days are left
	for tariff, want := range map[catalog.TariffID]string{
		big:      "105.00", // 90 more for the three months, 15 for the days
		quarters: "208.55", // 180 more; the month is a third of a quarter: 90 × 15/31 − 15
	} {
		require.Equal(r, want, r.preview(id, lifecycle.TermsInput{TariffID: tariff, Period: "P3M"}).Charge.String())
	}
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: "P3M"})
	r.Work()
	r.change(id, lifecycle.TermsInput{TariffID: small, Period: "P3M"})
	r.Work()
	require.Equal(r, "[872.00 0.00]", r.Books(c), "there and back leaves nothing")
	r.sound()

	trial := r.offers("T", "P1M", "31")
	_, err = r.Tariffs.Update(context.Background(), admin, trial, tariff.Change{TrialDays: ptr(10)})
	require.NoError(r, err)
	c, id = r.has(trial, calendar.Trial, nil)
	r.renew(id, monthly)
	r.Work()
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	r.Work()
	require.Equal(r, "[938.00 0.00]", r.Books(c), "31.00 more for the month, nothing for the trial")
	r.sound()
}

// Services that are on their way to a tariff count there: a client does not come around its limit by changing two at once.
func TestChangesUnderWayCountForTheClientsLimit(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "31")
	_, err := r.Tariffs.Update(context.Background(), admin, big, tariff.Change{
		Policy: tariff.PolicyChange{MaxServicesPerClient: input.To(1)},
	})
	require.NoError(r, err)
	c := r.Client("1000")
	one, two := r.buyOf(c, small), r.buyOf(c, small)
	in := lifecycle.TermsInput{TariffID: big, Period: monthly}
	r.change(one, in)
	r.mayNot("client_limit_reached", "/tariff_id", admin, two, in)
	r.panel.says(provision.Outcome{}, provision.NewRejected("panel_rejected", "No."))
	r.Work()
	r.mayNot("client_limit_reached", "/tariff_id", admin, two, in)
	r.CloseTask(r.Task(one).ID, lifecycle.CloseTaskInput{Result: "refused"})
	r.change(two, in)
}

// buyOf is a service of a tariff.
func (r *rig) buyOf(c actor.ClientID, t catalog.TariffID) service.ID {
	r.Helper()
	o, err := r.Orders.Place(context.Background(), admin, order.PlaceInput{
		ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: t, Period: monthly}},
	})
	require.NoError(r, err)
	r.Work()
	return o.Items[0].ServiceID
}

// The days that were paid for are had, whenever the panel is done; then the periods are whole months again.
func TestACalendarServiceThatIsMadeLateHasItsDaysD3D4(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62")
	for _, sold := range []catalog.TariffID{small, big} {
		_, err := r.Tariffs.Update(context.Background(), admin, sold, tariff.Change{Calendar: tariff.CalendarChange{Enabled: ptr(true)}})
		require.NoError(r, err)
	}
	r.Clock.Set(on(time.July, 12, 9))
	c := r.Client("1000")
	o, err := r.Orders.Place(context.Background(), admin, order.PlaceInput{
		ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: small, Period: monthly}},
	})
	require.NoError(r, err)
	id := o.Items[0].ServiceID
	require.Equal(r, "[973.00 27.00]", r.Books(c)) // 20.00 and the setup fee
	r.Clock.Set(on(time.August, 3, 9))
	r.Work()
	s := r.service(id)
	require.Equal(r, on(time.August, 23, 0), *s.PaidUntil, "22 days late")
	require.Equal(r, "[973.00 0.00]", r.Books(c))

	r.Clock.Set(on(time.August, 13, 0)) // 10 of 20 days are left
	in := lifecycle.TermsInput{TariffID: big, Period: monthly}
	require.Equal(r, "10.00", r.preview(id, in).Charge.String())
	r.change(id, in)
	r.Work()
	in.TariffID = small
	r.change(id, in)
	r.Work()
	require.Equal(r, "[973.00 0.00]", r.Books(c), "there and back leaves nothing")

	r.renew(id, monthly)
	require.Equal(r, on(time.September, 1, 0), *r.service(id).PaidUntil)
	require.Equal(r, "[964.00 0.00]", r.Books(c), "9 of 31 days")
	r.Work()
	r.renew(id, monthly)
	require.Equal(r, on(time.October, 1, 0), *r.service(id).PaidUntil)
	require.Equal(r, "[933.00 0.00]", r.Books(c))
	r.sound()
}

// What was paid is over before the panel has done the change, and the money does not cover another period any more: the terms
// hold, and the period begins when it is paid. Nobody is led below zero by a slow panel.
func TestAChangeThatOutlivesItsPeriodWaitsForItsMoneyD9D10(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62", "P3M", "90")
	c := r.Client("113")
	id := r.buyOf(c, small)
	r.Clock.Set(on(time.March, 17, 0)) // 15 of 31 days are left
	in := lifecycle.TermsInput{TariffID: big, Period: "P3M"}
	r.change(id, in)
	require.Equal(r, "[0.00 75.00]", r.Books(c))
	r.Clock.Set(on(time.April, 2, 0))
	r.Work()
	s := r.service(id)
	require.Equal(r, []any{big, calendar.Period("P3M"), on(time.April, 1, 0)}, []any{s.TariffID, s.Period, *s.PaidUntil})
	require.Equal(r, "[75.00 0.00]", r.Books(c))
	_, err := r.Lifecycle.Renew(context.Background(), admin, id, "")
	r.Refuses("insufficient_funds", err)
	r.Pay(c, "15", "")
	r.renew(id, "")
	r.Work()
	require.Equal(r, on(time.July, 1, 0), *r.service(id).PaidUntil)
	require.Equal(r, "[0.00 0.00]", r.Books(c))
	r.sound()

	// Where the money is there, the period begins at once.
	c = r.Client("1000")
	id = r.buyOf(c, small)
	r.change(id, in)
	r.Clock.Set(on(time.May, 12, 0))
	r.Work()
	require.Equal(r, on(time.August, 12, 0), *r.service(id).PaidUntil)
	require.Equal(r, "[872.00 0.00]", r.Books(c))
	r.sound()
}

// Within the same period nothing is left to be charged, and the terms have their price all the same.
func TestAChangeAfterItsPeriodCostsNothingUntilTheRenewalD9(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62")
	c := r.Client("53")
	id := r.buyOf(c, small)
	r.Clock.Set(on(time.March, 17, 0))
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	require.Equal(r, "[0.00 15.00]", r.Books(c))
	r.Clock.Set(on(time.April, 2, 0))
	r.Work()
	require.Equal(r, "[15.00 0.00]", r.Books(c))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM service_term WHERE service_id = $1 AND to_at IS NULL AND term ->> 'price' = '62'`, id))
	r.sound()
}
