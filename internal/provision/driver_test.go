package provision_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

func TestModesAreOfEveryKind(t *testing.T) {
	t.Parallel()
	got := provision.Modes(provision.ModeAuto, map[provision.Kind]provision.Mode{provision.Renew: provision.ModeNone})
	require.Len(t, got, len(provision.Kinds))
	for _, kind := range provision.Kinds {
		want := provision.ModeAuto
		if kind == provision.Renew {
			want = provision.ModeNone
		}
		require.Equal(t, want, got[kind], kind)
	}
}

func TestCountedStockIsInOrder(t *testing.T) {
	t.Parallel()
	require.Equal(t, []provision.Stock{{Key: "a", Free: 2}, {Key: "b", Free: 0}}, provision.Counted(map[string]int{"b": 0, "a": 2}))
	require.Empty(t, provision.Counted(nil))
}

func TestBothPartsOfSettingsAreRead(t *testing.T) {
	t.Parallel()
	var connection, parameters struct {
		Name string `json:"name"`
	}
	c := provision.Config{Connection: json.RawMessage(`{"name": "a"}`), Parameters: json.RawMessage(`{"name": "b"}`)}
	require.NoError(t, c.Decode(&connection, &parameters))
	require.Equal(t, "a b", connection.Name+" "+parameters.Name)
	c.Parameters = json.RawMessage(`{"colour": 1}`)
	require.Equal(t, "/parameters/colour", fault.Of(c.Decode(&connection, &parameters)).Fields[0].Pointer)
	c.Connection = json.RawMessage(`{"name": 1}`)
	require.Equal(t, "/connection/name", fault.Of(c.Decode(&connection, &parameters)).Fields[0].Pointer)
}
