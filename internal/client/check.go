package client

import (
	"net/mail"
	"net/url"
	"regexp"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

var (
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	usernameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	phoneForm    = regexp.MustCompile(`^\+?[0-9 ()-]{3,32}$`)
)

// check notes every member of the client that is not acceptable, so that programs which do not pass the edge are held to
// the same rules.
func (c Client) check(f *fault.Fields) {
	CheckEmail(f, "/email", c.Email)
	input.CheckText(f, "/name", c.Name, 0, 200)
	checkForm(f, "/country", c.Country, countryForm, "Two capital letters of ISO 3166-1 are expected.")
	input.CheckText(f, "/region", c.Region, 0, 100)
	checkForm(f, "/username", c.Username, usernameForm, "Latin letters, digits, dot, dash and underscore are expected.")
	checkForm(f, "/phone", c.Phone, phoneForm, "A telephone number is expected.")
	if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "" || c.TimeZone == "Local" {
		f.Add("/time_zone", "unknown_value", "An IANA time zone such as Europe/Berlin is expected.")
	}
	if c.Status != Active && c.Status != Blocked {
		f.Add("/status", "unknown_value", "The status is active or blocked.")
	}
}

// settle takes over how the client shall settle: only credit_limit has a limit, in the provider's currency.
func (c *Client) settle(f *fault.Fields, in SettlementInput) {
	if in.Mode == "" {
		in.Mode = Prepaid
	}
	c.Settlement = Settlement{Mode: in.Mode, Limit: decimal.Zero}
	switch {
	case in.Mode != Prepaid && in.Mode != CreditLimit && in.Mode != Postpaid:
		f.Add("/settlement/mode", "unknown_value", "The mode is prepaid, credit_limit or postpaid.")
	case in.Mode != CreditLimit && in.Limit != nil:
		f.Add("/settlement/limit", "bad_value", "Only the mode credit_limit has a limit.")
	case in.Mode != CreditLimit:
	case in.Limit == nil:
		f.Add("/settlement/limit", "required", "The mode credit_limit needs a limit.")
	case in.Limit.Currency() != c.Currency:
		f.Add("/settlement/limit/currency", "wrong_currency", "The provider's currency is %s.", c.Currency)
	case in.Limit.Sign() < 0:
		f.Add("/settlement/limit/amount", "out_of_range", "A limit is not below zero.")
	default:
		c.Settlement.Limit = in.Limit.Decimal()
	}
}

// CheckEmail notes an address that no mail could be sent to.
func CheckEmail(f *fault.Fields, pointer, address string) {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Address != address || len(address) > 254 {
		f.Add(pointer, "bad_format", "An e-mail address is expected.")
	}
}

func checkForm(f *fault.Fields, pointer, text string, form *regexp.Regexp, what string) {
	if text != "" && !form.MatchString(text) {
		f.Add(pointer, "bad_format", "%s", what)
	}
}

func checkURL(f *fault.Fields, pointer, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || len(text) > 2000 {
		f.Add(pointer, "bad_format", "An address that begins with https:// is expected.")
	}
}
