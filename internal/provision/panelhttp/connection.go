package panelhttp

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
)

// Connection is where a panel is and who we are to it, as a module's settings say it.
type Connection struct {
	URL      string `json:"url" validate:"required,http_url"`
	Username string `json:"username" validate:"required,max=255"`
	Password string `json:"password" validate:"required,max=255"`
	CA       string `json:"ca" validate:"max=65536"`
	Insecure bool   `json:"insecure"`
}

// Client makes a client that waits so many seconds (0: the usual ones) for an answer. The password is masked in errors, also as
// it is written in a form. Faults: those of New.
func (c Connection) Client(timeoutSeconds int, env provision.Env) (*Client, error) {
	return New(Options{
		URL: c.URL, CA: c.CA, Insecure: c.Insecure, Timeout: time.Duration(timeoutSeconds) * time.Second,
		Secrets: []string{c.Password, url.QueryEscape(c.Password)}, Env: env,
	})
}

// ConnectionSchema is the JSON Schema of a Connection; address is what people should know of the panel's address, user is who they
// name.
func ConnectionSchema(address, user string) json.RawMessage {
	return json.RawMessage(strings.NewReplacer("ADDRESS", address, "USER", user).Replace(connectionSchema))
}

const connectionSchema = `{
  "type": "object", "additionalProperties": false, "required": ["url", "username", "password"],
  "properties": {
    "url": {"type": "string", "format": "uri", "title": "Address", "description": "ADDRESS"},
    "username": {"type": "string", "minLength": 1, "maxLength": 255, "title": "USER"},
    "password": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Password", "writeOnly": true},
    "ca": {"type": "string", "maxLength": 65536, "default": "", "title": "Certificate authority", "description": "PEM; trusted instead of the system's authorities."},
    "insecure": {"type": "boolean", "default": false, "title": "Accept any certificate", "description": "A fresh panel signs its own."}
  }
}`
