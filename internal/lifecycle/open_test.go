package lifecycle_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

func TestThePeriodStartsWithTheServiceAndBooksWhatWasHeldD3(t *testing.T) {
	r := newRig(t)
	c := r.Client("100")
	o := r.Buy(c, 1)
	id := o.Items[0].ServiceID
	require.Equal(r, order.Paid, o.Status)
	require.Equal(r, service.Processing, o.Items[0].Status)
	require.Equal(r, "[40.00 60.00]", r.Books(c))
	require.Nil(r, r.service(id).StartedAt)

	r.panel.says(provision.Outcome{
		Ref: "7", Domain: "a.example.com", Addresses: []provision.Address{{IP: "192.0.2.1", Family: "ipv4", Main: true}},
	}, nil)
	r.After(10 * time.Minute)
	s := r.service(id)
	require.Equal(r, service.Active, s.Status)
	require.Equal(r, start.Add(10*time.Minute), *s.StartedAt)
	require.Equal(r, on(time.April, 1, 0).Add(10*time.Minute), *s.PaidUntil)
	require.Equal(r, provision.Ref("7"), s.ExternalID)
	require.Equal(r, "a.example.com", s.Domain)
	require.Equal(r, "192.0.2.1", s.Addresses[0].IP)
	require.Equal(r, "[40.00 0.00]", r.Books(c))
	require.Equal(r, order.Completed, r.Order(o.ID).Status)

	spec := r.panel.last().Spec
	require.Equal(r, "E3", spec.TariffCode)
	require.Equal(r, "3", spec.Location)
	require.NotEmpty(r, spec.Password)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM service_activity WHERE service_id = $1 AND to_at IS NULL`, id))
}

// A driver finds what it knows by the product type's words, however the tariff calls it.
func TestAPanelIsToldAddOnsByTheirElement(t *testing.T) {
	r := newRig(t)
	billing, prices := catalog.BillOrder, []catalog.AddOnPrice{}
	_, err := r.Tariffs.CreateAddOn(context.Background(), admin, r.Server, "more_addresses", "ipv4_public", tariff.AddOnChange{
		Billing: &billing, Prices: &prices, Default: input.To(json.RawMessage(`"2"`)),
	})
	require.NoError(r, err)
	r.Buy(r.Client("100"), 1)
	r.Work()
	require.Equal(r, "2", r.panel.last().Spec.AddOns["ipv4_public"].Amount.String())
}

func TestAPanelThatIsWorkingBurnsNoAttemptButAfterFourHoursPeopleLookD24(t *testing.T) {
	r := newRig(t)
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	r.panel.says(provision.Outcome{State: provision.Pending, After: 10 * time.Minute, Memo: map[string]string{"job": "5"}, Begun: true}, nil)
	r.Work()
	for range 23 {
		r.After(10 * time.Minute)
	}
	o := r.operation(id, provision.Open)
	require.Equal(r, operation.Waiting, o.Status)
	require.Equal(r, 1, o.Attempts)
	require.Equal(r, map[string]string{"job": "5"}, r.panel.last().Memo)
	require.Len(r, r.panel.asked(), 24)

	r.After(10 * time.Minute)
	o = r.operation(id, provision.Open)
	require.Equal(r, operation.Waiting, o.Status, "it is looked at further")
	require.Equal(r, r.Clock.BusinessNow().Add(time.Hour), *o.NextAttemptAt)
	require.Equal(r, "panel_does_not_finish", r.lastFailure())
	task := r.Task(id)
	require.Equal(r, department.SetUp, task.Kind)
	require.Equal(r, string(task.ID), o.TaskID)
	r.After(time.Hour)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM task`), "people are asked once")
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM event WHERE type = 'operation.failed'`))

	ctx := context.Background()
	_, err := r.Lifecycle.CloseTask(ctx, admin, task.ID, lifecycle.CloseTaskInput{Result: "done"})
	r.Refuses("required", err)
	require.Equal(r, department.TaskOpen, r.Task(id).Status)
	r.CloseTask(task.ID, lifecycle.CloseTaskInput{Result: "done", ExternalID: "9"})
	require.Equal(r, service.Active, r.service(id).Status)
	require.Equal(r, provision.Ref("9"), r.service(id).ExternalID)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.Open).Status)
	_, err = r.Lifecycle.CloseTask(ctx, admin, task.ID, lifecycle.CloseTaskInput{Result: "done", ExternalID: "9"})
	r.Refuses("task_closed", err)
}

// What people were told of, the panel may finish after all.
func TestAPanelThatFinishesLateClosesTheTaskD24(t *testing.T) {
	r := newRig(t)
	r.Lifecycle.PendingLimit = time.Hour
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	r.panel.says(provision.Outcome{State: provision.Pending, After: 30 * time.Minute, Text: "Job 5 runs.", Begun: true}, nil)
	r.Work()
	for range 4 {
		r.After(30 * time.Minute)
	}
	require.Equal(r, "Job 5 runs.", r.Task(id).Error, "in the panel's words")
	r.panel.says(provision.Outcome{Ref: "5"}, nil)
	r.After(time.Hour)
	require.Equal(r, service.Active, r.service(id).Status)
	require.Equal(r, department.TaskClosed, r.Task(id).Status)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.Open).Status)
}

// A machine that the panel does not finish keeps neither others from being made nor staff from asking anew.
func TestWhatPeopleWereToldOfHoldsNoLaneD23(t *testing.T) {
	r := newRig(t)
	r.EditModule(module.Change{MaxRunningOpens: ptr(1)})
	o := r.Buy(r.Client("200"), 2)
	first, second := o.Items[0].ServiceID, o.Items[1].ServiceID
	r.panel.does(func(_ string, op provision.Op) (provision.Outcome, error) {
		if op.ServiceID == first {
			return provision.Outcome{State: provision.Pending, After: 2 * time.Hour, Memo: map[string]string{"job": "5"}}, nil
		}
		return provision.Outcome{Ref: "2"}, nil
	})
	r.Work()
	r.After(2 * time.Hour)
	require.Equal(r, service.Processing, r.service(second).Status)
	r.After(2 * time.Hour)
	r.After(time.Minute)
	require.Equal(r, service.Active, r.service(second).Status)

	r.panel.says(provision.Outcome{Ref: "1"}, nil)
	_, err := r.Lifecycle.Retry(context.Background(), admin, r.operation(first, provision.Open).ID)
	require.NoError(r, err)
	require.Equal(r, department.TaskClosed, r.Task(first).Status)
	r.Work()
	require.Equal(r, service.Active, r.service(first).Status)
	require.Empty(r, r.panel.last().Memo, "it was begun anew")
}

// lastFailure is the code that the newest operation.failed tells.
func (r *rig) lastFailure() (code string) {
	r.Helper()
	require.NoError(r, r.Pool.Get(&code, `SELECT data #>> '{error,code}' FROM event WHERE type = 'operation.failed' ORDER BY seq DESC LIMIT 1`))
	return code
}

