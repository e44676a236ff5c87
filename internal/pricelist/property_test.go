package pricelist

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type doc = map[string]any

// odd are texts that YAML could take for something else.
var odd = []string{
	"yes", "no", "null", "~", "3", "0x1F", "1e3", "2026-01-01", "a: b", "# no comment", "- item", "'single'", "\"double\"", "ä–€ ſ",
	"{flow}", "[list]", "*alias", "&anchor", "!tag", "%directive", "trailing:", "back\\slash", "tab\tinside", "${NAME}", "<<", "true",
	" space before", "space after ", "colon:in", "@at", "`tick`", "|", ">", "?", ".5", "=", "1_000", "12:30:45",
}

var texts = append([]string{
	"two\nlines", "ends with a line\n", "\nbegins with one", "  indented\nthen not", "a\n\n\nb", "blank \n at ends \n", "\ttab\n\ttab", "carriage\r\nreturn", "",
}, odd...)

// drawn makes random catalogues. Whatever it makes is good, so that a refusal is a failure.
type drawn struct {
	*rapid.T
	n int
}

func (d *drawn) code(prefix string) string { d.n++; return fmt.Sprintf("%s_%d", prefix, d.n) }

func (d *drawn) name() string {
	d.n++
	return fmt.Sprint(rapid.SampledFrom(odd).Draw(d.T, "name"), " ", d.n)
}

func (d *drawn) text(of []string) string { return rapid.SampledFrom(of).Draw(d.T, "text") }

func (d *drawn) one(of ...any) any { return rapid.SampledFrom(of).Draw(d.T, "one") }

func (d *drawn) maybe() bool { return rapid.Bool().Draw(d.T, "maybe") }

func (d *drawn) count(least, most int) int { return rapid.IntRange(least, most).Draw(d.T, "count") }

func (d *drawn) amount() string {
	return fmt.Sprintf("%d.%0*d", d.count(0, 5000), d.count(1, 8), d.count(0, 9))
}

// put sets a member sometimes.
func (d *drawn) put(in doc, name string, value any) {
	if d.maybe() {
		in[name] = value
	}
}

func (d *drawn) many(least, most int, one func() doc) []doc {
	out := []doc{}
	for range d.count(least, most) {
		out = append(out, one())
	}
	return out
}

func namesOf(list []doc, member string) (out []any) {
	for _, x := range list {
		out = append(out, x[member])
	}
	return out
}

// some takes a part of a list, in its order.
func (d *drawn) some(list []any) []any {
	out := []any{}
	for _, x := range list {
		if d.maybe() {
			out = append(out, x)
		}
	}
	return out
}

func (d *drawn) prices(extra func(doc)) []doc {
	out := []doc{}
	for _, period := range d.some([]any{"one_time", "P1D", "P1M", "P3M", "P1Y"}) {
		p := doc{"period": period, "amount": d.amount()}
		d.put(p, "setup_fee", d.amount())
		if extra != nil {
			extra(p)
		}
		out = append(out, p)
	}
	return out
}

