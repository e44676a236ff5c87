package catalog

import (
	"regexp"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
)

// DomainFields are what the macros of a domain template stand for.
type DomainFields struct {
	Username    string // @USERNAME@
	ProductType string // @TYPE@
	ServiceID   string // @ID@
	ClientID    string // @ACCOUNT_ID@
}

// Domain fills in the macros of a domain template. What a domain cannot hold becomes a hyphen, for not every user name is one.
func Domain(template string, in DomainFields) string {
	return strings.NewReplacer("@USERNAME@", inDomain(in.Username), "@TYPE@", inDomain(in.ProductType), "@ID@", inDomain(in.ServiceID),
		"@ACCOUNT_ID@", inDomain(in.ClientID)).Replace(template)
}

var notInDomain = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func inDomain(text string) string {
	return strings.Trim(notInDomain.ReplaceAllString(text, "-"), ".-")
}

// CheckDomainTemplate refuses a template that makes no domain, or that has a macro that nobody knows.
func CheckDomainTemplate(f *fault.Fields, pointer, template string) {
	if template == "" {
		return
	}
	const id = "00000000-0000-7000-8000-000000000000"
	made := Domain(template, DomainFields{Username: "user", ProductType: "type", ServiceID: id, ClientID: id})
	switch {
	case len(template) > product.MaxDomain:
		f.Add(pointer, "too_long", "At most %d characters.", product.MaxDomain)
	case strings.Contains(made, "@"):
		f.Add(pointer, "bad_format", "The macros of a domain are @USERNAME@, @TYPE@, @ID@ and @ACCOUNT_ID@.")
	case !product.IsDomain(made):
		f.Add(pointer, "bad_format", "A domain such as @USERNAME@.example.com is expected.")
	}
}
