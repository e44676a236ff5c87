// Package fault holds the one error type that carries meaning between packages.
//
// It owns the kinds of failure, the stable code of each and the list of offending fields; it does not own
// the mapping to HTTP (package httpapi) nor the mapping from database constraints (package postgres).
//
// Invariants: a fault's Message and Fields are safe to show to any caller; an inner cause is never shown;
// a Code is a stable snake_case word that openapi.yaml lists.
package fault

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// Kind tells what sort of failure it is; the edge maps each kind to one HTTP status.
type Kind int

// The kinds, in the order of their HTTP statuses.
const (
	Internal     Kind = iota // 500: a bug or a broken dependency; nothing of it is shown
	Malformed                // 400: could not be read at all (JSON, cursor, required header)
	Unauthorized             // 401: no key or a bad one
	Forbidden                // 403: known, but not allowed to
	NotFound                 // 404: missing, or somebody else's
	Conflict                 // 409: the present state does not allow it
	Precondition             // 412: If-Match does not hold
	TooLarge                 // 413: more than is accepted
	MediaType                // 415: a content type that is not accepted
	Invalid                  // 422: readable, but breaks a schema or a rule
	RateLimited              // 429: too many requests
	Unavailable              // 503: a dependency is away, or waking up; try again
)

// Field is one offending place of a request: a JSON Pointer into the body or the name of a parameter.
type Field struct {
	Pointer   string
	Parameter string
	Code      string
	Detail    string
}

// Error is the failure that crosses package borders.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Fields  []Field
	// Staff is text for administrators and tasks only, such as a panel's own words.
	Staff string
	// Refs are identifiers that help the caller to go on, such as a challenge_id; they become members of the problem.
	Refs  map[string]string
	cause error
}

// New makes a fault with a formatted, safe message.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns the code, the message and the cause, for logs.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	for _, f := range e.Fields {
		s += fmt.Sprintf(" [%s%s %s]", f.Pointer, f.Parameter, f.Code)
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause, which is never shown to callers.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is match by kind and code, so that sentinels may be refined with With… and still be recognised.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// Because returns a copy that carries the cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// At returns a copy that points at one place of the request's body.
func (e *Error) At(pointer string) *Error {
	c := *e
	c.Fields = []Field{{Pointer: pointer, Code: e.Code, Detail: e.Message}}
	return &c
}

// WithStaff returns a copy with text that only administrators see.
func (e *Error) WithStaff(text string) *Error {
	c := *e
	c.Staff = text
	return &c
}

// Missing is the answer for what does not exist or belongs to somebody else.
func Missing(what string) *Error {
	return New(NotFound, "not_found", "No such %s.", what)
}

// Of returns the fault inside err, or an Internal one that hides it.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Message: "Something went wrong on our side.", cause: err}
}

// Has tells whether err carries a fault with this code.
func Has(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Fields collects all offending places of one request before answering.
type Fields []Field

// Add notes one offending place.
func (f *Fields) Add(pointer, code, format string, args ...any) {
	*f = append(*f, Field{Pointer: pointer, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// Merge takes over the places that another check found, below a prefix; an error that names no place is returned.
func (f *Fields) Merge(prefix string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || e.Kind != Invalid {
		return err
	}
	if len(e.Fields) == 0 {
		*f = append(*f, Field{Pointer: prefix, Code: e.Code, Detail: e.Message})
		return nil
	}
	for _, x := range e.Fields {
		x.Pointer = prefix + x.Pointer
		*f = append(*f, x)
	}
	return nil
}

// Err returns nil when nothing was noted, else one Invalid fault: a single place puts its code on top, several give
// validation_failed. The places are sorted by pointer.
func (f Fields) Err() error {
	switch len(f) {
	case 0:
		return nil
	case 1:
		return &Error{Kind: Invalid, Code: f[0].Code, Message: f[0].Detail, Fields: f}
	}
	sorted := append(Fields(nil), f...)
	sort.SliceStable(sorted, func(i, j int) bool {
		return strings.Compare(sorted[i].Pointer+sorted[i].Parameter, sorted[j].Pointer+sorted[j].Parameter) < 0
	})
	return &Error{Kind: Invalid, Code: "validation_failed", Message: fmt.Sprintf("%d fields are not acceptable.", len(f)), Fields: sorted}
}
