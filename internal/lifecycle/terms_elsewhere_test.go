package lifecycle_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// imported is a machine that was taken over on 11 March and paid for elsewhere until 1 April; its client has 1000.00.
func (r *rig) imported(t catalog.TariffID, addOns map[string]json.RawMessage, until time.Time) (actor.ClientID, service.ID) {
	r.Helper()
	c := r.existing("9")
	r.Pay(c, "1000", "")
	r.Clock.Set(on(time.March, 11, 9))
	out, err := r.Lifecycle.Import(context.Background(), admin, r.Module, []lifecycle.ImportItem{
		{Ref: "9", ClientID: c, TariffID: t, Period: monthly, PaidUntil: &until, AddOns: addOns},
	})
	require.NoError(r, err)
	return c, out[0].ID
}

// changes changes a service's terms and answers what the client's balance is then.
func (r *rig) changes(c actor.ClientID, id service.ID, in lifecycle.TermsInput) string {
	r.Helper()
	r.change(id, in)
	r.Work()
	return r.Books(c)
}

func TestAnImportedServicesChangeCostsTheDifferenceOfAWholePeriodD9(t *testing.T) {
	r := newRig(t)
	small, big, huge := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62"), r.offers("XL", "P1M", "93")
	c, id := r.imported(small, nil, on(time.April, 1, 0))
	r.Clock.Set(on(time.March, 17, 0)) // 15 of the period's 31 days are left, though it is ours for 21 of them only
	bill := r.preview(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	require.Equal(r, []string{"15.00", "0.00"}, []string{bill.Charge.String(), bill.Refund.String()})
	require.Equal(r, on(time.April, 1, 0), *bill.PaidUntil)
	require.Equal(r, "[985.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: big, Period: monthly}))
	require.Equal(r, []string{"period 2026-03-17 15.00"}, r.booked(id))
	require.Equal(r, "62", r.service(id).Terms[0].Term.Price.String())

	r.Clock.Set(on(time.March, 22, 0)) // 10 days
	require.Equal(r, "[975.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: huge, Period: monthly}))
	r.Clock.Set(on(time.March, 27, 0)) // 5 days
	require.Equal(r, "[985.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: small, Period: monthly}),
		"what was charged here for the five days comes back, what was paid elsewhere does not")
	r.delete(admin, id, lifecycle.Now)
	r.Work()
	require.Equal(r, "[985.00 0.00]", r.Books(c), "nothing of what is left was paid here (D8)")
	r.sound()
}

func TestWhatWasPaidElsewhereNeverComesBackAndIsNeverAskedForAgainD9(t *testing.T) {
	r := newRig(t)
	big, small := r.offers("L", "P1M", "62"), r.offers("S", "P1M", "31")
	c, id := r.imported(big, nil, on(time.April, 1, 0))
	r.Clock.Set(on(time.March, 17, 0))
	bill := r.preview(id, lifecycle.TermsInput{TariffID: small, Period: monthly})
	require.True(r, bill.Charge.IsZero() && bill.Refund.IsZero())
	require.Equal(r, "[1000.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: small, Period: monthly}))
	require.Equal(r, "[1000.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: big, Period: monthly}), "the way back was paid for elsewhere")
	require.Empty(r, r.booked(id))
	_, err := r.Lifecycle.Renew(context.Background(), admin, id, "")
	require.NoError(r, err)
	require.Equal(r, on(time.May, 1, 0), *r.service(id).PaidUntil)
	require.Equal(r, "[938.00 0.00]", r.Books(c))
	require.Equal(r, "[969.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: small, Period: monthly}), "of the month in advance the half comes back")
	require.Equal(r, "[938.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: big, Period: monthly}))
	r.sound()
}

func TestAnImportedServicesAddOnsCountWithWhatTheyWouldHaveCostD9(t *testing.T) {
	r := newRig(t)
	server, dear := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62")
	r.ram(server, "any") // 3.10 a month for each GiB beyond 4
	r.ram(dear, "any")
	c, id := r.imported(server, texts("ram", "14"), on(time.April, 1, 0)) // 31.00 and 31.00
	r.Clock.Set(on(time.March, 17, 0))                                    // 15 of 31 days
	require.Equal(r, "[985.00 0.00]", r.changes(c, id, lifecycle.TermsInput{AddOns: texts("ram", "24")}))
	require.Equal(r, []string{"add_on ram 2026-03-17 15.00"}, r.booked(id))
	require.Equal(r, "[1000.00 0.00]", r.changes(c, id, lifecycle.TermsInput{AddOns: texts("ram", "4")}))
	require.Equal(r, "[1000.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: dear, Period: monthly}),
		"the tariff's 31.00 more are the 31.00 that the memory cost elsewhere")
	require.Equal(r, "[985.00 0.00]", r.changes(c, id, lifecycle.TermsInput{AddOns: texts("ram", "14")}))
	r.delete(admin, id, lifecycle.Now)
	r.Work()
	require.Equal(r, "[1000.00 0.00]", r.Books(c), "what was paid here comes back (D8)")
	r.sound()
}

func TestASpecialPriceOfAnImportedServicePaysNothingElseD9(t *testing.T) {
	r := newRig(t)
	server := r.offers("S", "P1M", "62")
	r.ram(server, "any")
	c, id := r.imported(server, nil, on(time.April, 1, 0))
	_, err := r.Lifecycle.SetSpecialPrice(context.Background(), admin, id, traffic.SpecialPrice{Amount: ptr(dec("31"))}, nil)
	require.NoError(r, err)
	r.Clock.Set(on(time.March, 17, 0))
	require.Equal(r, "[985.00 0.00]", r.changes(c, id, lifecycle.TermsInput{AddOns: texts("ram", "14")}), "it counts from the next renewal")
	r.sound()
}

func TestSeveralPeriodsPaidElsewhereAreChargedEachD9(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "30"), r.offers("L", "P1M", "61")
	c, id := r.imported(small, nil, on(time.June, 1, 0))
	r.Clock.Set(on(time.March, 17, 0))
	// 15/31 of March, and April and May: 15.00 + 31.00 + 31.00.
	require.Equal(r, "[923.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: big, Period: monthly}))
	require.Equal(r, []string{"period 2026-05-01 31.00", "period 2026-04-01 31.00", "period 2026-03-17 15.00"}, r.booked(id))
	r.Clock.Set(on(time.May, 17, 0)) // 15 of 31 days
	require.Equal(r, "[938.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: small, Period: monthly}))
	r.sound()
}

func TestAChangeOfPeriodGivesNothingBackOfWhatWasPaidElsewhereD9(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31", "P3M", "90"), r.offers("L", "P1M", "62", "P3M", "180")
	c, id := r.imported(small, nil, on(time.April, 1, 0))
	r.Clock.Set(on(time.March, 17, 0))
	require.Equal(r, "[985.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: big, Period: monthly}))
	bill := r.preview(id, lifecycle.TermsInput{TariffID: big, Period: "P3M"})
	require.Equal(r, []string{"180.00", "15.00"}, []string{bill.Charge.String(), bill.Refund.String()}, "only what was charged here")
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: "P3M"})
	r.Work()
	require.Equal(r, on(time.June, 17, 0), *r.service(id).PaidUntil)
	require.Equal(r, "[820.00 0.00]", r.Books(c))
	require.Equal(r, "[910.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: small, Period: "P3M"}), "the new period was paid here")
	r.sound()
}

func TestADecreaseOfAnImportedServiceWaitsForTheMinimumPeriodD9(t *testing.T) {
	r := newRig(t)
	big, small := r.offers("L", "P1M", "62"), r.offers("S", "P1M", "31")
	r.policy(big, "min_period", "P1M")
	_, id := r.imported(big, nil, on(time.April, 1, 0))
	r.mayNot("min_period_not_over", "/tariff_id", admin, id, lifecycle.TermsInput{TariffID: small, Period: monthly})
}

func TestTheTaxOfADifferenceIsThatOfItsShareD9D25(t *testing.T) {
	r := newRig(t)
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "62")
	r.Pool.MustExec(`INSERT INTO tax_rule (id, provider_id, rate, created_at) VALUES ($1, $2, 0.2, $3)`, actor.NewID(), r.Provider, start)
	r.Pool.MustExec(`UPDATE provider SET prices_include_tax = false`)
	c, id := r.imported(small, nil, on(time.April, 1, 0))
	r.Clock.Set(on(time.March, 17, 0))
	bill := r.preview(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	require.Len(r, bill.Lines, 1)
	require.Equal(r, []string{"18.00", "3.00"}, []string{bill.Lines[0].Amount.String(), bill.Lines[0].Tax.String()})
	require.Equal(r, "[982.00 0.00]", r.changes(c, id, lifecycle.TermsInput{TariffID: big, Period: monthly}))
	r.sound()
}