func (d *drawn) catalogue() doc {
	root := doc{"version": 1}
	currencies := []any{"EUR", "USD", "JPY"}
	providers := append([]doc{{"name": "Default", "currency": "EUR"}}, d.many(0, 2, func() doc {
		p := doc{"name": d.name(), "currency": d.one(currencies...)}
		d.put(p, "country", "DE")
		d.put(p, "site", "https://ours.test/")
		d.put(p, "prices_include_tax", d.maybe())
		return p
	})...)
	departments := d.many(1, 2, func() doc { return doc{"name": d.name(), "email": d.one("", "team@ours.test")} })
	units := d.many(0, 2, func() doc {
		return doc{"code": d.code("unit"), "name": d.name(), "smaller_unit": "piece", "ratio": d.count(2, 99)}
	})
	enumerations := d.many(1, 2, func() doc {
		return doc{"code": d.code("list"), "name": d.name(), "items": d.many(1, 4, func() doc {
			x := doc{"code": d.code("item")}
			d.put(x, "name", d.name())
			d.put(x, "sort_order", d.count(1, 3))
			return x
		})}
	})
	places := d.many(1, 3, func() doc {
		x := doc{"name": d.name()}
		d.put(x, "external_id", d.text(odd))
		d.put(x, "sort_order", d.count(1, 9))
		d.put(x, "flag", d.one("NO", "DE"))
		return x
	})
	types := d.many(1, 2, func() doc { return d.productType(enumerations, units) })
	tariffGroups := d.many(0, 2, func() doc { return doc{"name": d.name(), "sort_order": d.count(1, 5)} })
	clientGroups := d.many(0, 2, func() doc { return doc{"name": d.name()} })
	modules := d.many(1, 3, func() doc {
		m := doc{"name": d.name(), "driver": d.one("manual", "none"), "product_type": d.one(namesOf(types, "code")...), "data_center": d.one(namesOf(places, "name")...)}
		d.put(m, "department", d.one(namesOf(departments, "name")...))
		d.put(m, "queue", doc{"enabled": d.maybe(), "key": d.text(odd), "workers": d.count(1, 5)})
		d.put(m, "enabled", d.maybe())
		return m
	})
	root["providers"], root["departments"], root["units"], root["enumerations"] = providers, departments, units, enumerations
	root["data_centers"], root["product_types"], root["processing_modules"] = places, types, modules
	root["tariff_groups"], root["client_groups"] = tariffGroups, clientGroups
	if d.maybe() {
		root["integration_modules"] = []doc{{"name": "dedicated_bandwidth"}}
	}
	root["tariffs"] = d.many(0, 4, func() doc {
		of := types[d.count(0, len(types)-1)]
		t := doc{"code": d.code("tariff"), "provider": d.one(namesOf(providers, "name")...), "product_type": of["code"], "name": d.name()}
		d.put(t, "description", d.text(texts))
		d.put(t, "status", d.one("draft", "active", "archived"))
		d.put(t, "data_centers", d.some(namesOf(places, "name")))
		var able []any
		for _, m := range modules {
			if m["product_type"] == of["code"] {
				able = append(able, m["name"])
			}
		}
		d.put(t, "processing_modules", d.some(able))
		d.put(t, "prices", d.prices(func(p doc) { d.put(p, "renewal_amount", d.amount()) }))
		d.put(t, "trial_days", d.count(0, 30))
		d.put(t, "calendar", doc{"enabled": d.maybe(), "pro_rata_day": d.one(nil, 15)})
		d.put(t, "hourly", doc{"enabled": d.maybe()})
		if len(tariffGroups) > 0 {
			d.put(t, "group", d.one(namesOf(tariffGroups, "name")...))
		}
		d.put(t, "policy", doc{
			"max_services_per_client": d.one(nil, 3), "change_to": d.one("any", "same_group", "none"), "client_may_suspend": d.maybe(),
			"client_groups": d.some(namesOf(clientGroups, "name")), "refund_on_close": d.one("remaining_days", "none"),
		})
		d.put(t, "settings", doc{"of ours": doc{"deep": []any{1, "2", nil, true, doc{}}, "text": d.text(texts)}})
		t["add_ons"] = d.addOns(of, enumerations)
		return t
	})
	return root
}

func (d *drawn) productType(enumerations, units []doc) doc {
	p := doc{"code": d.code("type"), "name": d.name()}
	d.put(p, "sort_order", d.count(1, 9))
	d.put(p, "periods", d.one([]any{"P1M"}, []any{"P1Y", "P1M", "trial"}))
	d.put(p, "trial_policy", d.one("one_per_tariff", "every_service"))
	d.put(p, "auto_delete_after_days", d.one(nil, 14))
	d.put(p, "order_page", doc{"display": d.one("list", "blocks"), "filter": d.maybe()})
	measures := append(namesOf(units, "code"), "GiB", "piece", "MiB")
	p["add_ons"] = d.many(1, 5, func() doc {
		e := doc{"code": d.code("part"), "value_type": d.one("integer", "boolean", "enumeration")}
		switch e["value_type"] {
		case "integer":
			e["unit"] = d.one(measures...)
			if e["unit"] == "GiB" {
				d.put(e, "statistics_params", []any{"in", "out"})
			}
		case "enumeration":
			e["enumeration_code"] = d.one(namesOf(enumerations, "code")...)
		}
		d.put(e, "name", d.name())
		d.put(e, "sort_order", d.count(1, 4))
		return e
	})
	p["parameters"] = d.many(0, 2, func() doc {
		x := doc{"code": d.code("asked"), "input": d.one("text", "list", "multi_list")}
		if x["input"] == "text" {
			d.put(x, "validator", doc{"kind": "integer", "min": 1, "max": d.one(nil, 5_000_000_000)})
		} else {
			x["values"] = d.many(1, 3, func() doc {
				v := doc{"code": d.code("value")}
				d.put(v, "tags", []any{"a", "b"})
				d.put(v, "sort_order", d.count(1, 3))
				d.put(v, "enabled", d.maybe())
				return v
			})
		}
		d.put(x, "name", d.name())
		d.put(x, "required", d.maybe())
		d.put(x, "edit", d.one("everyone", "provider", "until_processed"))
		return x
	})
	return p
}

