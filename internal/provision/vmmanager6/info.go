package vmmanager6

import (
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dialect"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

func info() provision.Info {
	return provision.Info{
		Name:  "vmmanager6",
		Title: "VMmanager 6",
		ProductTypes: []provision.ProductType{{
			Code:          "vds",
			Operations:    provision.Modes(provision.ModeAuto, map[provision.Kind]provision.Mode{provision.Renew: provision.ModeNone}),
			CompletesWith: []string{"external_id"},
		}},
		ConnectionSchema: panelhttp.ConnectionSchema("With the prefix /api where the panel is served below it.", "Administrator's e-mail"),
		ParametersSchema: dialect.Schema(parametersSchema, panel.Tables...),
		TariffSchema:     json.RawMessage(tariffSchema),
		Statistics: []provision.Statistic{
			{Param: "in", Unit: "KiB", Kind: "counter"},
			{Param: "out", Unit: "KiB", Kind: "counter"},
			{Param: "burst_in_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "burst_out_day", Unit: "Mbit/s", Kind: "gauge"},
		},
		DataCenter: provision.DataCenterRule{Required: true, ExternalID: provision.Forbidden},
		Dialect:    dialect.Terms(panel.Tables...),
		Notes: []string{
			"The user must be the administrator who was made first, without a second factor.",
			"One module drives one cluster: KVM and LXD need a module each.",
			"Values of the tariff's add-ons win over those of the template; a template that the panel does not know sets no limits.",
			"Addresses come from the pool of the cluster with the smallest number that has enough left.",
			"Processors, memory, port speed and disk are changed on a stopped machine, which is started again; a disk only grows.",
			"Suspending stops the machine; the parameter disable_suspended adds the panel's lock, which the vendor does not document.",
			"Add-ons and changes that the panel has no call for become tasks: another control panel, system or domain of a machine that is there, and add-ons of your own.",
			"The panel measures rates; traffic is their sum, in which a time without a measurement counts nothing.",
			"Documented by the vendor: login, lists, filters, tasks, making a machine. Seen in working clients: the other calls. Inferred: unit and zone of the rates, which speed limit a port speed is, the access of recipes, disable and enable.",
			"Each call and word is listed in dialect with its mark; the parameters endpoints and fields correct them, traffic_unit and traffic_zone the rates.",
		},
	}
}

const tariffSchema = `{
  "type": "object",
  "properties": {
    "template": {"type": "string", "maxLength": 255, "default": "", "title": "VPS template", "description": "Name of a configuration in VMmanager; add-ons of the tariff win over it. One that the panel does not know sets no limits."},
    "default_os": {"type": "string", "maxLength": 255, "default": "", "title": "Operating system", "description": "Name or number of the template that is installed when the order names none; empty: the first by name."}
  }
}`

const parametersSchema = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "cluster": {"type": "string", "maxLength": 255, "default": "", "title": "Cluster", "description": "Name or number; empty: the one with the smallest number."},
    "use_recipes": {"type": "boolean", "default": false, "title": "Run ordered recipes", "description": "Off: an ordered script or control panel is a task for staff."},
    "additional_interface": {"type": "boolean", "default": false, "title": "Additional network interface"},
    "additional_pool": {"type": "string", "maxLength": 255, "default": "", "title": "Pool of the additional interface", "description": "Name or number; empty: the cluster's pool with the smallest number at another interface than the main one."},
    "additional_bridge": {"type": "string", "maxLength": 64, "default": "", "title": "Bridge of the additional interface", "description": "Empty: vmbr1."},
    "ip_pool": {"type": "string", "maxLength": 255, "default": "", "title": "Pool of addresses", "description": "Name or number; empty: the cluster's pools by number."},
    "preset_with_values": {"type": "boolean", "default": false, "title": "Name the template beside overriding values", "description": "Off: a machine that differs from its template is made of values alone, for the panel takes a template or values."},
    "defer_changes": {"type": "boolean", "default": false, "title": "Changes wait for the client's next stop", "description": "Off: a running machine is stopped, changed and started."},
    "disable_suspended": {"type": "boolean", "default": false, "title": "Lock suspended machines", "description": "By calls that the vendor does not document."},
    "send_email_mode": {"type": "string", "enum": ["", "default", "saas_only"], "default": "", "title": "The panel's own letters", "description": "Empty: saas_only."},
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 300, "default": 0, "title": "Seconds to wait for an answer", "description": "0: 30 seconds."},
    "traffic_unit": {"type": "string", "enum": ["", "B/s", "KiB/s", "bit/s", "kbit/s", "Mbit/s"], "default": "", "title": "Unit of the measured rates", "description": "Empty: B/s."},
    "traffic_zone": {"type": "string", "maxLength": 64, "default": "", "title": "Time zone of the panel's metrics", "description": "Such as Europe/Berlin; empty: UTC."}
  }
}`
