// Package config reads the program's settings from the environment.
//
// It owns the names, defaults and checks of the TARIFFD_ variables and their printing. It does not own what they switch
// (package app), nor files made in the data directory.
//
// Invariants: a TARIFFD_ name that is not known is an error, so that a misspelt setting never passes for a default; a secret
// may come from a file and is never printed; a Config that was read is valid.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/go-playground/validator/v10"
)

// Prefix begins the name of every setting.
const Prefix = "TARIFFD_"

// Config is every setting of the program. A member tagged secret may come from a file named by NAME_FILE.
type Config struct {
	Listen          string        `env:"LISTEN" envDefault:"127.0.0.1:8080" validate:"hostname_port"`
	MetricsListen   string        `env:"METRICS_LISTEN" validate:"omitempty,hostname_port"` // empty: on the API's port
	DatabaseURL     string        `env:"DATABASE_URL" secret:"url" validate:"omitempty,database"`
	DatabaseReadURL string        `env:"DATABASE_READ_URL" secret:"url" validate:"omitempty,database"`
	DatabasePrepare bool          `env:"DATABASE_PREPARE" envDefault:"true"`
	DataDir         string        `env:"DATA_DIR" envDefault:"./var" validate:"required"`
	AdminKey        string        `env:"ADMIN_KEY" secret:"yes" validate:"omitempty,admin_key"`
	SecretKey       string        `env:"SECRET_KEY" secret:"yes"`
	BillingZone     string        `env:"BILLING_ZONE" envDefault:"UTC" validate:"zone"`
	CORSOrigins     []string      `env:"CORS_ORIGINS" validate:"dive,origin"`
	TrustedProxies  Networks      `env:"TRUSTED_PROXIES"`
	PanelNetworks   Networks      `env:"PANEL_NETWORKS"`
	PendingLimit    time.Duration `env:"PENDING_LIMIT" envDefault:"4h" validate:"gt=0"` // how long a panel may work before people are asked (D24)
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"text" validate:"oneof=text json"`
	Sandbox         bool          `env:"SANDBOX" envDefault:"false"`
	SandboxClock    string        `env:"SANDBOX_CLOCK" envDefault:"running" validate:"oneof=running frozen"`
	SandboxNow      time.Time     `env:"SANDBOX_NOW"` // zero: real time
	PanelsListen    string        `env:"PANELS_LISTEN" envDefault:"127.0.0.1:8090" validate:"hostname_port"`
	PanelsDelay     time.Duration `env:"PANELS_DELAY" envDefault:"10m" validate:"gte=0"`
}

// Embedded tells whether the program runs its own PostgreSQL.
func (c Config) Embedded() bool { return c.DatabaseURL == "" }

// File is the path of a file in the data directory.
func (c Config) File(name string) string { return filepath.Join(c.DataDir, name) }

// Zone is the zone of billing and statistics days.
func (c Config) Zone() *time.Location {
	zone, err := time.LoadLocation(c.BillingZone)
	if err != nil {
		panic("config: a checked zone does not load: " + err.Error())
	}
	return zone
}

// Load reads the settings from an environment such as os.Environ(). All that is wrong is told at once.
func Load(environment []string) (Config, error) {
	values := map[string]string{}
	for _, pair := range environment {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, Prefix) {
			values[name] = value
		}
	}
	problems := takeFiles(values)
	problems = append(problems, unknown(values)...)
	var c Config
	options := env.Options{
		Prefix: Prefix, Environment: values,
		FuncMap: map[reflect.Type]env.ParserFunc{reflect.TypeFor[Networks](): parseNetworks},
	}
	if err := env.ParseWithOptions(&c, options); err != nil {
		return c, errors.Join(append(problems, unreadable(err)...)...)
	}
	problems = append(problems, violations(c)...)
	return c, errors.Join(problems...)
}

// takeFiles puts the content of each NAME_FILE in the place of NAME.
func takeFiles(values map[string]string) (problems []error) {
	for _, f := range fields() {
		path, ok := values[f.name+"_FILE"]
		if f.secret == "" || !ok {
			continue
		}
		delete(values, f.name+"_FILE")
		if _, twice := values[f.name]; twice {
			problems = append(problems, fmt.Errorf("%s and %s_FILE are both set", f.name, f.name))
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s_FILE: %w", f.name, err))
			continue
		}
		values[f.name] = strings.TrimSpace(string(content))
	}
	return problems
}

func unknown(values map[string]string) (problems []error) {
	known := map[string]bool{}
	for _, f := range fields() {
		known[f.name] = true
	}
	for name := range values {
		if !known[name] {
			problems = append(problems, fmt.Errorf("%s is not a setting of tariffd", name))
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Error() < problems[j].Error() })
	return problems
}

// unreadable names each variable that could not be read, without its value, which may be a secret.
func unreadable(err error) (problems []error) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	for _, e := range all.Errors {
		var p env.ParseError
		if errors.As(e, &p) {
			e = fmt.Errorf("%s: a value of another form is expected", nameOf(p.Name))
		}
		problems = append(problems, e)
	}
	return problems
}

func violations(c Config) (problems []error) {
	var broken validator.ValidationErrors
	if err := checker().Struct(c); !errors.As(err, &broken) {
		if err != nil {
			problems = append(problems, err)
		}
		return problems
	}
	for _, b := range broken {
		field, _, _ := strings.Cut(b.StructField(), "[")
		problems = append(problems, fmt.Errorf("%s: %s", nameOf(field), expected(b)))
	}
	return problems
}

// String is what the program prints at its start: every setting with its value, secrets masked.
func (c Config) String() string {
	var b strings.Builder
	v := reflect.ValueOf(c)
	for i, f := range fields() {
		fmt.Fprintf(&b, "%s=%s\n", f.name, f.show(v.Field(i)))
	}
	return b.String()
}
