package dialect

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tariffd/tariffd/internal/provision"
)

// Trial is a check of a connection that tries the calls of a driver's table, each of them once.
type Trial[Call ~string] struct {
	provision.Trial
	text      func(Call) string
	corrected map[string]string
	tried     map[Call]bool
}

// NewTrial begins a check; text is what a call is in the panel, corrected the module's parameter "endpoints".
func NewTrial[Call ~string](text func(Call) string, corrected map[string]string) *Trial[Call] {
	return &Trial[Call]{text: text, corrected: corrected, tried: map[Call]bool{}}
}

// Call tries a call. The refusal of one is told with its name and with what it is in the panel.
func (t *Trial[Call]) Call(call Call, attempt func() error) {
	if t.Err != nil || t.tried[call] {
		return
	}
	t.tried[call] = true
	t.Try(fmt.Sprintf("%s (%s)", call, t.text(call)), attempt)
}

// Optional is Call for what orders do without. Where the usual text is refused, which may only have been guessed, that is a hint; a
// correction must be right.
func (t *Trial[Call]) Optional(call Call, attempt func() error) {
	t.Call(call, func() error {
		err := attempt()
		if t.Corrected(call) {
			return err
		}
		return t.orHint(call, err)
	})
}

// orHint makes a hint of a refusal.
func (t *Trial[Call]) orHint(call Call, err error) error {
	f, ok := provision.FailureOf(err)
	if !ok || f.Kind != provision.Rejected {
		return err
	}
	t.Hint("%s (%s) was refused: %s", call, t.text(call), f.Text)
	return nil
}

// mostObjects is on how many objects of a panel a call is tried.
const mostObjects = 3

// OnSome tries a call that reads something of one object, on the first few of a panel's until it is answered. Where the panel knows no
// such thing of any of them it lacks the call. Another refusal may be of those objects alone, such as of a machine that is still being
// made, and is a hint.
func OnSome[Call ~string, Object any](t *Trial[Call], call Call, objects []Object, missing func(error) bool, attempt func(Object) error) {
	if len(objects) == 0 {
		return
	}
	t.Call(call, func() (err error) {
		var refusal error
		for _, one := range objects[:min(len(objects), mostObjects)] {
			if err = attempt(one); !provision.IsRejected(err, "") {
				return err
			}
			if !missing(err) {
				refusal = err
			}
		}
		if refusal != nil {
			return t.orHint(call, refusal)
		}
		return err
	})
}

// Corrected tells whether the installation says another text for a call than is usual.
func (t *Trial[Call]) Corrected(call Call) bool {
	_, is := t.corrected[string(call)]
	return is
}

// Result is what the check says in the end. It hints at those of the corrected calls that were not tried: most change something.
func (t *Trial[Call]) Result() (provision.Checked, error) {
	for _, name := range slices.Sorted(maps.Keys(t.corrected)) {
		if !t.tried[Call(name)] && t.corrected[name] != Off {
			t.Hint("The correction endpoints.%s (%s) was not tried: it changes something, or there is nothing yet to try it on.", name, t.corrected[name])
		}
	}
	return t.Trial.Result()
}
