package badinput

var _ = register(map[string]entry{
	"listEnumerations": {valid: plainly()},
	"getEnumeration":   {valid: requests(func(w *world) request { return request{path: map[string]string{"code": w.enumeration()}} })},
	"createEnumeration": {
		valid: requests(func(w *world) request {
			return request{body: obj{"code": w.word("e"), "name": "Systems", "items": list{obj{"code": "a", "name": "A", "sort_order": 2}, obj{"code": "b"}}}}
		}),
		rules: append([]rule{{"a taken code", func(w *world, b obj) { b["code"] = w.enumeration() }, 409, "already_exists", []string{"/code already_exists"}}}, itemRules...),
	},
	"updateEnumeration": {
		valid: requests(func(w *world) request {
			return request{path: map[string]string{"code": w.enumeration()}, body: obj{"name": "Systems", "items": list{obj{"code": "a", "name": "A", "sort_order": 2}}}}
		}),
		rules: itemRules,
	},
	"deleteEnumeration": {valid: requests(func(w *world) request { return request{path: map[string]string{"code": w.enumeration()}} })},
})

var itemRules = []rule{
	{"an item twice", set("items", list{obj{"code": "a"}, obj{"code": "a"}}), 422, "duplicate_value", []string{"/items/1/code duplicate_value"}},
	{"an item of spaces", set("items", list{obj{"code": " a"}}), 422, "bad_format", []string{"/items/0/code bad_format"}},
	{"an item of two lines", set("items", list{obj{"code": "a\nb"}}), 422, "bad_format", []string{"/items/0/code bad_format"}},
}

// enumeration makes one; what rules need is made while the cases are, before the database is looked at.
func (w *world) enumeration() string {
	code := w.word("e")
	w.create2("/v1/enumerations", obj{"code": code, "name": "Systems", "items": list{obj{"code": "a"}}})
	return code
}
