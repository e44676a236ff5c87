package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

var requests = map[Kind]string{
	Open:      "Set up",
	Suspend:   "Disable",
	Resume:    "Enable",
	Close:     "Delete",
	SetParams: "Change the parameters of",
	Renew:     "Renew",
	Reboot:    "Reboot",
	Reinstall: "Reinstall",
}

// Request puts an operation into words for the people who do it: what is to be done, to which service, for whom, how it should
// look in the end, and what a change departs from. It holds no secret.
func Request(op Op) string {
	var b strings.Builder
	what, known := requests[op.Kind]
	if !known {
		what = string(op.Kind)
	}
	fmt.Fprintf(&b, "%s a service of product type %s, tariff %s (service %s).", what, op.Spec.ProductType, op.Spec.TariffCode, op.ServiceID)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "\n%s: %s", name, value)
		}
	}
	line("Client", strings.TrimSpace(op.Spec.Client.Name+" "+op.Spec.Client.Email))
	line("External id", string(op.Ref))
	line("Location", op.Spec.Location)
	line("Domain", op.Spec.Domain)
	before := op.Spec.Previous
	if before != nil && before.TariffCode != op.Spec.TariffCode {
		line("Tariff until now", before.TariffCode)
	}
	for _, code := range slices.Sorted(maps.Keys(op.Spec.AddOns)) {
		value := op.Spec.AddOns[code].words()
		if before != nil && before.AddOns[code].words() != value {
			value = strings.TrimSpace(fmt.Sprintf("%s (until now: %s)", value, orNothing(before.AddOns[code].words())))
		}
		line("Add-on "+code, value)
	}
	for _, code := range slices.Sorted(maps.Keys(op.Spec.Parameters)) {
		line("Parameter "+code, op.Spec.Parameter(code))
	}
	return b.String()
}

func orNothing(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// words is the value of an add-on as people read it.
func (a AddOn) words() string {
	switch {
	case a.Amount != nil:
		return strings.TrimSpace(a.Amount.String() + " " + a.Unit)
	case a.On != nil && *a.On:
		return "on"
	case a.On != nil:
		return "off"
	}
	return a.Item
}
