// Package mgr5 plays the panels of the vendor's fifth generation: DCImanager 5, IPmanager 5 and the license server, which is a
// BILLmanager. They share one manner of speaking, so they share one Manager around what each of them holds.
//
// It owns their functions, rows, forms and the two formats of answers, and DSmanager, which is older and differs in its errors.
// It owns neither faults, the clock nor the files (package panels, which hosts them), and it imports nothing of the program:
// drivers read the vendor's protocol on their own.
//
// Invariants:
//   - A function refuses every parameter that it does not know, and every one that it needs and does not get.
//   - Failures are elements of a good answer, not HTTP statuses.
//   - What is in progress depends on the clock's reading alone.
package mgr5

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
)

// Elem is one element of an answer, before it is written in either format.
type Elem struct {
	name  string
	text  string
	attrs []string // name, value, …
	kids  []*Elem
}

func el(name, text string, kids ...*Elem) *Elem { return &Elem{name: name, text: text, kids: kids} }

func (e *Elem) attr(name, value string) *Elem {
	e.attrs = append(e.attrs, name, value)
	return e
}

func (e *Elem) add(kids ...*Elem) *Elem {
	e.kids = append(e.kids, kids...)
	return e
}

// row is an element of a list; values are written as name, text.
func row(values ...string) *Elem {
	e := el("elem", "")
	for i := 0; i+1 < len(values); i += 2 {
		e.add(el(values[i], values[i+1]))
	}
	return e
}

// flag adds an empty element where the switch is on: that is how these panels write a boolean.
func (e *Elem) flag(name string, on bool) *Elem {
	if on {
		e.add(el(name, ""))
	}
	return e
}

func doc(kids ...*Elem) *Elem { return el("doc", "", kids...) }

// done is the answer of a form that was accepted; values are written as name, text.
func done(values ...string) *Elem {
	d := doc(el("ok", ""))
	return d.add(row(values...).kids...)
}

// refuse is an error as the vendor writes it.
func refuse(kind, object, value, text string) *Elem {
	e := el("error", "").attr("type", kind).attr("object", object).attr("lang", "en")
	e.add(el("param", object).attr("name", "object").attr("type", "msg").attr("msg", object))
	e.add(el("param", value).attr("name", "value"))
	return doc(e.add(el("stack", ""), el("group", text), el("msg", text)))
}

// choices is a form's list of values.
func choices(field string, values ...string) *Elem {
	list := el("slist", "").attr("name", field)
	for _, v := range values {
		list.add(el("val", v).attr("key", v))
	}
	return list
}

// Render writes an answer in one of the formats and tells its type. An unknown format is XML.
func Render(e *Elem, format string) (contentType string, data []byte) {
	if format == "json" {
		data, err := json.Marshal(map[string]any{e.name: e.object()})
		if err != nil {
			return "text/plain", []byte(err.Error())
		}
		return "application/json", data
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e.write(&b)
	return "text/xml", b.Bytes()
}

func (e *Elem) write(b *bytes.Buffer) {
	b.WriteString("<" + e.name)
	for i := 0; i+1 < len(e.attrs); i += 2 {
		fmt.Fprintf(b, " %s=\"%s\"", e.attrs[i], escape(e.attrs[i+1]))
	}
	if e.text == "" && len(e.kids) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteString(">" + escape(e.text))
	for _, kid := range e.kids {
		kid.write(b)
	}
	b.WriteString("</" + e.name + ">")
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}

// object is the element in the JSON of these panels: texts are "$", attributes "$name", children of one name a list — and an
// object where there is one of them, which is what clients trip over.
func (e *Elem) object() map[string]any {
	out := map[string]any{}
	if e.text != "" {
		out["$"] = e.text
	}
	for i := 0; i+1 < len(e.attrs); i += 2 {
		out["$"+e.attrs[i]] = e.attrs[i+1]
	}
	for _, kid := range e.kids {
		switch before := out[kid.name].(type) {
		case nil:
			out[kid.name] = kid.object()
		case []any:
			out[kid.name] = append(before, kid.object())
		default:
			out[kid.name] = []any{before, kid.object()}
		}
	}
	return out
}
