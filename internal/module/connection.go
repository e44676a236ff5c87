package module

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"

	"github.com/tariffd/tariffd/internal/input"
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

// mergeConnection is merge for a connection, where a secret that is sent back as it was read stays what it is.
func mergeConnection(old, patch json.RawMessage, secrets []string) json.RawMessage {
	changes := input.Members(patch)
	for _, name := range secrets {
		if bytes.Equal(input.Compact(changes[name]), keptSecret) {
			delete(changes, name)
		}
	}
	return input.Merge(old, input.Object(changes))
}

// setSecrets names the secrets that a connection holds.
func setSecrets(connection json.RawMessage, secrets []string) []string {
	names := []string{}
	for name := range input.Members(connection) {
		if slices.Contains(secrets, name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// Readable returns the connection as it may be shown, each secret as {"set": true}.
func (m Module) Readable() json.RawMessage {
	shown := input.Members(m.Connection)
	for _, name := range m.SecretNames {
		shown[name] = keptSecret
	}
	return input.Object(shown)
}

// SplitConnection parts an opened connection into what may be stored readable and what must be sealed; the latter is nil
// where there is nothing.
func (m Module) SplitConnection() (readable, sealed json.RawMessage) {
	open, secret := input.Members(m.Connection), map[string]json.RawMessage{}
	for _, name := range m.SecretNames {
		if v, ok := open[name]; ok {
			secret[name] = v
			delete(open, name)
		}
	}
	if len(secret) == 0 {
		return input.Object(open), nil
	}
	return input.Object(open), input.Object(secret)
}

// JoinConnection is the way back.
func JoinConnection(readable, sealed json.RawMessage) json.RawMessage {
	m := input.Members(readable)
	for name, v := range input.Members(sealed) {
		m[name] = v
	}
	return input.Object(m)
}
