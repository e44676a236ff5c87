package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

var allReasons = []service.Reason{service.ByClient, service.ByAdmin, service.ForAbuse, service.Unpaid, service.ByOverage}

// suspend stops a service for reasons, as staff.
func (r *rig) suspend(id service.ID, reasons ...service.Reason) {
	r.Helper()
	for _, reason := range reasons {
		_, err := r.Lifecycle.Suspend(context.Background(), admin, id, reason, "")
		require.NoError(r, err)
		r.Work()
	}
	require.Equal(r, service.Suspended, r.service(id).Status)
	require.Equal(r, reasons, r.service(id).SuspendReasons)
}

func TestARestartThatWasAskedForBeforeASuspensionIsNotDoneAfterIt(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.panel.asked()
	_, err := r.Lifecycle.Suspend(ctx, admin, id, service.ForAbuse, "")
	require.NoError(r, err)
	_, err = r.Lifecycle.Reboot(ctx, admin, id, false)
	require.NoError(r, err)
	_, err = r.Lifecycle.Reinstall(ctx, admin, id, nil)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, service.Suspended, r.service(id).Status)
	require.Equal(r, []string{"one suspend"}, r.panel.asked(), "a panel switches a machine on to restart it")
	for _, kind := range []provision.Kind{provision.Reboot, provision.Reinstall} {
		o := r.operation(id, kind)
		require.Equal(r, operation.Cancelled, o.Status)
		require.Equal(r, "The service was suspended before.", o.Log[len(o.Log)-1].Text)
	}
	require.Empty(r, r.service(id).Pending)
}

