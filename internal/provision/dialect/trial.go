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
