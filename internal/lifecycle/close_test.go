package lifecycle_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

func (r *rig) delete(by actor.Actor, id service.ID, when string) {
	r.Helper()
	_, err := r.Lifecycle.Delete(context.Background(), by, id, lifecycle.DeleteInput{When: when})
	require.NoError(r, err)
}

func TestADeletionGivesTheRemainingDaysBackD8(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.Clock.Set(on(time.March, 16, 0))
	r.delete(admin, id, lifecycle.Now)
	require.Equal(r, service.Active, r.service(id).Status, "until the panel has released it")
	require.Equal(r, "[40.00 0.00]", r.Books(c))
	r.Work()
	s := r.service(id)
	require.Equal(r, service.Deleted, s.Status)
	require.Equal(r, on(time.March, 16, 0), *s.DeletedAt)
	require.Equal(r, "[65.81 0.00]", r.Books(c), "50.00 × 16/31, without the setup fee")
	require.Equal(r, 0, r.Count(`SELECT count(*) FROM service_activity WHERE service_id = $1 AND to_at IS NULL`, id))
}

func TestADeletionGivesNothingBackWhereThePolicySaysSoD8(t *testing.T) {
	r := newRig(t)
	r.EditTariff(tariff.Change{Policy: tariff.PolicyChange{RefundOnClose: ptr(catalog.RefundNone)}})
	c, id := r.active()
	r.delete(admin, id, "")
	r.Work()
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Equal(r, "[40.00 0.00]", r.Books(c))
}

func TestAScheduledDeletionWaitsForTheEndOfThePeriod(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	c, id := r.active()
	r.panel.asked()
	r.delete(admin, id, lifecycle.EndOfPeriod)
	require.Equal(r, on(time.April, 1, 0), *r.service(id).DeleteAt)
	_, err := r.Lifecycle.Undelete(ctx, clientKey(r.service(id)), id)
	require.NoError(r, err)
	require.Nil(r, r.service(id).DeleteAt)
	_, err = r.Lifecycle.Undelete(ctx, admin, id)
	r.Refuses("invalid_service_state", err)

	r.delete(admin, id, lifecycle.EndOfPeriod)
	r.Clock.Set(on(time.March, 31, 23))
	r.Work()
	require.Equal(r, service.Active, r.service(id).Status)
	require.NoError(r, r.Lifecycle.DeleteScheduled(ctx, id), "too early is no error and does nothing")
	require.Empty(r, r.panel.asked())
	r.After(time.Hour)
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Equal(r, []string{"one close"}, r.panel.asked())
	require.Equal(r, "[40.00 0.00]", r.Books(c))
}

func TestAScheduledDeletionMovesWithARenewal(t *testing.T) {
	r := newRig(t)
	c, id := r.active()
	r.Pay(c, "10", "")
	r.delete(admin, id, lifecycle.EndOfPeriod)
	_, err := r.Lifecycle.Renew(context.Background(), admin, id, "")
	require.NoError(r, err)
	require.Equal(r, on(time.May, 1, 0), *r.service(id).DeleteAt)
	require.Equal(r, "[0.00 0.00]", r.Books(c))
	r.Work()
	_, err = r.Lifecycle.Renew(context.Background(), admin, id, "")
	r.Refuses("insufficient_funds", err)
}

func TestWhatAClientMayDelete(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	policy := func(in product.TypeChange) {
		_, err := r.Products.UpdateType(ctx, admin, "dedicated", in)
		require.NoError(r, err)
	}
	by := clientKey(r.service(id))
	policy(product.TypeChange{ClientDeletion: ptr(product.DeletionForbidden)})
	_, err := r.Lifecycle.Delete(ctx, by, id, lifecycle.DeleteInput{})
	r.Refuses("deletion_forbidden", err)
	policy(product.TypeChange{ClientDeletion: ptr(product.DeletionAllowed), ClientDeletionTime: ptr(product.DeleteAtEndOfPeriod)})
	r.delete(by, id, lifecycle.Now) // the type's time counts
	require.NotNil(r, r.service(id).DeleteAt)
	require.Empty(r, r.service(id).Pending)
	policy(product.TypeChange{ClientDeletionTime: ptr(product.DeleteImmediately)})
	r.delete(by, id, "")
	r.Work()
	require.Equal(r, service.Deleted, r.service(id).Status)
}

func TestADeletionOfAnOldVersionIsRefused(t *testing.T) {
	r := newRig(t)
	_, id := r.active()
	old := r.service(id).Version - 1
	_, err := r.Lifecycle.Delete(context.Background(), admin, id, lifecycle.DeleteInput{IfVersion: &old})
	r.Refuses("precondition_failed", err)
	require.Empty(r, r.service(id).Pending)
}

