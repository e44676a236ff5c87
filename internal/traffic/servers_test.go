package traffic_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

func TestEachServerThatCannotBeTakenIsNamedWithItsReasons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.newClient(), w.newClient()
	good, taken, foreign, gone := w.newServer(c), w.newServer(c), w.newServer(other), w.newServer(c)
	vds := w.newService(c, "vds", "vmmanager6")
	asleep := w.newServer(c)
	w.exec(`UPDATE service SET status = 'processing' WHERE id = $1`, asleep)
	elsewhere := w.newServer(c)
	w.exec(`UPDATE service SET data_center_id = NULL WHERE id = $1`, elsewhere)
	w.turn(gone, service.Deleted, traffic.Closed)
	bw := w.newBandwidth(c, good)
	carrier := w.newBandwidth(c, taken)

	err := w.setServers(bw, good, taken, foreign, gone, "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08", vds, asleep, elsewhere, carrier)
	require.Error(t, err)
	got := map[string]string{}
	for _, f := range fault.Of(err).Fields {
		got[f.Pointer] = f.Code
	}
	require.Equal(t, map[string]string{
		"/servers/1": "server_linked", "/servers/2": "server_not_found", "/servers/3": "server_not_found", "/servers/4": "server_not_found",
		"/servers/5": "server_module_unsupported", "/servers/6": "server_not_active", "/servers/7": "server_in_other_data_center",
		"/servers/8": "server_not_found",
	}, got)
	requireCode(t, w.setServers(bw), "last_server")
	requireCode(t, w.setServers(good, taken), "not_a_bandwidth_service")
	w.exec(`UPDATE service SET status = 'processing' WHERE id = $1`, bw)
	requireCode(t, w.setServers(bw, taken), "invalid_service_state")
	require.Equal(t, 2, w.count(`SELECT count(*) FROM traffic_link`), "nothing was changed")
}

func TestClientsChangeServersByPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twice := 2
	w.tariff = w.newTariff(catalog.Offer{DataCenterIDs: []datacenter.ID{w.place}, Policy: catalog.Policy{ServerChangesPerMonth: &twice}})
	c := w.newClient()
	a, b := w.newServer(c), w.newServer(c)
	bw := w.newBandwidth(c, a)
	client := actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: w.provider, ClientID: c}}
	set := func(by actor.Actor, in traffic.SetServersInput) (service.Service, error) {
		in.ServiceID = bw
		return w.engine.SetServers(context.Background(), by, in)
	}
	first, err := set(client, traffic.SetServersInput{Servers: []service.ID{a, b}})
	require.NoError(t, err)
	require.JSONEq(t, `["`+string(a)+`","`+string(b)+`"]`, string(first.Parameters["servers"]))
	same, err := set(client, traffic.SetServersInput{Servers: []service.ID{b, a}})
	require.NoError(t, err)
	require.Equal(t, first.Version, same.Version, "the same set is no change")
	_, err = set(client, traffic.SetServersInput{Servers: []service.ID{a}, IfVersion: new(int64)})
	requireCode(t, err, "precondition_failed")
	_, err = set(client, traffic.SetServersInput{Servers: []service.ID{a}, IfVersion: &same.Version})
	require.NoError(t, err)
	_, err = set(client, traffic.SetServersInput{Servers: []service.ID{b}})
	requireCode(t, err, "server_changes_exhausted")
	past := w.now()
	_, err = set(client, traffic.SetServersInput{Servers: []service.ID{b}, EffectiveAt: &past})
	requireCode(t, err, "field_forbidden")
	_, err = set(actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: w.provider, ClientID: w.newClient()}}, traffic.SetServersInput{Servers: []service.ID{b}})
	requireCode(t, err, "not_found")
	w.go_("2026-04-01 00:00")
	_, err = set(client, traffic.SetServersInput{Servers: []service.ID{b}})
	require.NoError(t, err, "the next month counts anew")
}

func TestAWrongLinkIsCorrectedFromAMomentInThePast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.newClient()
	a, b, d := w.newServer(c), w.newServer(c), w.newServer(c)
	bw := w.newBandwidth(c, a, d) // from 1 March
	w.go_("2026-03-03 10:00")
	require.NoError(t, w.setServers(bw, a)) // d until the 3rd
	w.go_("2026-03-08 10:00")
	require.NoError(t, w.setServers(bw, a, b)) // b from the 8th
	w.go_("2026-03-10 12:00")
	for _, s := range []service.ID{a, b, d} {
		for _, on := range []string{"2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09", "2026-03-10"} {
			w.push(report(s, on, gib("1", "1")))
		}
	}
	correct := func(moment string, servers ...service.ID) error {
		from := at(moment)
		_, err := w.engine.SetServers(context.Background(), admin, traffic.SetServersInput{ServiceID: bw, Servers: servers, EffectiveAt: &from})
		return err
	}
	requireCode(t, correct("2026-03-11 00:00", b), "out_of_range")
	requireCode(t, correct("2025-12-31 23:59", b), "month_closed")

	// It should have been b and d since the 2nd, and never a from then on.
	require.NoError(t, correct("2026-03-02 15:00", b, d))
	ownedBy := func(s service.ID) (days []int) {
		for on, owner := range w.owners(s) {
			if owner == bw {
				days = append(days, day(on).Dom)
			}
		}
		return days
	}
	require.ElementsMatch(t, []int{1}, ownedBy(a))
	require.ElementsMatch(t, []int{2, 3, 4, 5, 6, 7, 8, 9, 10}, ownedBy(b))
	require.ElementsMatch(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, ownedBy(d))
	require.Empty(t, w.prices(a))
	require.NotEmpty(t, w.prices(b))
	require.NoError(t, correct("2026-03-02 15:00", b, d), "again changes nothing")
	require.Equal(t, 3, w.count(`SELECT count(*) FROM traffic_link WHERE superseded_at IS NULL`))
	w.requireTheRule()

	late := w.newBandwidth(c, a)
	w.go_("2026-03-12 12:00")
	require.NoError(t, w.setServers(bw, b))
	from := at("2026-03-11 00:00")
	_, err := w.engine.SetServers(context.Background(), admin, traffic.SetServersInput{ServiceID: late, Servers: []service.ID{a, d}, EffectiveAt: &from})
	requireCode(t, err, "linked_elsewhere")
}
