package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

func TestWhatIsLeftOfAChangeHoldsUpNoDeletionD28(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.panel.says(provision.Outcome{State: provision.Pending, After: time.Second}, nil)
	_, err := r.Lifecycle.SetParameters(ctx, admin, id, nil)
	require.NoError(r, err)
	r.Work()
	r.delete(admin, id, lifecycle.Now)
	r.panel.does(func(_ string, op provision.Op) (provision.Outcome, error) {
		if op.Kind == provision.SetParams {
			return provision.Outcome{ByHand: "Put 8 GiB of memory in."}, nil
		}
		return provision.Outcome{}, nil
	})
	r.After(time.Minute)
	require.Equal(r, service.Deleted, r.service(id).Status)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.SetParams).Status)
}

func TestWhatIsLeftOfAnOperationIsToldWhileAChangeWaitsD28(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.panel.says(provision.Outcome{State: provision.Pending, After: time.Second}, nil)
	_, err := r.Lifecycle.Reinstall(ctx, admin, id, nil)
	require.NoError(r, err)
	r.Work()
	_, err = r.Lifecycle.SetParameters(ctx, admin, id, nil)
	require.NoError(r, err)
	r.panel.does(func(_ string, op provision.Op) (provision.Outcome, error) {
		if op.Kind == provision.Reinstall {
			return provision.Outcome{ByHand: "Install the control panel."}, nil
		}
		return provision.Outcome{}, nil
	})
	r.After(time.Minute)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.Reinstall).Status)
	require.Equal(r, operation.Succeeded, r.operation(id, provision.SetParams).Status, "it goes on by itself")
	task := r.Task(id)
	require.Equal(r, department.ChangeParameters, task.Kind)
	require.Contains(r, task.Reason, "Install the control panel.")
	require.Equal(r, department.TaskOpen, task.Status)
	r.CloseTask(task.ID, lifecycle.CloseTaskInput{Result: "done"})
}

func TestAnObjectThatAnotherServiceHasIsPeoplesBusiness(t *testing.T) {
	r := newRig(t)
	r.panel.says(provision.Outcome{Ref: "7"}, nil)
	o := r.Buy(r.Client("200"), 2)
	r.Work()
	second := o.Items[1].ServiceID
	require.Equal(r, service.Processing, r.service(second).Status)
	op := r.operation(second, provision.Open)
	require.Equal(r, operation.Manual, op.Status)
	require.Equal(r, "already_exists", op.ErrorCode)
	require.NotEmpty(r, op.TaskID)
}

func TestAnAnswerThatCannotBeStoredIsAFailedAttemptD24(t *testing.T) {
	r := newRig(t)
	r.panel.says(provision.Outcome{Ref: "7", Domain: "a\x00b"}, nil)
	r.failsTillPeopleAreAsked()
}

func TestACrashOfADriverIsAFailedAttemptD24(t *testing.T) {
	r := newRig(t)
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) { panic("a driver's fault") })
	r.failsTillPeopleAreAsked()
}

func (r *rig) failsTillPeopleAreAsked() {
	r.Helper()
	id := r.Buy(r.Client("200"), 1).Items[0].ServiceID
	for range 12 { // and the one who runs it is told why
		claims, err := r.DB.Due("operation").Claim(context.Background(), r.Clock.BusinessNow(), 1)
		require.NoError(r, err)
		for _, c := range claims {
			require.Error(r, r.Lifecycle.Run(context.Background(), operation.ID(c.ID), c.No))
		}
		r.Clock.Advance(10 * time.Minute)
	}
	op := r.operation(id, provision.Open)
	require.Equal(r, operation.Manual, op.Status)
	require.Equal(r, operation.MaxAttempts, op.Attempts)
}

func TestWordsThatTheDatabaseDoesNotTakeEndNothing(t *testing.T) {
	r := newRig(t)
	r.panel.says(provision.Outcome{}, provision.NewRejected("no", "it said \x00 and \xff"))
	id := r.Buy(r.Client("200"), 1).Items[0].ServiceID
	r.Work()
	op := r.operation(id, provision.Open)
	require.Equal(r, operation.Manual, op.Status)
	require.Equal(r, "it said ? and ?", op.ErrorText)
}

func TestATaskStaysOpenForAsLongAsOneOfItsOperationsIsWithPeople(t *testing.T) {
	for name, end := range map[string]func(r *rig, renewal operation.Operation){
		"retried": func(r *rig, renewal operation.Operation) {
			r.panel.does(nil)
			_, err := r.Lifecycle.Retry(context.Background(), admin, renewal.ID)
			require.NoError(r, err)
			r.Work()
		},
		"done after all": func(r *rig, _ operation.Operation) {
			r.panel.does(nil)
			r.After(time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			ctx := context.Background()
			_, id := r.active()
			r.Pay(r.service(id).ClientID, "100", "")
			r.panel.says(provision.Outcome{State: provision.Manual, Text: "Do it."}, nil)
			_, err := r.Lifecycle.SetParameters(ctx, admin, id, nil)
			require.NoError(r, err)
			r.Work()
			r.panel.says(provision.Outcome{State: provision.Pending, After: time.Hour}, nil)
			_, err = r.Lifecycle.Renew(ctx, admin, id, "")
			require.NoError(r, err)
			for range 5 {
				r.After(time.Hour)
			}
			renewal, change := r.operation(id, provision.Renew), r.operation(id, provision.SetParams)
			require.Equal(r, change.TaskID, renewal.TaskID)
			end(r, renewal)
			require.Equal(r, operation.Succeeded, r.operation(id, provision.Renew).Status)
			task := r.Task(id)
			require.Equal(r, department.TaskOpen, task.Status, "the change is still to be made")
			r.CloseTask(task.ID, lifecycle.CloseTaskInput{Result: "done"})
			require.Equal(r, operation.Succeeded, r.operation(id, provision.SetParams).Status)
		})
	}
}

// A module that leaves the rest to people answered; where people do all of it nobody was asked.
func TestAProblemEndsWithTheNextAnswerThatLeavesTheRestToPeopleD23(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.panel.modes[provision.Reboot] = provision.ModeManual
	r.panel.deaf = provision.NewUnavailable(nil, "No answer.")
	_, err := r.Lifecycle.Sync(ctx, admin, id)
	r.Refuses("panel_unavailable", err)
	r.panel.says(provision.Outcome{State: provision.Manual, Text: "Plug in the cable."}, nil)
	open := `SELECT count(*) FROM module_problem WHERE ended_at IS NULL`
	_, err = r.Lifecycle.Reboot(ctx, admin, id, false)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, 1, r.Count(open), "nobody asked the module")
	_, err = r.Lifecycle.SetParameters(ctx, admin, id, nil)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, operation.Manual, r.operation(id, provision.SetParams).Status)
	require.Zero(r, r.Count(open))
}
