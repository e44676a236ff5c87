// Package input is how a feature takes what somebody asks it to change: members of a partial change, checks of texts, numbers
// and codes, open documents and the schemas that judge them.
//
// It owns the words and the fault codes of those checks, so that one mistake is answered alike everywhere. It does not own the
// rules of any feature, nor the form of requests (package httpapi).
//
// Invariants: a check notes what is wrong beside what others found and never stops at the first; no value that somebody sent
// stands in a text; a member that is not named stays as it is.
package input

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tariffd/tariffd/internal/fault"
)

// Opt is a member of a partial change that may also be taken away: not Set leaves it as it is, a nil Value removes it.
type Opt[T any] struct {
	Set   bool
	Value *T
}

// To makes the change that sets a value.
func To[T any](v T) Opt[T] { return Opt[T]{Set: true, Value: &v} }

// None makes the change that takes a value away.
func None[T any]() Opt[T] { return Opt[T]{Set: true} }

// Put applies a plain member of a partial change.
func Put[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// PutOpt applies a removable member to a pointer.
func PutOpt[T any](to **T, from Opt[T]) {
	if from.Set {
		*to = from.Value
	}
}

// PutText applies a removable member to a text that is empty when there is none.
func PutText(to *string, from Opt[string]) {
	if !from.Set {
		return
	}
	*to = ""
	if from.Value != nil {
		*to = *from.Value
	}
}

// CheckVersion refuses a change by somebody who knows an older state than the stored one. Fault: precondition_failed.
func CheckVersion(want *int64, have int64) error {
	if want != nil && *want != have {
		return fault.New(fault.Precondition, "precondition_failed", "It was changed since you read it.")
	}
	return nil
}

// CheckText checks how many characters a text has, spaces around it apart.
func CheckText(f *fault.Fields, pointer, text string, least, most int) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(text)); {
	case n < least:
		f.Add(pointer, "too_short", "A text of at least %d characters is expected.", least)
	case n > most:
		f.Add(pointer, "too_long", "A text of at most %d characters is expected.", most)
	}
}

// CheckOneOf refuses a word that is none of the known ones.
func CheckOneOf(f *fault.Fields, pointer, text string, known ...string) {
	if !slices.Contains(known, text) {
		f.Add(pointer, "unknown_value", "One of %s is expected.", strings.Join(known, ", "))
	}
}

// CheckSortOrder checks a place in a sorted list.
func CheckSortOrder(f *fault.Fields, pointer string, n int) { CheckRange(f, pointer, n, 1, 1_000_000) }

// CheckRange checks that a number is one of least to most.
func CheckRange(f *fault.Fields, pointer string, n, least, most int) {
	if n < least || n > most {
		f.Add(pointer, "out_of_range", "A number from %d to %d is expected.", least, most)
	}
}

// Missing is the fault for a reference in a request to what does not exist.
func Missing(f *fault.Fields, pointer, what string) {
	f.Add(pointer, "not_found", "There is no such %s.", what)
}

// codeForm is the form of internal names.
var codeForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// CheckCode checks an internal name at /code.
func CheckCode(f *fault.Fields, code string) {
	if !codeForm.MatchString(code) {
		f.Add("/code", "bad_format", "A code has 1 to 64 Latin letters, digits and _, and does not begin with a digit.")
	}
}

// CheckItemCode holds a value's code to what any panel could call something.
func CheckItemCode(f *fault.Fields, pointer, code string) {
	switch {
	case code == "" || utf8.RuneCountInString(code) > 255:
		f.Add(pointer, "bad_format", "A code has 1 to 255 characters.")
	case strings.TrimSpace(code) != code || strings.ContainsFunc(code, unicode.IsControl):
		f.Add(pointer, "bad_format", "A code neither begins nor ends with a space, and has no control characters.")
	}
}

// InUse is a sentence that says what refers to something which is to go or to change.
type InUse string

// When is the fault in_use where the question was answered with yes.
func (why InUse) When(used bool, err error) error {
	if err == nil && used {
		return fault.New(fault.Conflict, "in_use", "%s", string(why))
	}
	return err
}

// ErrBuiltin refuses to change or to delete what came with the program.
var ErrBuiltin = fault.New(fault.Conflict, "built_in", "What is built in stays as it is.")