func TestAFurtherReasonIsAddedWithoutThePanel(t *testing.T) {
	r := newRig(t)
	_, id := r.active()
	r.panel.asked()
	r.suspend(id, allReasons...)
	require.Equal(r, []string{"one suspend"}, r.panel.asked())
	require.Equal(r, 0, r.Count(`SELECT count(*) FROM service_activity WHERE service_id = $1 AND to_at IS NULL`, id))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM event WHERE type = 'service.suspended'`))
}

func TestWhoMayClearWhichReasons(t *testing.T) {
	r := newRig(t)
	_, id := r.active()
	ctx := context.Background()
	without := func(gone ...service.Reason) []service.Reason {
		var left []service.Reason
		for _, x := range allReasons {
			keep := true
			for _, g := range gone {
				keep = keep && x != g
			}
			if keep {
				left = append(left, x)
			}
		}
		return left
	}
	r.suspend(id, allReasons...)
	v := r.service(id)
	for _, c := range []struct {
		name  string
		by    actor.Actor
		in    lifecycle.ResumeInput
		left  []service.Reason
		fault string
	}{
		{name: "client", by: clientKey(v), left: without(service.ByClient)},
		{name: "storefront", by: storefront(v), left: without(service.ByClient)},
		{name: "client by name", by: clientKey(v), in: lifecycle.ResumeInput{Reason: service.ByClient}, left: without(service.ByClient)},
		{name: "client, another's", by: clientKey(v), in: lifecycle.ResumeInput{Reason: service.ByAdmin}, fault: "field_forbidden"},
		{name: "storefront by force", by: storefront(v), in: lifecycle.ResumeInput{Force: true}, fault: "field_forbidden"},
		{name: "admin", by: admin, left: without(service.ByAdmin, service.ForAbuse)},
		{name: "admin, the client's", by: admin, in: lifecycle.ResumeInput{Reason: service.ByClient}, left: without(service.ByClient)},
		{name: "admin, unpaid", by: admin, in: lifecycle.ResumeInput{Reason: service.Unpaid}, fault: "reason_not_clearable"},
		{name: "admin, overage", by: admin, in: lifecycle.ResumeInput{Reason: service.ByOverage}, fault: "reason_not_clearable"},
		{name: "admin, unpaid by force", by: admin, in: lifecycle.ResumeInput{Reason: service.Unpaid, Force: true}, left: without(service.Unpaid)},
	} {
		_, err := r.Pool.Exec(`UPDATE service SET suspend_reasons = '{client,admin,abuse,unpaid,overage}' WHERE id = $1`, id)
		require.NoError(r, err)
		r.panel.asked()
		out, err := r.Lifecycle.Resume(ctx, c.by, id, c.in)
		if c.fault != "" {
			r.Refuses(c.fault, err)
			c.left = allReasons
		} else {
			require.NoError(r, err, c.name)
			require.Equal(r, c.left, out.Left, c.name)
		}
		r.Work()
		require.Equal(r, service.Suspended, r.service(id).Status, c.name)
		require.Equal(r, c.left, r.service(id).SuspendReasons, c.name)
		require.Empty(r, r.panel.asked(), c.name)
	}
	_, err := r.Lifecycle.Resume(ctx, admin, id, lifecycle.ResumeInput{Force: true})
	require.NoError(r, err)
	require.Len(r, r.service(id).SuspendReasons, 4, "the last ones go when the panel has started it")
	r.Work()
	require.Equal(r, service.Active, r.service(id).Status)
	require.Empty(r, r.service(id).SuspendReasons)
	require.Equal(r, []string{"one resume"}, r.panel.asked())
}

func TestAResumeThatClearsNothingSaysWhatIsLeft(t *testing.T) {
	r := newRig(t)
	_, id := r.active()
	r.suspend(id, service.ByAdmin)
	out, err := r.Lifecycle.Resume(context.Background(), clientKey(r.service(id)), id, lifecycle.ResumeInput{})
	require.NoError(r, err)
	require.Nil(r, out.Operation)
	require.Equal(r, []service.Reason{service.ByAdmin}, out.Left)
}

func TestWhoMaySuspendAndWhy(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	v := r.service(id)
	for _, reason := range allReasons[1:] {
		for _, by := range []actor.Actor{clientKey(v), storefront(v)} {
			_, err := r.Lifecycle.Suspend(ctx, by, id, reason, "")
			r.Refuses("field_forbidden", err)
		}
	}
	_, err := r.Lifecycle.Suspend(ctx, clientKey(v), id, service.ByClient, "")
	r.Refuses("suspension_forbidden", err)
	stranger := actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: v.ProviderID, ClientID: r.Client("1")}}
	_, err = r.Lifecycle.Suspend(ctx, stranger, id, service.ByClient, "")
	r.Refuses("not_found", err)
	_, err = r.Lifecycle.Suspend(ctx, storefront(v), id, service.ByClient, "")
	require.NoError(r, err)
	r.Work()
	require.Equal(r, service.Suspended, r.service(id).Status)
}

func TestAClientMaySuspendWhereItsTariffVersionLetsIt(t *testing.T) {
	r := newRig(t)
	r.EditTariff(tariff.Change{Policy: tariff.PolicyChange{ClientMaySuspend: ptr(true)}})
	_, id := r.active()
	r.EditTariff(tariff.Change{Policy: tariff.PolicyChange{ClientMaySuspend: ptr(false)}})
	_, err := r.Lifecycle.Suspend(context.Background(), clientKey(r.service(id)), id, service.ByClient, "")
	require.NoError(r, err, "what was agreed holds")
}

func TestAReasonThatComesUpWhileItResumesStopsItAgain(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.suspend(id, service.ByClient)
	r.panel.says(provision.Outcome{State: provision.Pending, After: time.Minute}, nil)
	_, err := r.Lifecycle.Resume(ctx, admin, id, lifecycle.ResumeInput{Reason: service.ByClient})
	require.NoError(r, err)
	r.Work()
	_, err = r.Lifecycle.Suspend(ctx, admin, id, service.ForAbuse, "")
	require.NoError(r, err)
	r.panel.does(nil)
	r.panel.asked()
	r.After(time.Minute)
	require.Equal(r, []string{"one resume", "one suspend"}, r.panel.asked())
	require.Equal(r, service.Suspended, r.service(id).Status)
	require.Equal(r, []service.Reason{service.ForAbuse}, r.service(id).SuspendReasons)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM service_activity WHERE service_id = $1`, id), "it was never active")
}

// The very reason that a resume is about to take away is given once more: the later word counts.
func TestTheSameReasonGivenAgainWhileItResumesHolds(t *testing.T) {
	for name, running := range map[string]bool{"queued": false, "at the panel": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			ctx := context.Background()
			_, id := r.active()
			r.suspend(id, service.ByAdmin)
			r.panel.says(provision.Outcome{State: provision.Pending, After: time.Minute}, nil)
			_, err := r.Lifecycle.Resume(ctx, admin, id, lifecycle.ResumeInput{})
			require.NoError(r, err)
			if running {
				r.Work()
			}
			_, err = r.Lifecycle.Suspend(ctx, admin, id, service.ByAdmin, "after all")
			require.NoError(r, err)
			r.panel.does(nil)
			r.After(time.Minute)
			require.Equal(r, service.Suspended, r.service(id).Status)
			require.Equal(r, []service.Reason{service.ByAdmin}, r.service(id).SuspendReasons)
		})
	}
}

