// Package manual is the driver whose every operation is done by people.
//
// It owns nothing but its description: what people are asked is put into words by package provision, as for every driver, and the
// task is package department's. It talks to nothing.
//
// Invariants: every operation answers Manual with a text; the text holds no secret; nothing is kept and there are no settings.
package manual

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
		Name: "manual", Title: "Manual setup",
		Default:          provision.ProductType{Operations: provision.Modes(provision.ModeManual, nil)},
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
	return provision.Outcome{State: provision.Manual, Text: provision.Request(op)}, nil
}