func TestARefusedOpenGoesToTheNextModuleD24(t *testing.T) {
	for name, refusal := range map[string]error{
		"rejected":        provision.NewRejected("no_free_server", "There is none."),
		"unauthenticated": provision.NewUnauthenticated("Wrong password."),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			two := r.NewModule("two", module.Change{SortOrder: ptr(2)})
			r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, two}})
			r.panel.does(func(module string, _ provision.Op) (provision.Outcome, error) {
				if module == "one" {
					return provision.Outcome{}, refusal
				}
				return provision.Outcome{Ref: "2"}, nil
			})
			id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
			r.Work()
			require.Equal(r, []string{"one open", "two open"}, r.panel.asked())
			require.Equal(r, service.Active, r.service(id).Status)
			require.Equal(r, two, r.service(id).ModuleID)
			o := r.operation(id, provision.Open)
			require.Equal(r, []provision.ModuleID{r.Module}, o.TriedModuleIDs)
			require.Equal(r, 1, o.Attempts)
			require.Equal(r, 1, r.Count(`SELECT count(*) FROM module_problem WHERE module_id = $1 AND ended_at IS NULL`, r.Module))
		})
	}
}

func TestWhenEveryModuleRefusedPeopleGetTheWordsAndStaffMayRetryD23(t *testing.T) {
	r := newRig(t)
	two := r.NewModule("two", module.Change{SortOrder: ptr(2)})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, two}})
	r.panel.says(provision.Outcome{}, provision.NewRejected("no_free_server", "There is none."))
	c := r.Client("100")
	id := r.Buy(c, 1).Items[0].ServiceID
	r.Work()
	require.Equal(r, []string{"one open", "two open"}, r.panel.asked())
	o, task := r.operation(id, provision.Open), r.Task(id)
	require.Equal(r, operation.Manual, o.Status)
	require.Equal(r, "There is none.", task.Error)
	require.Equal(r, string(o.ID), task.OperationID)
	require.Equal(r, "no_free_server", r.lastFailure())
	require.Equal(r, service.Processing, r.service(id).Status)
	require.Equal(r, "[40.00 60.00]", r.Books(c))

	r.panel.says(provision.Outcome{Ref: "1"}, nil)
	_, err := r.Lifecycle.Retry(context.Background(), admin, o.ID)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, service.Active, r.service(id).Status)
	require.Empty(r, r.operation(id, provision.Open).TriedModuleIDs, "a retry begins anew")
	require.Equal(r, []any{department.TaskClosed, department.Retried}, []any{r.Task(id).Status, r.Task(id).Result}, "nothing is left for people")
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM module_problem WHERE ended_at IS NULL`), "only the other module's")
	_, err = r.Lifecycle.Retry(context.Background(), admin, o.ID)
	r.Refuses("invalid_operation_state", err)
}

func TestARefusalOfWhatThePanelHasBegunStaysWithItsModule(t *testing.T) {
	r := newRig(t)
	two := r.NewModule("two", module.Change{SortOrder: ptr(2)})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, two}})
	r.panel.says(provision.Outcome{State: provision.Pending, Begun: true}, nil)
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	r.Work()
	r.panel.says(provision.Outcome{}, provision.NewRejected("os_failed", "The OS does not install."))
	r.After(time.Minute)
	require.Equal(r, []string{"one open", "one open"}, r.panel.asked(), "or there would be two objects")
	require.Equal(r, operation.Manual, r.operation(id, provision.Open).Status)
	require.Equal(r, department.SetUp, r.Task(id).Kind)
	require.Contains(r, r.Task(id).Reason, "given up there when this is refused")
}

func TestWhatAPanelHasTakenBackGoesToTheNextModuleD24(t *testing.T) {
	r := newRig(t)
	two := r.NewModule("two", module.Change{SortOrder: ptr(2)})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, two}})
	r.panel.says(provision.Outcome{State: provision.Pending, Memo: map[string]string{"job": "5"}, Begun: true}, nil)
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	r.Work()
	r.panel.does(func(module string, _ provision.Op) (provision.Outcome, error) {
		if module == "one" {
			return provision.Outcome{}, provision.NewTakenBack("panel_failed", "The OS does not install.")
		}
		return provision.Outcome{Ref: "2"}, nil
	})
	r.After(time.Minute)
	require.Empty(r, r.panel.last().Memo)
	require.Equal(r, []string{"one open", "one open", "two open"}, r.panel.asked())
	require.Equal(r, service.Active, r.service(id).Status)
	require.Equal(r, two, r.service(id).ModuleID)
}

func TestTheMachinesOwnPasswordIsTheOneThatIsShown(t *testing.T) {
	r := newRig(t)
	r.panel.says(provision.Outcome{Ref: "1", Password: "made-by-the-panel-3W"}, nil)
	_, id := r.active()
	out, err := r.Lifecycle.Reveal(context.Background(), admin, id)
	require.NoError(r, err)
	require.Equal(r, "made-by-the-panel-3W", out.Password)
	r.panel.says(provision.Outcome{}, nil)
	_, err = r.Lifecycle.Reboot(context.Background(), admin, id, false)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, "made-by-the-panel-3W", r.panel.last().Spec.Password, "a panel that says nothing of it leaves it")
}

func TestTenFailuresMakeATaskD24(t *testing.T) {
	r := newRig(t)
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	calls := 0
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) {
		if calls++; calls%2 == 0 {
			return provision.Outcome{}, errors.New("a driver's mistake")
		}
		return provision.Outcome{}, provision.NewUnavailable(nil, "No answer.")
	})
	r.Work()
	for i := 1; i < 10; i++ {
		o := r.operation(id, provision.Open)
		require.Equal(r, operation.Queued, o.Status)
		require.Equal(r, i, o.Attempts)
		require.Equal(r, operation.RetryAt(o.ID, r.Clock.BusinessNow()), *o.NextAttemptAt)
		r.Clock.Set(*o.NextAttemptAt)
		r.Work()
	}
	o := r.operation(id, provision.Open)
	require.Equal(r, operation.Manual, o.Status)
	require.Equal(r, 10, o.Attempts)
	require.Equal(r, "panel_failed", o.ErrorCode)
	require.NotContains(r, o.ErrorText, "mistake", "what is not the panel's own words stays in the logs")
	require.Len(r, r.panel.asked(), 10)
	require.Equal(r, department.SetUp, r.Task(id).Kind)

	_, err := r.Lifecycle.Retry(context.Background(), admin, o.ID)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, 1, r.operation(id, provision.Open).Attempts)
}

// What a module answers at last is no failure, whatever an attempt before was.
func TestAnAnswerEndsTheErrorOfTheAttemptBefore(t *testing.T) {
	for name, out := range map[string]provision.Outcome{
		"the panel works": {State: provision.Pending}, "people are asked": {State: provision.Manual, Text: "Plug in the cable."},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			_, id := r.active()
			r.panel.says(provision.Outcome{}, provision.NewUnavailable(nil, "No answer."))
			_, err := r.Lifecycle.Reboot(context.Background(), admin, id, false)
			require.NoError(r, err)
			r.Work()
			require.Equal(r, "panel_unavailable", r.operation(id, provision.Reboot).ErrorCode)
			r.panel.says(out, nil)
			r.After(6 * time.Minute)
			o := r.operation(id, provision.Reboot)
			require.Equal(r, []string{"", ""}, []string{o.ErrorCode, o.ErrorText})
			require.Equal(r, "panel_unavailable: No answer.", o.Log[0].Text, "the log keeps it")
		})
	}
}

func TestStaffMaySendAnOperationThatWaitsForItsNextAttemptAtOnce(t *testing.T) {
	r := newRig(t)
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	r.panel.says(provision.Outcome{}, provision.NewUnavailable(nil, "No answer."))
	r.Work()
	r.panel.does(nil)
	_, err := r.Lifecycle.Retry(context.Background(), admin, r.operation(id, provision.Open).ID)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, service.Active, r.service(id).Status)
}

func TestARefusedSetUpGivesTheMoneyBack(t *testing.T) {
	r := newRig(t)
	c := r.Client("200")
	o := r.Buy(c, 2)
	made, lost := o.Items[0].ServiceID, o.Items[1].ServiceID
	r.panel.does(func(_ string, op provision.Op) (provision.Outcome, error) {
		if op.ServiceID == lost {
			return provision.Outcome{State: provision.Manual, Text: "Put it into the rack."}, nil
		}
		return provision.Outcome{Ref: "1"}, nil
	})
	r.Work()
	require.Equal(r, "[80.00 60.00]", r.Books(c))
	require.Equal(r, order.Paid, r.Order(o.ID).Status, "one is still being made")
	task := r.Task(lost)
	require.Equal(r, "Put it into the rack.", task.Reason)
	taken, err := r.Lifecycle.TakeTask(context.Background(), admin, task.ID)
	require.NoError(r, err)
	require.Equal(r, department.TaskInWork, taken.Status)

	r.CloseTask(task.ID, lifecycle.CloseTaskInput{Result: "refused", Note: "No rack."})
	require.Equal(r, service.Active, r.service(made).Status)
	require.Equal(r, service.Deleted, r.service(lost).Status)
	require.Equal(r, operation.Failed, r.operation(lost, provision.Open).Status)
	require.Equal(r, "[140.00 0.00]", r.Books(c))
	require.Equal(r, order.PartiallyCompleted, r.Order(o.ID).Status)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM event WHERE type = 'service.failed'`))
}

