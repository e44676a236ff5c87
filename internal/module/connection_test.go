package module

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/provision"
)

func TestASecretThatIsSentBackAsReadIsKept(t *testing.T) {
	t.Parallel()
	secrets := []string{"password"}
	old := json.RawMessage(`{"url": "u", "password": "p"}`)
	require.JSONEq(t, `{"url": "v", "password": "p"}`, string(mergeConnection(old, json.RawMessage(`{"url": "v", "password": {"set": true}}`), secrets)))
	require.JSONEq(t, `{"url": "u", "password": "q"}`, string(mergeConnection(old, json.RawMessage(`{"password": "q"}`), secrets)))
	require.JSONEq(t, `{"url": "u"}`, string(mergeConnection(old, json.RawMessage(`{"password": null}`), secrets)))
}

func TestSecretMembersAreThoseMarkedWriteOnly(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"properties": {"b": {"writeOnly": true}, "a": {"writeOnly": true}, "c": {}}}`)
	require.Equal(t, []string{"a", "b"}, secretMembers(provision.Info{ConnectionSchema: schema}))
	require.Empty(t, secretMembers(provision.Info{}))
}

// Whatever a connection holds: what is stored readable and what is sealed are all of it, and nothing stands in both.
func TestConnectionsAreSplitWithoutLoss(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 5, rapid.ID[string]).Draw(t, "members")
		open := map[string]json.RawMessage{}
		for i, name := range names {
			open[name] = json.RawMessage(fmt.Sprintf(`{"value": %d}`, i))
		}
		secrets := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "c", "x"}), rapid.ID[string]).Draw(t, "secrets")
		m := Module{Connection: input.Object(open)}
		m.SecretNames = setSecrets(m.Connection, secrets)
		readable, sealed := m.SplitConnection()
		require.JSONEq(t, string(input.Object(open)), string(JoinConnection(readable, sealed)))
		for _, name := range m.SecretNames {
			require.NotContains(t, input.Members(readable), name)
			require.JSONEq(t, `{"set": true}`, string(input.Members(m.Shut().Readable())[name]))
		}
	})
}
