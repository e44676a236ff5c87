package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

func TestMoneyThatArrivesRenewsFromNowAndResumesD10(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.Clock.Set(on(time.April, 2, 0))
	r.suspend(id, service.Unpaid)
	r.Clock.Set(on(time.April, 5, 12))
	r.Pay(c, "9.99", "")
	require.Equal(r, service.Suspended, r.service(id).Status)
	require.Equal(r, "[49.99 0.00]", r.Books(c))
	r.Pay(c, "0.01", "")
	require.Equal(r, "[0.00 0.00]", r.Books(c))
	require.Equal(r, service.Suspended, r.service(id).Status, "until the panel has started it")
	r.Pay(c, "50", "") // while it resumes, nothing is charged twice
	r.Work()
	s := r.service(id)
	require.Equal(r, service.Active, s.Status)
	require.Equal(r, on(time.May, 5, 12), *s.PaidUntil)
	require.Equal(r, "[50.00 0.00]", r.Books(c))
}

func TestMoneyDoesNotRenewWhatAbuseOrOverageStoppedD11(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.Clock.Set(on(time.April, 2, 0))
	r.suspend(id, service.Unpaid, service.ForAbuse)
	r.Pay(c, "100", "")
	r.Work()
	require.Equal(r, []service.Reason{service.Unpaid, service.ForAbuse}, r.service(id).SuspendReasons)
	require.Equal(r, "[140.00 0.00]", r.Books(c))
	_, err := r.Lifecycle.Renew(context.Background(), admin, id, "")
	r.Refuses("invalid_service_state", err)
}

func TestARenewalTakesTheNewestVersionAndTellsThePanel(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.panel.asked()
	r.EditTariff(tariff.Change{Prices: &[]catalog.Price{{Period: monthly, Amount: dec("60"), RenewalAmount: ptr(dec("30"))}}})
	_, err := r.Lifecycle.Renew(context.Background(), clientKey(r.service(id)), id, "")
	require.NoError(r, err)
	r.Work()
	s := r.service(id)
	require.Equal(r, "[10.00 0.00]", r.Books(c))
	require.Equal(r, 2, s.TariffVersion)
	require.Equal(r, on(time.May, 1, 0), *s.PaidUntil)
	require.Equal(r, []string{"one renew"}, r.panel.asked())
	_, err = r.Lifecycle.Renew(context.Background(), admin, id, "P5M")
	r.Refuses("period_not_available", err)
}

// The tariff of a carried server gets a further traffic add-on: from its renewal on the bandwidth service makes that one
// free, too.
func TestARenewalAlignsThePricesOfACarriedServer(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	sold := r.stockBandwidth("none")
	addOn := func(code string) {
		_, err := r.Tariffs.CreateAddOn(ctx, admin, r.Server, code, code, tariff.AddOnChange{
			Billing: ptr(catalog.BillStatistics), Included: ptr(dec("100")), Statistics: input.To(tariff.StatisticsChange{OveragePrice: input.To(dec("0.02"))}),
		})
		require.NoError(r, err)
	}
	addOn("traffic")
	c, id := r.active()
	o, err := r.carry(sold, c, id)
	require.NoError(r, err)
	require.Equal(r, service.Active, o.Items[0].Status)
	free := func() (items []string) {
		require.NoError(r, r.Pool.Select(&items, `SELECT item FROM service_term WHERE service_id = $1 AND source = 'bandwidth' AND to_at IS NULL ORDER BY item`, id))
		return items
	}
	require.Equal(r, []string{"traffic"}, free())
	addOn("bandwidth")
	r.Pay(c, "100", "")
	_, err = r.Lifecycle.Renew(ctx, admin, id, "")
	require.NoError(r, err)
	require.Equal(r, []string{"bandwidth", "traffic"}, free())

	// A server that is gone leaves its bandwidth service (D22).
	r.Work()
	r.delete(admin, id, "")
	r.Work()
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Empty(r, r.service(o.Items[0].ServiceID).Links)
	require.Empty(r, free())
}

func TestADoneChangeIsTheServices(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	_, err := r.Lifecycle.SetParameters(ctx, admin, id, texts("colour", "red"))
	r.Refuses("unknown_parameter", err)
	_, err = r.Lifecycle.SetParameters(ctx, admin, id, texts("domain", "new.example.com"))
	require.NoError(r, err)
	require.Empty(r, r.service(id).Parameters, "not before the panel has it")
	r.Work()
	require.Equal(r, "new.example.com", r.panel.last().Spec.Parameter("domain"))
	require.Equal(r, "new.example.com", r.service(id).Domain)

	r.panel.says(provision.Outcome{}, provision.NewRejected("bad_os", "No such OS."))
	_, err = r.Lifecycle.Reinstall(ctx, admin, id, texts("os", "Plan 9"))
	require.NoError(r, err)
	r.Work()
	require.NotContains(r, r.service(id).Parameters, "os")
}

func TestEditing(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	v := r.service(id)
	_, err := r.Lifecycle.Edit(ctx, clientKey(v), id, editNote("mine"))
	r.Refuses("field_forbidden", err)
	_, err = r.Lifecycle.Edit(ctx, admin, id, editNote("watch"))
	require.NoError(r, err)
	require.Equal(r, "watch", r.service(id).Note)
	_, err = r.Lifecycle.Edit(ctx, actor.Actor{Role: actor.Storefront, Scope: actor.Scope{ProviderID: actor.ProviderID(actor.NewID())}}, id, editNote(""))
	r.Refuses("not_found", err)
}
