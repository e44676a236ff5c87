package input

import (
	"bytes"
	"encoding/json"
)

// Members reads a JSON object; anything else has none.
func Members(raw json.RawMessage) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return map[string]json.RawMessage{}
	}
	return m
}

// Object writes the members of a JSON object, in order of their names.
func Object(m map[string]json.RawMessage) json.RawMessage {
	raw, err := json.Marshal(m)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return raw
}

// Merge applies a merge patch (RFC 7396) to one JSON object: null removes a member, objects are merged member by member.
func Merge(old, patch json.RawMessage) json.RawMessage {
	m := Members(old)
	for name, v := range Members(patch) {
		switch v = bytes.TrimSpace(v); {
		case string(v) == "null":
			delete(m, name)
		case len(v) > 0 && v[0] == '{':
			m[name] = Merge(m[name], v)
		default:
			m[name] = v
		}
	}
	return Object(m)
}

// Compact returns JSON without insignificant space, so that equal documents are equal bytes; what is empty is {}.
func Compact(raw json.RawMessage) json.RawMessage {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil || v == nil {
		return json.RawMessage(`{}`)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return out
}