func (d *drawn) addOns(of doc, enumerations []doc) (out []doc) {
	var children []any
	for _, e := range of["add_ons"].([]doc) {
		if d.maybe() {
			continue
		}
		a := doc{"code": d.code("addon"), "add_on": e["code"]}
		if d.maybe() {
			a["code"] = e["code"]
		}
		d.put(a, "name", d.name())
		d.put(a, "enabled", d.maybe())
		switch e["value_type"] {
		case "integer":
			d.integer(a, e)
		case "boolean":
			a["billing"] = d.one("none", "order", "manual")
			d.put(a, "included", d.count(0, 1))
		case "enumeration":
			d.enumeration(a, e, enumerations)
		}
		if b := a["billing"]; b == "order" || b == "manual" {
			if e["value_type"] != "enumeration" {
				d.put(a, "prices", d.prices(nil))
			}
			d.put(a, "edit", d.one("any", "fixed", "increase_only", "decrease_only"))
		}
		if a["billing"] == "order" && d.maybe() {
			a["parent"] = "one_of_them"
			children = append(children, a["code"])
		}
		out = append(out, a)
	}
	if len(children) > 0 {
		c := doc{"code": "one_of_them", "billing": "choice", "name": d.name()}
		d.put(c, "default", children[0])
		out = append(out, c)
	}
	return out
}

func (d *drawn) integer(a, e doc) {
	a["billing"] = d.one("none", "order", "statistics", "manual")
	if e["statistics_params"] == nil && a["billing"] == "statistics" {
		a["billing"] = "none"
	}
	switch a["billing"] {
	case "order":
		d.put(a, "minimum", 2)
		d.put(a, "included", 4)
		d.put(a, "maximum", 64)
		if d.maybe() {
			a["minimum"], a["included"], a["step"], a["default"] = 2, 4, 2, "6"
		}
		if d.maybe() {
			a["tiers"] = doc{"mode": d.one("flat", "volume", "graduated"), "steps": []doc{
				{"up_to": 10, "prices": []doc{{"period": "P1M", "amount": d.amount()}}}, {"prices": []doc{{"period": "P1M", "amount": d.amount()}}},
			}}
		}
	case "statistics":
		d.put(a, "included", d.amount())
		d.put(a, "unit", "MiB")
		s := doc{"bill": d.one("month", "day"), "combine": d.one("sum", "max")}
		d.put(s, "params", []any{"out"})
		d.put(s, "overage_price", d.amount())
		d.put(s, "overage_unit", "TiB")
		a["statistics"] = s
	}
}

func (d *drawn) enumeration(a, e doc, enumerations []doc) {
	a["billing"] = d.one("none", "order")
	var items []any
	for _, n := range enumerations {
		if n["code"] == e["enumeration_code"] {
			items = namesOf(n["items"].([]doc), "code")
		}
	}
	if a["billing"] == "none" || d.maybe() {
		return
	}
	list := []doc{}
	for i, item := range items {
		x := doc{"item": item, "prices": d.prices(nil)}
		if i > 0 {
			d.put(x, "enabled", d.maybe())
		}
		list = append(list, x)
	}
	a["item_prices"] = list
	d.put(a, "default", items[0])
}

// For random catalogues: what was brought in and is written and brought in again, also elsewhere, is the same document.
func TestExportImportExportIsTheSameDocument(t *testing.T) {
	t.Parallel()
	rounds := 6
	if os.Getenv("SOAK") != "" {
		rounds = 400
	}
	made := rapid.Custom(func(t *rapid.T) doc { return (&drawn{T: t}).catalogue() })
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			raw, err := json.Marshal(made.Example(seed)) // which is YAML, too
			require.NoError(t, err)
			here, there := newRig(t), newRig(t)
			here.imports(string(raw), Options{})
			require.Empty(t, here.imports(string(raw), Options{}), "%s", raw)
			document := here.exports()
			before := here.state()
			require.Empty(t, here.imports(document, Options{Prune: true}), "%s", document)
			require.Equal(t, before, here.state())
			there.imports(document, Options{})
			require.Equal(t, document, there.exports())
		})
	}
}
