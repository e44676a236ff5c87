package dsmanager

import (
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dialect"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// The product types.
const (
	dedicated  = "dedicated"
	colocation = "colocation"
)

func info() provision.Info {
	return provision.Info{
		Name:  "dsmanager",
		Title: "DSmanager",
		ProductTypes: []provision.ProductType{{
			Code:          dedicated,
			Operations:    provision.Modes(provision.ModeAuto, map[provision.Kind]provision.Mode{provision.Renew: provision.ModeNone}),
			CompletesWith: []string{"external_id"},
		}, {
			Code: colocation,
			Operations: provision.Modes(provision.ModeAuto, map[provision.Kind]provision.Mode{
				provision.Open: provision.ModeManual, provision.Close: provision.ModeManual, provision.SetParams: provision.ModeManual,
				provision.Renew: provision.ModeNone, provision.Reboot: provision.ModeManual, provision.Reinstall: provision.ModeManual,
			}),
			CompletesWith: []string{"external_id"},
			TariffSchema:  json.RawMessage(`{"type": "object", "properties": {}}`),
		}},
		ConnectionSchema: panelhttp.ConnectionSchema("With its path, such as https://192.0.2.1/manager/dsmgr.", "Administrator"),
		ParametersSchema: dialect.Schema(parametersSchema, panel.Tables...),
		TariffSchema:     json.RawMessage(tariffSchema),
		DataCenter:       provision.DataCenterRule{Required: false, ExternalID: provision.Optional},
		Dialect:          dialect.Terms(panel.Tables...),
		Notes: []string{
			"One module sells one product type; for dedicated servers and colocation make two modules for the same panel.",
			"Dedicated servers: the tariff's preset, or else its code, is the name of a preset; servers of it without owner are free.",
			"Where the tariff is called as its preset and its settings name none, what is free is counted over all presets.",
			"The codes of the items of an operating system's enumeration must be the names of the panel's images.",
			"Colocation: people set up, change and take down; closing the set-up task requires the server's id, by which it is disabled and enabled by itself.",
			"Add-ons that the panel has no call for become tasks.",
			"Told by the vendor: the behaviour. Inferred: every function, field and error number; each is listed in dialect, and the parameters endpoints, fields and errors correct them.",
		},
	}
}

const tariffSchema = `{
  "type": "object",
  "properties": {
    "preset": {"type": "string", "maxLength": 255, "default": "", "title": "Preset", "description": "As DSmanager calls it; empty: the tariff's code."},
    "default_os": {"type": "string", "maxLength": 255, "default": "", "title": "Operating system", "description": "Name of the image that is installed when the order names none; empty: the first by name."}
  }
}`

const parametersSchema = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "login": {"type": "string", "enum": ["", "each_call", "session"], "default": "", "title": "How to log in", "description": "each_call: name and password with every call. Empty: each_call."},
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 300, "default": 0, "title": "Seconds to wait for an answer", "description": "0: 30 seconds."},
    "errors": {"title": "Corrected error numbers", "description": "What a number means.", "type": "object", "default": {}, "additionalProperties": {"type": "string", "enum": ["refused", "unknown", "exists", "away", "logged_out"]}}
  }
}`
