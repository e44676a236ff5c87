package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

func TestAtMaxRunningOpensTheNextOneWaitsAndIsWokenD23(t *testing.T) {
	r := newRig(t)
	r.EditModule(module.Change{MaxRunningOpens: ptr(1)})
	r.panel.says(provision.Outcome{State: provision.Pending, After: 10 * time.Second}, nil)
	o := r.Buy(r.Client("200"), 2)
	first, second := o.Items[0].ServiceID, o.Items[1].ServiceID
	r.Work()
	require.Equal(r, operation.Waiting, r.operation(first, provision.Open).Status)
	require.Equal(r, operation.Queued, r.operation(second, provision.Open).Status)
	require.Equal(r, 0, r.operation(second, provision.Open).Attempts)
	require.Equal(r, []string{"one open"}, r.panel.asked())

	r.panel.does(nil)
	r.After(10 * time.Second) // long before it would look by itself
	require.Equal(r, service.Active, r.service(first).Status)
	require.Equal(r, service.Active, r.service(second).Status)
}

// Each end of an operation is work for those who are next, not for all who wait.
func TestTheEndOfAnOperationWakesTheNextAloneD23(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	r.EditModule(module.Change{MaxRunningOpens: ptr(1)})
	r.panel.says(provision.Outcome{State: provision.Pending, After: 10 * time.Second}, nil)
	o := r.Buy(r.Client("600"), 6)
	r.Work()
	r.panel.does(nil)
	r.Clock.Advance(10 * time.Second)
	claims, err := r.DB.Due("operation").Claim(ctx, r.Clock.BusinessNow(), 10)
	require.NoError(r, err)
	require.Len(r, claims, 1, "the others wait")
	require.NoError(r, r.Lifecycle.Run(ctx, operation.ID(claims[0].ID), claims[0].No))
	due := 0
	for _, i := range o.Items[1:] {
		if !r.operation(i.ServiceID, provision.Open).NextAttemptAt.After(r.Clock.BusinessNow()) {
			due++
		}
	}
	require.Equal(r, 2, due)
	r.Work()
	for _, i := range o.Items {
		require.Equal(r, service.Active, r.service(i.ServiceID).Status)
	}
}

// What a worker has claimed for one module and finds to be another's it gives back: no more of one module's operations run in a
// process than leave places to those of others.
func TestAnOpenRunsAsOneOfTheModuleThatIsChosen(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	two := r.NewModule("two", module.Change{SortOrder: ptr(2)})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, two}})
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	require.Equal(r, r.Module, r.operation(id, provision.Open).ModuleID, "the choice as things are")
	r.EditModule(module.Change{Enabled: ptr(false)})
	claims, err := r.DB.Due("operation").ClaimBut(ctx, r.Clock.BusinessNow(), 10, []string{string(two)})
	require.NoError(r, err)
	require.Len(r, claims, 1)
	require.Equal(r, string(r.Module), claims[0].Group)
	require.NoError(r, r.Lifecycle.Run(ctx, operation.ID(claims[0].ID), claims[0].No))
	require.Empty(r, r.panel.asked())
	require.Equal(r, 0, r.operation(id, provision.Open).Attempts)

	claims, err = r.DB.Due("operation").ClaimBut(ctx, r.Clock.BusinessNow(), 10, []string{string(two)})
	require.NoError(r, err)
	require.Empty(r, claims, "it is the other module's now")
	r.Work()
	require.Equal(r, []string{"two open"}, r.panel.asked())
	require.Equal(r, 1, r.operation(id, provision.Open).Attempts)
}

func TestAFreeModuleTakesWhatAFullOneCannotD23(t *testing.T) {
	r := newRig(t)
	two := r.NewModule("two", module.Change{SortOrder: ptr(2)})
	r.EditModule(module.Change{MaxRunningOpens: ptr(1)})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, two}})
	r.panel.says(provision.Outcome{State: provision.Pending}, nil)
	r.Buy(r.Client("200"), 2)
	r.Work()
	require.Equal(r, []string{"one open", "two open"}, r.panel.asked())
}

func TestWorkersOfAQueueAreSharedByItsModules(t *testing.T) {
	r := newRig(t)
	queue := module.QueueChange{Enabled: ptr(true), Key: input.To("rack"), Workers: ptr(1)}
	two := r.NewModule("two", module.Change{SortOrder: ptr(2), Queue: queue})
	r.EditModule(module.Change{Queue: queue})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, two}})
	r.panel.says(provision.Outcome{State: provision.Pending, After: time.Second}, nil)
	o := r.Buy(r.Client("200"), 2)
	r.Work()
	require.Equal(r, []string{"one open"}, r.panel.asked())
	r.panel.does(nil)
	r.After(time.Second)
	require.Equal(r, service.Active, r.service(o.Items[1].ServiceID).Status)
}

func TestADisabledModuleGoesOnServingWhatItHas(t *testing.T) {
	r := newRig(t)
	_, id := r.active()
	r.panel.asked()
	r.EditModule(module.Change{Enabled: ptr(false)})
	_, err := r.Lifecycle.Reboot(context.Background(), admin, id, false)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, []string{"one reboot"}, r.panel.asked())
}

func TestOperationsOfAServiceRunOneAfterAnother(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.panel.asked()
	r.panel.says(provision.Outcome{State: provision.Pending, After: time.Second}, nil)
	_, err := r.Lifecycle.Reboot(ctx, admin, id, false)
	require.NoError(r, err)
	_, err = r.Lifecycle.SetParameters(ctx, admin, id, nil)
	require.NoError(r, err)
	_, err = r.Lifecycle.Reboot(ctx, admin, id, false)
	r.Refuses("operation_pending", err)
	r.Work()
	require.Equal(r, []string{"one reboot"}, r.panel.asked())
	r.panel.does(nil)
	r.After(time.Second)
	require.Equal(r, []string{"one reboot", "one set_params"}, r.panel.asked())
}

func TestALostClaimWritesNothing(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	claims, err := r.DB.Due("operation").Claim(ctx, r.Clock.BusinessNow(), 10)
	require.NoError(r, err)
	require.Len(r, claims, 1)
	stolen := false
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) {
		if !stolen { // while the panel works, the lease runs out and another worker takes over
			stolen = true
			r.Clock.Advance(time.Hour)
			again, err := r.DB.Due("operation").Claim(ctx, r.Clock.BusinessNow(), 10)
			require.NoError(r, err)
			require.Len(r, again, 1)
		}
		return provision.Outcome{Ref: "1"}, nil
	})
	err = r.Lifecycle.Run(ctx, operation.ID(claims[0].ID), claims[0].No)
	require.True(r, fault.Has(err, "claim_lost"), err)
	require.Equal(r, service.Processing, r.service(id).Status)
	require.Equal(r, operation.Running, r.operation(id, provision.Open).Status)
	require.Error(r, r.Lifecycle.Run(ctx, operation.ID(claims[0].ID), claims[0].No), "nor does it begin again")
	require.False(r, r.panel.last().CutOff)
	require.Len(r, r.panel.asked(), 1)

	r.After(time.Hour) // the other one died, too
	require.True(r, r.panel.last().CutOff, "for what must not be done twice")
	require.Equal(r, service.Active, r.service(id).Status)
	require.Equal(r, 1, r.operation(id, provision.Open).Attempts)
}
