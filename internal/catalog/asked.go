package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/product"
)

// AskedParameter is a parameter as a tariff asks for it.
type AskedParameter struct {
	product.Parameter
	// AnyText: nobody has told yet what the list holds, so that the panel judges.
	AnyText bool
	// Default is what an order gets that leaves it out; empty: nothing, or what the panel takes by itself.
	Default string
	Allowed []AllowedValue
}

// AllowedValue is a value that can be ordered, and in which of the tariff's data centers.
type AllowedValue struct {
	product.ParameterValue
	DataCenterIDs []datacenter.ID
}

// Asked returns what an offer asks those who order for, as the product type sorts it, each list with the values that at least
// one of the offer's enabled modules has in some data center of the offer. Pure; parameters are those of the product type,
// modules at least those of the offer.
func Asked(o Offer, parameters []product.Parameter, modules []module.Module) []AskedParameter {
	here := map[datacenter.ID][]module.Module{}
	for _, id := range o.DataCenterIDs {
		here[id] = Candidates(o, id, modules)
	}
	out := asked(o, parameters)
	for i := range out {
		for _, v := range out[i].Values {
			var places []datacenter.ID
			for _, id := range o.DataCenterIDs {
				if hadBy(v, here[id]) {
					places = append(places, id)
				}
			}
			if len(places) > 0 {
				out[i].Allowed = append(out[i].Allowed, AllowedValue{v, places})
			}
		}
	}
	return out
}

// asked is Asked without a look at the modules.
func asked(o Offer, parameters []product.Parameter) []AskedParameter {
	out := make([]AskedParameter, 0, len(parameters))
	for _, p := range parameters {
		if p.AllTariffs || slices.Contains(o.Parameters, p.Code) {
			out = append(out, AskedParameter{Parameter: p, AnyText: p.Unknown(), Default: o.defaultOf(p), Allowed: []AllowedValue{}})
		}
	}
	return out
}

// hadBy tells whether a value can be ordered of one of the modules. One that never told what its panel offers has whatever the
// list holds: people, for example, install anything.
func hadBy(v product.ParameterValue, modules []module.Module) bool {
	return v.Enabled && slices.ContainsFunc(modules, func(m module.Module) bool {
		return len(v.ModuleIDs) == 0 || m.SyncedAt == nil || slices.Contains(v.ModuleIDs, m.ID)
	})
}

// defaultOf is what an order gets that leaves a parameter out.
func (o Offer) defaultOf(p product.Parameter) string {
	if !p.Builtin {
		return ""
	}
	switch p.Code {
	case product.OSParameter:
		var settings struct {
			DefaultOS string `json:"default_os"`
		}
		if json.Unmarshal(o.Settings, &settings) != nil {
			return ""
		}
		return settings.DefaultOS
	case product.DomainParameter:
		return o.DefaultDomainTemplate
	default:
		return ""
	}
}

// Answers are the values of parameters, by code: a text, or a list of codes.
type Answers map[string]json.RawMessage

// Questionnaire is what answers are checked by. Without Kept it is an order's: what is required has to be there.
type Questionnaire struct {
	asked []AskedParameter
	// modules may make, or have made, the service; none: that is another obstacle, and all values of the lists pass.
	modules []module.Module
	// Kept are the values that a service has, whose parameters are to be changed; the new ones need to go together with them.
	Kept Answers
	// since are the terms that the service leaves; nil: it stays at its terms.
	since *Questionnaire
}

// NewQuestionnaire returns what an offer asks for where one of some modules makes the service. Pure.
func NewQuestionnaire(o Offer, parameters []product.Parameter, modules []module.Module) Questionnaire {
	return Questionnaire{asked: asked(o, parameters), modules: modules}
}

// Since makes it the questionnaire of a service that leaves other terms: what those did not ask for is asked as in an order, of
// what the service has of it or what is named; what they asked for is left alone unless it is named, because the lists are the
// product type's, and what was retired since still runs.
func (q Questionnaire) Since(left Questionnaire, kept Answers) Questionnaire {
	q.Kept, q.since = kept, &left
	return q
}

// orders tells whether a parameter is asked as in an order.
func (q Questionnaire) orders(code string) bool {
	if q.Kept == nil || q.since == nil {
		return q.Kept == nil
	}
	_, asked := q.since.Asks(code)
	return !asked
}

// Check names everything that is wrong with answers, each at /parameters/ and its code, and returns them in the one form in
// which they are kept: an integer as its text, a value by its code. What is null or empty is left out of an order's, and takes a
// value of a service away. Codes: unknown_parameter, required, wrong_type, unknown_value, duplicate_value, bad_format,
// out_of_range, too_long, too_many.
func (q Questionnaire) Check(f *fault.Fields, given Answers) Answers {
	out := Answers{}
	for code := range given {
		if _, known := q.Asks(code); !known {
			f.Add(PointerTo(code), "unknown_parameter", "There is no parameter %q here.", code)
		}
	}
	for _, a := range q.asked {
		raw, named := given[a.Code]
		changing := !q.orders(a.Code)
		if !changing && !named && q.Kept != nil {
			raw, named = q.Kept[a.Code]
		}
		switch {
		case named && !absent(raw):
			if value, ok := q.read(f, a, raw); ok {
				out[a.Code] = value
			}
		case a.Required && changing && named, a.Required && !changing && a.Default == "" && a.Ask == product.AskAtOrder:
			f.Add(PointerTo(a.Code), "required", "A value of %q is needed.", a.Name)
		case changing && named:
			out[a.Code] = a.Nothing()
		}
	}
	q.checkTogether(f, out)
	return out
}

