package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/tariffd/tariffd/internal/netguard"
)

// field is one setting as it is named outside.
type field struct {
	member, name string
	secret       string // "": none, "url": a URL with a password in it, else: wholly
}

// fields lists the settings in the order of Config.
var fields = sync.OnceValue(func() []field {
	t := reflect.TypeFor[Config]()
	out := make([]field, t.NumField())
	for i := range out {
		f := t.Field(i)
		out[i] = field{member: f.Name, name: Prefix + f.Tag.Get("env"), secret: f.Tag.Get("secret")}
	}
	return out
})

// nameOf is the variable's name of a member of Config.
func nameOf(member string) string {
	for _, f := range fields() {
		if f.member == member {
			return f.name
		}
	}
	return member
}

// show renders a value for the log.
func (f field) show(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		if f.secret == "url" {
			return maskURL(x)
		}
		if f.secret != "" && x != "" {
			return "********"
		}
		return x
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.UTC().Format(time.RFC3339)
	case []string:
		return strings.Join(x, ",")
	case Networks:
		texts := make([]string, len(x))
		for i, p := range x {
			texts[i] = p.String()
		}
		return strings.Join(texts, ",")
	default:
		return fmt.Sprint(x)
	}
}

// maskURL hides the password of a database URL, wherever in it that stands.
func maskURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "********"
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// Networks is a list of networks; a single address is the network of itself.
type Networks []netip.Prefix

func parseNetworks(text string) (any, error) {
	list, err := netguard.ParseNetworks(text)
	return Networks(list), err
}

var adminKeyForm = regexp.MustCompile(`^tfd_[A-Za-z0-9_]{32,}$`)

var checker = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	rules := map[string]validator.Func{
		"admin_key": func(f validator.FieldLevel) bool { return adminKeyForm.MatchString(f.Field().String()) },
		"zone": func(f validator.FieldLevel) bool {
			name := f.Field().String()
			_, err := time.LoadLocation(name)
			return err == nil && name != "" && name != "Local" // the machine's own zone may change under the books
		},
		// A socket's URL has no host, so the general rule for URLs is too strict.
		"database": func(f validator.FieldLevel) bool {
			u, err := url.Parse(f.Field().String())
			return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
		},
		"origin": func(f validator.FieldLevel) bool {
			u, err := url.Parse(f.Field().String())
			return f.Field().String() == "*" || err == nil && u.Scheme != "" && u.Host != "" && u.Path == "" && u.RawQuery == ""
		},
	}
	for tag, rule := range rules {
		if err := v.RegisterValidation(tag, rule); err != nil {
			panic(err)
		}
	}
	return v
})

// expected says in words what a broken rule asks for; the value is left out, it may be a secret.
func expected(b validator.FieldError) string {
	switch b.Tag() {
	case "hostname_port":
		return "host:port is expected"
	case "admin_key":
		return "tfd_ and at least 32 letters, digits or underscores are expected"
	case "zone":
		return "the name of an IANA time zone is expected"
	case "origin":
		return "origins such as https://example.com are expected"
	case "database":
		return "a postgres:// URL is expected"
	case "oneof":
		return "one of " + strings.ReplaceAll(b.Param(), " ", ", ") + " is expected"
	}
	return strings.TrimSpace("breaks the rule " + b.Tag() + " " + b.Param())
}
