package shellscripts

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, Types: []provision.Module{(*Module)(nil)}}
}

func info() provision.Info {
	return provision.Info{
		Name: "shell_scripts", Title: "Shell scripts",
		Default:          provision.ProductType{Operations: provision.Modes(provision.ModeAuto, nil), CompletesWith: []string{"external_id"}},
		ConnectionSchema: json.RawMessage(connectionSchema),
		ParametersSchema: json.RawMessage(parametersSchema),
		TariffSchema:     json.RawMessage(`{"type": "object"}`),
		DataCenter:       provision.DataCenterRule{ExternalID: provision.Optional},
		Notes: []string{
			"open.sh, suspend.sh, resume.sh and close.sh; where there is no setparam.sh, reboot.sh or reinstall.sh people are asked; prolong.sh may be missing.",
			"Arguments: --<add-on>=<value>, --<parameter>=<value>, --user, --service_id, --operation_id, --external_id, --tariff, --domain, --location, --period, --paid_until, and of a change of terms --previous_tariff and --previous_<add-on>. Amounts are in the add-on's own unit, switches are on or off.",
			"The password is the first line of standard input, not an argument: others can read arguments.",
			"Success is status 0 and a line that begins with OK, with KEY=VALUE after it; external_id, domain and ip mean what they say, anything else becomes a parameter of the service.",
			"A line that begins with ERROR is a refusal. Anything else is repeated, up to ten times.",
			"The scripts run on the machine of tariffd, as its user, with an empty environment, in a folder of their own. A script that works elsewhere calls ssh itself.",
			"Documented by the vendor: the names of the scripts, the form of arguments, the line OK. The rest is ours.",
		},
	}
}

const connectionSchema = `{
  "type": "object", "additionalProperties": false, "required": ["directory"],
  "properties": {
    "directory": {"type": "string", "minLength": 2, "maxLength": 1024, "pattern": "^/", "title": "Folder of the scripts", "description": "Absolute path; only root or tariffd's user may be able to change what is in it."}
  }
}`

const parametersSchema = `{
  "type": "object", "additionalProperties": false,
  "properties": {
    "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": 3600, "default": 0, "title": "Seconds that a script may take", "description": "0: 300 seconds."}
  }
}`

// Connection is where the scripts are.
type Connection struct {
	Directory string `json:"directory" validate:"required,startswith=/,max=1024"`
}

// Parameters are a module's own choices.
type Parameters struct {
	TimeoutSeconds int `json:"timeout_seconds" validate:"min=0,max=3600"`
}

const usualTimeout = 5 * time.Minute

// Module sells by one folder of scripts.
type Module struct {
	directory string
	timeout   time.Duration
}

func newModule(c provision.Config) (provision.Module, error) {
	var connection Connection
	var set Parameters
	if err := c.Decode(&connection, &set); err != nil {
		return nil, err
	}
	m := &Module{directory: filepath.Clean(connection.Directory), timeout: usualTimeout}
	if set.TimeoutSeconds > 0 {
		m.timeout = time.Duration(set.TimeoutSeconds) * time.Second
	}
	return m, nil
}

// scripts are the vendor's names, and ours in the same manner.
var scripts = map[provision.Kind]string{
	provision.Open: "open.sh", provision.Suspend: "suspend.sh", provision.Resume: "resume.sh", provision.Close: "close.sh",
	provision.SetParams: "setparam.sh", provision.Renew: "prolong.sh", provision.Reboot: "reboot.sh", provision.Reinstall: "reinstall.sh",
}

// needed are the operations that no module can do without.
var needed = []provision.Kind{provision.Open, provision.Suspend, provision.Resume, provision.Close}

// Check looks at the scripts: those that are needed are there, and all of them may be run. It runs none.
func (m *Module) Check(ctx context.Context) error {
	_, err := m.Explain(ctx)
	return err
}

// Explain is Check, and tells what was looked at.
func (m *Module) Explain(ctx context.Context) (provision.Checked, error) {
	if ctx.Err() != nil {
		return provision.Checked{}, provision.NewUnavailable(ctx.Err(), "given up")
	}
	t := &provision.Trial{}
	for _, kind := range provision.Kinds {
		switch {
		case slices.Contains(needed, kind) || !m.missing(kind):
			t.Try(scripts[kind], func() error { return program.Inspect(m.script(kind)) })
		case kind != provision.Renew:
			t.Hint("There is no %s: people are asked.", scripts[kind])
		}
	}
	return t.Result()
}

func (m *Module) script(kind provision.Kind) string { return filepath.Join(m.directory, scripts[kind]) }

// missing tells whether there is no such script; one that cannot be run is there.
func (m *Module) missing(kind provision.Kind) bool {
	_, err := os.Lstat(m.script(kind))
	return errors.Is(err, fs.ErrNotExist)
}
