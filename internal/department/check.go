package department

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/tariffd/tariffd/internal/fault"
)

// check holds every caller to the rules, also those that do not pass the edge.
func (d Department) check() error {
	var f fault.Fields
	switch n := utf8.RuneCountInString(strings.TrimSpace(d.Name)); {
	case n == 0:
		f.Add("/name", "too_short", "A name is expected.")
	case n > 200:
		f.Add("/name", "too_long", "A name has at most 200 characters.")
	}
	if d.Email != "" {
		if a, err := mail.ParseAddress(d.Email); err != nil || a.Address != d.Email || len(d.Email) > 254 {
			f.Add("/email", "bad_format", "An e-mail address is expected.")
		}
	}
	return f.Err()
}
