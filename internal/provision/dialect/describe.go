package dialect

import (
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
)

func (p Paths[Call]) terms() []provision.Term { return listed(p, "endpoints") }

func (f Functions[Call]) terms() []provision.Term { return listed(f, "endpoints") }

func (w Words) terms() []provision.Term { return listed(w, "fields") }

func (l Listed) terms() []provision.Term { return listed(l.Terms, l.Parameter) }

func listed[K ~string](table map[K]Term, parameter string) []provision.Term {
	out := make([]provision.Term, 0, len(table))
	for _, name := range names(table) {
		t := table[K(name)]
		one := provision.Term{Parameter: parameter, Name: name, Default: t.usual, Mark: t.mark, Note: t.words()}
		if parameter == "" {
			one.Parameter, one.Name = name, ""
		}
		out = append(out, one)
	}
	return out
}

// words are the note, with what may stand in for the term where that is not obvious.
func (t Term) words() string {
	parts := []string{}
	if t.note != "" {
		parts = append(parts, t.note)
	}
	if t.optional {
		parts = append(parts, Off+": the installation has none.")
	}
	return strings.Join(parts, " ")
}

func (p Paths[Call]) schema() (string, map[string]any) {
	return "endpoints", schemaOf(p, "Corrected calls", "Method and path by the call's name.", func(Term) map[string]any {
		return map[string]any{"pattern": pathPattern}
	})
}

func (f Functions[Call]) schema() (string, map[string]any) {
	return "endpoints", schemaOf(f, "Corrected calls", "The panel's function by the call's name.", func(t Term) map[string]any {
		if t.optional {
			return map[string]any{"pattern": offOrFunction}
		}
		return map[string]any{"pattern": functionPattern}
	})
}

func (w Words) schema() (string, map[string]any) {
	return "fields", schemaOf(w, "Corrected words", "The panel's word by ours.", func(t Term) map[string]any {
		switch {
		case t.among != nil:
			return map[string]any{"enum": t.among}
		case t.usual != "":
			return map[string]any{"minLength": 1}
		}
		return map[string]any{}
	})
}

// schemaOf names every term, so that a form can show what is usual and how it is known beside what is typed.
func schemaOf[K ~string](table map[K]Term, title, description string, rule func(Term) map[string]any) map[string]any {
	properties := map[string]any{}
	for name, t := range table {
		one := rule(t)
		one["type"] = "string"
		one["default"] = t.usual
		one["description"] = strings.TrimSpace(sentences[t.mark] + " " + t.words())
		properties[string(name)] = one
	}
	return map[string]any{
		"type": "object", "additionalProperties": false, "default": map[string]any{}, "properties": properties,
		"title": title, "description": description,
	}
}

var sentences = map[provision.Mark]string{
	provision.Documented: "Documented by the vendor.", provision.Seen: "Seen in a working client.", provision.Inferred: "Inferred.",
}
