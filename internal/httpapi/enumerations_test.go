package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnumerations(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	require.Empty(t, s.admin.get("/v1/enumerations").is(200).data())
	made := s.admin.post("/v1/enumerations", obj{"code": "systems", "name": "Systems", "items": []obj{
		{"code": "Ubuntu-24.04", "sort_order": 2}, {"code": "Debian-12", "name": "Debian 12"},
	}}).is(201)
	require.Equal(t, []any{
		obj{"code": "Debian-12", "name": "Debian 12", "sort_order": 1.0}, obj{"code": "Ubuntu-24.04", "name": "Ubuntu-24.04", "sort_order": 2.0},
	}, made.json["items"])
	require.Equal(t, made.json, s.admin.get(made.Header.Get("Location")).is(200).json)
	require.Equal(t, made.json, s.storefront(s.provider).get("/v1/enumerations").is(200).data()[0])

	s.admin.post("/v1/enumerations", obj{"code": "systems", "name": "Again"}).fails(409, "already_exists").at("/code already_exists")
	s.admin.post("/v1/enumerations", obj{"code": "x", "name": "X", "items": []obj{{"code": "a"}, {"code": " b"}, {"code": "a"}}}).
		is(422).at("/items/1/code bad_format", "/items/2/code duplicate_value")
	s.storefront(s.provider).post("/v1/enumerations", obj{"code": "y", "name": "Y"}).fails(403, "insufficient_scope")

	tag := made.Header.Get("ETag")
	changed := s.admin.patch("/v1/enumerations/systems", obj{"items": made.json["items"], "name": "Operating systems"}, "If-Match", tag).is(200)
	require.Equal(t, made.json["items"], changed.json["items"])
	s.admin.patch("/v1/enumerations/systems", obj{"name": "Late"}, "If-Match", tag).fails(412, "precondition_failed")
	s.admin.delete("/v1/enumerations/systems").is(204)
	s.admin.get("/v1/enumerations/systems").fails(404, "not_found")
	s.admin.patch("/v1/enumerations/systems", obj{"name": "x"}).fails(404, "not_found")
}

func TestEnumerationsThatElementsReferTo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const path = "/v1/product-types/dedicated/add-ons"
	for _, code := range []string{"panels", "systems"} {
		s.admin.post("/v1/enumerations", obj{"code": code, "name": code, "items": []obj{{"code": "one"}, {"code": "two"}}}).is(201)
	}
	require.Nil(t, s.admin.get(path + "/os").is(200).json["enumeration_code"])
	require.Equal(t, "systems", s.admin.patch(path+"/os", obj{"enumeration_code": "systems"}).is(200).json["enumeration_code"])
	require.Nil(t, s.admin.patch(path+"/os", obj{"enumeration_code": nil}).is(200).json["enumeration_code"])
	s.admin.patch(path+"/os", obj{"enumeration_code": "nothing"}).fails(422, "not_found").at("/enumeration_code not_found")
	s.admin.patch(path+"/ram", obj{"enumeration_code": "systems"}).fails(422, "bad_value").at("/enumeration_code bad_value")

	s.admin.post(path, obj{"code": "colour", "name": "Colour", "value_type": "enumeration"}).fails(422, "required").at("/enumeration_code required")
	s.admin.post(path, obj{"code": "colour", "name": "Colour", "value_type": "enumeration", "unit": "piece", "enumeration_code": "panels"}).
		fails(422, "bad_value").at("/unit bad_value")
	made := s.admin.post(path, obj{"code": "colour", "name": "Colour", "value_type": "enumeration", "enumeration_code": "panels"}).is(201)
	require.Equal(t, "panels", made.json["enumeration_code"])
	s.admin.patch(path+"/colour", obj{"enumeration_code": nil}).fails(422, "required").at("/enumeration_code required")
	s.admin.delete("/v1/enumerations/panels").fails(409, "in_use")

	// An item that a tariff sells stays.
	id := s.tariff("a", obj{"create_all_add_ons": true})
	s.admin.patch("/v1/enumerations/panels", obj{"items": []obj{{"code": "two"}}}).is(200) // nothing is sold of what is not billed
	s.admin.patch("/v1/enumerations/panels", obj{"items": []obj{{"code": "one"}, {"code": "two"}}}).is(200)
	s.admin.patch("/v1/tariffs/"+id+"/add-ons/colour", obj{"billing": "order", "item_prices": []obj{{"item": "two"}}}).is(200)
	s.admin.patch("/v1/enumerations/panels", obj{"items": []obj{{"code": "one"}}}).fails(409, "in_use").at("/items in_use")
	s.admin.patch("/v1/enumerations/panels", obj{"items": []obj{{"code": "two", "name": "II"}}}).is(200)
	s.admin.patch("/v1/enumerations/systems", obj{"items": []obj{{"code": "one"}}}).is(200)
	s.admin.patch(path+"/colour", obj{"enumeration_code": "systems"}).fails(409, "in_use").at("/enumeration_code in_use")
	s.admin.patch("/v1/enumerations/systems", obj{"items": []obj{{"code": "one"}, {"code": "two"}}}).is(200)
	s.admin.patch(path+"/colour", obj{"enumeration_code": "systems"}).is(200)
	s.admin.delete("/v1/enumerations/panels").is(204)
}
