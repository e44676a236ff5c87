package lifecycle_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// existing puts machines into the panel that somebody else made for ada.
func (r *rig) existing(refs ...provision.Ref) (ada actor.ClientID) {
	r.Helper()
	c, err := r.Clients.Create(context.Background(), admin, client.Input{ProviderID: r.Provider, Email: "ada@example.com"})
	require.NoError(r, err)
	for _, ref := range refs {
		r.panel.has = append(r.panel.has, provision.Machine{Name: "srv-" + string(ref), Found: provision.Found{
			Exists: true, Sort: "i9", Ref: ref, Owner: "Ada@Example.com", Domain: "a.example.com", Standing: provision.Served,
			Addresses: []provision.Address{{IP: "192.0.2.1", Family: "ipv4", Main: true}}, Parameters: map[string]string{"os": "Debian-12"},
		}})
	}
	return c.ID
}

func (r *rig) importItem(ref provision.Ref, c actor.ClientID) lifecycle.ImportItem {
	return lifecycle.ImportItem{Ref: ref, ClientID: c, TariffID: r.Server, Period: monthly, PaidUntil: ptr(on(time.April, 15, 12))}
}

func TestAPreviewSuggestsWhoseTheMachinesAre(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, held := r.active()
	ada := r.existing("10", "9", r.service(held).ExternalID)
	r.panel.has[0].Owner = "nobody@example.com"
	other := r.NewTariff("E5", "dedicated", "70", r.Module)
	for sold, settings := range map[catalog.TariffID]string{r.Server: `{"configuration": "E3"}`, other: `{"configuration": "I9"}`} {
		_, err := r.Tariffs.Update(ctx, admin, sold, tariff.Change{Settings: json.RawMessage(settings)})
		require.NoError(r, err)
	}
	list, err := r.Lifecycle.ImportPreview(ctx, r.Module)
	require.NoError(r, err)
	require.Len(r, list, 2, "one is held by a service")
	require.Equal(r, provision.Ref("9"), list[0].Ref)
	require.Equal(r, ada, list[0].ClientID)
	require.Equal(r, other, list[0].TariffID, "of its configuration")
	require.Empty(r, list[1].ClientID)
	require.Empty(r, list[1].TariffID)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM service`))
	r.panel.deaf = provision.NewUnavailable(nil, "gone")
	_, err = r.Lifecycle.ImportPreview(ctx, r.Module)
	r.Refuses("panel_unavailable", err)
}

// Nobody knows the password of a machine that was taken over; when it is installed anew there is one to reveal.
func TestAMachineThatWasTakenOverGetsAPasswordWhenItIsReinstalled(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	out, err := r.Lifecycle.Import(ctx, admin, r.Module, []lifecycle.ImportItem{r.importItem("9", r.existing("9"))})
	require.NoError(r, err)
	_, err = r.Lifecycle.Reveal(ctx, admin, out[0].ID)
	r.Refuses("invalid_service_state", err)
	_, err = r.Lifecycle.Reinstall(ctx, admin, out[0].ID, nil)
	require.NoError(r, err)
	r.Work()
	shown, err := r.Lifecycle.Reveal(ctx, admin, out[0].ID)
	require.NoError(r, err)
	require.NotEmpty(r, shown.Password)
	spec := r.panel.last().Spec
	require.Equal(r, shown.Password, spec.Password)
	require.Equal(r, []any{"P1M", on(time.April, 15, 12), "192.0.2.1"}, []any{spec.Period, spec.PaidUntil.UTC(), spec.Addresses[0].IP}, "told with every operation")
}

func TestImportedMachinesAreServicesWithoutACharge(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	ada := r.existing("9", "10")
	out, err := r.Lifecycle.Import(ctx, admin, r.Module, []lifecycle.ImportItem{r.importItem("9", ada), r.importItem("10", ada)})
	require.NoError(r, err)
	require.Len(r, out, 2)
	s := r.service(out[0].ID)
	require.Equal(r, service.Active, s.Status)
	require.Empty(r, s.OrderID)
	require.Equal(r, provision.Ref("9"), s.ExternalID)
	require.Equal(r, "a.example.com", s.Domain)
	require.Equal(r, "192.0.2.1", s.Addresses[0].IP)
	require.JSONEq(r, `"Debian-12"`, string(s.Parameters["os"]))
	require.Equal(r, start, *s.StartedAt)
	require.Equal(r, on(time.April, 15, 12), *s.PaidUntil)
	require.True(r, s.AutoRenew)
	require.Equal(r, r.At, s.DataCenterID)
	require.Equal(r, "50", s.Terms[0].Term.Price.String())
	require.Equal(r, "50.00", s.NextCharge(time.UTC).Amount.String())
	require.Zero(r, r.Count(`SELECT count(*) FROM expense`))
	require.Zero(r, r.Count(`SELECT count(*) FROM posting`))
	require.Equal(r, 2, r.Count(`SELECT count(*) FROM service_activity WHERE from_at = $1 AND to_at IS NULL AND cause = 'imported'`, start))
	require.Equal(r, 2, r.Count(`SELECT count(*) FROM event WHERE type = 'service.opened'`))
	require.Empty(r, r.panel.asked(), "the panel was only read")
	list, err := r.Lifecycle.ImportPreview(ctx, r.Module)
	require.NoError(r, err)
	require.Empty(r, list)

	// From its end on it renews as any other, and what is done to it goes to its module.
	r.Pay(ada, "100", "")
	_, err = r.Lifecycle.Renew(ctx, admin, s.ID, "")
	require.NoError(r, err)
	require.Equal(r, on(time.May, 15, 12), *r.service(s.ID).PaidUntil)
	require.Equal(r, "[50.00 0.00]", r.Books(ada), "without a setup fee")
	_, err = r.Lifecycle.Delete(ctx, admin, out[1].ID, lifecycle.DeleteInput{})
	require.NoError(r, err)
	r.Work()
	require.Equal(r, service.Deleted, r.service(out[1].ID).Status)
	require.Equal(r, "[50.00 0.00]", r.Books(ada), "nothing was charged for it, nothing comes back")
	r.sound()
}

func TestAnImportIsRefusedAsAWhole(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, held := r.active()
	ref := r.service(held).ExternalID
	ada := r.existing("9", "10", ref)
	url := json.RawMessage(`{"url": "http://panel"}`)
	r.EditModule(module.Change{Connection: url})
	two := r.NewModule("two", module.Change{Connection: url})
	elsewhere := r.NewTariff("E9", "dedicated", "5", two)
	with := func(change func(*lifecycle.ImportItem)) lifecycle.ImportItem {
		it := r.importItem("9", ada)
		change(&it)
		return it
	}
	for want, items := range map[string][]lifecycle.ImportItem{
		"/items/0/external_id already_exists":     {r.importItem(ref, ada)},
		"/items/1/external_id duplicate_value":    {r.importItem("9", ada), r.importItem("9", ada)},
		"/items/0/external_id not_found":          {r.importItem("11", ada)},
		"/items/0/client_id not_found":            {r.importItem("9", "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15")},
		"/items/0/client_id owner_differs":        {r.importItem("9", r.Client("1"))},
		"/items/0/tariff_id not_found":            {with(func(it *lifecycle.ImportItem) { it.TariffID = "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15" })},
		"/items/0/tariff_id module_not_in_tariff": {with(func(it *lifecycle.ImportItem) { it.TariffID = elsewhere })},
		"/items/0/period period_not_available":    {with(func(it *lifecycle.ImportItem) { it.Period = "P1Y" })},
		"/items/0/paid_until required":            {with(func(it *lifecycle.ImportItem) { it.PaidUntil = nil })},
		"/items/0/paid_until out_of_range":        {with(func(it *lifecycle.ImportItem) { it.PaidUntil = ptr(start) })},
		"/items/0/add_ons/no_such unknown_field":  {with(func(it *lifecycle.ImportItem) { it.AddOns = texts("no_such", "1") })},
		"/items/1/period period_not_available":    {r.importItem("10", ada), with(func(it *lifecycle.ImportItem) { it.Period = "trial" })},
	} {
		_, err := r.Lifecycle.Import(ctx, admin, r.Module, items)
		require.Error(r, err, want)
		var got []string
		for _, f := range fault.Of(err).Fields {
			got = append(got, f.Pointer+" "+f.Code)
		}
		require.Equal(r, []string{want}, got)
	}
	_, err := r.Lifecycle.Import(ctx, admin, r.Module, []lifecycle.ImportItem{r.importItem("9", ada)})
	require.NoError(r, err)
	_, err = r.Lifecycle.Import(ctx, admin, two, []lifecycle.ImportItem{with(func(it *lifecycle.ImportItem) { it.TariffID = elsewhere })})
	require.Equal(r, "already_exists", fault.Of(err).Fields[0].Code, "by another module of the same panel")
	require.Equal(r, 2, r.Count(`SELECT count(*) FROM service`))
}

// Two modules of one panel look at what services have one after the other, else both would take the machine.
func TestModulesOfOnePanelImportOneAfterTheOther(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	url := json.RawMessage(`{"url": "http://panel"}`)
	r.EditModule(module.Change{Connection: url})
	two := r.NewModule("two", module.Change{Connection: url})
	item := r.importItem("9", r.existing("9"))
	r.panel.has[0].Owner = "" // nobody's there: anybody may get it
	other := item
	other.ClientID, other.TariffID = r.Client("1"), r.NewTariff("E9", "dedicated", "5", two)

	taken, commit := make(chan struct{}), make(chan struct{})
	first := *r.Lifecycle
	first.InTx = func(ctx context.Context, fn func(lifecycle.Tx) error) error {
		return r.Lifecycle.InTx(ctx, func(tx lifecycle.Tx) error {
			err := fn(tx)
			close(taken)
			<-commit
			return err
		})
	}
	ends := func(e *lifecycle.Engine, module provision.ModuleID, it lifecycle.ImportItem) chan error {
		end := make(chan error, 1)
		go func() {
			_, err := e.Import(ctx, admin, module, []lifecycle.ImportItem{it})
			end <- err
		}()
		return end
	}
	one := ends(&first, r.Module, item)
	<-taken
	late := ends(r.Lifecycle, two, other)
	require.Eventually(r, func() bool {
		return len(late) == 1 || r.Count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) == 1
	}, time.Minute, 5*time.Millisecond)
	close(commit)
	require.NoError(r, <-one)
	err := <-late
	require.Error(r, err)
	require.Equal(r, "already_exists", fault.Of(err).Fields[0].Code)
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM service`))
}
