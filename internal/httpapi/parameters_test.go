package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParametersOfAProductType(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const path = "/v1/product-types/dedicated/parameters"
	list := s.admin.get(path).is(200).data()
	require.Len(t, list, 4)
	require.Len(t, s.admin.get("/v1/product-types/vds/parameters").is(200).data(), 4)
	require.Empty(t, s.admin.get("/v1/product-types/colocation/parameters").is(200).data())
	os := s.admin.get(path + "/os").is(200)
	require.Equal(t, "list", os.json["input"])
	require.Equal(t, true, os.json["builtin"])
	require.Equal(t, obj{"kind": "none", "pattern": nil, "min": nil, "max": nil}, os.json["validator"])

	module := s.module("here", s.dataCenter("Frankfurt", "3"))
	made := s.admin.post(path, obj{
		"code": "colour", "name": "Colour", "input": "multi_list", "required": true, "ask": "processing", "edit": "provider", "all_tariffs": false,
		"values": []obj{{"code": "red", "sort_order": 2}, {"code": "blue", "name": "Blue", "tags": []string{"cold"}, "module_ids": []string{module}}},
	}).is(201)
	require.Equal(t, []any{
		obj{"code": "blue", "name": "Blue", "tags": []any{"cold"}, "sort_order": 1.0, "module_ids": []any{module}, "enabled": true},
		obj{"code": "red", "name": "red", "tags": []any{}, "sort_order": 2.0, "module_ids": []any{}, "enabled": true},
	}, made.json["values"])
	require.Equal(t, made.json, s.storefront(s.provider).get(made.Header.Get("Location")).is(200).json)

	// What is printed is accepted back, member by member.
	back := obj{}
	for _, name := range []string{"name", "values", "required", "ask", "edit", "all_tariffs", "validator", "sort_order"} {
		back[name] = made.json[name]
	}
	changed := s.admin.patch(path+"/colour", back, "If-Match", made.Header.Get("ETag")).is(200)
	require.Equal(t, made.json, changed.json)
	s.admin.patch(path+"/colour", obj{"name": "x"}, "If-Match", made.Header.Get("ETag")).fails(412, "precondition_failed")
	s.admin.patch(path+"/nothing", obj{"name": "x"}).fails(404, "not_found")
	s.admin.delete(path+"/os").fails(409, "built_in")
	s.admin.post(path, obj{"code": "colour", "name": "Again"}).fails(409, "already_exists").at("/code already_exists")
	s.storefront(s.provider).post(path, obj{"code": "x", "name": "X"}).fails(403, "insufficient_scope")

	tariff := s.tariff("a", obj{"parameters": []string{"colour"}})
	s.admin.delete(path+"/colour").fails(409, "in_use")
	s.admin.patch("/v1/tariffs/"+tariff, obj{"parameters": []string{}}).is(200)
	s.admin.delete(path + "/colour").is(204)
	s.admin.get(path+"/colour").fails(404, "not_found")
	s.admin.post("/v1/product-types/nothing/parameters", obj{"code": "x", "name": "X"}).fails(404, "not_found")
}

func TestParametersThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const path = "/v1/product-types/dedicated/parameters"
	for _, c := range []struct {
		body obj
		at   []string
	}{
		{obj{"values": []obj{{"code": "a"}}}, []string{"/values bad_value"}},
		{obj{"input": "list", "validator": obj{"kind": "url"}}, []string{"/validator/kind bad_value"}},
		{
			obj{"input": "list", "values": []obj{{"code": "a"}, {"code": "a"}, {"code": "b", "module_ids": []string{s.provider}}}},
			[]string{"/values/1/code duplicate_value", "/values/2/module_ids/0 not_found"},
		},
		{obj{"validator": obj{"kind": "regexp"}}, []string{"/validator/pattern required"}},
		{obj{"validator": obj{"kind": "regexp", "pattern": "a)(b"}}, []string{"/validator/pattern bad_format"}},
		{obj{"validator": obj{"kind": "regexp", "pattern": "(?=a)"}}, []string{"/validator/pattern bad_format"}},
		{obj{"validator": obj{"kind": "url", "pattern": "a", "min": 1}}, []string{"/validator/min bad_value", "/validator/pattern bad_value"}},
		{obj{"validator": obj{"kind": "integer", "min": 3, "max": 2}}, []string{"/validator/min out_of_range"}},
	} {
		body := obj{"code": "x", "name": "X"}
		for k, v := range c.body {
			body[k] = v
		}
		s.admin.post(path, body).is(422).at(c.at...)
	}
	s.admin.post("/v1/integration-modules/dedicated_bandwidth/install", obj{}).is(200)
	s.admin.post("/v1/product-types/dedicated_bandwidth/parameters", obj{"code": "servers", "name": "S"}).fails(422, "bad_value").at("/code bad_value")

	// Another kind begins anew; the same one keeps what is not named.
	s.admin.post(path, obj{"code": "age", "name": "Age", "validator": obj{"kind": "integer", "min": 1, "max": 9}}).is(201)
	v := s.admin.patch(path+"/age", obj{"validator": obj{"max": nil}}).is(200).json["validator"]
	require.Equal(t, obj{"kind": "integer", "pattern": nil, "min": 1.0, "max": nil}, v)
	v = s.admin.patch(path+"/age", obj{"validator": obj{"kind": "ipv4"}}).is(200).json["validator"]
	require.Equal(t, obj{"kind": "ipv4", "pattern": nil, "min": nil, "max": nil}, v)
}

func TestParametersAndDomainTemplateOfATariff(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const path = "/v1/product-types/dedicated/parameters"
	s.admin.post(path, obj{"code": "colour", "name": "Colour", "all_tariffs": false}).is(201)
	id := s.tariff("a", obj{"parameters": []string{"colour"}, "default_domain_template": "@USERNAME@.example.com"})
	read := s.admin.get("/v1/tariffs/" + id).is(200)
	require.Equal(t, []any{"colour"}, read.json["parameters"])
	require.Equal(t, "@USERNAME@.example.com", read.json["default_domain_template"])
	s.admin.patch("/v1/tariffs/"+id, obj{"parameters": []string{"colour", "smell"}}).fails(422, "not_found").at("/parameters/1 not_found")
	for template, code := range map[string]string{
		"@USER@.example.com": "bad_format", "@DOMAIN@": "bad_format", "no spaces.example.com": "bad_format", "-.example.com": "bad_format",
	} {
		s.admin.patch("/v1/tariffs/"+id, obj{"default_domain_template": template}).fails(422, code).at("/default_domain_template " + code)
	}
	s.admin.patch("/v1/tariffs/"+id, obj{"default_domain_template": "@ID@-@TYPE@.@ACCOUNT_ID@.example.com"}).is(200)
	require.Nil(t, s.admin.patch("/v1/tariffs/"+id, obj{"default_domain_template": nil}).is(200).json["default_domain_template"])
}
