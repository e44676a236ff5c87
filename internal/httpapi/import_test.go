package httpapi

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// racks is a panel that can tell what it has.
type racks struct {
	found provision.Found
	has   []provision.Machine
	fails error
}

func (r *racks) driver() provision.Driver {
	modes := map[provision.Kind]provision.Mode{}
	for _, kind := range provision.Kinds {
		modes[kind] = provision.ModeAuto
	}
	return provision.Driver{
		Info:  provision.Info{Name: "racks", Title: "Racks", Default: provision.ProductType{Operations: modes}, DataCenter: provision.DataCenterRule{ExternalID: provision.Optional}},
		New:   func(provision.Config) (provision.Module, error) { return r, nil },
		Types: []provision.Module{r},
	}
}

func (*racks) Check(context.Context) error { return nil }

func (*racks) Apply(context.Context, provision.Op) (provision.Outcome, error) {
	return provision.Outcome{}, nil
}

func (r *racks) Inspect(context.Context, provision.Op) (provision.Found, error) {
	return r.found, r.fails
}

func (r *racks) Machines(context.Context) ([]provision.Machine, error) { return r.has, r.fails }

func (*racks) SortOf(string, json.RawMessage) string { return "" }

// racked is a tariff and a client whose machine stands in the panel.
func (s *trade) racked() (module, tariff, client string) {
	s.t.Helper()
	module = s.admin.post("/v1/processing-modules", obj{
		"driver": "racks", "product_type": "dedicated", "name": "Racks", "data_center_id": s.place,
	}).is(201).text("id")
	tariff = s.tariff("R1", obj{"processing_module_ids": []string{module}})
	client = s.buyer("", obj{"email": "ada@x.example"})
	one, on := decimal.NewFromInt(1), true
	s.racks.has = []provision.Machine{{Name: "srv", Found: provision.Found{
		Exists: true, Sort: "E3", Ref: "42", Owner: "ada@x.example", Standing: provision.Served, Power: &on,
		Addresses: []provision.Address{{IP: "192.0.2.1", Family: "ipv4", Main: true}},
		AddOns:    map[string]provision.AddOn{"ipv4_public": {Amount: &one, Unit: "piece"}}, Parameters: map[string]string{"os": "Debian-12"},
	}}, {Found: provision.Found{Exists: true, Ref: "43", Owner: "nobody@x.example"}}}
	return module, tariff, client
}

func TestMachinesAreImported(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	module, tariff, client := s.racked()
	path := "/v1/processing-modules/" + module + "/import"
	seen := s.admin.post(path+"?preview=true", nil).is(200).json["machines"].([]any)
	require.Len(t, seen, 2)
	require.Equal(t, obj{
		"external_id": "42", "name": "srv", "owner": "ada@x.example", "domain": nil, "configuration": "E3", "status": "active", "power": "on",
		"addresses": []any{obj{"ip": "192.0.2.1", "family": "ipv4", "gateway": nil, "network": nil, "main": true}},
		"add_ons":   []any{obj{"add_on": "ipv4_public", "value": "1", "unit": "piece"}}, "parameters": obj{"os": "Debian-12"},
		"suggested": obj{"client_id": client, "tariff_id": tariff},
	}, seen[0])
	require.Equal(t, obj{"client_id": nil, "tariff_id": nil}, seen[1].(obj)["suggested"])
	require.Nil(t, seen[1].(obj)["status"])

	s.admin.post(path, nil).fails(422, "required").at("/items required")
	item := obj{"external_id": "42", "client_id": client, "tariff_id": tariff, "period": "P1M", "paid_until": "2027-04-15T00:00:00Z", "auto_renew": false}
	body := obj{"items": []obj{item}}
	made := s.once(s.admin, path, body).is(201)
	svc := made.json["services"].([]any)[0].(obj)
	require.Equal(t, "active", svc["status"])
	require.Nil(t, svc["order_id"])
	require.Equal(t, "42", svc["external_id"])
	require.Equal(t, false, svc["auto_renew"])
	require.Equal(t, svc, s.admin.get("/v1/services/"+svc["id"].(string)).is(200).json)
	s.calls--
	require.Equal(t, made.json, s.once(s.admin, path, body).is(201).json, "once for one key")
	s.admin.post(path, body).is(422).at("/items/0/external_id already_exists")
	s.storefront(s.provider).post(path, body).fails(403, "insufficient_scope")
	s.admin.post("/v1/processing-modules/"+s.module+"/import?preview=true", nil).fails(422, "unsupported_operation")
	s.admin.post("/v1/processing-modules/nothing/import?preview=true", nil).fails(404, "not_found")
}