// Asks returns one of the parameters that are asked for.
func (q Questionnaire) Asks(code string) (AskedParameter, bool) {
	i := slices.IndexFunc(q.asked, func(a AskedParameter) bool { return a.Code == code })
	if i < 0 {
		return AskedParameter{}, false
	}
	return q.asked[i], true
}

// PointerTo is the place of a parameter in a body.
func PointerTo(code string) string {
	return "/parameters" + input.PointerStep(code)
}

// absent tells whether an answer is none: null, an empty text or an empty list.
func absent(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", `""`, "[]":
		return true
	default:
		return false
	}
}

// read checks one answer and brings it into its form.
func (q Questionnaire) read(f *fault.Fields, a AskedParameter, raw json.RawMessage) (json.RawMessage, bool) {
	pointer := PointerTo(a.Code)
	if a.Input == product.MultiListInput {
		return q.readList(f, a, pointer, raw)
	}
	text, ok := textOf(a, raw)
	if !ok {
		f.Add(pointer, "wrong_type", "A text is expected.")
		return nil, false
	}
	if a.Input == product.TextInput || a.AnyText {
		if wrong := a.Validator.Check(text); wrong != nil {
			f.Add(pointer, wrong.Code, "%s", wrong.Message)
			return nil, false
		}
		return Text(text), true
	}
	v, ok := q.find(a, text)
	if !ok {
		f.Add(pointer, "unknown_value", "%q cannot be chosen.", text)
		return nil, false
	}
	return Text(v.Code), true
}

// textOf reads a text; where an integer is asked for, a JSON number is its text.
func textOf(a AskedParameter, raw json.RawMessage) (text string, ok bool) {
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	var n json.Number
	if a.Input == product.TextInput && a.Validator.Kind == product.ValidatorInteger && json.Unmarshal(raw, &n) == nil {
		return n.String(), true
	}
	return "", false
}

func (q Questionnaire) readList(f *fault.Fields, a AskedParameter, pointer string, raw json.RawMessage) (json.RawMessage, bool) {
	var texts []string
	if json.Unmarshal(raw, &texts) != nil {
		f.Add(pointer, "wrong_type", "A list of codes is expected.")
		return nil, false
	}
	if len(texts) > product.MaxItems {
		f.Add(pointer, "too_many", "At most %d values are possible.", product.MaxItems)
		return nil, false
	}
	before := len(*f)
	for i, text := range texts {
		place := fmt.Sprintf("%s/%d", pointer, i)
		if a.AnyText {
			if wrong := a.Validator.Check(text); wrong != nil {
				f.Add(place, wrong.Code, "%s", wrong.Message)
			}
		} else if v, ok := q.find(a, text); ok {
			texts[i] = v.Code
		} else {
			f.Add(place, "unknown_value", "%q cannot be chosen.", text)
		}
		if slices.Index(texts, texts[i]) < i {
			f.Add(place, "duplicate_value", "Each value stands in the list once.")
		}
	}
	out, err := json.Marshal(texts)
	return out, err == nil && len(*f) == before
}

// find returns a value that can be chosen. Panels do not tell capitals from small letters in these names; the exact code goes
// first all the same.
func (q Questionnaire) find(a AskedParameter, text string) (product.ParameterValue, bool) {
	v, ok := a.Value(text)
	if !ok {
		i := slices.IndexFunc(a.Values, func(v product.ParameterValue) bool { return strings.EqualFold(v.Code, text) })
		if i < 0 {
			return product.ParameterValue{}, false
		}
		v = a.Values[i]
	}
	if len(q.modules) == 0 {
		return v, v.Enabled
	}
	return v, hadBy(v, q.modules)
}

// checkTogether refuses values of two lists that do not go together: both have tags and none in common. The fault stands at
// the one that was named, and where both were, at the later one.
func (q Questionnaire) checkTogether(f *fault.Fields, named Answers) {
	var before []AskedParameter
	for _, a := range q.asked {
		if a.Input == product.TextInput {
			continue
		}
		for _, b := range before {
			place := a
			if _, ok := named[a.Code]; !ok {
				place = b
			}
			if _, ok := named[place.Code]; !ok {
				continue // neither was named: what a service has is left alone
			}
			if x, y, fit := fits(chosen(a, named, q.Kept), chosen(b, named, q.Kept)); !fit {
				f.Add(PointerTo(place.Code), "unknown_value", "%s does not go with %s.", y.Name, x.Name)
			}
		}
		before = append(before, a)
	}
}

// chosen returns the values of a list that an answer names.
func chosen(a AskedParameter, named, kept Answers) []product.ParameterValue {
	raw, ok := named[a.Code]
	if !ok {
		raw = kept[a.Code]
	}
	var codes []string
	var one string
	if json.Unmarshal(raw, &one) == nil {
		codes = []string{one}
	} else if json.Unmarshal(raw, &codes) != nil {
		return nil
	}
	var out []product.ParameterValue
	for _, code := range codes {
		if v, ok := a.Value(code); ok {
			out = append(out, v)
		}
	}
	return out
}

// fits tells whether every value of one list goes with every value of the other, and if not, which two do not.
func fits(xs, ys []product.ParameterValue) (x, y product.ParameterValue, ok bool) {
	for _, x := range xs {
		for _, y := range ys {
			if len(x.Tags) > 0 && len(y.Tags) > 0 && !slices.ContainsFunc(x.Tags, func(t string) bool { return slices.Contains(y.Tags, t) }) {
				return x, y, false
			}
		}
	}
	return x, y, true
}

// Text is the answer that is a text.
func Text(text string) json.RawMessage {
	raw, err := json.Marshal(text)
	if err != nil { // a text can be written
		return json.RawMessage(`""`)
	}
	return raw
}
