package badinput

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unknown is an id that nothing has.
const unknown = "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08"

// codes are the members that name something by a word, and what is said of one that does not exist.
var codes = map[string]string{
	"product_type": "not_found", "unit": "not_found", "smaller_unit": "not_found", "overage_unit": "not_found", "driver": "unknown_value",
	"add_on": "not_found", "enumeration_code": "not_found", "time_zone": "unknown_value", "currency": "unknown_currency",
}

// references: names of things that do not exist, days that no calendar has.
func (x matrix) references(p spot) (all []wrong) {
	add := func(name string, v any, code string) {
		among := strings.HasSuffix(p.general, "/product_type") // what else the body names may belong to another type
		all = append(all, wrong{name: name, body: p.with(v), place: p.pointer + " " + cmp.Or(x.entry.codes[p.general], code), among: among})
	}
	name := p.general[strings.LastIndex(p.general, "/")+1:]
	text, _ := p.value.(string)
	switch {
	case p.shape.day():
		add("no day of any calendar", "2026-02-30", "bad_format")
		add("no year", "0000-01-01", "bad_format")
	case p.shape.id():
		add("an unknown id", unknown, "not_found")
		add("the id of something else", x.thing["key"], "not_found")
	case cmp.Or(x.entry.codes[p.general], codes[name]) != "" && text != "":
		for _, word := range []string{"no_such", "XXX", "P7M"} {
			if p.shape.refuses(word) == "" {
				add("an unknown word "+word, word, codes[name])
				break
			}
		}
	}
	return all
}

// foreign is what another provider, or another client of the same one, has of the kind that a member names; a storefront
// and a client must find it as little as something that is not there. An empty one belongs to nobody.
var foreign = map[string]map[string]string{
	"storefront": {
		"provider_id": "rival", "client_id": "rival_client", "tariff_id": "rival_tariff", "order_id": "rival_order", "servers": "rival_service",
		"server_service_id": "rival_service", "service_id": "rival_service", "owner_service_id": "rival_service",
	},
	"client": {
		"provider_id": "rival", "client_id": "stranger", "tariff_id": "rival_tariff", "order_id": "stranger_order", "servers": "stranger_server",
		"server_service_id": "stranger_server", "service_id": "stranger_server", "owner_service_id": "stranger_server",
	},
}

// nobodys are members and parameters whose objects belong to nobody in particular.
var nobodys = []string{"data_center_id", "data_center_ids", "module_id", "department_id"}

// foreignPath is what stands in an address for {id}, by how the address begins.
var foreignPath = map[string]map[string]string{
	"storefront": {
		"/v1/providers/": "rival", "/v1/clients/": "rival_client", "/v1/tariffs/": "rival_tariff", "/v1/orders/": "rival_order",
		"/v1/payments/": "rival_payment", "/v1/services/": "rival_service", "/v1/operations/": "rival_operation",
		"/v1/statistics/blocks/": "rival_service",
	},
	"client": {
		"/v1/providers/": "rival", "/v1/clients/": "stranger", "/v1/tariffs/": "rival_tariff", "/v1/orders/": "stranger_order",
		"/v1/payments/": "stranger_payment", "/v1/services/": "stranger_server", "/v1/operations/": "stranger_operation",
		"/v1/statistics/blocks/": "stranger_server",
	},
}

// everybodys are addresses of what everybody may see.
var everybodys = []string{"/v1/data-centers/", "/v1/units/", "/v1/product-types/", "/v1/enumerations/", "/v1/tariff-groups/"}

// staffs are members that only an administrator's body may hold.
var staffs = []string{"settlement", "phone_verified", "status", "group_id", "effective_at"}

// foreigners ask as the roles that see only their own.
func (x matrix) foreigners(r request) (all []attempt) {
	for role, own := range map[string]*caller{"storefront": x.shop, "client": x.buyer} {
		if !slices.Contains(x.op.roles(), role) {
			continue
		}
		all = append(all, x.foreignAddress(role, own, r)...)
		all = append(all, x.foreignMembers(role, own, r)...)
	}
	return all
}

func (x matrix) foreignAddress(role string, own *caller, r request) (all []attempt) {
	place := strings.Index(x.op.path, "{")
	if place < 0 || slices.Contains(everybodys, x.op.path[:place]) {
		return nil
	}
	id, ok := x.thing[foreignPath[role][x.op.path[:place]]]
	if !ok {
		x.t.Errorf("no foreign thing is known for %s as %s", x.op.path, role)
		return nil
	}
	name := x.op.path[place+1 : place+strings.Index(x.op.path[place:], "}")]
	asked := r
	asked.body, asked.path = forRole(r.body), changedPath(r.path, name, id)
	return []attempt{{name: "a foreign " + name + " as " + role, as: own, m: asked.message(x.op), status: 404, code: "not_found", places: []string{}}}
}

// forRole leaves out what the role may not send.
func forRole(body any) any {
	b, ok := body.(obj)
	if !ok {
		return body
	}
	for _, name := range staffs {
		b = left(b, name)
	}
	return b
}

func (x matrix) foreignMembers(role string, own *caller, r request) (all []attempt) {
	s := x.op.body()
	if s == nil || r.body == nil {
		return nil
	}
	for _, p := range spots(s, forRole(r.body)) {
		if !p.shape.id() {
			continue
		}
		steps := strings.Split(strings.TrimSuffix(p.general, "/*"), "/")
		name := steps[len(steps)-1]
		id, ok := x.thing[foreign[role][name]]
		if !ok {
			if !slices.Contains(nobodys, name) {
				x.t.Errorf("no foreign thing is known for %s as %s", p.general, role)
			}
			continue
		}
		for what, value := range map[string]string{"a foreign id": id, "an unknown id": unknown} {
			m := r.message(x.op)
			m.body = encoded(p.with(value))
			code := cmp.Or(x.entry.codes[p.general], "not_found")
			all = append(all, attempt{
				name: p.pointer + ": " + what + " as " + role, as: own, m: m, status: 422, code: code, places: []string{p.pointer + " " + code},
			})
		}
	}
	return all
}

// refusesParameter is the code by which the contract refuses the text of a parameter.
func (s *shape) refusesParameter(text string) string {
	switch {
	case s.is("integer") && len(s.kinds) > 0:
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return "wrong_type"
		}
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case strings.ContainsAny(text, ".eE"):
			return "wrong_type"
		case err != nil, s.least != nil && float64(n) < *s.least, s.most != nil && float64(n) > *s.most:
			return "out_of_range"
		}
		return ""
	case slices.Contains(s.kinds, "boolean"):
		if text != "true" && text != "false" {
			return "wrong_type"
		}
		return ""
	case slices.Contains(s.kinds, "array"):
		return ""
	case !utf8.ValidString(text):
		return "bad_value"
	}
	if s.day() && text == "2026-02-30" {
		return "bad_format"
	}
	return s.refuses(text)
}
