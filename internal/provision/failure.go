package provision

import (
	"errors"
	"fmt"
	"strings"
)

// FailureKind says what a failed panel call means for the operation.
type FailureKind int

// The kinds of failure; anything that is not a Failure is retried a limited number of times (D24).
const (
	// Unavailable: the panel is away or overloaded; nothing is known to have changed. Retried with backoff.
	Unavailable FailureKind = iota
	// Rejected: the panel understood and refused. An open goes to the next module, anything else to a task.
	Rejected
	// Unauthenticated: the module's credentials are not accepted. Like Rejected, and the module gets a problem.
	Unauthenticated
)

// Failure is a panel's refusal or absence, in words for people.
type Failure struct {
	Kind FailureKind
	// Code is a stable word for callers who may not see the panel's own words.
	Code string
	// Text is the panel's own words without secrets; for administrators and tasks only.
	Text string
	// Unsure tells that the call may have had its effect although no answer came: the panel must be asked before anything
	// is done elsewhere.
	Unsure bool
	// TakenBack tells that what the panel held for an opening is gone again, so that another module may make the service.
	TakenBack bool
	cause     error
}

// Error returns code and text.
func (f *Failure) Error() string {
	if f.cause != nil {
		return Storable(fmt.Sprintf("%s: %s: %v", f.Code, f.Text, f.cause))
	}
	return f.Code + ": " + f.Text
}

// Unwrap returns what lies below.
func (f *Failure) Unwrap() error { return f.cause }

// Storable is what a panel or program said as a database takes it: no letter is broken, and none is zero.
func Storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
}

// NewUnavailable reports that the panel could not be reached or was busy.
func NewUnavailable(cause error, format string, args ...any) *Failure {
	return &Failure{Kind: Unavailable, Code: "panel_unavailable", Text: Storable(fmt.Sprintf(format, args...)), cause: cause}
}

// NewRejected reports the panel's refusal in its own words.
func NewRejected(code, format string, args ...any) *Failure {
	return &Failure{Kind: Rejected, Code: code, Text: Storable(fmt.Sprintf(format, args...))}
}

// NewTakenBack reports a refusal after which the panel holds nothing more of the opening: whatever was begun was undone.
func NewTakenBack(code, format string, args ...any) *Failure {
	f := NewRejected(code, format, args...)
	f.TakenBack = true
	return f
}

// NewUnauthenticated reports that the panel does not accept the credentials.
func NewUnauthenticated(format string, args ...any) *Failure {
	return &Failure{Kind: Unauthenticated, Code: "panel_refused_login", Text: Storable(fmt.Sprintf(format, args...))}
}

// FailureOf returns the Failure inside err, if there is one.
func FailureOf(err error) (*Failure, bool) {
	var f *Failure
	ok := errors.As(err, &f)
	return f, ok
}

// IsRejected tells whether a failure is a refusal of the call itself, with this code where one is given.
func IsRejected(err error, code string) bool {
	f, ok := FailureOf(err)
	return ok && f.Kind == Rejected && (code == "" || f.Code == code)
}
