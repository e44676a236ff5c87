// Package dialect holds the tables of what a driver takes for granted of a panel's interface, each line with the mark of how it is
// known, and what one installation says otherwise.
//
// It owns the corrections by a module's parameters "endpoints" and "fields", the part of the parameters' JSON Schema that offers
// them, the list of them for everybody to read (provision.Info), and the trial of a table's calls where a connection is checked. It
// owns no panel's table: those lie with each driver.
//
// Invariants: what is in a table can be corrected, is offered and is listed, and nothing else; a correction has the form of what it
// stands in for, so that it is refused when it is written and not when it is used.
package dialect

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// Term is one line of a table: a call or a word, and how it is known.
type Term struct {
	usual    string
	mark     provision.Mark
	note     string
	among    []string // the only words that may stand here; nil: any
	spare    []string // places that a path may lack
	optional bool     // Off may stand here
}

// Documented is a term of the vendor's own text (D). The note tells people what is different about a part of it.
func Documented(usual string, note ...string) Term { return known(provision.Documented, usual, note) }

// Seen is a term that a working client uses (C).
func Seen(usual string, note ...string) Term { return known(provision.Seen, usual, note) }

// Inferred is a term that nobody has seen (I).
func Inferred(usual string, note ...string) Term { return known(provision.Inferred, usual, note) }

func known(mark provision.Mark, usual string, note []string) Term {
	return Term{usual: usual, mark: mark, note: strings.Join(note, " ")}
}

// Among bounds a word to some.
func (t Term) Among(words ...string) Term { t.among = words; return t }

// Sparing lets a corrected path lack a place, written as in the path.
func (t Term) Sparing(places ...string) Term { t.spare = places; return t }

// OrOff lets an installation say that it does not have a function.
func (t Term) OrOff() Term { t.optional = true; return t }

// Off is the function of a call that an installation does not have.
const Off = "-"

// Paths are calls by method and path, with places in braces: "GET /server/{id}". The parameter "endpoints" corrects them.
type Paths[Call ~string] map[Call]Term

// Corrected returns every call's path. What is wrong with the corrections is added to broken.
func (p Paths[Call]) Corrected(by map[string]string, broken *fault.Fields) map[Call]string {
	return corrected(p, "endpoints", by, Term.path, broken)
}

// Functions are calls by the name of a panel's function. The parameter "endpoints" corrects them.
type Functions[Call ~string] map[Call]Term

// Corrected returns every call's function. What is wrong with the corrections is added to broken.
func (f Functions[Call]) Corrected(by map[string]string, broken *fault.Fields) map[Call]string {
	return corrected(f, "endpoints", by, Term.function, broken)
}

// Words are names of members, columns and values. The parameter "fields" corrects them.
type Words map[string]Term

// Corrected returns every word. What is wrong with the corrections is added to broken.
func (w Words) Corrected(by map[string]string, broken *fault.Fields) map[string]string {
	return corrected(w, "fields", by, Term.word, broken)
}

// corrected is a table with one installation's corrections; misfit says why a text cannot stand in for a term.
func corrected[K ~string](table map[K]Term, parameter string, by map[string]string, misfit func(Term, string) string, broken *fault.Fields) map[K]string {
	out := make(map[K]string, len(table))
	for name, term := range table {
		out[name] = term.usual
	}
	for name, text := range by {
		why := "There is no such name here; known are " + strings.Join(names(table), ", ") + "."
		if term, known := table[K(name)]; known {
			why = misfit(term, text)
		}
		if why != "" {
			broken.Add("/parameters/"+parameter+"/"+name, "invalid_value", "%s", why)
			continue
		}
		out[K(name)] = text
	}
	return out
}

func names[K ~string](table map[K]Term) []string {
	out := make([]string, 0, len(table))
	for _, name := range slices.Sorted(maps.Keys(table)) {
		out = append(out, string(name))
	}
	return out
}

const (
	pathPattern     = `^(GET|POST|DELETE) /[^ #]*$`
	functionPattern = `^[A-Za-z0-9_.]{1,100}$`
	offOrFunction   = `^(-|[A-Za-z0-9_.]{1,100})$`
)

var (
	aPath     = regexp.MustCompile(pathPattern)
	aFunction = regexp.MustCompile(functionPattern)
	place     = regexp.MustCompile(`\{[a-z]+\}`)
)

// path must have a method and the same places to fill.
func (t Term) path(text string) string {
	if !aPath.MatchString(text) {
		return fmt.Sprintf("Expected is a method and a path, such as %q.", t.usual)
	}
	for _, p := range place.FindAllString(t.usual, -1) {
		if !strings.Contains(text, p) && !slices.Contains(t.spare, p) {
			return "The path must hold " + p + "."
		}
	}
	return ""
}

func (t Term) function(text string) string {
	if aFunction.MatchString(text) || t.optional && text == Off {
		return ""
	}
	return fmt.Sprintf("The name of a function is expected, such as %q.", t.usual)
}

func (t Term) word(text string) string {
	switch {
	case text == "" && t.usual != "":
		return "A word is expected."
	case t.among != nil && !slices.Contains(t.among, text):
		return "Expected is one of " + strings.Join(t.among, ", ") + "."
	}
	return ""
}

// Listed are terms that a parameter of the driver's own corrects, or, where Parameter is empty, parameters of their own by
// their names, such as units.
type Listed struct {
	Parameter string
	Terms     map[string]Term
}

// Usual is what stands for a parameter that says nothing.
func (l Listed) Usual(name string) string { return l.Terms[name].usual }

// Usuals is what stands where nothing is corrected.
func (l Listed) Usuals() map[string]string {
	return corrected(l.Terms, l.Parameter, nil, Term.word, nil)
}

// Table is one of Paths, Functions, Words and Listed.
type Table interface{ terms() []provision.Term }

// offered is a table whose parameter is described here; a Listed one is described by the driver.
type offered interface {
	schema() (parameter string, schema map[string]any)
}

// Terms lists tables for provision.Info, by the names within each.
func Terms(tables ...Table) []provision.Term {
	var out []provision.Term
	for _, t := range tables {
		out = append(out, t.terms()...)
	}
	return out
}

// Schema adds to the JSON Schema of a driver's own parameters those that correct the tables. It panics on a schema that is none:
// a programming error.
func Schema(own string, tables ...Table) json.RawMessage {
	var schema map[string]any
	if err := json.Unmarshal([]byte(own), &schema); err != nil {
		panic("dialect: " + err.Error())
	}
	properties := schema["properties"].(map[string]any)
	for _, t := range tables {
		if o, ours := t.(offered); ours {
			name, described := o.schema()
			properties[name] = described
		}
	}
	out, err := json.Marshal(schema)
	if err != nil {
		panic("dialect: " + err.Error())
	}
	return out
}
