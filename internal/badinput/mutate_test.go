package badinput

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// spot is one typed place of a valid body: its JSON Pointer, what the contract wants there, what stands there, and the
// whole body with something else in it.
type spot struct {
	pointer string
	general string // the pointer without numbers and names that are data: /items/*/add_ons/*
	shape   *shape
	value   any
	with    func(any) any
	without func() any // the body without the member; nil: it is no member
}

// spots lists every typed place of a body, the body itself first.
func spots(s *shape, body any) (all []spot) {
	return below(spot{shape: s, value: body, with: func(x any) any { return x }})
}

func below(p spot) (all []spot) {
	all = append(all, p)
	switch v := p.value.(type) {
	case obj:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			in := spot{
				pointer: p.pointer + "/" + escape(name), general: p.general + "/" + name, value: v[name],
				with:    func(x any) any { return p.with(changed(v, name, x)) },
				without: func() any { return p.with(left(v, name)) },
			}
			switch {
			case p.shape.members[name] != nil:
				in.shape = shapeOf(p.shape.members[name])
			case p.shape.extra != nil:
				in.shape, in.general = shapeOf(p.shape.extra), p.general+"/*"
			default:
				continue // what is free, the operation's own rules judge
			}
			all = append(all, below(in)...)
		}
	case list:
		if p.shape.items == nil {
			return all
		}
		for i := range v {
			in := spot{
				pointer: p.pointer + "/" + strconv.Itoa(i), general: p.general + "/*", shape: shapeOf(p.shape.items), value: v[i],
				with: func(x any) any { return p.with(slices.Concat(v[:i], list{x}, v[i+1:])) },
			}
			if !in.shape.alone {
				all = append(all, below(in)...)
			}
		}
	}
	return all
}

func changed(v obj, name string, x any) obj {
	out := maps.Clone(v)
	out[name] = x
	return out
}

func left(v obj, name string) obj {
	out := maps.Clone(v)
	delete(out, name)
	return out
}

func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// members lists the general pointers of everything that a body may hold.
func members(s *shape, at string, depth int) (all []string) {
	if depth > 8 || s.alone {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.members)) {
		all = append(all, at+"/"+name)
		all = append(all, members(shapeOf(s.members[name]), at+"/"+name, depth+1)...)
	}
	if s.extra != nil {
		all = append(all, members(shapeOf(s.extra), at+"/*", depth+1)...)
	}
	if s.items != nil {
		all = append(all, members(shapeOf(s.items), at+"/*", depth+1)...)
	}
	return all
}

// wrong is one thing that can be wrong with a body.
type wrong struct {
	name  string
	body  any
	place string // "pointer code" that has to be the only one
	among bool   // it may be one of several
}

// values of each JSON type, for places that want another.
var strays = []struct {
	kind string
	body any
}{
	{"string", "text"},
	{"string", ""},
	{"integer", json.Number("7")},
	{"number", json.Number("1.5")},
	{"number", json.Number("1e400")},
	{"boolean", true},
	{"boolean", false},
	{"array", list{}},
	{"array", list{"x"}},
	{"object", obj{}},
	{"object", obj{"x": json.Number("1")}},
}

// wrongs makes every case that the contract's schema of a place knows.
func (p spot) wrongs() (all []wrong) {
	add := func(name string, x any, code string) {
		all = append(all, wrong{name: name, body: p.with(x), place: p.pointer + " " + code})
	}
	for _, s := range strays {
		switch {
		case p.shape.is(s.kind), s.kind == "integer" && p.shape.is("number"):
		case s.kind == "number" && p.shape.is("integer"):
			add(fmt.Sprint("a ", s.body), s.body, "wrong_type")
		default:
			add(fmt.Sprintf("the %s %s", s.kind, encoded(s.body)), s.body, "wrong_type")
		}
	}
	if !p.shape.nullable && p.pointer != "" && len(p.shape.kinds) > 0 {
		add("null", nil, "wrong_type")
	}
	all = append(all, p.texts()...)
	all = append(all, p.numbers()...)
	all = append(all, p.lists()...)
	return append(all, p.objects()...)
}

func (p spot) texts() (all []wrong) {
	if !slices.Contains(p.shape.kinds, "string") || p.shape.ways > 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, text := range p.badTexts() {
		if code := p.shape.refuses(text); code != "" && !seen[text] {
			seen[text] = true
			all = append(all, wrong{name: fmt.Sprintf("the text %.40q of %d", text, len(text)), body: p.with(text), place: p.pointer + " " + code})
		}
	}
	return all
}

