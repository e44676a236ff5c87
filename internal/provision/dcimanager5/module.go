package dcimanager5

import (
	"cmp"
	"net/url"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/license"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/pool"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, CheckTariff: provision.CheckTariff[Tariff], Types: []provision.Module{(*Module)(nil)}}
}

// Parameters are a module's own choices. The systems that the two ids name come with provision.Config.Beside.
type Parameters struct {
	IPManagerID     string `json:"ip_manager_id" validate:"max=64"`
	ParkingIPType   string `json:"parking_ip_type" validate:"max=255"`
	LicenseServerID string `json:"license_server_id" validate:"max=64"`
	// LicensesAsPanel has the license server's certificate judged as the panel's is: by its authority, or not at all.
	LicensesAsPanel bool              `json:"license_server_as_panel"`
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
	pool     *pool.Pool    // nil: the panel's own networks
	licenses *license.Shop // nil: people
	dialect  panel.Dialect
	set      Parameters
	env      provision.Env
	host     string // of the panel's address: part of the marks of parked addresses
}

func newModule(c provision.Config) (provision.Module, error) {
	var connection panelhttp.Connection
	m := &Module{env: c.Env}
	if err := c.Decode(&connection, &m.set); err != nil {
		return nil, err
	}
	m.set.TrafficUnit = cmp.Or(m.set.TrafficUnit, panel.Units.Usual("traffic_unit"))
	m.set.BurstUnit = cmp.Or(m.set.BurstUnit, panel.Units.Usual("burst_unit"))
	var err error
	if m.dialect, err = panel.NewDialect(m.set.Endpoints, m.set.Fields); err != nil {
		return nil, err
	}
	main, err := m.client(connection)
	if err != nil {
		return nil, err
	}
	m.panel = panel.New(main, m.dialect)
	if address, err := url.Parse(connection.URL); err == nil {
		m.host = address.Host
	}
	return m, m.beside(connection, c.Beside)
}

// beside connects the systems that stand beside the panel.
func (m *Module) beside(connection panelhttp.Connection, near provision.Beside) error {
	if near.IPManager != nil {
		client, err := m.client(at(connection, *near.IPManager))
		if err != nil {
			return elsewhere(err, "/parameters/ip_manager_id")
		}
		m.pool = pool.New(panel.NewIPManager(client, m.dialect), m.env.AddressTaken)
	}
	if near.LicenseServer != nil {
		to := at(connection, *near.LicenseServer)
		if !m.set.LicensesAsPanel {
			to.CA, to.Insecure = "", false // the vendor's has a certificate like all the world, and our password for it is worth money
		}
		client, err := m.client(to)
		if err != nil {
			return elsewhere(err, "/parameters/license_server_id")
		}
		m.licenses = license.New(panel.NewLicenseServer(client, m.dialect), m.set.Licenses, m.env.Now)
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

// at is the connection to a system beside the panel, with the panel's TLS settings.
func at(connection panelhttp.Connection, near provision.Endpoint) panelhttp.Connection {
	connection.URL, connection.Username, connection.Password = near.URL, near.Username, near.Password
	return connection
}

func (m *Module) client(to panelhttp.Connection) (*coremgr.Client, error) {
	http, err := to.Client(m.set.TimeoutSeconds, m.env)
	if err != nil {
		return nil, err
	}
	return coremgr.New(http, coremgr.Options{
		User: to.Username, Password: to.Password, Format: m.set.Format, EachCall: m.set.Login == "each_call",
	}), nil
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
