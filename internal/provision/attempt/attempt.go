// Package attempt is one call of Apply, as the drivers of control panels go about it.
//
// It owns the order of things. The service's machine is looked for anew by each attempt; where there is none, one is taken or made,
// made ready and handed over; what was refused half-way is taken back before the refusal is told. It owns the words of the memo by
// which a later attempt goes on with that. It owns neither what a machine is and how it is found, nor any step on the way (the
// drivers).
//
// Invariants: of two attempts at once — one is the ghost of a lost lease — each looks after its own last step whether the other left a
// machine as well, and both agree on which one stays; a refused opening leaves none; a step that comes to nothing is given up.
package attempt

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
)

// Attempt is one call of Apply. What a driver knows of one contains it.
type Attempt struct {
	Op    provision.Op
	Memo  map[string]string
	After time.Duration // of the next look, on the business clock
	Begun bool          // the panel holds something for this operation
}

// Soon is the time until the next look where only the memo had to be put away.
const Soon = time.Second

// At begins an attempt at an operation; after is when the panel is looked at again, if nobody says otherwise.
func At(op provision.Op, after time.Duration) Attempt {
	return Attempt{Op: op, Memo: op.Remembered(), After: after}
}

// Pending tells that the panel is working.
func (a *Attempt) Pending() provision.Outcome {
	return provision.Outcome{State: provision.Pending, After: a.After, Memo: a.Memo}
}

// OrPending tells what went wrong, else that the panel is working.
func (a *Attempt) OrPending(err error) (provision.Outcome, error) {
	if err != nil {
		return provision.Outcome{}, err
	}
	return a.Pending(), nil
}

// Count is a number that the memo holds; 0 where it holds none.
func (a *Attempt) Count(word string) int {
	n, _ := strconv.Atoi(a.Memo[word])
	return n
}

// Try counts how often the same step is asked for, over all attempts; false: so often that it must come to nothing.
func (a *Attempt) Try(step string, most int) bool {
	if a.Memo["step"] != step {
		a.Memo["step"], a.Memo["tries"] = step, "0"
	}
	tries := a.Count("tries")
	if tries >= most {
		return false
	}
	a.Memo["tries"] = strconv.Itoa(tries + 1)
	return true
}

// Refuse puts a refusal into the memo, so that it is told once what was done before it is undone; false: err is none.
func (a *Attempt) Refuse(err error) bool {
	failure, ok := provision.FailureOf(err)
	if !ok || failure.Kind != provision.Rejected {
		return false
	}
	a.Memo["refused"], a.Memo["refused_text"] = failure.Code, failure.Text
	return true
}

// Refused tells whether this attempt or an earlier one was refused.
func (a *Attempt) Refused() bool { return a.Memo["refused"] != "" }

// Refusal is the one that the memo holds.
func (a *Attempt) Refusal() *provision.Failure {
	return provision.NewRejected(a.Memo["refused"], "%s", a.Memo["refused_text"])
}

// NotUndone tells how far the undoing of what was refused has come. Where that is refused as well, the words say what is left.
func (a *Attempt) NotUndone(err error, format string, words ...any) (provision.Outcome, error) {
	failure, ok := provision.FailureOf(err)
	if !ok || failure.Kind != provision.Rejected {
		return a.OrPending(err)
	}
	return provision.Outcome{}, provision.NewRejected(a.Memo["refused"], "%s; %s: %s",
		a.Memo["refused_text"], fmt.Sprintf(format, words...), failure.Text)
}
