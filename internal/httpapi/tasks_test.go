package httpapi

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/operation"
)

// work runs the operations that are due.
func (s *trade) work() {
	s.t.Helper()
	ctx := context.Background()
	claims, err := s.db.Due("operation").Claim(ctx, s.business.BusinessNow(), 100)
	require.NoError(s.t, err)
	for _, c := range claims {
		require.NoError(s.t, s.server.Lifecycle.Run(ctx, operation.ID(c.ID), c.No))
	}
}

// byHand orders a server that people make; it answers the service and its task.
func (s *trade) byHand(buyer, tariff string) (id string, task obj) {
	s.t.Helper()
	id = s.service(buyer, "P1M", tariff)
	s.work()
	open := s.admin.get("/v1/tasks?service_id=" + id + "&status=open").is(200).data()
	require.Len(s.t, open, 1)
	return id, open[0]
}

func TestPeopleTakeAndCloseTasks(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	module := s.admin.post("/v1/processing-modules", obj{"driver": "manual", "product_type": "dedicated", "name": "Hands", "data_center_id": s.place}).
		is(201).text("id")
	tariff := s.tariff("by-hand", obj{"processing_module_ids": []string{module}})
	buyer := s.buyer("62.00", nil)
	client, shop := s.clientKey(buyer), s.storefront(s.provider)
	id, task := s.byHand(buyer, tariff)
	require.Equal(t, []any{"set_up", "open", module, buyer}, []any{task["kind"], task["status"], task["module_id"], task["client_id"]})
	require.Equal(t, "processing", client.get("/v1/services/" + id).is(200).json["status"])
	path := "/v1/tasks/" + task["id"].(string)
	for _, who := range []caller{client, shop} {
		who.get(path).fails(403, "insufficient_scope")
	}

	taken := s.admin.post(path+"/take", obj{}).is(200).json
	require.Equal(t, "in_work", taken["status"])
	require.NotNil(t, taken["taken_by"])
	s.admin.post(path+"/close", obj{"result": "done"}).fails(400, "idempotency_key_required")
	s.once(s.admin, path+"/close", obj{"result": "perhaps"}).fails(422, "unknown_value")
	s.once(s.admin, path+"/close", obj{"result": "done", "addresses": []obj{{"ip": "nowhere"}}}).is(422).at("/addresses/0/ip bad_format")
	s.once(s.admin, path+"/close", obj{"result": "done", "addresses": []obj{{"ip": "192.0.2.17", "family": "ipv6"}}}).
		is(422).at("/addresses/0/family bad_value")
	closed := s.once(s.admin, path+"/close", obj{
		"result": "done", "external_id": "rack-7", "addresses": []obj{{"ip": "192.0.2.17", "family": "ipv4"}, {"ip": "2001:db8::1"}}, "note": "Done.",
	}).is(200).json
	require.Equal(t, []any{"closed", "done", "Done."}, []any{closed["status"], closed["result"], closed["note"]})
	made := client.get("/v1/services/" + id).is(200).json
	require.Equal(t, []any{"active", "rack-7"}, []any{made["status"], made["external_id"]})
	require.Len(t, made["addresses"], 2)
	require.Equal(t, "192.0.2.17", made["addresses"].([]any)[0].(obj)["ip"])
	require.Equal(t, "31.00", s.balance(buyer))
	operation := s.admin.get("/v1/operations/" + task["operation_id"].(string)).is(200).json
	require.Equal(t, "succeeded", operation["status"])
	s.once(s.admin, path+"/close", obj{"result": "refused"}).fails(409, "task_closed")
	s.admin.post(path+"/take", obj{}).fails(409, "task_closed")

	_, first := s.byHand(buyer, tariff)
	s.admin.post("/v1/operations/"+first["operation_id"].(string)+"/retry", obj{}).is(202)
	sent := s.admin.get("/v1/tasks/" + first["id"].(string)).is(200).json
	require.Equal(t, []any{"closed", "retried"}, []any{sent["status"], sent["result"]}, "nobody refused it")
	s.work() // chooses its module anew
	s.work()
	open := s.admin.get("/v1/tasks?status=open").is(200).data()
	require.Len(t, open, 1, "people are asked again")
	require.Equal(t, first["operation_id"], open[0]["operation_id"])
	s.once(s.admin, "/v1/tasks/"+open[0]["id"].(string)+"/close", obj{"result": "retried"}).fails(422, "unknown_value")
	s.once(s.admin, "/v1/tasks/"+open[0]["id"].(string)+"/close", obj{"result": "refused"}).is(200)

	for _, who := range []caller{client, shop} {
		for _, seen := range []obj{
			who.get("/v1/operations/" + task["operation_id"].(string)).is(200).json, who.get("/v1/operations?service_id=" + id).is(200).data()[0],
		} {
			require.Equal(t, []any{nil, nil, []any{}, []any{}}, []any{seen["module_id"], seen["task_id"], seen["tried_module_ids"], seen["log"]}, "inner matters")
		}
	}
	require.Equal(t, []any{module, task["id"]}, []any{operation["module_id"], operation["task_id"]})

	refused, second := s.byHand(buyer, tariff)
	require.Equal(t, "0.00", s.balance(buyer), "held")
	s.once(s.admin, "/v1/tasks/"+second["id"].(string)+"/close", obj{"result": "refused", "note": "No such machine."}).is(200)
	require.Equal(t, "deleted", client.get("/v1/services/" + refused).is(200).json["status"])
	require.Equal(t, "31.00", s.balance(buyer), "a refused set-up gives the held money back")
	over := client.get("/v1/operations/" + second["operation_id"].(string)).is(200).json
	require.Equal(t, []any{"failed", "The operation was not done."}, []any{over["status"], over["error"].(obj)["detail"]}, "nobody looks into it any more")
	require.Equal(t, "0.00", s.admin.get("/v1/clients/" + buyer).is(200).json["held"].(obj)["amount"])
	require.Contains(t, types(s.admin), "task.closed")
}
