package lifecycle_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// sync compares a service with the panel; the differences are written as field: ours → panel, with ! where taken over.
func (r *rig) sync(id service.ID) []string {
	r.Helper()
	out, err := r.Lifecycle.Sync(context.Background(), admin, id)
	require.NoError(r, err)
	require.Equal(r, r.Clock.BusinessNow(), out.At)
	lines := []string{}
	for _, d := range out.Differences {
		line := d.Field + ": " + string(d.Ours) + " → " + string(d.Panel)
		if d.TakenOver {
			line += " !"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestSyncTellsWhatDiffersAndTakesOverWhatOnlyThePanelKnows(t *testing.T) {
	r := newRig(t)
	billing, prices := catalog.BillOrder, []catalog.AddOnPrice{}
	for code, amount := range map[string]string{"ram": "2", "ipv4_public": "1"} {
		_, err := r.Tariffs.CreateAddOn(context.Background(), admin, r.Server, code, code, tariff.AddOnChange{
			Billing: &billing, Prices: &prices, Default: input.To(json.RawMessage(`"` + amount + `"`)),
		})
		require.NoError(r, err)
	}
	_, err := r.Tariffs.Update(context.Background(), admin, r.Server, tariff.Change{Settings: json.RawMessage(`{"configuration": "E3"}`)})
	require.NoError(r, err)
	_, id := r.active()
	v := r.service(id)
	addresses := []provision.Address{{IP: "192.0.2.9", Family: "ipv4", Main: true}, {IP: "192.0.2.2", Family: "ipv4"}}
	ram, one, on, off := dec("4096"), dec("1"), true, false
	r.panel.found = provision.Found{
		Exists: true, Ref: "77", Standing: provision.CutOff, Power: &off, Owner: "other@example.com", Sort: "E5", Domain: "b.example.com", Addresses: addresses,
		AddOns:     map[string]provision.AddOn{"ram": {Amount: &ram, Unit: "MiB"}, "ipv4_public": {Amount: &one, Unit: "piece"}, "ipv6": {Amount: &one}},
		Parameters: map[string]string{"os": "Debian-12"},
	}
	require.Equal(r, []string{
		`external_id: "` + string(v.ExternalID) + `" → "77" !`, `status: "active" → "suspended"`, `power: "on" → "off"`,
		`owner: "` + r.panel.last().Spec.Client.Email + `" → "other@example.com"`, `configuration: "E3" → "E5"`, `domain: null → "b.example.com" !`,
		`addresses: [] → ["192.0.2.2","192.0.2.9"] !`, `add_ons/ram: "2" → "4"`, `parameters/os: null → "Debian-12" !`,
	}, r.sync(id))
	asked := r.panel.last()
	require.Equal(r, v.ExternalID, asked.Ref)
	require.Equal(r, provision.Sync, asked.Kind)

	after := r.service(id)
	require.Equal(r, service.Active, after.Status)
	require.Equal(r, provision.Ref("77"), after.ExternalID)
	require.Equal(r, "b.example.com", after.Domain)
	require.Equal(r, addresses, after.Addresses)
	require.JSONEq(r, `"Debian-12"`, string(after.Parameters["os"]))
	require.Equal(r, v.AddOns, after.AddOns)
	o := r.operation(id, provision.Sync)
	require.Equal(r, operation.Succeeded, o.Status)
	require.Len(r, o.Log, 9)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM audit WHERE action = 'service.sync' AND subject_id = $1`, id))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM event WHERE type = 'service.changed'`))

	// Again: what was taken over differs no more, and nothing of it is written twice.
	r.panel.found.Standing, r.panel.found.Power, r.panel.found.Owner, r.panel.found.Sort = provision.Served, &on, "", "e3"
	require.Equal(r, []string{`add_ons/ram: "2" → "4"`}, r.sync(id))
	require.Equal(r, after.Version, r.service(id).Version)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM event WHERE type = 'service.changed'`))
}

func TestSyncOfAnObjectThatIsGoneChangesNothing(t *testing.T) {
	r := newRig(t)
	_, id := r.active()
	require.Equal(r, []string{"exists: true → false"}, r.sync(id))
	require.Equal(r, service.Active, r.service(id).Status)
	require.NotEmpty(r, r.service(id).ExternalID)
}

func TestSyncAsksOnlyAboutWhatStands(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.panel.deaf = provision.NewUnavailable(nil, "connection refused")
	_, err := r.Lifecycle.Sync(ctx, admin, id)
	r.Refuses("panel_unavailable", err)
	require.NotContains(r, err.Error(), "invalid")
	require.Equal(r, operation.Failed, r.operation(id, provision.Sync).Status)
	require.Equal(r, "connection refused", r.operation(id, provision.Sync).ErrorText)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM module_problem WHERE ended_at IS NULL`))
	r.panel.deaf, r.panel.found = nil, provision.Found{Exists: true}
	require.Empty(r, r.sync(id))
	require.Zero(r, r.Count(`SELECT count(*) FROM module_problem WHERE ended_at IS NULL`), "a good answer ends the problem")

	_, err = r.Lifecycle.Reboot(ctx, admin, id, false)
	require.NoError(r, err)
	_, err = r.Lifecycle.Sync(ctx, admin, id)
	r.Refuses("operation_pending", err)
	r.panel.says(provision.Outcome{State: provision.Manual, Text: "By hand."}, nil)
	r.Work()
	require.Empty(r, r.sync(id), "what people do may take days")
	stranger := r.service(id)
	stranger.ProviderID = "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15"
	_, err = r.Lifecycle.Sync(ctx, storefront(stranger), id)
	r.Refuses("not_found", err)
	waiting := r.Buy(r.Client("100"), 1).Items[0].ServiceID
	_, err = r.Lifecycle.Sync(ctx, admin, waiting)
	r.Refuses("invalid_service_state", err)
}

