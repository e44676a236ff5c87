// Package none is the driver without any processing: whatever is asked is done at once.
//
// It owns its description; it talks to nothing. It serves every product type: what has no machine behind it, and what
// another system takes care of.
//
// Invariants: every operation answers Done; nothing is kept; there are no settings.
package none

import (
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, Types: []provision.Module{module{}}}
}

func info() provision.Info {
	return provision.Info{
		Name: "none", Title: "Without processing",
		Default:          provision.ProductType{Operations: provision.Modes(provision.ModeNone, nil)},
		ConnectionSchema: json.RawMessage(`{"type": "object", "additionalProperties": false}`),
		ParametersSchema: json.RawMessage(`{"type": "object", "additionalProperties": false}`),
		TariffSchema:     json.RawMessage(`{"type": "object"}`),
		DataCenter:       provision.DataCenterRule{ExternalID: provision.Optional},
		Notes:            []string{"Orders become active as soon as they are paid; no outside system is asked."},
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

// Apply is done at once.
func (module) Apply(ctx context.Context, _ provision.Op) (provision.Outcome, error) {
	return provision.Outcome{State: provision.Done}, ctx.Err()
}
