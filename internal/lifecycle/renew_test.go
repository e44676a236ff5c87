package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

func TestMoneyThatArrivesRenewsFromNowAndResumesD10(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.clock.Set(on(time.April, 2, 0))
	r.suspend(id, service.Unpaid)
	r.clock.Set(on(time.April, 5, 12))
	r.pay(c, "9.99", "")
	require.Equal(r, service.Suspended, r.service(id).Status)
	require.Equal(r, "[49.99 0.00]", r.books(c))
	r.pay(c, "0.01", "")
	require.Equal(r, "[0.00 0.00]", r.books(c))
	require.Equal(r, service.Suspended, r.service(id).Status, "until the panel has started it")
	r.pay(c, "50", "") // while it resumes, nothing is charged twice
	r.work()
	s := r.service(id)
	require.Equal(r, service.Active, s.Status)
	require.Equal(r, on(time.May, 5, 12), *s.PaidUntil)
	require.Equal(r, "[50.00 0.00]", r.books(c))
}

func TestMoneyDoesNotRenewWhatAbuseOrOverageStoppedD11(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.clock.Set(on(time.April, 2, 0))
	r.suspend(id, service.Unpaid, service.ForAbuse)
	r.pay(c, "100", "")
	r.work()
	require.Equal(r, []service.Reason{service.Unpaid, service.ForAbuse}, r.service(id).SuspendReasons)
	require.Equal(r, "[140.00 0.00]", r.books(c))
	_, err := r.lifecycle.Renew(context.Background(), admin, id, "")
	r.refuses("invalid_service_state", err)
}

func TestARenewalTakesTheNewestVersionAndTellsThePanel(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.panel.asked()
	r.editTariff(catalog.TariffChange{Prices: &[]catalog.Price{{Period: monthly, Amount: dec("60"), RenewalAmount: ptr(dec("30"))}}})
	_, err := r.lifecycle.Renew(context.Background(), clientKey(r.service(id)), id, "")
	require.NoError(r, err)
	r.work()
	s := r.service(id)
	require.Equal(r, "[10.00 0.00]", r.books(c))
	require.Equal(r, 2, s.TariffVersion)
	require.Equal(r, on(time.May, 1, 0), *s.PaidUntil)
	require.Equal(r, []string{"one renew"}, r.panel.asked())
	_, err = r.lifecycle.Renew(context.Background(), admin, id, "P5M")
	r.refuses("period_not_available", err)
}

// The tariff of a carried server gets a further traffic add-on: from its renewal on the bandwidth service makes that one
// free, too.
func TestARenewalAlignsThePricesOfACarriedServer(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	tariff := r.stockBandwidth("none")
	addOn := func(code string) {
		_, err := r.catalog.CreateAddOn(ctx, admin, r.server, code, code, catalog.AddOnChange{
			Billing: ptr(catalog.BillStatistics), Included: ptr(dec("100")), Statistics: catalog.To(catalog.StatisticsChange{OveragePrice: catalog.To(dec("0.02"))}),
		})
		require.NoError(r, err)
	}
	addOn("traffic")
	c, id := r.active()
	o, err := r.carry(tariff, c, id)
	require.NoError(r, err)
	require.Equal(r, service.Active, o.Items[0].Status)
	free := func() (items []string) {
		require.NoError(r, r.pool.Select(&items, `SELECT item FROM service_term WHERE service_id = $1 AND source = 'bandwidth' AND to_at IS NULL ORDER BY item`, id))
		return items
	}
	require.Equal(r, []string{"traffic"}, free())
	addOn("bandwidth")
	r.pay(c, "100", "")
	_, err = r.lifecycle.Renew(ctx, admin, id, "")
	require.NoError(r, err)
	require.Equal(r, []string{"bandwidth", "traffic"}, free())

	// A server that is gone leaves its bandwidth service (D22).
	r.work()
	r.delete(admin, id, "")
	r.work()
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Empty(r, r.service(o.Items[0].ServiceID).Links)
	require.Empty(r, free())
}

func TestADoneChangeIsTheServices(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	_, err := r.lifecycle.SetParameters(ctx, admin, id, texts("colour", "red"))
	r.refuses("unknown_parameter", err)
	_, err = r.lifecycle.SetParameters(ctx, admin, id, texts("domain", "new.example.com"))
	require.NoError(r, err)
	require.Empty(r, r.service(id).Parameters, "not before the panel has it")
	r.work()
	require.Equal(r, "new.example.com", r.panel.last().Spec.Parameter("domain"))
	require.Equal(r, "new.example.com", r.service(id).Domain)

	r.panel.says(provision.Outcome{}, provision.NewRejected("bad_os", "No such OS."))
	_, err = r.lifecycle.Reinstall(ctx, admin, id, texts("os", "Plan 9"))
	require.NoError(r, err)
	r.work()
	require.NotContains(r, r.service(id).Parameters, "os")
}

func TestEditing(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	v := r.service(id)
	_, err := r.lifecycle.Edit(ctx, clientKey(v), id, editNote("mine"))
	r.refuses("field_forbidden", err)
	_, err = r.lifecycle.Edit(ctx, admin, id, editNote("watch"))
	require.NoError(r, err)
	require.Equal(r, "watch", r.service(id).Note)
	_, err = r.lifecycle.Edit(ctx, actor.Actor{Role: actor.Storefront, Scope: actor.Scope{ProviderID: actor.ProviderID(actor.NewID())}}, id, editNote(""))
	r.refuses("not_found", err)
}
