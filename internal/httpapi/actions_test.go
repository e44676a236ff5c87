package httpapi

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is listed is accepted and what is not is refused, whatever is under way.
func TestAllowedActionsKnowWhatIsUnderWayAndWhoAsks(t *testing.T) {
	t.Parallel()
	s := newSeller(t)
	place := s.dataCenter("Frankfurt", "1")
	module := s.admin.post("/v1/processing-modules", obj{"driver": "plain", "product_type": "dedicated", "name": "plain", "data_center_id": place}).is(201).text("id")
	tariff := s.tariff("S", obj{
		"data_center_ids": []string{place}, "processing_module_ids": []string{module}, "prices": []obj{{"period": "P1M", "amount": "10.00"}},
		"policy": obj{"client_may_suspend": true},
	})
	c := s.aClient(s.provider, "a@x.example")
	s.admin.post("/v1/payments", pay(c, "100.00", nil), "Idempotency-Key", "p").is(201)
	me, shop := s.clientKey(c), s.storefront(s.provider)
	made := me.post("/v1/orders", obj{"client_id": c, "pay": "balance", "items": []obj{{"tariff_id": tariff, "period": "P1M"}}}, "Idempotency-Key", "o").is(201)
	at := "/v1/services/" + made.json["items"].([]any)[0].(obj)["service_id"].(string)
	calls := 0
	call := func(who caller, action string) *reply {
		calls++
		switch action {
		case "delete":
			return who.delete(at + "?when=now")
		case "suspend":
			return who.post(at+"/suspend", obj{"reason": "client"})
		case "set_parameters":
			return who.post(at+"/set-parameters", obj{"parameters": obj{"domain": "a.example.com"}})
		}
		return who.post(at+"/"+action, obj{}, "Idempotency-Key", fmt.Sprint(calls))
	}
	// can expects the actions of all three, and that what is not among them is refused.
	can := func(admin, others []any) {
		t.Helper()
		all := []string{"suspend", "resume", "renew", "reboot", "set_parameters", "undelete", "delete"}
		for who, want := range map[caller][]any{s.admin: admin, shop: others, me: others} {
			got := who.get(at).is(200).json["allowed_actions"].([]any)
			for _, a := range all {
				if !contains(want, a) {
					require.NotContains(t, got, a)
					if status := call(who, a).StatusCode; status != 200 || (a != "suspend" && a != "resume") { // those may be without effect
						require.Contains(t, []int{403, 409}, status, a)
					}
				}
			}
			require.Subset(t, got, want)
		}
	}
	asked := []any{"set_parameters"}
	can(asked, asked)
	call(me, "set_parameters").is(200)
	s.work()
	active := []any{"suspend", "renew", "reboot", "set_parameters", "delete"}
	can(active, active)

	call(me, "suspend").is(202)
	active = active[1:]
	can(active, active) // one suspension at a time; the rest waits for it
	call(me, "reboot").is(202)
	active = []any{"renew", "set_parameters", "delete"}
	can(active, active)
	s.work()
	both := []any{"suspend", "resume", "renew", "delete"} // staff may give one more reason
	can(both, both[1:])
	s.admin.post(at+"/suspend", obj{"reason": "admin"}).is(200)
	can(both, both[1:])
	call(me, "resume").is(200) // the other reason stays
	can(both, []any{"suspend", "renew", "delete"})
	call(s.admin, "resume").is(202)
	can([]any{"suspend", "renew", "delete"}, []any{"suspend", "renew", "delete"})
	s.work()

	call(me, "delete").is(202)
	can([]any{}, []any{})
	s.work()
	require.Equal(t, []any{}, me.get(at).is(200).json["allowed_actions"])
}

// A client's deletion that waits for the end of the period is asked for once.
func TestAScheduledDeletionIsNoActionAgain(t *testing.T) {
	t.Parallel()
	s := newSeller(t)
	place := s.dataCenter("Frankfurt", "3")
	module := s.module("DCI", place)
	id := s.sold(module, s.tariff("t", obj{"data_center_ids": []string{place}, "processing_module_ids": []string{module}, "settings": obj{"configuration": "E3"}}))
	s.admin.patch("/v1/product-types/dedicated", obj{"client_deletion_time": "end_of_period"}).is(200)
	at := "/v1/services/" + id
	me := s.clientKey(s.admin.get(at).text("client_id"))
	require.Contains(t, me.get(at).is(200).json["allowed_actions"], "delete")
	me.delete(at).is(200)
	require.NotContains(t, me.get(at).is(200).json["allowed_actions"], "delete")
	require.Contains(t, me.get(at).is(200).json["allowed_actions"], "undelete")
	require.Contains(t, s.admin.get(at).is(200).json["allowed_actions"], "delete", "staff may delete it now")
}

func contains(list []any, what string) bool {
	for _, x := range list {
		if x == what {
			return true
		}
	}
	return false
}
