package openstack

import (
	"encoding/json"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

func info() provision.Info {
	return provision.Info{
		Name:  "openstack",
		Title: "OpenStack",
		ProductTypes: []provision.ProductType{{
			Code:          "vds",
			Operations:    provision.Modes(provision.ModeAuto, map[provision.Kind]provision.Mode{provision.Renew: provision.ModeNone}),
			CompletesWith: []string{"external_id"},
		}},
		ConnectionSchema: json.RawMessage(connectionSchema),
		ParametersSchema: json.RawMessage(parametersSchema),
		TariffSchema:     json.RawMessage(tariffSchema),
		DataCenter:       provision.DataCenterRule{Required: true, ExternalID: provision.Required},
		Dialect: dialect.Terms(dialect.Listed{Terms: map[string]dialect.Term{
			"suspend_by":      dialect.Inferred("stop", "What suspending does to a server."),
			"lock_suspended":  dialect.Inferred("true", "Whether a suspended server is locked."),
			"compute_version": dialect.Documented(defaultVersion),
			"metadata_key":    dialect.Inferred(defaultKey, "A name of our own; any will do."),
		}}),
		Notes: []string{
			"The data center's external id is the cloud's region.",
			"The user needs a role in the project that may make, change, lock and delete servers; clients need no access to the project.",
			"Suspending stops the server and locks it; both can be chosen otherwise. An administrator of the cloud is not bound by a lock.",
			"Processors, memory and disk are those of the flavor; ordered ones choose the flavor that has just these.",
			"Add-ons that the cloud has no call for, such as more addresses, become tasks.",
			"A change of the flavor restarts the server and is confirmed at once; most clouds refuse a smaller disk.",
			"A server is found by the metadata that it was made with; a restart is a hard one; reinstalling keeps its addresses.",
			"No traffic is collected: the cloud's counters begin anew with each start.",
			"Documented by the vendor: all calls. Inferred: what suspending does, which suspend_by and lock_suspended choose.",
		},
	}
}

const connectionSchema = `{
  "type": "object", "additionalProperties": false, "required": ["url", "username", "password", "project"],
  "properties": {
    "url": {"type": "string", "format": "uri", "title": "Address of Keystone", "description": "With or without /v3."},
    "username": {"type": "string", "minLength": 1, "maxLength": 255, "title": "User"},
    "password": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Password", "writeOnly": true},
    "project": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Project", "description": "By its name."},
    "domain": {"type": "string", "maxLength": 255, "default": "Default", "title": "Domain", "description": "Of user and project, by its name."},
    "ca": {"type": "string", "maxLength": 65536, "default": "", "title": "Certificate authority", "description": "PEM; trusted instead of the system's authorities."},
    "insecure": {"type": "boolean", "default": false, "title": "Accept any certificate"}
  }
}`

const tariffSchema = `{
  "type": "object", "required": ["flavor"],
  "properties": {
    "flavor": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Flavor", "description": "Name or id."},
    "default_os": {"type": "string", "maxLength": 255, "default": "", "title": "Image", "description": "Name or id of the image that is installed when the order names none; empty: the first by name."},
    "network": {"type": "string", "maxLength": 255, "default": "", "title": "Network", "description": "Name or id; empty: the module's."}
  }
}`

const parametersSchema = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "network": {"type": "string", "maxLength": 255, "default": "", "title": "Network", "description": "Name or id, for tariffs that name none; empty: the project's only one."},
    "availability_zone": {"type": "string", "maxLength": 255, "default": "", "title": "Availability zone", "description": "Empty: the cloud chooses."},
    "security_groups": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 20, "default": [], "title": "Security groups", "description": "By name; empty: the project's default one."},
    "suspend_by": {"type": "string", "enum": ["", "stop", "suspend"], "default": "", "title": "How a machine is suspended", "description": "stop: it is shut down; suspend: its memory is kept. Empty: stop."},
    "lock_suspended": {"type": "boolean", "default": true, "title": "Lock suspended machines"},
    "endpoint_interface": {"type": "string", "enum": ["", "public", "internal", "admin"], "default": "", "title": "Which addresses of the catalogue are called", "description": "Empty: public."},
    "compute_version": {"type": "string", "pattern": "^(2\\.[0-9]{1,3})?$", "default": "", "title": "Microversion of Nova", "description": "From 2.9, which tells of locks, to 2.46. Empty: 2.9."},
    "metadata_key": {"type": "string", "maxLength": 64, "default": "", "title": "Metadata that carries the service's mark", "description": "Empty: tariffd_service."},
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 300, "default": 0, "title": "Seconds to wait for an answer", "description": "0: 30 seconds."}
  }
}`
