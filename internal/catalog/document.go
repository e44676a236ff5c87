package catalog

import (
	"bytes"
	"encoding/json"
	"sort"

	"github.com/tariffd/tariffd/internal/input"
)

// FieldChange is one changed field, as the API names and shows it; null: there was, or is, none.
type FieldChange struct {
	Field string          `json:"field"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

// Fields is a document, field by field.
type Fields map[string]json.RawMessage

// Document is the tariff without its add-ons, field by field.
func (t Tariff) Document() Fields {
	t.Offer.AddOns = nil
	m := t.OfferDocument()
	delete(m, "add_ons")
	m["code"], m["status"], m["group_id"] = field(t.Code), field(t.Status), field(nullText(t.GroupID))
	return m
}

// OfferDocument is what the tariff sells, field by field: what a version is made of.
func (t Tariff) OfferDocument() Fields { return fieldsOf(t.Offer) }

// Document is the add-on, field by field, without when it was made.
func (a AddOn) Document() Fields {
	m := fieldsOf(a)
	delete(m, "created_at")
	delete(m, "version")
	return m
}

func fieldsOf(v any) Fields {
	m := Fields{}
	for name, raw := range input.Members(field(v)) {
		m[name] = canonical(raw)
	}
	return m
}

// canonical writes a document with its members in order: the database gives open documents back in an order of its own,
// which is no change.
func canonical(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return raw
	}
	return field(v)
}

func field(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(`null`)
	}
	return raw
}

// ChangesOf lists the fields in which two documents differ, in order of their names; nil is no document.
func ChangesOf(before, after Fields) []FieldChange {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	changes := []FieldChange{}
	for name := range names {
		c := FieldChange{Field: name, From: orNull(before[name]), To: orNull(after[name])}
		if !bytes.Equal(c.From, c.To) {
			changes = append(changes, c)
		}
	}
	sort.Slice(changes, func(i, j int) bool { return changes[i].Field < changes[j].Field })
	return changes
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage(`null`)
	}
	return raw
}

// nullText is null where there is no id.
func nullText[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
