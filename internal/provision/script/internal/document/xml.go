package document

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"slices"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision/program"
)

// node is one element.
type node struct {
	name     string
	attrs    []string // names and values by turns; empty values are left out
	text     string
	children []node
}

// xml is the document in BILLmanager's manner: <doc> with the module's settings as elements of <processingmodule>, as
// check_connection has always had them, and the rest as <param name="…"> and <addon name="…">.
func (d Document) xml() ([]byte, error) {
	root := node{name: "doc", attrs: []string{"command", d.Command}}
	if o := d.Operation; o != nil {
		operation := node{name: "operation", attrs: []string{"id", o.ID, "number", digits(o.Number), "kind", string(o.Kind)}}
		for _, name := range slices.Sorted(maps.Keys(o.Memo)) {
			operation.children = append(operation.children, node{name: "memo", attrs: []string{"name", name}, text: o.Memo[name]})
		}
		root.children = append(root.children, operation)
	}
	module := node{name: "processingmodule", attrs: []string{"id", d.Module.ID, "number", digits(d.Module.Number), "location", d.Module.Location}}
	if d.Module.ProductType != "" {
		module.attrs = append(module.attrs, "product_type", d.Module.ProductType)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Module.Params)) {
		module.children = append(module.children, node{name: name, text: d.Module.Params[name]})
	}
	root.children = append(root.children, module)
	root.children = append(root.children, d.sold()...)
	if d.Check != nil {
		root.children = append(root.children, node{name: "check", attrs: []string{"name", d.Check.Code}, text: program.Plain(d.Check.Value)})
	}
	if u := d.Usage; u != nil {
		usage := node{name: "usage", attrs: []string{"day", u.Day, "from", program.Instant(&u.From), "to", program.Instant(&u.To), "zone", u.Zone}}
		for _, id := range u.ExternalIDs {
			usage.children = append(usage.children, node{name: "item", text: id})
		}
		root.children = append(root.children, usage)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	err := root.write(&b)
	return b.Bytes(), err
}

// sold is what is said of a service.
func (d Document) sold() (out []node) {
	if s := d.Service; s != nil {
		service := node{name: "service", attrs: []string{
			"id", s.ID, "number", digits(s.Number), "external_id", s.ExternalID, "product_type", s.ProductType, "domain", s.Domain,
			"status", string(s.Status), "period", s.Period, "paid_until", program.Instant(s.PaidUntil),
		}, children: []node{{name: "password", text: s.Password}}}
		for _, a := range s.Addresses {
			ip := node{name: "ip", attrs: []string{"family", a.Family, "gateway", a.Gateway, "network", a.Network}, text: a.IP}
			if a.Main {
				ip.attrs = append(ip.attrs, "main", "yes")
			}
			service.children = append(service.children, ip)
		}
		service.children = append(service.children, paramNodes(s.Parameters)...)
		out = append(out, service)
	}
	if d.Tariff != nil {
		out = append(out, d.Tariff.node())
	}
	out = append(out, d.AddOns.nodes()...)
	if p := d.Previous; p != nil {
		out = append(out, node{name: "previous", children: append([]node{p.Tariff.node()}, p.AddOns.nodes()...)})
	}
	if c := d.Client; c != nil {
		out = append(out, node{name: "client", attrs: []string{
			"id", c.ID, "number", digits(c.Number), "email", c.Email, "name", c.Name, "username", c.Username, "phone", c.Phone,
		}})
	}
	return out
}

func (t Tariff) node() node {
	settings := map[string]json.RawMessage{}
	_ = json.Unmarshal(t.Settings, &settings) // settings are an object, or there are none
	return node{name: "tariff", attrs: []string{"code", t.Code}, children: paramNodes(settings)}
}

func (a AddOns) nodes() (out []node) {
	for _, code := range slices.Sorted(maps.Keys(a)) {
		out = append(out, node{name: "addon", attrs: []string{"name", code, "unit", a[code].Unit}, text: program.Amount(a[code])})
	}
	return out
}

func paramNodes(params map[string]json.RawMessage) (out []node) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		out = append(out, node{name: "param", attrs: []string{"name", name}, text: program.Plain(params[name])})
	}
	return out
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }

func (n node) write(b *bytes.Buffer) error {
	b.WriteString("<" + n.name)
	for i := 0; i+1 < len(n.attrs); i += 2 {
		if n.attrs[i+1] == "" {
			continue
		}
		b.WriteString(" " + n.attrs[i] + `="`)
		if err := xml.EscapeText(b, []byte(n.attrs[i+1])); err != nil {
			return err
		}
		b.WriteString(`"`)
	}
	b.WriteString(">")
	if err := xml.EscapeText(b, []byte(n.text)); err != nil {
		return err
	}
	for _, child := range n.children {
		if err := child.write(b); err != nil {
			return err
		}
	}
	b.WriteString("</" + n.name + ">")
	return nil
}