func TestAnOrderOfWhichNothingCanBeMadeHasFailed(t *testing.T) {
	r := newRig(t)
	r.panel.says(provision.Outcome{State: provision.Manual}, nil)
	c := r.Client("60")
	o := r.Buy(c, 1)
	r.Work()
	r.CloseTask(r.Task(o.Items[0].ServiceID).ID, lifecycle.CloseTaskInput{Result: "refused"})
	require.Equal(r, order.Failed, r.Order(o.ID).Status)
	require.Equal(r, "[60.00 0.00]", r.Books(c))
}

func TestPeopleMayMakeWhatNoModuleTakes(t *testing.T) {
	r := newRig(t)
	id := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	r.EditModule(module.Change{Enabled: ptr(false)})
	r.Work()
	require.Empty(r, r.panel.asked())
	require.Equal(r, operation.Manual, r.operation(id, provision.Open).Status)
	require.Equal(r, "no_module", r.lastFailure())
	task := r.Task(id)
	_, err := r.Lifecycle.CloseTask(context.Background(), admin, task.ID, lifecycle.CloseTaskInput{Result: "done"})
	r.Refuses("required", err) // its panel must be able to find it later
	r.CloseTask(task.ID, lifecycle.CloseTaskInput{Result: "done", ExternalID: "4"})
	s := r.service(id)
	require.Equal(r, service.Active, s.Status)
	require.Equal(r, r.Module, s.ModuleID)
}

