package dcimanager6

import (
	"encoding/json"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

func info() provision.Info {
	return provision.Info{
		Name:  "dcimanager6",
		Title: "DCImanager 6",
		ProductTypes: []provision.ProductType{{
			Code: "dedicated",
			Operations: map[provision.Kind]provision.Mode{
				provision.Open: provision.ModeAuto, provision.Suspend: provision.ModeAuto, provision.Resume: provision.ModeAuto,
				provision.Close: provision.ModeAuto, provision.SetParams: provision.ModeAuto, provision.Renew: provision.ModeNone,
				provision.Reboot: provision.ModeAuto, provision.Reinstall: provision.ModeAuto,
			},
			CompletesWith: []string{"external_id"},
		}},
		ConnectionSchema: json.RawMessage(connectionSchema),
		ParametersSchema: parametersSchema(),
		TariffSchema:     json.RawMessage(tariffSchema),
		Statistics: []provision.Statistic{
			{Param: "in", Unit: "KiB", Kind: "counter"},
			{Param: "out", Unit: "KiB", Kind: "counter"},
			{Param: "burst_in_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "burst_out_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "power", Unit: "W", Kind: "gauge"},
		},
		DataCenter: provision.DataCenterRule{Required: true, ExternalID: provision.Required},
		Notes: []string{
			"The data center's external id is the number of the location in DCImanager.",
			"The user must be an administrator without a second factor.",
			"A server is free when it has no owner, its diagnostics are over, its configuration is known and its last operation ended well.",
			"Addresses come from the pool of the server's rack, else of its location, else from a pool whose name contains \"public\"; only pools with IPv4 addresses serve.",
			"Scripts can be ordered when their access is set to All.",
			"The panel answers statistics by whole days.",
			"Calls that the vendor does not document can be corrected by the parameters endpoints and fields.",
		},
	}
}

const connectionSchema = `{
  "type": "object", "additionalProperties": false, "required": ["url", "username", "password"],
  "properties": {
    "url": {"type": "string", "format": "uri", "title": "Address", "description": "With the prefix /api where the panel is served below it."},
    "username": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Administrator's e-mail"},
    "password": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Password", "writeOnly": true},
    "ca": {"type": "string", "maxLength": 65536, "default": "", "title": "Certificate authority", "description": "PEM; trusted instead of the system's authorities."},
    "insecure": {"type": "boolean", "default": false, "title": "Accept any certificate"}
  }
}`

const tariffSchema = `{
  "type": "object", "required": ["configuration"],
  "properties": {
    "configuration": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Configuration", "description": "As DCImanager writes it."},
    "default_os": {"type": "string", "maxLength": 255, "title": "Operating system", "description": "Name or number of the template that is installed when the order names none; empty: the first by name."}
  }
}`

// parametersSchema names every call and member that can be corrected, so that a form can offer them.
func parametersSchema() json.RawMessage {
	return json.RawMessage(strings.NewReplacer(
		"ENDPOINTS", overrides(panel.CallNames(), `,"pattern":"^(GET|POST|DELETE) /"`),
		"FIELDS", overrides(panel.FieldNames(), `,"minLength":1`),
	).Replace(parametersTemplate))
}

func overrides(names []string, rule string) string {
	for i, name := range names {
		names[i] = `"` + name + `":{"type":"string"` + rule + `}`
	}
	return `"type":"object","additionalProperties":false,"default":{},"properties":{` + strings.Join(names, ",") + `}`
}

const parametersTemplate = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "by_server_type": {"type": "boolean", "default": true, "title": "By server type", "description": "On: only a server of exactly the tariff's configuration. Off: where none is free, staff get a task that names the most similar one."},
    "use_recipes": {"type": "boolean", "default": false, "title": "Run ordered scripts"},
    "allocation_pool": {"type": "string", "maxLength": 255, "default": "", "title": "Pool for issued servers", "description": "Name or number; empty: the panel's own rule by rack, location and name."},
    "deallocation_pool": {"type": "string", "maxLength": 255, "default": "", "title": "Pool for released servers", "description": "Name or number; empty: the pools that the panel keeps for this."},
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 300, "default": 0, "title": "Seconds to wait for an answer", "description": "0: 30 seconds."},
    "traffic_unit": {"type": "string", "enum": ["", "B", "KiB", "MiB", "GiB"], "default": "", "title": "Unit of the panel's traffic", "description": "Empty: KiB."},
    "endpoints": {"title": "Corrected calls", "description": "Method and path by the call's name.", ENDPOINTS},
    "fields": {"title": "Corrected members", "description": "The panel's word by ours.", FIELDS}
  }
}`
