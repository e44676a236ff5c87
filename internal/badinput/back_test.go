package badinput

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatWePrintIsAcceptedBack reads what each PATCH is for, as it is after the valid request, and sends every member that
// may be patched back, together and each alone: it is accepted, and what is read then is the same.
func TestWhatWePrintIsAcceptedBack(t *testing.T) { //nolint:tparallel // the operations share a world
	t.Parallel()
	w := newTown(t)
	for _, op := range contract().operations {
		if op.method != http.MethodPatch {
			continue
		}
		t.Run(op.OperationID, func(t *testing.T) {
			w.in(t)
			for _, make := range entries[op.OperationID].valid {
				r := make(w)
				path := r.address(op)
				w.back(op, path)
				w.admin.must(http.MethodPatch, path, r.body).is(http.StatusOK)
				w.back(op, path)
			}
		})
	}
	w.in(t)
}

func (w *world) back(op operation, path string) {
	w.t.Helper()
	read := func() obj { return left(w.admin.get(path).is(http.StatusOK).json, "health") } // of a module, which is looked at anew
	printed := read()
	patch := obj{}
	for name, v := range printed {
		if op.body().members[name] != nil {
			patch[name] = v
		}
	}
	require.NotEmpty(w.t, patch)
	bodies := []obj{patch}
	for name, v := range patch {
		bodies = append(bodies, obj{name: v})
	}
	for _, body := range bodies {
		a := w.admin.must(http.MethodPatch, path, body)
		if a.status != http.StatusOK {
			w.t.Errorf("what was printed is refused: %s", a)
			continue
		}
		require.Equal(w.t, printed, read(), "%s", a)
	}
	// What a patch may set can be read, or nobody could send it back.
	for name := range op.body().members {
		if _, ok := printed[name]; !ok {
			w.t.Errorf("%s can be patched, but is not printed", name)
		}
	}
}