func TestEveryKindBecomesItsTask(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	c := r.Client("200")
	id := r.Buy(c, 1).Items[0].ServiceID
	r.panel.says(provision.Outcome{State: provision.Manual, Text: "By hand."}, nil)
	for _, step := range []struct {
		kind provision.Kind
		task department.TaskKind
		ask  func() (lifecycle.Result, error)
	}{
		{provision.Open, department.SetUp, nil},
		{provision.Reboot, department.Other, func() (lifecycle.Result, error) { return r.Lifecycle.Reboot(ctx, admin, id, false) }},
		{provision.Reinstall, department.Other, func() (lifecycle.Result, error) { return r.Lifecycle.Reinstall(ctx, admin, id, nil) }},
		{provision.SetParams, department.ChangeParameters, func() (lifecycle.Result, error) { return r.Lifecycle.SetParameters(ctx, admin, id, nil) }},
		{provision.Renew, department.ChangeParameters, func() (lifecycle.Result, error) { return r.Lifecycle.Renew(ctx, admin, id, "") }},
		{provision.Suspend, department.Disable, func() (lifecycle.Result, error) {
			return r.Lifecycle.Suspend(ctx, admin, id, service.ByAdmin, "")
		}},
		{provision.Resume, department.Enable, func() (lifecycle.Result, error) {
			return r.Lifecycle.Resume(ctx, admin, id, lifecycle.ResumeInput{})
		}},
		{provision.Close, department.Delete, func() (lifecycle.Result, error) {
			return r.Lifecycle.Delete(ctx, admin, id, lifecycle.DeleteInput{})
		}},
	} {
		if step.ask != nil {
			_, err := step.ask()
			require.NoError(r, err, step.kind)
		}
		before := r.service(id).Status
		r.Work()
		require.Equal(r, before, r.service(id).Status, "people have not done it yet")
		task := r.Task(id)
		require.Equal(r, step.task, task.Kind, step.kind)
		require.Equal(r, operation.Manual, r.operation(id, step.kind).Status)
		r.CloseTask(task.ID, lifecycle.CloseTaskInput{Result: "done", ExternalID: "1"})
		require.Equal(r, operation.Succeeded, r.operation(id, step.kind).Status)
	}
	require.Equal(r, service.Deleted, r.service(id).Status)
}

