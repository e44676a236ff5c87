package product

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// Validator says which texts a parameter accepts.
type Validator struct {
	Kind    string `json:"kind"`
	Pattern string `json:"pattern,omitempty"` // regexp: RE2, of the whole text
	Min     *int64 `json:"min,omitempty"`     // integer
	Max     *int64 `json:"max,omitempty"`
}

// The kinds of validators.
const (
	ValidatorNone    = "none"
	ValidatorRegexp  = "regexp"
	ValidatorURL     = "url"
	ValidatorEmail   = "email"
	ValidatorDomain  = "domain"
	ValidatorIPv4    = "ipv4"
	ValidatorIPv6    = "ipv6"
	ValidatorInteger = "integer"
)

const (
	maxPattern = 500  // characters of a pattern
	maxText    = 1000 // bytes of a text
)

// MaxDomain is how many characters a domain may have.
const MaxDomain = 253

// ValidatorChange is a partial change of a validator; another kind begins anew.
type ValidatorChange struct {
	Kind    *string
	Pattern input.Opt[string]
	Min     input.Opt[int64]
	Max     input.Opt[int64]
}

func (in ValidatorChange) apply(v *Validator) {
	if in.Kind != nil && *in.Kind != v.Kind {
		*v = Validator{Kind: *in.Kind}
	}
	input.PutText(&v.Pattern, in.Pattern)
	input.PutOpt(&v.Min, in.Min)
	input.PutOpt(&v.Max, in.Max)
}

// check names what is wrong with a validator itself.
func (v Validator) check(f *fault.Fields, pointer string) {
	input.CheckOneOf(f, pointer+"/kind", v.Kind, ValidatorNone, ValidatorRegexp, ValidatorURL, ValidatorEmail, ValidatorDomain, ValidatorIPv4,
		ValidatorIPv6, ValidatorInteger)
	switch {
	case v.Kind != ValidatorRegexp && v.Pattern != "":
		f.Add(pointer+"/pattern", "bad_value", "Only the kind regexp has a pattern.")
	case v.Kind == ValidatorRegexp && v.Pattern == "":
		f.Add(pointer+"/pattern", "required", "The kind regexp needs a pattern.")
	case len(v.Pattern) > maxPattern:
		f.Add(pointer+"/pattern", "too_long", "A pattern has at most %d characters.", maxPattern)
	case v.Kind == ValidatorRegexp:
		if _, err := v.compile(); err != nil {
			f.Add(pointer+"/pattern", "bad_format", "An expression by the syntax of RE2 is expected.")
		}
	}
	if v.Kind != ValidatorInteger {
		for name, d := range map[string]*int64{"/min": v.Min, "/max": v.Max} {
			if d != nil {
				f.Add(pointer+name, "bad_value", "Only the kind integer has limits.")
			}
		}
		return
	}
	if v.Min != nil && v.Max != nil && *v.Min > *v.Max {
		f.Add(pointer+"/min", "out_of_range", "It is above the maximum.")
	}
}

// compile makes the expression match a whole text. The pattern has to stand for itself first, or it could leave the brackets.
func (v Validator) compile() (*regexp.Regexp, error) {
	if _, err := regexp.Compile(v.Pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`^(?:` + v.Pattern + `)$`)
}

// Check tells what is wrong with a text; a nil answer accepts it. Codes: too_long, bad_format, out_of_range.
func (v Validator) Check(text string) *fault.Error {
	if len(text) > maxText {
		return fault.New(fault.Invalid, "too_long", "At most %d characters.", maxText)
	}
	switch v.Kind {
	case ValidatorInteger:
		return v.checkInteger(text)
	case ValidatorDomain:
		if len(text) > MaxDomain {
			return fault.New(fault.Invalid, "too_long", "At most %d characters.", MaxDomain)
		}
	}
	if expected, ok := v.accepts(text); !ok {
		return fault.New(fault.Invalid, "bad_format", "%s is expected.", expected)
	}
	return nil
}

// accepts tells whether a text has the form, and what was expected.
func (v Validator) accepts(text string) (expected string, ok bool) {
	switch v.Kind {
	case ValidatorRegexp:
		re, err := v.compile()
		return "A text of the form " + v.Pattern, err == nil && re.MatchString(text)
	case ValidatorURL:
		u, err := url.Parse(text)
		return "An address such as https://example.com/", err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	case ValidatorEmail:
		a, err := mail.ParseAddress(text)
		return "An e-mail address", err == nil && a.Address == text
	case ValidatorDomain:
		return "A domain such as www.example.com", IsDomain(text)
	case ValidatorIPv4:
		ip, err := netip.ParseAddr(text)
		return "An IPv4 address", err == nil && ip.Is4()
	case ValidatorIPv6:
		ip, err := netip.ParseAddr(text)
		return "An IPv6 address", err == nil && ip.Is6() && ip.Zone() == ""
	default:
		return "", true
	}
}

func (v Validator) checkInteger(text string) *fault.Error {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil && strings.HasSuffix(err.Error(), strconv.ErrRange.Error()),
		err == nil && v.Min != nil && n < *v.Min, err == nil && v.Max != nil && n > *v.Max:
		return fault.New(fault.Invalid, "out_of_range", "A whole number %sis expected.", v.limits())
	case err != nil:
		return fault.New(fault.Invalid, "bad_format", "A whole number is expected.")
	}
	return nil
}

func (v Validator) limits() string {
	var s string
	if v.Min != nil {
		s += "from " + strconv.FormatInt(*v.Min, 10) + " "
	}
	if v.Max != nil {
		s += "up to " + strconv.FormatInt(*v.Max, 10) + " "
	}
	return s
}

var domainLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// IsDomain accepts names as they stand in the DNS, with or without the dot at the end; other scripts in their ASCII form.
func IsDomain(text string) bool {
	text = strings.TrimSuffix(text, ".")
	if text == "" || len(text) > MaxDomain {
		return false
	}
	for _, label := range strings.Split(text, ".") {
		if !domainLabel.MatchString(label) {
			return false
		}
	}
	return true
}
