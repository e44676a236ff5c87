package panelhttp_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

func TestAnAccountIsFoundOrMadeOnce(t *testing.T) {
	t.Parallel()
	refusal, silence := provision.NewRejected("exists", "there is one"), errors.New("no answer")
	for name, c := range map[string]struct {
		found []int // by look; 0: nothing
		made  int
		asked error
		want  int
		err   error
		calls int
	}{
		"it is there":             {found: []int{7}, want: 7},
		"it is made":              {found: []int{0}, made: 8, want: 8, calls: 1},
		"another was quicker":     {found: []int{0, 9}, asked: refusal, want: 9, calls: 1},
		"made without its number": {found: []int{0, 9}, want: 9, calls: 1},
		"the panel refuses":       {found: []int{0, 0}, asked: refusal, err: refusal, calls: 1},
		"nobody knows":            {found: []int{0}, asked: silence, err: silence, calls: 1},
	} {
		looks, calls := 0, 0
		id, err := panelhttp.FindOrMake(func() (int, bool, error) {
			looks++
			return c.found[looks-1], c.found[looks-1] != 0, nil
		}, func() (int, error) {
			calls++
			return c.made, c.asked
		})
		require.ErrorIs(t, err, c.err, name)
		require.Equal(t, []int{c.want, c.calls, len(c.found)}, []int{id, calls, looks}, name)
	}
	_, err := panelhttp.FindOrMake(func() (int, bool, error) { return 0, false, nil }, func() (int, error) { return 0, nil })
	require.Equal(t, provision.Unavailable, failure(t, err).Kind, "it will show later")
	_, err = panelhttp.FindOrMake(func() (int, bool, error) { return 0, false, silence }, nil)
	require.ErrorIs(t, err, silence)
}
