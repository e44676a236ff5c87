package dcimanager5

import (
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/dialect"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

func info() provision.Info {
	return provision.Info{
		Name:  "dcimanager5",
		Title: "DCImanager 5",
		ProductTypes: []provision.ProductType{{
			Code:          "dedicated",
			Operations:    provision.Modes(provision.ModeAuto, nil),
			CompletesWith: []string{"external_id"},
		}},
		ConnectionSchema: panelhttp.ConnectionSchema("Such as https://dci.example.com:1500/dcimgr.", "Administrator"),
		ParametersSchema: dialect.Schema(parametersSchema, panel.Tables...),
		TariffSchema:     json.RawMessage(tariffSchema),
		// Addresses and licenses of what runs can be given back only where they came from (D30).
		FixedWithServices: []string{"ip_manager_id", "license_server_id"},
		Statistics: []provision.Statistic{
			{Param: "in", Unit: "KiB", Kind: "counter"},
			{Param: "out", Unit: "KiB", Kind: "counter"},
			{Param: "power", Unit: "W", Kind: "gauge"},
			{Param: "burst_in_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "burst_out_day", Unit: "Mbit/s", Kind: "gauge"},
		},
		DataCenter: provision.DataCenterRule{Required: false, ExternalID: provision.Optional},
		Dialect:    dialect.Terms(panel.Tables...),
		Notes: []string{
			"The user must have the role of an administrator.",
			"The settings for certificates hold for the IP manager as well.",
			"A server is free when it has no owner, its host name is free.ds, and it is neither blocked nor broken nor at work.",
			"The tariff's server type is compared with the panel's type and chassis template, letter by letter.",
			"With an IP manager, addresses come from it; one that another service has already is put aside under the name dns.set.error.",
			"With a type for parking, a released server's main address is exchanged for one of that type; without, it keeps its main address.",
			"An add-on special_ip_block_<type> takes the public addresses from that type; its item's code is the type's name.",
			"With a license server, ordered control panels get a license, whose key becomes the service's parameter license_key. Price lists are chosen by the item's code and can be corrected by the parameter licenses.",
			"RAM, name server and port speed have no call: people get a task, as for a control panel where no license server is named.",
			"The panel's reports go by whole days of its own time zone, which should be that of billing.",
			"Documented by the vendor: the dialect, IPmanager's addresses, orders of licenses. Seen in working clients: servers, users, addresses, installation. Inferred: the main address in a server's form, IPmanager's note, the list of operations, columns, period and units of reports, the report of power.",
			"Each function and word is listed in dialect with its mark; the parameters endpoints and fields correct them (- switches off a call that an installation does not have), traffic_unit and burst_unit the reports.",
		},
	}
}

const tariffSchema = `{
  "type": "object", "required": ["server_type"],
  "properties": {
    "server_type": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Server type", "description": "As DCImanager writes it."},
    "default_os": {"type": "string", "maxLength": 255, "default": "", "title": "Operating system", "description": "Name of the template that is installed when the order names none; empty: the first by name."}
  }
}`

const parametersSchema = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "ip_manager_id": {"type": "string", "default": "", "title": "IP manager", "description": "Gives the servers their addresses; empty: the panel's own networks."},
    "parking_ip_type": {"type": "string", "maxLength": 255, "default": "", "title": "Type of addresses for parking", "description": "A released server's main address is exchanged for one of this type; empty: it keeps its main address."},
    "license_server_id": {"type": "string", "default": "", "title": "License server", "description": "Sells the licenses of ordered control panels; empty: people get a task."},
    "license_server_as_panel": {"type": "boolean", "default": false, "title": "Judge the license server's certificate as the panel's", "description": "Off: it is verified by the system's authorities, whatever the connection says of the panel."},
    "licenses": {"type": "object", "default": {}, "additionalProperties": {"type": "string", "pattern": "^[0-9]+$"}, "title": "Price lists of licenses", "description": "The license server's price list by the code of the control panel's item."},
    "format": {"type": "string", "enum": ["", "xml", "json"], "default": "", "title": "Format of answers", "description": "Empty: xml."},
    "login": {"type": "string", "enum": ["", "session", "each_call"], "default": "", "title": "Login", "description": "Empty: session. each_call sends name and password with every call."},
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 300, "default": 0, "title": "Seconds to wait for an answer", "description": "0: 30 seconds."},
    "traffic_unit": {"type": "string", "enum": ["", "B", "KiB", "MiB", "GiB"], "default": "", "title": "Unit of the panel's traffic", "description": "Empty: KiB."},
    "burst_unit": {"type": "string", "enum": ["", "Mbit/s", "kbit/s", "KiB/s"], "default": "", "title": "Unit of the panel's bursts", "description": "Empty: Mbit/s."}
  }
}`
