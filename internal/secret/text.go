package secret

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// mask is printed in place of a secret.
const mask = "***"

// Text is a secret in memory. However it is printed, logged or encoded, it shows a mask; an empty one shows as empty, so
// that a forgotten setting can be seen. It is read from JSON and the environment like a string.
type Text string

// Reveal returns the secret itself.
func (t Text) Reveal() string { return string(t) }

// String returns the mask.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return mask
}

// GoString returns the mask.
func (t Text) GoString() string { return fmt.Sprintf("secret.Text(%q)", t.String()) }

// Format writes the mask for every verb; without it %x and %d would show the bytes.
func (t Text) Format(f fmt.State, verb rune) {
	s := t.String()
	switch {
	case verb == 'v' && f.Flag('#'):
		s = t.GoString()
	case verb == 'q':
		s = `"` + s + `"`
	}
	_, _ = io.WriteString(f, s)
}

// LogValue returns the mask.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON writes the mask.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// MarshalText writes the mask.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the secret.
func (t *Text) UnmarshalText(b []byte) error { *t = Text(b); return nil }