func TestServicesAreComparedWithTheirPanel(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	module, tariff, client := s.racked()
	id := s.once(s.admin, "/v1/processing-modules/"+module+"/import", obj{"items": []obj{{
		"external_id": "42", "client_id": client, "tariff_id": tariff, "period": "P1M", "paid_until": "2027-04-15T00:00:00Z",
	}}}).is(201).json["services"].([]any)[0].(obj)["id"].(string)
	path := "/v1/services/" + id + "/sync"
	s.racks.found = provision.Found{Exists: true, Standing: provision.CutOff, Addresses: []provision.Address{}, Domain: "a.example"}
	shop := s.storefront(s.provider)
	require.Contains(t, shop.get("/v1/services/" + id).is(200).json["allowed_actions"], "sync")
	require.NotContains(t, s.clientKey(client).get("/v1/services/" + id).is(200).json["allowed_actions"], "sync")
	told := shop.post(path, nil).is(200)
	require.Equal(t, []any{
		obj{"field": "status", "ours": "active", "panel": "suspended", "taken_over": false},
		obj{"field": "domain", "ours": nil, "panel": "a.example", "taken_over": true},
		obj{"field": "addresses", "ours": []any{"192.0.2.1"}, "panel": []any{}, "taken_over": true},
	}, told.json["differences"])
	require.NotNil(t, told.json["checked_at"])
	op := s.admin.get("/v1/operations?service_id=" + id).is(200).data()[0]
	require.Equal(t, "sync", op["kind"])
	require.Equal(t, "succeeded", op["status"])
	require.Len(t, op["log"], 3)
	s.racks.found = provision.Found{}
	require.Equal(t, []any{obj{"field": "exists", "ours": true, "panel": false, "taken_over": false}}, s.admin.post(path, nil).is(200).json["differences"])

	// A program may be of a driver that can, and know no such command.
	s.racks.fails = fault.New(fault.Invalid, "unsupported_operation", "The module's program has no command sync_item.")
	s.admin.post(path, nil).fails(422, "unsupported_operation")
	s.admin.post("/v1/processing-modules/"+module+"/import?preview=true", nil).fails(422, "unsupported_operation")
	require.Len(t, s.admin.get("/v1/operations?service_id="+id).is(200).data(), 2, "nothing was asked, nothing is noted")

	// The panel's own words are for administrators.
	s.racks.fails = provision.NewRejected("refused", "You are root on db7")
	require.NotContains(t, string(shop.post(path, nil).fails(422, "module_refused").raw), "db7")
	require.Contains(t, string(s.admin.post(path, nil).fails(422, "module_refused").raw), "db7")
	plain := s.service(s.buyer("100.00", nil), "P1M", s.tariff("plain", nil))
	s.admin.post("/v1/services/"+plain+"/sync", nil).fails(422, "unsupported_operation")
	require.NotContains(t, s.admin.get("/v1/services/" + plain).is(200).json["allowed_actions"], "sync")
	require.Equal(t, []any{"sync", "import"}, s.admin.get("/v1/processing-drivers/racks").is(200).json["abilities"])
	require.Equal(t, []any{}, s.admin.get("/v1/processing-drivers/none").is(200).json["abilities"])
	s.clientKey(client).post(path, nil).fails(403, "insufficient_scope")
}

func TestAnImportedServicesChangeCostsTheDifferenceD9(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	module, tariff, client := s.racked()
	dear := s.tariff("R2", obj{"processing_module_ids": []string{module}, "prices": []obj{{"period": "P1M", "amount": "62.00"}}})
	s.once(s.admin, "/v1/payments", pay(client, "100.00", nil)).is(201)
	s.business.Set(time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC)) // 15 of 31 days are left
	path := "/v1/processing-modules/" + module + "/import"
	item := obj{"external_id": "42", "client_id": client, "tariff_id": tariff, "period": "P1M", "paid_until": "2036-04-01T00:00:00Z"}
	s.once(s.admin, path, obj{"items": []obj{item}}).is(422).at("/items/0/paid_until out_of_range")
	item["paid_until"] = "2026-04-01T00:00:00Z"
	at := "/v1/services/" + s.once(s.admin, path, obj{"items": []obj{item}}).is(201).json["services"].([]any)[0].(obj)["id"].(string)
	to := func(tariff string) obj { return obj{"tariff_id": tariff, "period": "P1M"} }
	bill := s.admin.post(at+"/change-tariff?preview=true", to(dear)).is(200).json
	require.Equal(t, []any{"15.00", "0.00"}, []any{bill["charge"].(obj)["amount"], bill["refund"].(obj)["amount"]})
	require.Len(t, bill["lines"], 1)
	s.once(s.admin, at+"/change-tariff", to(dear)).is(202)
	s.work()
	require.Equal(t, "85.00", s.balance(client))
	s.once(s.admin, at+"/change-tariff", to(tariff)).is(202)
	s.work()
	require.Equal(t, "100.00", s.balance(client), "what was paid here comes back, and nothing else")
	s.admin.delete(at).is(202)
	s.work()
	require.Equal(t, "100.00", s.balance(client))
}
