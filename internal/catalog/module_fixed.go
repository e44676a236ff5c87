package catalog

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/internal/fault"
)

// keepFixed refuses another value of the parameters that a driver wants left alone while tariffs sell by the module: what was
// promised to those who order depends on them. A parameter left out has its schema's default. The caller holds the module's
// lock where it writes, and a tariff that begins to sell by the module waits for that. Fault: parameter_fixed.
func (e *Engine) keepFixed(ctx context.Context, tx Tx, m Module, was json.RawMessage) error {
	d, err := e.Drivers.Driver(m.Driver)
	if err != nil {
		return err
	}
	var f fault.Fields
	defaults := defaultsOf(d.Info.ParametersSchema)
	before, after := members(was), members(m.Parameters)
	for _, name := range d.Info.FixedParameters {
		if !bytes.Equal(orDefault(before[name], defaults[name]), orDefault(after[name], defaults[name])) {
			f.Add("/parameters/"+name, "parameter_fixed", "It stays as it is while tariffs sell by the module.")
		}
	}
	if len(f) == 0 {
		return nil
	}
	sold, err := tx.ModuleSold(ctx, m.ID)
	if err != nil || !sold {
		return err
	}
	return fault.New(fault.Conflict, "parameter_fixed", "Tariffs sell by this module; what they promise depends on %s.", f[0].Pointer).At(f[0].Pointer)
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
