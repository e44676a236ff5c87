package catalog

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"

	"github.com/tariffd/tariffd/internal/provision"
)

// keptSecret is how a secret that is set reads; a partial change that sends it back keeps the secret.
var keptSecret = json.RawMessage(`{"set":true}`)

// secretMembers names the members of a driver's connection that are never read back: those marked writeOnly.
func secretMembers(info provision.Info) []string {
	var schema struct {
		Properties map[string]struct {
			WriteOnly bool `json:"writeOnly"`
		} `json:"properties"`
	}
	if json.Unmarshal(info.ConnectionSchema, &schema) != nil {
		return nil
	}
	var names []string
	for name, p := range schema.Properties {
		if p.WriteOnly {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// members reads a JSON object; anything else has none.
func members(raw json.RawMessage) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return map[string]json.RawMessage{}
	}
	return m
}

func object(m map[string]json.RawMessage) json.RawMessage {
	raw, err := json.Marshal(m)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return raw
}

// merge applies a merge patch (RFC 7396) to one JSON object: null removes a member, objects are merged member by member.
func merge(old, patch json.RawMessage) json.RawMessage {
	m := members(old)
	for name, v := range members(patch) {
		switch v = bytes.TrimSpace(v); {
		case string(v) == "null":
			delete(m, name)
		case len(v) > 0 && v[0] == '{':
			m[name] = merge(m[name], v)
		default:
			m[name] = v
		}
	}
	return object(m)
}

// mergeConnection is merge for a connection, where a secret that is sent back as it was read stays what it is.
func mergeConnection(old, patch json.RawMessage, secrets []string) json.RawMessage {
	changes := members(patch)
	for _, name := range secrets {
		if bytes.Equal(compact(changes[name]), keptSecret) {
			delete(changes, name)
		}
	}
	return merge(old, object(changes))
}

// setSecrets names the secrets that a connection holds.
func setSecrets(connection json.RawMessage, secrets []string) []string {
	names := []string{}
	for name := range members(connection) {
		if slices.Contains(secrets, name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// Readable returns the connection as it may be shown, each secret as {"set": true}.
func (m Module) Readable() json.RawMessage {
	shown := members(m.Connection)
	for _, name := range m.SecretNames {
		shown[name] = keptSecret
	}
	return object(shown)
}

// SplitConnection parts an opened connection into what may be stored readable and what must be sealed; the latter is nil
// where there is nothing.
func (m Module) SplitConnection() (readable, sealed json.RawMessage) {
	open, secret := members(m.Connection), map[string]json.RawMessage{}
	for _, name := range m.SecretNames {
		if v, ok := open[name]; ok {
			secret[name] = v
			delete(open, name)
		}
	}
	if len(secret) == 0 {
		return object(open), nil
	}
	return object(open), object(secret)
}

// JoinConnection is the way back.
func JoinConnection(readable, sealed json.RawMessage) json.RawMessage {
	m := members(readable)
	for name, v := range members(sealed) {
		m[name] = v
	}
	return object(m)
}
