package openstack

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, CheckTariff: provision.CheckTariff[Tariff], Types: []provision.Module{(*Module)(nil)}}
}

// Connection is where the cloud is and who we are to it.
type Connection struct {
	URL      string `json:"url" validate:"required,http_url"`
	Username string `json:"username" validate:"required,max=255"`
	Password string `json:"password" validate:"required,max=255"`
	Project  string `json:"project" validate:"required,max=255"`
	Domain   string `json:"domain" validate:"max=255"` // empty: Default
	CA       string `json:"ca" validate:"max=65536"`
	Insecure bool   `json:"insecure"`
}

// Parameters are a module's own choices.
type Parameters struct {
	Network           string   `json:"network" validate:"max=255"`
	AvailabilityZone  string   `json:"availability_zone" validate:"max=255"`
	SecurityGroups    []string `json:"security_groups" validate:"max=20,dive,required"`
	SuspendBy         string   `json:"suspend_by" validate:"omitempty,oneof=stop suspend"`
	LockSuspended     *bool    `json:"lock_suspended"` // nil: true
	EndpointInterface string   `json:"endpoint_interface" validate:"omitempty,oneof=public internal admin"`
	ComputeVersion    string   `json:"compute_version"`
	MetadataKey       string   `json:"metadata_key" validate:"max=64"`
	TimeoutSeconds    int      `json:"timeout_seconds" validate:"min=0,max=300"`
}

// Tariff is what a tariff says about the machines it sells.
type Tariff struct {
	Flavor    string `json:"flavor" validate:"required,max=255"`
	DefaultOS string `json:"default_os" validate:"max=255"`
	Network   string `json:"network" validate:"max=255"`
}

// Module drives one region of one cloud.
type Module struct {
	panel *panel.Panel
	set   Parameters
}

// What stands for an empty parameter.
const (
	defaultDomain  = "Default"
	defaultVersion = "2.9"
	defaultKey     = "tariffd_service"
)

func newModule(c provision.Config) (provision.Module, error) {
	var connection Connection
	var set Parameters
	if err := c.Decode(&connection, &set); err != nil {
		return nil, err
	}
	if !knownVersion(set.ComputeVersion) {
		return nil, fault.New(fault.Invalid, "invalid_value", "A version from 2.9 to 2.46 is expected.").At("/parameters/compute_version")
	}
	http, err := panelhttp.Connection{
		URL: connection.URL, Password: connection.Password, CA: connection.CA, Insecure: connection.Insecure,
	}.Client(set.TimeoutSeconds, c.Env)
	if err != nil {
		return nil, err
	}
	return &Module{set: set, panel: panel.New(http, panel.Options{
		User: connection.Username, Password: connection.Password, Project: connection.Project,
		Domain: cmp.Or(connection.Domain, defaultDomain), Region: c.Location,
		Interface: cmp.Or(set.EndpointInterface, "public"), Microversion: cmp.Or(set.ComputeVersion, defaultVersion),
		MarkKey: cmp.Or(set.MetadataKey, defaultKey), UserAgent: c.Env.UserAgent, Now: c.Env.Now,
	})}, nil
}

// knownVersion holds the microversions between the one that tells of locks and the one that no longer names a flavor's id.
func knownVersion(text string) bool {
	if text == "" {
		return true
	}
	minor, of2 := strings.CutPrefix(text, "2.")
	n, err := strconv.Atoi(minor)
	return of2 && err == nil && n >= 9 && n <= 46
}

// locks tells whether suspended machines are locked.
func (m *Module) locks() bool { return m.set.LockSuspended == nil || *m.set.LockSuspended }

// Catalog lists what the cloud offers: images as systems, flavors as configurations, networks as pools.
func (m *Module) Catalog(ctx context.Context) (provision.Catalog, error) {
	var c provision.Catalog
	images, err := m.panel.Images(ctx)
	if err != nil {
		return c, err
	}
	for _, i := range images {
		c.OS = append(c.OS, provision.Entry{ID: i.ID, Name: i.Name, Tags: i.Tags})
	}
	flavors, err := m.panel.Flavors(ctx)
	if err != nil {
		return c, err
	}
	for _, f := range flavors {
		c.Configurations = append(c.Configurations, provision.Entry{ID: f.ID, Name: f.Name})
	}
	networks, err := m.panel.Networks(ctx)
	if err != nil {
		return c, err
	}
	for _, n := range networks {
		c.Pools = append(c.Pools, provision.Entry{ID: n.ID, Name: n.Name})
	}
	return c, nil
}