// badTexts are texts that some schema of the contract refuses.
func (p spot) badTexts() (all []string) {
	all = []string{
		"", " ", "a\x00b", "no_such_word", "x y", "ä", "-1", "1e999", "0.123456789", "NaN", strings.Repeat("1", 16), "١", "1,5", "+1", ".5", "5.",
		"2026-03-01", "2026-02-30T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01 00:00:00", "0000-00-00T00:00:00Z", "2026-13-01", "2026-3-1",
		"P0M", "P1W", "p1m", "P1M ", "eur", "EURO", "de", "01957F0E-8B44-7F60-8E2D-1A9C7B5D3F08", "01957f0e8b447f608e2d1a9c7b5d3f08", "a@", "@b",
		"9code", "two words", "line\nbreak",
	}
	if p.shape.long != nil {
		n := int(*p.shape.long) + 1
		all = append(all, strings.Repeat("a", n), strings.Repeat("ü", n), strings.Repeat("1", n), "a@"+strings.Repeat("b", n))
	}
	if p.shape.short > 0 {
		all = append(all, strings.Repeat("a", int(p.shape.short)-1), "a@b"[:min(3, int(p.shape.short)-1)])
	}
	return all
}

// refuses is the code by which the contract refuses a text; empty: the schema takes it.
func (s *shape) refuses(text string) string {
	n := uint64(len([]rune(text)))
	switch {
	case strings.ContainsRune(text, 0):
		return "bad_value"
	case len(s.enum) > 0 && !slices.Contains(s.enum, any(text)):
		return "unknown_value"
	case s.pattern != nil && !s.pattern.MatchString(text), s.format == "date-time" && !instant(text):
		return "bad_format"
	case n < s.short:
		return "too_short"
	case s.long != nil && n > *s.long:
		return "too_long"
	}
	return ""
}

func (p spot) numbers() (all []wrong) {
	if !p.shape.is("integer") || len(p.shape.kinds) == 0 || p.shape.ways > 0 {
		return nil
	}
	add := func(text, code string) {
		all = append(all, wrong{name: "the number " + text, body: p.with(json.Number(text)), place: p.pointer + " " + code})
	}
	if p.shape.least != nil {
		add(strconv.FormatFloat(*p.shape.least-1, 'f', -1, 64), "out_of_range")
		add("-9223372036854775808", "out_of_range")
		add("-99999999999999999999999", "out_of_range")
	}
	if p.shape.most != nil {
		add(strconv.FormatFloat(*p.shape.most+1, 'f', -1, 64), "out_of_range")
		add(strconv.Itoa(math.MaxInt32+1), "out_of_range")
	}
	add("9223372036854775808", "out_of_range")
	add("99999999999999999999999", "out_of_range")
	if !slices.Contains(p.shape.kinds, "number") {
		add("1.0", "wrong_type")
		add("1e2", "wrong_type")
		add("1e99999", "wrong_type")
	}
	return all
}

func (p spot) lists() (all []wrong) {
	v, ok := p.value.(list)
	if !ok {
		return nil
	}
	if p.shape.short > 0 {
		all = append(all, wrong{name: "an empty list", body: p.with(list{}), place: p.pointer + " too_few"})
	}
	if len(v) > 0 && p.shape.unique {
		place := fmt.Sprintf("%s/%d duplicate_value", p.pointer, len(v))
		all = append(all, wrong{name: "the same twice", body: p.with(append(slices.Clone(v), v[0])), place: place, among: true})
	}
	if len(v) > 0 && p.shape.long != nil {
		long := slices.Clone(v)
		for uint64(len(long)) <= *p.shape.long {
			long = append(long, v[0])
		}
		all = append(all, wrong{name: "a long list", body: p.with(long), place: p.pointer + " too_many", among: true})
	}
	return all
}

func (p spot) objects() (all []wrong) {
	v, ok := p.value.(obj)
	if !ok {
		return nil
	}
	if p.shape.closed {
		for _, name := range []string{"no_such_member", "", "a/b~c", "constructor"} {
			place := p.pointer + "/" + escape(name) + " unknown_field"
			all = append(all, wrong{name: "the member " + name, body: p.with(changed(v, name, json.Number("1"))), place: place})
		}
	} else if p.shape.extra == nil {
		nul := p.pointer + "/bad bad_value"
		all = append(all, wrong{name: "NUL within", body: p.with(changed(v, "bad", "a\x00b")), place: nul})
	}
	if p.shape.short > 0 {
		all = append(all, wrong{name: "an empty object", body: p.with(obj{}), place: p.pointer + " too_few"})
	}
	for _, name := range p.shape.required {
		all = append(all, wrong{name: "nothing in " + name, body: p.with(left(v, name)), place: p.pointer + "/" + name + " required"})
	}
	return all
}
