package badinput

var _ = register(map[string]entry{
	"listProductTypeParameters": {valid: plainly("code", "product_type")},
	"getProductTypeParameter":   {valid: plainly("code", "product_type", "parameter", "parameter")},
	"createProductTypeParameter": {
		valid: requests(
			func(w *world) request { return request{path: ofHosting(""), body: w.listed(w.word("p"))} },
			func(w *world) request { return request{path: ofHosting(""), body: worded(w.word("p"))} },
			func(w *world) request { return request{path: ofHosting(""), body: counted(w.word("p"))} },
		),
		rules: append([]rule{{"a taken code", set("code", "size"), 409, "already_exists", []string{"/code already_exists"}}}, valueRules...),
	},
	"updateProductTypeParameter": {
		valid: requests(
			func(w *world) request {
				body := w.listed(w.word("p"))
				w.create2("/v1/product-types/hosting/parameters", body)
				return request{path: ofHosting(body["code"].(string)), body: left(left(body, "code"), "input")}
			},
			func(w *world) request {
				body := worded(w.word("p"))
				w.create2("/v1/product-types/hosting/parameters", body)
				return request{path: ofHosting(body["code"].(string)), body: left(left(body, "code"), "input")}
			},
			func(w *world) request {
				body := counted(w.word("p"))
				w.create2("/v1/product-types/hosting/parameters", body)
				return request{path: ofHosting(body["code"].(string)), body: left(left(body, "code"), "input")}
			},
		),
		rules: valueRules,
	},
	"deleteProductTypeParameter": {valid: requests(func(w *world) request {
		body := worded(w.word("p"))
		w.create2("/v1/product-types/hosting/parameters", body)
		return request{path: ofHosting(body["code"].(string))}
	})},
})

func ofHosting(parameter string) map[string]string {
	return map[string]string{"code": "hosting", "parameter": parameter}
}

func (w *world) listed(code string) obj {
	value := obj{"code": "a", "name": "A", "tags": list{"x"}, "sort_order": 2, "module_ids": list{w.thing["module"]}, "enabled": true}
	return obj{
		"code": code, "name": "Size", "input": "list", "values": list{value}, "required": false, "ask": "order", "edit": "everyone", "all_tariffs": false,
		"sort_order": 3,
	}
}

func worded(code string) obj {
	return obj{"code": code, "name": "Size", "input": "text", "validator": obj{"kind": "regexp", "pattern": "[a-z]+"}}
}

func counted(code string) obj {
	return obj{"code": code, "name": "Size", "validator": obj{"kind": "integer", "min": 1, "max": 9}}
}

var valueRules = []rule{
	{"a value twice", set("values", list{obj{"code": "a"}, obj{"code": "a"}}), 422, "duplicate_value", []string{"/values/1/code duplicate_value"}},
	{"a list that is validated", set("validator", obj{"kind": "url"}), 422, "bad_value", []string{"/validator/kind bad_value"}},
}
