package dcimanager5

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, CheckTariff: checkTariff}
}

// Connection is where the panel is and who we are to it.
type Connection struct {
	URL      string `json:"url" validate:"required,http_url"`
	Username string `json:"username" validate:"required,max=255"`
	Password string `json:"password" validate:"required,max=255"`
	CA       string `json:"ca" validate:"max=65536"`
	Insecure bool   `json:"insecure"`
}

// Parameters are a module's own choices. The systems that the two ids name come with provision.Config.Beside.
type Parameters struct {
	IPManagerID     string            `json:"ip_manager_id" validate:"max=64"`
	ParkingIPType   string            `json:"parking_ip_type" validate:"max=255"`
	LicenseServerID string            `json:"license_server_id" validate:"max=64"`
	Licenses        map[string]string `json:"licenses" validate:"dive,numeric"`
	Format          string            `json:"format" validate:"omitempty,oneof=xml json"`
	Login           string            `json:"login" validate:"omitempty,oneof=session each_call"`
	TimeoutSeconds  int               `json:"timeout_seconds" validate:"min=0,max=300"`
	TrafficUnit     string            `json:"traffic_unit" validate:"omitempty,oneof=B KiB MiB GiB"`
	BurstUnit       string            `json:"burst_unit" validate:"omitempty,oneof=Mbit/s kbit/s KiB/s"`
	Endpoints       map[string]string `json:"endpoints"`
	Fields          map[string]string `json:"fields"`
}

// Tariff is what a tariff says about the servers it sells.
type Tariff struct {
	ServerType string `json:"server_type" validate:"required,max=255"`
	DefaultOS  string `json:"default_os" validate:"max=255"`
}

// Module drives one panel and the systems beside it.
type Module struct {
	panel    *panel.Panel
	pool     *panel.IPManager     // nil: the panel's own networks
	licenses *panel.LicenseServer // nil: people
	dialect  panel.Dialect
	set      Parameters
	env      provision.Env
	host     string // of the panel's address: part of the marks of parked addresses
}

func newModule(c provision.Config) (provision.Module, error) {
	var connection Connection
	if err := provision.Decode(c.Connection, "/connection", &connection); err != nil {
		return nil, err
	}
	m := &Module{env: c.Env}
	if err := provision.Decode(c.Parameters, "/parameters", &m.set); err != nil {
		return nil, err
	}
	var err error
	if m.dialect, err = panel.NewDialect(m.set.Endpoints, m.set.Fields); err != nil {
		return nil, err
	}
	main, err := m.client(connection, provision.Endpoint{URL: connection.URL, Username: connection.Username, Password: connection.Password})
	if err != nil {
		return nil, err
	}
	m.panel = panel.New(main, m.dialect)
	if at, err := url.Parse(connection.URL); err == nil {
		m.host = at.Host
	}
	return m, m.beside(connection, c.Beside)
}

// beside connects the systems that stand beside the panel.
func (m *Module) beside(connection Connection, near provision.Beside) error {
	if near.IPManager != nil {
		client, err := m.client(connection, *near.IPManager)
		if err != nil {
			return elsewhere(err, "/parameters/ip_manager_id")
		}
		m.pool = panel.NewIPManager(client, m.dialect)
	}
	if near.LicenseServer != nil {
		client, err := m.client(connection, *near.LicenseServer)
		if err != nil {
			return elsewhere(err, "/parameters/license_server_id")
		}
		m.licenses = panel.NewLicenseServer(client, m.dialect)
	}
	return nil
}

// elsewhere says of a bad address beside the panel that it is not the panel's own.
func elsewhere(err error, pointer string) error {
	if fault.Of(err).Kind != fault.Invalid {
		return err
	}
	return fault.New(fault.Invalid, "invalid_value", "The address that is named here is not usable.").At(pointer)
}

// client makes a client of one of the systems; they share the module's TLS settings and time limit.
func (m *Module) client(connection Connection, at provision.Endpoint) (*coremgr.Client, error) {
	http, err := panelhttp.New(panelhttp.Options{
		URL: at.URL, CA: connection.CA, Insecure: connection.Insecure, Timeout: time.Duration(m.set.TimeoutSeconds) * time.Second,
		Secrets: []string{at.Password, url.QueryEscape(at.Password)}, Env: m.env,
	})
	if err != nil {
		return nil, err
	}
	return coremgr.New(http, coremgr.Options{
		User: at.Username, Password: at.Password, Format: m.set.Format, EachCall: m.set.Login == "each_call",
	}), nil
}

// tariff reads what the driver needs of a tariff's settings. A tariff may be sold by modules of several drivers, so members
// that this driver does not know are the others'.
func tariff(raw json.RawMessage) (Tariff, error) {
	var t Tariff
	if len(raw) == 0 {
		return t, nil
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return t, fault.New(fault.Invalid, "invalid_value", "Server type and operating system are texts.").At("/settings")
	}
	return t, nil
}

func checkTariff(raw json.RawMessage) error {
	t, err := tariff(raw)
	if err != nil {
		return err
	}
	own, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("tariff settings: %w", err)
	}
	return provision.Decode(own, "/settings", &Tariff{})
}

// Check logs in everywhere, and proves that the type for parking exists where that can be known.
func (m *Module) Check(ctx context.Context) error {
	if _, err := m.panel.Names(ctx, panel.OSTemplates); err != nil {
		return err
	}
	if m.licenses != nil {
		if err := m.licenses.Reachable(ctx, panel.Licenses); err != nil {
			return named("license server", err)
		}
	}
	if m.pool == nil {
		return nil
	}
	if err := m.pool.Reachable(ctx, panel.PoolAddresses); err != nil {
		return named("IP manager", err)
	}
	types, known, err := m.pool.Types(ctx)
	if err != nil || !known || m.set.ParkingIPType == "" || contains(types, m.set.ParkingIPType) {
		return err
	}
	return provision.NewRejected("unknown_ip_type", "the IP manager has no type %q; it has %s", m.set.ParkingIPType, strings.Join(types, ", "))
}

// named tells which of the systems a failure is of.
func named(system string, err error) error {
	if failure, ok := provision.FailureOf(err); ok {
		failure.Text = system + ": " + failure.Text
	}
	return err
}

func contains(all []string, one string) bool {
	for _, x := range all {
		if x == one {
			return true
		}
	}
	return false
}
