package coremgr

import (
	"github.com/tariffd/tariffd/internal/provision"
)

// Meaning is what a sort of error says about the call.
type Meaning int

// The meanings.
const (
	Refused   Meaning = iota // understood and not done
	Unknown                  // there is no such object or function
	Exists                   // there is one already
	Away                     // the panel could not reach what it drives; try again
	LoggedOut                // the session or the credentials are not accepted
)

// meanings of the types of errors. D, C: auth, access, missed, exists, value, limit, license; the others were seen in texts of
// the vendor's own plug-ins. A type that is not here is a refusal.
var meanings = map[string]Meaning{
	"auth": LoggedOut, "missed": Unknown, "exists": Exists,
	"connection": Away, "unexpected_data": Away, "timeout": Away,
}

// The codes of refusals.
const (
	CodeRejected  = "panel_rejected"
	codeMissing   = "panel_has_no_such"
	codeExists    = "panel_has_it_already"
	codeRedirects = "panel_redirects"
)

// Refusal is an error element: of the fifth generation with a type, of the fourth with a number.
type Refusal struct {
	Type   string // or the number
	Object string // the field or thing that it is about
	Text   string // the panel's own words
}

// errorIn reads the error of an answer; nil where there is none.
func errorIn(doc *Node) *Refusal {
	e := doc.Child("error")
	if e == nil {
		return nil
	}
	first := func(texts ...string) string {
		for _, t := range texts {
			if t != "" {
				return t
			}
		}
		return ""
	}
	r := Refusal{Type: first(e.Attr["type"], e.Attr["code"]), Object: first(e.Attr["object"], e.Attr["obj"])}
	r.Text = first(e.Get("msg"), e.Text, e.Get("detail"), "no reason given")
	if about := first(r.Type, r.Object); about != "" {
		r.Text += " (" + r.Type
		if r.Object != "" {
			r.Text += " " + r.Object
		}
		r.Text += ")"
	}
	return &r
}

// failure turns an error into what it means for an operation.
func (c *Client) failure(function string, r Refusal) error {
	words := c.http.Scrub(r.Text)
	switch c.meanings[r.Type] {
	case LoggedOut:
		return provision.NewUnauthenticated("%s: %s", function, words)
	case Unknown:
		return provision.NewRejected(codeMissing, "%s: %s", function, words)
	case Exists:
		return provision.NewRejected(codeExists, "%s: %s", function, words)
	case Away:
		f := provision.NewUnavailable(nil, "%s: %s", function, words)
		f.Unsure = true
		return f
	}
	return provision.NewRejected(CodeRejected, "%s: %s", function, words)
}

// Missing tells whether the panel said that it knows no such object or function.
func Missing(err error) bool { return provision.IsRejected(err, codeMissing) }

// Rejected tells whether the panel refused the call itself.
func Rejected(err error) bool { return provision.IsRejected(err, "") }