// The panel gives the machine away: what is done to it later would reach its next owner.
func TestWhileADeletionIsUnderWayNothingElseBegins(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	c, id := r.active()
	r.Pay(c, "100", "")
	r.panel.asked()
	r.panel.says(provision.Outcome{State: provision.Pending, After: time.Minute}, nil)
	r.delete(admin, id, lifecycle.Now)
	r.Work()
	_, err := r.Lifecycle.Reinstall(ctx, admin, id, nil)
	r.Refuses("invalid_service_state", err)
	_, err = r.Lifecycle.Suspend(ctx, admin, id, service.ByAdmin, "")
	r.Refuses("invalid_service_state", err)
	_, err = r.Lifecycle.Renew(ctx, admin, id, "")
	r.Refuses("invalid_service_state", err)
	_, err = r.Lifecycle.Delete(ctx, admin, id, lifecycle.DeleteInput{})
	r.Refuses("operation_pending", err)
	r.panel.does(nil)
	r.After(time.Minute)
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Equal(r, []string{"one close", "one close"}, r.panel.asked())
	require.Equal(r, "[188.39 0.00]", r.Books(c), "50.00 × 30/31 came back, and no renewal was paid")
}

// stockBandwidth adds the product that carries servers' traffic; its module is one of the given driver.
func (r *rig) stockBandwidth(driver string) catalog.TariffID {
	r.Helper()
	ctx := context.Background()
	_, err := r.Products.Install(ctx, admin, product.DedicatedBandwidth)
	require.NoError(r, err)
	m, err := r.Modules.Create(ctx, admin, driver, product.DedicatedBandwidth, module.Change{
		Name: &driver, DataCenterID: input.To(r.At),
	})
	require.NoError(r, err)
	return r.NewTariff("Bandwidth", product.DedicatedBandwidth, "20", m.ID)
}

func (r *rig) carry(t catalog.TariffID, c actor.ClientID, servers ...service.ID) (order.Order, error) {
	raw, err := json.Marshal(servers)
	require.NoError(r, err)
	return r.Orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{
		{TariffID: t, Period: monthly, Parameters: map[string]json.RawMessage{"servers": raw}},
	}})
}

func TestServersThatABandwidthServiceReservedAreFreeAgainWhenItIsNotMade(t *testing.T) {
	for name, end := range map[string]func(r *rig, o order.Order){
		"cancelled": func(r *rig, o order.Order) {
			_, err := r.Orders.Cancel(context.Background(), admin, o.ID)
			require.NoError(r, err)
		},
		"refused": func(r *rig, o order.Order) {
			r.CloseTask(r.Task(o.Items[0].ServiceID).ID, lifecycle.CloseTaskInput{Result: "refused"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			tariff := r.stockBandwidth("manual")
			c, id := r.active()
			o, err := r.carry(tariff, c, id)
			require.NoError(r, err)
			r.Work()
			require.Equal(r, service.Processing, r.service(o.Items[0].ServiceID).Status)
			require.Equal(r, "[20.00 20.00]", r.Books(c))
			_, err = r.carry(tariff, c, id)
			r.Refuses("server_linked", err)

			end(r, o)
			require.Equal(r, "[40.00 0.00]", r.Books(c))
			again, err := r.carry(tariff, c, id)
			require.NoError(r, err)
			r.Work()
			r.CloseTask(r.Task(again.Items[0].ServiceID).ID, lifecycle.CloseTaskInput{Result: "done"})
			require.Equal(r, again.Items[0].ServiceID, r.service(id).BandwidthServiceID)
		})
	}
}

func TestARefusedOpeningThatWasBegunIsGivenUpInThePanel(t *testing.T) {
	r := newRig(t)
	c := r.Client("60")
	id := r.Buy(c, 1).Items[0].ServiceID
	r.panel.says(provision.Outcome{State: provision.Pending, Begun: true}, nil)
	r.Work()
	r.panel.says(provision.Outcome{}, provision.NewRejected("panel_refused", "no more"))
	r.After(operation.PendingLimit)
	r.panel.says(provision.Outcome{}, provision.NewUnavailable(nil, "connection refused"))
	r.CloseTask(r.Task(id).ID, lifecycle.CloseTaskInput{Result: "refused"})
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Equal(r, "[60.00 0.00]", r.Books(c), "the client does not wait for the panel")
	r.Work()
	require.Equal(r, operation.Queued, r.operation(id, provision.Close).Status, "it is tried until the panel does it")

	r.panel.does(nil)
	r.After(10 * time.Minute)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.Close).Status)
	require.Contains(r, r.panel.asked(), "one close")
	require.Equal(r, "[60.00 0.00]", r.Books(c), "nothing was paid that could be given back")
	r.sound()
}

func TestARefusalDuringACallGivesUpWhatTheCallStillMakes(t *testing.T) {
	r := newRig(t)
	id := r.Buy(r.Client("60"), 1).Items[0].ServiceID
	r.panel.says(provision.Outcome{State: provision.Pending, After: operation.PendingLimit}, nil)
	r.Work()
	r.After(operation.PendingLimit) // people are asked
	r.panel.does(func(_ string, op provision.Op) (provision.Outcome, error) {
		if op.Kind == provision.Open {
			r.CloseTask(r.Task(id).ID, lifecycle.CloseTaskInput{Result: "refused"})
			require.True(r, r.operation(id, provision.Close).NextAttemptAt.After(r.Clock.BusinessNow().Add(time.Hour)), "not beside this call, which may be an hour's program")
		}
		return provision.Outcome{Ref: "7"}, nil
	})
	r.After(operation.PendingLimit)
	require.Equal(r, service.Deleted, r.service(id).Status)
	r.After(2 * time.Hour)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.Close).Status)
	r.sound()
}