// The power that a module keeps is put right by a change of parameters that changes nothing else.
func TestSyncPutsThePowerRightThatAModuleKeeps(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	on, off := true, false
	r.panel.found = provision.Found{Exists: true, Power: &off}
	require.Equal(r, []string{`power: "on" → "off"`}, r.sync(id))
	require.Empty(r, r.service(id).Pending, "a module that keeps no power is told of it only")

	r.panel.found.KeepPower = &on
	require.Equal(r, []string{`power: "on" → "off"`}, r.sync(id))
	require.Len(r, r.service(id).Pending, 1)
	r.panel.asked()
	r.Work()
	require.Equal(r, []string{"one set_params"}, r.panel.asked())
	require.Empty(r, r.service(id).Pending)
	r.panel.found.Power = &on
	require.Empty(r, r.sync(id))

	_, err := r.Lifecycle.Suspend(ctx, admin, id, service.ByAdmin, "")
	require.NoError(r, err)
	r.Work()
	r.panel.found.KeepPower = nil
	require.Empty(r, r.sync(id), "whether a suspended machine is off is its driver's business")
	r.panel.found.KeepPower = &off
	require.Equal(r, []string{`power: "off" → "on"`}, r.sync(id))
	require.Equal(r, provision.CutOff, r.panel.last().Spec.Standing)
	r.panel.says(provision.Outcome{State: provision.Manual, Text: "By hand."}, nil)
	r.Work()
	require.Equal(r, provision.CutOff, r.panel.last().Spec.Standing)
	require.Equal(r, []string{`power: "off" → "on"`}, r.sync(id), "while people see to it, nothing more is asked")
	require.Equal(r, service.Suspended, r.service(id).Status)
}

func TestRebootIntoRecovery(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	_, err := r.Lifecycle.Reboot(ctx, admin, id, true)
	require.NoError(r, err)
	r.Work()
	require.True(r, r.panel.last().Recovery)
	_, err = r.Lifecycle.Reboot(ctx, admin, id, false)
	require.NoError(r, err)
	r.Work()
	require.False(r, r.panel.last().Recovery)

	d, err := r.Lifecycle.Registry.Driver("dcimanager6")
	require.NoError(r, err)
	d.Info.ProductTypes[0].Recovery = false
	_, err = r.Lifecycle.Reboot(ctx, admin, id, true)
	r.Refuses("unsupported_operation", err)
}

var _ provision.Inspector = (*rack)(nil)
