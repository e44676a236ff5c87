// Package manual is the driver whose every operation is done by people.
//
// It owns the words of what they are asked to do; it owns neither the task nor its department (package department), and
// talks to nothing.
//
// Invariants: every operation answers Manual with a text; the text holds no secret; nothing is kept and there are no settings.
package manual

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule}
}

func info() provision.Info {
	operations := map[provision.Kind]provision.Mode{}
	for _, kind := range provision.Kinds {
		operations[kind] = provision.ModeManual
	}
	return provision.Info{
		Name: "manual", Title: "Manual setup",
		Default:          provision.ProductType{Operations: operations},
		ConnectionSchema: json.RawMessage(`{"type": "object", "additionalProperties": false}`),
		ParametersSchema: json.RawMessage(`{"type": "object", "additionalProperties": false}`),
		TariffSchema:     json.RawMessage(`{"type": "object"}`),
		DataCenter:       provision.DataCenterRule{ExternalID: provision.Optional},
		Notes: []string{
			"Every operation makes a task for the module's department; closing the task completes the operation.",
			"An external id may be given when the set-up task is closed.",
		},
	}
}

type module struct{}

// newModule refuses any setting, for none would have an effect.
func newModule(c provision.Config) (provision.Module, error) {
	if err := provision.Decode(c.Connection, "/connection", &struct{}{}); err != nil {
		return nil, err
	}
	if err := provision.Decode(c.Parameters, "/parameters", &struct{}{}); err != nil {
		return nil, err
	}
	return module{}, nil
}

// Check has nothing to prove.
func (module) Check(ctx context.Context) error { return ctx.Err() }

// Apply asks people.
func (module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return provision.Outcome{}, err
	}
	return provision.Outcome{State: provision.Manual, Text: text(op)}, nil
}

var requests = map[provision.Kind]string{
	provision.Open:      "Set up",
	provision.Suspend:   "Disable",
	provision.Resume:    "Enable",
	provision.Close:     "Delete",
	provision.SetParams: "Change the parameters of",
	provision.Renew:     "Renew",
	provision.Reboot:    "Reboot",
	provision.Reinstall: "Reinstall",
}

// text says what is to be done, to which service, for whom and how it should look in the end.
func text(op provision.Op) string {
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
	for _, code := range sortedKeys(op.Spec.AddOns) {
		line("Add-on "+code, addOn(op.Spec.AddOns[code]))
	}
	for _, code := range sortedKeys(op.Spec.Parameters) {
		line("Parameter "+code, op.Spec.Parameter(code))
	}
	return b.String()
}

func addOn(a provision.AddOn) string {
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

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
