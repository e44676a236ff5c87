package script

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/script/internal/document"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, Types: []provision.Module{Counting{}, (*Module)(nil)}}
}

// Connection is which program it is and what it is told of its own system.
type Connection struct {
	Program string            `json:"program" validate:"required,startswith=/,max=1024"`
	Params  map[string]string `json:"params" validate:"dive,max=4096"`
	Secrets map[string]string `json:"secrets" validate:"dive,max=4096"`
}

// Parameters are a module's own choices.
type Parameters struct {
	TimeoutSeconds int  `json:"timeout_seconds" validate:"min=0,max=3600"`
	Statistics     bool `json:"statistics"`
}

const usualTimeout = 5 * time.Minute

// Module drives one system by one program.
type Module struct {
	id       string
	location string
	// productType is what the module sells; empty where it is only tried.
	productType string
	set         Connection
	timeout     time.Duration
	counts      bool
}

// Counting is a module whose program counts traffic too.
type Counting struct{ *Module }

// settingName is what a setting may be called, so that it can be an element of XML.
var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,99}$`)

func newModule(c provision.Config) (provision.Module, error) {
	m := &Module{id: c.ModuleID, location: c.Location, productType: c.ProductType, timeout: usualTimeout}
	var set Parameters
	if err := c.Decode(&m.set, &set); err != nil {
		return nil, err
	}
	var fields fault.Fields
	for part, settings := range map[string]map[string]string{"params": m.set.Params, "secrets": m.set.Secrets} {
		for name := range settings {
			place := "/connection/" + part + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			_, open := m.set.Params[name]
			switch {
			case !settingName.MatchString(name):
				fields.Add(place, "invalid_value", "A setting's name has letters, digits, _, . and -, and begins with a letter.")
			case part == "secrets" && open:
				fields.Add(place, "duplicate_value", "This setting stands among the params too.")
			}
		}
	}
	if err := fields.Err(); err != nil {
		return nil, err
	}
	if set.TimeoutSeconds > 0 {
		m.timeout = time.Duration(set.TimeoutSeconds) * time.Second
	}
	if m.counts = set.Statistics; m.counts {
		return Counting{m}, nil
	}
	return m, nil
}

// secrets are what no text may hold.
func (m *Module) secrets(more ...string) []string {
	out := slices.AppendSeq(slices.Clone(more), maps.Values(m.set.Secrets))
	// As they stand inside documents, ours and the program's own.
	for _, s := range slices.Clone(out) {
		var element bytes.Buffer
		if quoted, err := json.Marshal(s); err == nil && xml.EscapeText(&element, []byte(s)) == nil {
			out = append(out, string(quoted[1:len(quoted)-1]), element.String(), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s))
		}
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// Check reads the program's features, holds the settings to them, and lets it check the connection where it can.
func (m *Module) Check(ctx context.Context) error {
	_, err := m.Explain(ctx)
	return err
}

// Explain is Check, and tells what was tried.
func (m *Module) Explain(ctx context.Context) (provision.Checked, error) {
	t := &provision.Trial{}
	var f features
	t.Try("features", func() (err error) {
		if f, err = m.features(ctx); err == nil {
			err = m.fits(f)
		}
		return err
	})
	if f.has("check_connection") {
		t.Try("check_connection", func() error {
			_, err := m.command(ctx, f, document.Order{Command: "check_connection"})
			return err
		})
	} else {
		t.Hint("The program has no command check_connection: whether its system answers is not known.")
	}
	for _, kind := range provision.Kinds {
		if command := commands[kind]; kind != provision.Renew && !f.has(command) {
			t.Hint("The program has no command %s: people are asked.", command)
		}
	}
	return t.Result()
}

// fits holds the settings to the features: unknown names are mistakes, secrets stand among the secrets. So is a product type that
// the program does not serve: each order would be refused.
func (m *Module) fits(f features) error {
	if m.productType != "" && !f.serves(m.productType) {
		return provision.NewRejected("product_type_not_served", "the program does not serve the product type %s", m.productType)
	}
	if m.counts && !f.has("stat") {
		return provision.NewRejected("connection_failed", "statistics are on, but the program's features do not name stat")
	}
	for _, part := range []struct {
		name     string
		settings map[string]string
		crypted  bool
	}{{"params", m.set.Params, false}, {"secrets", m.set.Secrets, true}} {
		for name := range part.settings {
			crypted, known := f.params[name]
			switch {
			case !known:
				return provision.NewRejected("connection_failed", "the program has no setting %q among the %s", name, part.name)
			case crypted && !part.crypted:
				return provision.NewRejected("connection_failed", "the program calls %q crypted: it belongs into the secrets", name)
			}
		}
	}
	return nil
}

// source is the module as its program is told of it.
func (m *Module) source() document.Source {
	params := maps.Clone(m.set.Params)
	if params == nil {
		params = map[string]string{}
	}
	maps.Copy(params, m.set.Secrets)
	return document.Source{ID: m.id, Location: m.location, ProductType: m.productType, Params: params}
}

// run starts the program for an order. Calls of mgrctl are answered meanwhile; what they told is in the session.
func (m *Module) run(ctx context.Context, f features, o document.Order) (*session, program.Result, error) {
	d := document.Of(m.source(), o)
	stdin, err := d.Encode(f.xml)
	if err != nil {
		return nil, program.Result{}, err
	}
	s := newSession(d, o, m.secretsOf(o))
	r := program.Run{
		Path: m.set.Program, Args: document.Arguments(m.source(), o), Stdin: stdin, Timeout: m.timeout, Prepare: s.listen,
	}
	if o.Op != nil {
		r.Key = string(o.Op.ServiceID)
	}
	result, err := r.Do(ctx)
	return s, result, err
}
