package input

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMergeIsAMergePatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, patch, want string }{
		{`{"a": 1}`, `{"b": 2}`, `{"a": 1, "b": 2}`},
		{`{"a": 1, "b": 2}`, `{"a": null}`, `{"b": 2}`},
		{`{"a": {"x": 1, "y": 2}}`, `{"a": {"x": null, "z": 3}}`, `{"a": {"y": 2, "z": 3}}`},
		{`{"a": [1, 2]}`, `{"a": [3]}`, `{"a": [3]}`},
		{`{"a": 1}`, `{"a": {"b": null}}`, `{"a": {}}`},
		{``, `{"a": 9007199254740993}`, `{"a": 9007199254740993}`},
		{`{"a": 1}`, ``, `{"a": 1}`},
	} {
		require.JSONEq(t, c.want, string(Merge(json.RawMessage(c.old), json.RawMessage(c.patch))), "%s and %s", c.old, c.patch)
	}
	require.Equal(t, `{"a":9007199254740993}`, string(Merge(nil, json.RawMessage(`{"a": 9007199254740993}`))), "digits are not lost")
}
