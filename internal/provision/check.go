package provision

import (
	"context"
	"fmt"
	"strings"
)

// Checked is what a check of a connection did.
type Checked struct {
	// Tried are the calls that were made, in their order. Where a check failed, the last one did.
	Tried []string
	// Hints are what passes and still keeps some orders or operations from being made, and what could not be tried.
	Hints []string
}

// Explainer is a module whose check tells what it did. Its Check is the same without a word of it.
type Explainer interface {
	Explain(ctx context.Context) (Checked, error)
}

// Explain checks a module's connection and tells what was tried, where the module tells.
func Explain(ctx context.Context, m Module) (Checked, error) {
	if e, can := m.(Explainer); can {
		return e.Explain(ctx)
	}
	return Checked{}, m.Check(ctx)
}

// Trial is a check in the course of it: things are tried one after another until one fails.
type Trial struct {
	Checked
	Err error
}

// Try tries something. A refusal is told with what was tried, unless it says so itself.
func (t *Trial) Try(what string, attempt func() error) {
	if t.Err != nil {
		return
	}
	t.Tried = append(t.Tried, what)
	t.Err = attempt()
	if f, ok := FailureOf(t.Err); ok && f.Kind == Rejected && !strings.HasPrefix(f.Text, what+": ") {
		f.Text = what + ": " + f.Text
	}
}

// Hint tells what passes all the same.
func (t *Trial) Hint(format string, args ...any) {
	if t.Err == nil {
		t.Hints = append(t.Hints, fmt.Sprintf(format, args...))
	}
}

// Result is what the check says in the end.
func (t *Trial) Result() (Checked, error) { return t.Checked, t.Err }
