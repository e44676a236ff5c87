package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
)

// measured adds a disk in a unit to a tariff, of which up to so many can be had.
func (r *rig) measured(t catalog.TariffID, unit, step, maximum string) {
	r.Helper()
	in := tariff.AddOnChange{
		Billing: ptr(catalog.BillOrder), Unit: input.To(unit), Maximum: input.To(dec(maximum)), Edit: ptr("increase_only"),
		Prices: &[]catalog.AddOnPrice{{Period: monthly, Amount: dec("1")}},
	}
	if step != "" {
		in.Step = input.To(dec(step))
	}
	_, err := r.Tariffs.CreateAddOn(context.Background(), admin, t, "disk", "ram", in)
	require.NoError(r, err)
}

func TestAnotherTariffCountsInItsOwnUnitD9D19(t *testing.T) {
	r := newRig(t)
	small, whole, parts, fine := r.offers("S", "P1M", "31"), r.offers("W", "P1M", "31"), r.offers("P", "P1M", "31"), r.offers("F", "P1M", "31")
	r.measured(small, "GiB", "", "100")
	r.measured(whole, "TiB", "", "100")
	r.measured(parts, "TiB", "0.015625", "100")
	r.measured(fine, "MiB", "", "20479")
	_, id := r.has(small, monthly, texts("disk", "20"))
	to := func(t catalog.TariffID) lifecycle.TermsInput {
		return lifecycle.TermsInput{TariffID: t, Period: monthly}
	}
	r.mayNot("out_of_range", "/add_ons/disk", admin, id, to(fine)) // 20480 MiB
	less := to(parts)
	less.AddOns = texts("disk", "0.015625")
	r.mayNot("increase_only", "/add_ons/disk", admin, id, less)

	r.change(id, to(parts))
	r.Work()
	require.JSONEq(r, `"0.03125"`, string(r.service(id).AddOns["disk"]), "16 GiB would be less than there were, so it is 32")

	_, id = r.has(small, monthly, texts("disk", "20"))
	r.change(id, to(whole))
	r.Work()
	require.JSONEq(r, `"1"`, string(r.service(id).AddOns["disk"]))
	r.mayNot("out_of_range", "/add_ons/disk", admin, id, to(small)) // 1024 GiB
	r.sound()
}

func TestWhatServicesHaveKeepsItsUnit(t *testing.T) {
	r := newRig(t)
	sold, ctx := r.offers("S", "P1M", "31"), context.Background()
	r.measured(sold, "MiB", "", "100")
	update := func(unit string) error {
		_, err := r.Tariffs.UpdateAddOn(ctx, admin, sold, "disk", tariff.AddOnChange{Unit: input.To(unit)})
		return err
	}
	require.NoError(r, update("GiB"), "nobody has it")
	_, id := r.has(sold, monthly, texts("disk", "20"))
	refused := func(err error) {
		r.Helper()
		r.Refuses("in_use", err)
		require.Equal(r, "/unit", fault.Of(err).Fields[0].Pointer)
	}
	refused(update("TiB"))
	require.NoError(r, r.Tariffs.DeleteAddOn(ctx, admin, sold, "disk", nil))
	_, err := r.Tariffs.CreateAddOn(ctx, admin, sold, "disk", "ram", tariff.AddOnChange{Billing: ptr(catalog.BillOrder), Unit: input.To("TiB")})
	refused(err)
	r.renew(id, monthly)
	r.Work()
	r.measured(sold, "GiB", "", "100")
	r.renew(id, monthly)
	require.JSONEq(r, `"20"`, string(r.service(id).AddOns["disk"]))
}

// A unit that was changed while nobody was kept from it: the service has as much as before, whatever the number is.
func TestARenewalGoesOnWithTheQuantityThatWasAgreed(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	exec := func(query string) {
		_, err := r.Pool.Exec(query)
		require.NoError(r, err)
	}
	was := func(unit, to, price string) (actor.ClientID, service.ID) {
		sold := r.offers(unit+to, "P1M", "31")
		r.measured(sold, unit, "", "1000")
		c, id := r.has(sold, monthly, texts("disk", "20"))
		exec(`UPDATE service SET status = 'deleted'`) // so that the catalogue lets it
		_, err := r.Tariffs.UpdateAddOn(ctx, admin, sold, "disk", tariff.AddOnChange{
			Unit: input.To(to), Maximum: input.To(dec("1000000")), Prices: &[]catalog.AddOnPrice{{Period: monthly, Amount: dec(price)}},
		})
		require.NoError(r, err)
		exec(`UPDATE service SET status = 'active'`)
		require.Equal(r, "[942.00 0.00]", r.Books(c))
		return c, id
	}
	goesOn := func(c actor.ClientID, id service.ID, held, price, funds string) {
		r.Helper()
		require.Equal(r, price, r.service(id).NextCharge(time.UTC).Amount.String(), "told before")
		r.renew(id, monthly)
		r.Work()
		require.JSONEq(r, held, string(r.service(id).AddOns["disk"]))
		require.Equal(r, funds, r.Books(c), "at the new price of what it has")
		require.Equal(r, price, r.service(id).NextCharge(time.UTC).Amount.String(), "from then on it is agreed")
	}
	c, id := was("GiB", "MiB", "0.002")
	goesOn(c, id, `"20480"`, "71.96", "[870.04 0.00]") // 31.00 + 40.96
	c, id = was("MiB", "GiB", "100")
	goesOn(c, id, `"0.01953125"`, "32.95", "[909.05 0.00]") // 31.00 + 1.95
	c, id = was("MiB", "TiB", "100")
	goesOn(c, id, `"20"`, "51.00", "[891.00 0.00]") // 31.00 + 20.00: no exact number of TiB, so it stays as agreed
	c, id = was("GiB", "KiB", "100")
	_, err := r.Lifecycle.SetSpecialPrice(ctx, admin, id, traffic.SpecialPrice{Item: "disk", Amount: ptr(dec("0.5"))}, nil)
	require.NoError(r, err)
	goesOn(c, id, `"20"`, "41.00", "[901.00 0.00]") // what staff set is for a GiB
	r.sound()
}