func TestARefusalOfThePanelLeavesTheStatus(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	c, id := r.active()
	refuse := func() { r.panel.says(provision.Outcome{}, provision.NewRejected("locked", "It is locked.")) }
	for _, step := range []struct {
		kind   provision.Kind
		status service.Status
		ask    func() (lifecycle.Result, error)
	}{
		{provision.Suspend, service.Active, func() (lifecycle.Result, error) {
			return r.Lifecycle.Suspend(ctx, admin, id, service.ByAdmin, "")
		}},
		{provision.Resume, service.Suspended, func() (lifecycle.Result, error) {
			return r.Lifecycle.Resume(ctx, admin, id, lifecycle.ResumeInput{})
		}},
		{provision.Close, service.Suspended, func() (lifecycle.Result, error) {
			return r.Lifecycle.Delete(ctx, admin, id, lifecycle.DeleteInput{})
		}},
	} {
		if step.kind == provision.Resume {
			r.panel.does(nil)
			r.suspend(id, service.ByAdmin)
		}
		refuse()
		_, err := step.ask()
		require.NoError(r, err)
		r.Work()
		v := r.service(id)
		require.Equal(r, step.status, v.Status, step.kind)
		require.Equal(r, "It is locked.", r.Task(id).Error)
		require.Equal(r, operation.Manual, r.operation(id, step.kind).Status)
		require.Equal(r, []lifecycle.Pending{{ID: r.operation(id, step.kind).ID, Kind: step.kind, Status: operation.Manual, Asked: true}}, v.Pending)
		r.CloseTask(r.Task(id).ID, lifecycle.CloseTaskInput{Result: "refused"})
		require.Equal(r, step.status, r.service(id).Status, step.kind)
		require.Equal(r, "[40.00 0.00]", r.Books(c))
		require.Empty(r, r.service(id).Pending)
	}
}

func TestAWrongStateIsRefusedBeforeThePanelIsCalled(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	verbs := map[string]func(id service.ID) error{
		"suspend": func(id service.ID) error {
			_, err := r.Lifecycle.Suspend(ctx, admin, id, service.ByAdmin, "")
			return err
		},
		"resume": func(id service.ID) error {
			_, err := r.Lifecycle.Resume(ctx, admin, id, lifecycle.ResumeInput{})
			return err
		},
		"renew":   func(id service.ID) error { _, err := r.Lifecycle.Renew(ctx, admin, id, ""); return err },
		"reboot":  func(id service.ID) error { _, err := r.Lifecycle.Reboot(ctx, admin, id, false); return err },
		"install": func(id service.ID) error { _, err := r.Lifecycle.Reinstall(ctx, admin, id, nil); return err },
		"set":     func(id service.ID) error { _, err := r.Lifecycle.SetParameters(ctx, admin, id, nil); return err },
		"delete": func(id service.ID) error {
			_, err := r.Lifecycle.Delete(ctx, admin, id, lifecycle.DeleteInput{})
			return err
		},
		"undelete": func(id service.ID) error { _, err := r.Lifecycle.Undelete(ctx, admin, id); return err },
	}
	refused := func(id service.ID, names ...string) {
		r.Helper()
		r.panel.asked()
		for _, name := range names {
			r.Refuses("invalid_service_state", verbs[name](id))
		}
		r.Work()
		require.Empty(r, r.panel.asked())
	}
	all := []string{"suspend", "resume", "renew", "reboot", "install", "set", "delete", "undelete"}
	r.panel.says(provision.Outcome{State: provision.Manual}, nil)
	processing := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	r.Work()
	refused(processing, "suspend", "resume", "renew", "reboot", "install", "delete", "undelete") // what the panel has not begun may still get other parameters
	r.panel.does(nil)
	_, id := r.active()
	refused(id, "resume", "undelete")
	r.suspend(id, service.ByAdmin)
	refused(id, "reboot", "install", "set", "undelete")
	require.NoError(r, verbs["delete"](id))
	r.Work()
	refused(id, all...)
	_, err := r.Lifecycle.Edit(ctx, admin, id, lifecycle.Patch{Name: ptr("x")})
	r.Refuses("invalid_service_state", err)
}

func TestShowingCredentialsIsAudited(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	const shown = `SELECT count(*) FROM audit WHERE action = 'service.credentials_revealed' AND subject_id = $1`
	sent := r.panel.last().Spec.Password
	out, err := r.Lifecycle.Reveal(ctx, clientKey(r.service(id)), id)
	require.NoError(r, err)
	require.Equal(r, lifecycle.Credentials{Username: "root", Password: sent}, out)
	require.Equal(r, 1, r.Count(shown, id))
	_, err = r.Lifecycle.Delete(ctx, admin, id, lifecycle.DeleteInput{})
	require.NoError(r, err)
	r.Work()
	_, err = r.Lifecycle.Reveal(ctx, admin, id)
	r.Refuses("invalid_service_state", err)
	require.Equal(r, 1, r.Count(shown, id))
}
