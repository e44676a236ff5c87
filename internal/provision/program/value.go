package program

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
)

// Amount is an add-on's value as one word: a number, on, off, or an item's code.
func Amount(a provision.AddOn) string {
	switch {
	case a.Amount != nil:
		return a.Amount.String()
	case a.On != nil && *a.On:
		return "on"
	case a.On != nil:
		return "off"
	}
	return a.Item
}

// Plain is a JSON value as a text: a string without its quotes, anything else as it is written.
func Plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return strings.TrimSpace(string(raw))
}

// Instant is a time by UTC; empty where there is none.
func Instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
