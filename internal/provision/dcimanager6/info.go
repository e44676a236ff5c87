package dcimanager6

import (
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/dialect"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// The product types.
const (
	dedicated  = "dedicated"
	colocation = "colocation"
)

func info() provision.Info {
	return provision.Info{
		Name:  "dcimanager6",
		Title: "DCImanager 6",
		ProductTypes: []provision.ProductType{{
			Code:          dedicated,
			Operations:    provision.Modes(provision.ModeAuto, map[provision.Kind]provision.Mode{provision.Renew: provision.ModeNone}),
			CompletesWith: []string{"external_id"}, Recovery: true,
		}, {
			Code: colocation,
			Operations: provision.Modes(provision.ModeAuto, map[provision.Kind]provision.Mode{
				provision.Open: provision.ModeManual, provision.Close: provision.ModeManual, provision.Renew: provision.ModeNone, provision.Reinstall: provision.ModeManual,
			}),
			CompletesWith: []string{"external_id"}, Recovery: true, TariffSchema: json.RawMessage(colocationSchema),
		}},
		ConnectionSchema: panelhttp.ConnectionSchema("With the prefix /api where the panel is served below it.", "Administrator's e-mail"),
		ParametersSchema: dialect.Schema(parametersSchema, panel.Tables...),
		TariffSchema:     json.RawMessage(tariffSchema),
		FixedParameters:  []string{"by_server_type"},
		Statistics: []provision.Statistic{
			{Param: "in", Unit: "KiB", Kind: "counter"},
			{Param: "out", Unit: "KiB", Kind: "counter"},
			{Param: "burst_in_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "burst_out_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "power", Unit: "W", Kind: "gauge"},
		},
		DataCenter: provision.DataCenterRule{Required: true, ExternalID: provision.Required},
		Dialect:    dialect.Terms(panel.Tables...),
		Notes: []string{
			"The data center's external id is the number of the location in DCImanager.",
			"The user must be an administrator without a second factor.",
			"A server is free when it has no owner, its diagnostics are over, its configuration is known and its last operation ended well.",
			"Addresses come from the pool of the server's rack, else of its location, else from a pool whose name contains \"public\"; only pools with IPv4 addresses serve.",
			"Scripts can be ordered when their access is set to All. A module that does not run them makes a task of an ordered one.",
			"Where by_server_type is off and no server of the ordered configuration is free, a task names the most similar one by its name: the processor counts for half, then memory and disks. Another module of the tariff that has the ordered one comes first.",
			"Suspending closes the switch port. power_sync decides about the machine: on (default) switches it on with an active service, on_off also off with a suspended one, none leaves it alone.",
			"A protected server refuses operations; they become tasks with the panel's words, and the service stays as it is.",
			"Rebooting with recovery starts a system of the panel, by its first template that is tagged recovery; the next reboot ends it.",
			"Colocation: people mount, install and take down the client's own server and give it to the client in the panel; closing the set-up task requires its id, by which the rest is done.",
			"Statistics are whole days. Where the panel tells samples beside them, bursts are the 95th percentile of the five-minute means; by traffic_by instants everything is made of samples.",
			"Add-ons that the panel has no call for become tasks.",
			"Told by the vendor: configurations, servers, users, free servers, power synchronisation. Seen in clients: power_reset. Inferred: owner, installation, recovery, suspending, switching on and off, addresses, pools, templates, scripts, locations, traffic.",
			"Each call and word is listed in dialect with its mark; the parameters endpoints and fields correct them, traffic_unit and rate_unit the traffic.",
		},
	}
}

const tariffSchema = `{
  "type": "object", "required": ["configuration"],
  "properties": {
    "configuration": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Configuration", "description": "As DCImanager writes it."},
    "default_os": {"type": "string", "maxLength": 255, "title": "Operating system", "description": "Name or number of the template that is installed when the order names none; empty: the first by name."}
  }
}`

const colocationSchema = `{"type": "object", "properties": {}}`

const parametersSchema = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "by_server_type": {"type": "boolean", "default": true, "title": "By server type", "description": "On: only a server of exactly the tariff's configuration. Off: where none is free, staff get a task that names the most similar one. It stays as it is while tariffs sell by the module."},
    "use_recipes": {"type": "boolean", "default": false, "title": "Run ordered scripts", "description": "Off: an ordered script is a task for staff."},
    "allocation_pool": {"type": "string", "maxLength": 255, "default": "", "title": "Pool for issued servers", "description": "Name or number; empty: the panel's own rule by rack, location and name."},
    "deallocation_pool": {"type": "string", "maxLength": 255, "default": "", "title": "Pool for released servers", "description": "Name or number; empty: the pools that the panel keeps for this."},
    "power_sync": {"type": "string", "enum": ["", "on", "on_off", "none"], "default": "", "title": "Power by the service's status", "description": "on: an active service's machine is switched on. on_off: and a suspended one's is switched off. none: neither. Empty: on."},
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 300, "default": 0, "title": "Seconds to wait for an answer", "description": "0: 30 seconds."},
    "traffic_unit": {"type": "string", "enum": ["", "B", "KiB", "MiB", "GiB"], "default": "", "title": "Unit of the panel's traffic", "description": "Empty: KiB."},
    "rate_unit": {"type": "string", "enum": ["", "bit/s", "kbit/s", "Mbit/s", "B/s", "KiB/s"], "default": "", "title": "Unit of the panel's samples", "description": "Empty: bit/s."},
    "traffic_by": {"type": "string", "enum": ["", "days", "instants"], "default": "", "title": "Statistics by", "description": "days: a server's whole day is one service's. instants: each service has what was used while it held the server; the panel must tell samples. Empty: days."}
  }
}`
