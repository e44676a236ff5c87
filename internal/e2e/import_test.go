package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// machinesOfBefore are what panels had before this program: how a machine of the buyer comes into each, where the panel tells whose it is,
// and by what of its row one sees that it was given back; empty: the row goes.
var machinesOfBefore = map[string]struct {
	panel, list string
	machine     doc
	nobody      string
	addOns      doc // that it has beyond what the tariff includes
}{
	"OpenStack":       {"openstack", "servers", doc{"name": "old"}, "", nil},
	"VMmanager 6 KVM": {"vmmanager6", "servers", doc{"name": "old", "owner_email": "buyer@shop.example"}, "", doc{"ram": "2"}},
	"DCImanager 5":    {"dcimanager5", "users", doc{"name": "old-buyer", "email": "Buyer@shop.example", "servers": []int{2}}, "owner", nil},
	"DSmanager":       {"dsmanager", "users", doc{"name": "old-buyer", "email": "Buyer@shop.example", "servers": []int{2}}, "owner", nil},
}

// TestMachinesOfBeforeAreTakenOver imports a machine from every panel that can be told of one, compares it, and ends its life.
func TestMachinesOfBeforeAreTakenOver(t *testing.T) { //nolint:tparallel // they share one installation and its clock
	t.Parallel()
	l := newMarket(t)
	for _, tr := range trades() {
		was, has := machinesOfBefore[tr.name]
		if !has {
			continue
		}
		t.Run(tr.name, func(t *testing.T) {
			s := &sale{life: l.in(t), trade: tr}
			s.begin()
			s.panels.call(http.MethodPost, "/control/"+was.panel+"/"+was.list, was.machine)
			servers := func() value { return s.panels.call(http.MethodGet, "/control/"+was.panel, nil).part("servers") }
			untouched := servers().String()

			path := "/v1/processing-modules/" + s.module + "/import"
			for _, who := range []*caller{s.shop, s.buyer, s.stranger} {
				s.do(who, http.MethodPost, path+"?preview=true", doc{}).is(http.StatusForbidden)
			}
			offered := s.admin.post(path+"?preview=true", doc{}).is(http.StatusOK)
			require.Len(t, offered.list("machines"), 1)
			if !offered.null("machines.0.owner") {
				require.Equal(t, s.client, offered.text("machines.0.suggested.client_id"))
			}
			s.external = offered.text("machines.0.external_id")
			item := doc{"external_id": s.external, "client_id": s.client, "tariff_id": s.small, "period": "P1M", "paid_until": "2030-01-01T00:00:00Z", "add_ons": orEmpty(was.addOns)}
			made := s.do(s.admin, http.MethodPost, path, doc{"items": []doc{item}}).is(http.StatusCreated)
			s.do(s.admin, http.MethodPost, path, doc{"items": []doc{item}}).is(http.StatusUnprocessableEntity)
			require.Equal(t, untouched, servers().String(), "nothing was done to it")
			taken := made.text("services.0.id")
			require.Contains(t, made.String(), `"sync"`)

			s.take(lifetime[0]) // one of ours is not offered
			require.Empty(t, s.admin.post(path+"?preview=true", doc{}).is(http.StatusOK).list("machines"))
			ours, machine := s.id, s.external
			s.id, s.external = taken, item["external_id"].(string)

			require.Empty(t, s.admin.post(s.path("/sync"), doc{}).is(http.StatusOK).list("differences"), "what was taken over differs in nothing")
			for _, step := range lifetime[1:3] {
				require.Equal(t, http.StatusAccepted, step.ask(s).status)
				s.pass(30)
				require.Equal(t, step.status, s.service().text("status"), "%s: %s", step.name, s.operations())
				require.Empty(t, s.admin.post(s.path("/sync"), doc{}).is(http.StatusOK).list("differences"), step.name)
			}
			s.do(s.admin, http.MethodDelete, s.path(""), nil).is(http.StatusAccepted)
			s.pass(60)
			require.Equal(t, "deleted", s.service().text("status"), s.operations())
			for _, row := range s.panels.call(http.MethodGet, "/control/"+was.panel, nil).list("servers") {
				if row.word("id") == s.external {
					require.NotEmpty(t, was.nobody, "it is gone")
					require.True(t, row.null(was.nobody), "it is nobody's")
				}
			}

			// What vanishes from a panel is told.
			s.id, s.external = ours, machine
			s.panels.call(http.MethodPost, "/control/"+was.panel+"/reset", nil)
			lost := s.admin.post(s.path("/sync"), doc{}).is(http.StatusOK)
			require.Len(t, lost.list("differences"), 1)
			require.Equal(t, "exists", lost.text("differences.0.field"))
			require.Equal(t, "active", s.service().text("status"))
		})
	}
	l.ledgerAgrees()
	l.verified()
}