// People cannot do what they are not told: what is wanted, of which service, and what a change departs from.
func TestTasksSayWhatIsWanted(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.panel.modes[provision.Reboot] = provision.ModeManual
	_, err := r.Lifecycle.Reboot(ctx, admin, id, false)
	require.NoError(r, err)
	r.Work()
	require.Contains(r, r.Task(id).Reason, "Reboot a service of product type dedicated, tariff E3 (service "+string(id)+").")
	require.Contains(r, r.Task(id).Reason, "External id: "+string(r.service(id).ExternalID))

	// What comes to the same task is told by it too.
	r.panel.says(provision.Outcome{}, provision.NewRejected("locked", "It is locked."))
	_, err = r.Lifecycle.Reinstall(ctx, admin, id, texts("os", "Debian-12"))
	require.NoError(r, err)
	r.Work()
	task := r.Task(id)
	require.Contains(r, task.Reason, "Reboot a service")
	require.Contains(r, task.Reason, "The module could not do it.\nReinstall a service")
	require.Contains(r, task.Reason, "Parameter os: Debian-12")
	require.Equal(r, "It is locked.", task.Error)
	require.NotContains(r, task.Reason, r.panel.last().Spec.Password)
	require.Equal(r, "The module could not do it.", r.operation(id, provision.Reinstall).Log[1].Text)

	big := r.NewTariff("L", "dedicated", "40", r.Module)
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	r.Work()
	require.Equal(r, "E3", r.panel.last().Spec.Previous.TariffCode, "the module is told what it departs from")
	require.Contains(r, r.Task(id).Reason, "tariff L (service "+string(id)+").")
	require.Contains(r, r.Task(id).Reason, "Tariff until now: E3")
}

func TestTwoOperationsOfOneSortShareATask(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.Pay(r.service(id).ClientID, "50", "")
	r.panel.says(provision.Outcome{State: provision.Manual, Text: "By hand."}, nil)
	_, err := r.Lifecycle.SetParameters(ctx, admin, id, nil)
	require.NoError(r, err)
	r.Work()
	task := r.Task(id)
	// The first one goes once more; the second is handed over meanwhile, as one of another program's would be.
	_, err = r.Lifecycle.Renew(ctx, admin, id, monthly)
	require.NoError(r, err)
	_, err = r.Pool.Exec(`UPDATE operation SET status = 'manual', next_attempt_at = NULL, task_id = $1 WHERE kind = 'renew'`, task.ID)
	require.NoError(r, err)
	r.CloseTask(task.ID, lifecycle.CloseTaskInput{Result: "done"})
	require.Equal(r, operation.Succeeded, r.operation(id, provision.SetParams).Status)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.Renew).Status)
}
