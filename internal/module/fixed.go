package module

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// keepFixed refuses another value of the parameters that a driver wants left alone: some while tariffs sell by the module, since
// what was promised to those who order depends on them; some that once were set while services are on it, since what those have
// is reached only by them (D30). A parameter left out has its schema's default. The caller holds the module's lock where it
// writes: a tariff that begins to sell by the module and a service that comes to it wait for that. Fault: parameter_fixed.
func (e *Engine) keepFixed(ctx context.Context, tx Tx, m Module, was json.RawMessage) error {
	d, err := e.Drivers.Driver(m.Driver)
	if err != nil {
		return err
	}
	defaults := defaultsOf(d.Info.ParametersSchema)
	before, after := input.Members(was), input.Members(m.Parameters)
	changed := func(names []string, set bool) string {
		for _, name := range names {
			old := orDefault(before[name], defaults[name])
			if !bytes.Equal(old, orDefault(after[name], defaults[name])) && !(set && bytes.Equal(old, defaults[name])) {
				return name
			}
		}
		return ""
	}
	if name := changed(d.Info.FixedParameters, false); name != "" {
		if sold, err := tx.ModuleSold(ctx, m.ID); err != nil || sold {
			return errOr(err, fixed(name, "Tariffs sell by this module; what they promise depends on it."))
		}
	}
	if name := changed(d.Info.FixedWithServices, true); name != "" {
		if serves, err := tx.ModuleServes(ctx, m.ID); err != nil || serves {
			return errOr(err, fixed(name, "Services are on this module; what they have was given by it, and has to be given back to it."))
		}
	}
	return nil
}

func fixed(name, why string) *fault.Error {
	return fault.New(fault.Conflict, "parameter_fixed", "The parameter %s stays as it is. %s", name, why).At("/parameters/" + name)
}

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// defaultsOf are the values that a schema gives to members that are left out.
func defaultsOf(schema json.RawMessage) map[string]json.RawMessage {
	var s struct {
		Properties map[string]struct {
			Default json.RawMessage `json:"default"`
		} `json:"properties"`
	}
	_ = json.Unmarshal(schema, &s) // one that cannot be read gives none
	out := make(map[string]json.RawMessage, len(s.Properties))
	for name, p := range s.Properties {
		out[name] = p.Default
	}
	return out
}

func orDefault(v, usual json.RawMessage) json.RawMessage {
	if len(v) == 0 || string(v) == "null" {
		return usual
	}
	return v
}
