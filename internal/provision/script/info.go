package script

import (
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
)

func info() provision.Info {
	return provision.Info{
		Name: "script", Title: "Own program (BILLmanager's commands)",
		Default:          provision.ProductType{Operations: provision.Modes(provision.ModeAuto, nil), CompletesWith: []string{"external_id"}},
		ConnectionSchema: json.RawMessage(connectionSchema),
		ParametersSchema: json.RawMessage(parametersSchema),
		TariffSchema:     json.RawMessage(`{"type": "object"}`),
		Statistics: []provision.Statistic{
			{Param: "in", Unit: "KiB", Kind: "counter"},
			{Param: "out", Unit: "KiB", Kind: "counter"},
			{Param: "bandwidth", Unit: "KiB", Kind: "counter"},
			{Param: "burst_in_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "burst_out_day", Unit: "Mbit/s", Kind: "gauge"},
			{Param: "power", Unit: "W", Kind: "gauge"},
		},
		DataCenter: provision.DataCenterRule{ExternalID: provision.Optional},
		Notes: []string{
			"The program runs on the machine of tariffd, as its user, with an empty environment, in a folder of its own, without a shell, and is ended with all that it started when its time is over.",
			"Only root or tariffd's user may be able to change the program's file.",
			"Settings that the program's features call crypted belong into secrets; they are never read back, never arguments, and masked in what the program leaves.",
			"Commands of operations: open, suspend, resume, close, setparam, prolong, reboot, reinstall; beside them features, check_connection, check_param, check_addon, stat, sync_item, import. What the features do not name becomes a task, prolong is left out.",
			"Ids are numbers in arguments, derived from ours and always the same; the document has both.",
			"Where the program tells no external_id, the service's number is its external id.",
			"The commands and functions were seen in published modules; the documents on standard input and output are ours.",
			"Statistics by the command stat, where the parameter statistics is on.",
		},
	}
}

const connectionSchema = `{
  "type": "object", "additionalProperties": false, "required": ["program"],
  "properties": {
    "program": {"type": "string", "minLength": 2, "maxLength": 1024, "pattern": "^/", "title": "Program", "description": "Absolute path of an executable file that nobody else may change."},
    "params": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 4096}, "default": {}, "title": "Settings", "description": "The params of the program's features, by their names."},
    "secrets": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 4096}, "title": "Secret settings", "description": "The crypted params of the program's features, by their names.", "writeOnly": true}
  }
}`

const parametersSchema = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 3600, "default": 0, "title": "Seconds that a run may take", "description": "0: 300 seconds."},
    "statistics": {"type": "boolean", "default": false, "title": "The program counts traffic", "description": "Its features name stat."}
  }
}`
