package vmmanager6

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, CheckTariff: provision.CheckTariff[Tariff], Types: []provision.Module{(*Module)(nil)}}
}

// Parameters are a module's own choices.
type Parameters struct {
	Cluster             string            `json:"cluster" validate:"max=255"`
	UseRecipes          bool              `json:"use_recipes"`
	AdditionalInterface bool              `json:"additional_interface"`
	AdditionalPool      string            `json:"additional_pool" validate:"max=255"`
	AdditionalBridge    string            `json:"additional_bridge" validate:"max=64"`
	IPPool              string            `json:"ip_pool" validate:"max=255"`
	PresetWithValues    bool              `json:"preset_with_values"`
	DeferChanges        bool              `json:"defer_changes"`
	DisableSuspended    bool              `json:"disable_suspended"`
	SendEmailMode       string            `json:"send_email_mode" validate:"omitempty,oneof=default saas_only"`
	TimeoutSeconds      int               `json:"timeout_seconds" validate:"min=0,max=300"`
	TrafficUnit         string            `json:"traffic_unit" validate:"omitempty,oneof=B/s KiB/s bit/s kbit/s Mbit/s"`
	TrafficZone         string            `json:"traffic_zone" validate:"omitempty,max=64,timezone"`
	Endpoints           map[string]string `json:"endpoints"`
	Fields              map[string]string `json:"fields"`
}

// Tariff is what a tariff says about the machines it sells.
type Tariff struct {
	Template  string `json:"template" validate:"max=255"`
	DefaultOS string `json:"default_os" validate:"max=255"`
}

// Module drives one cluster of one panel.
type Module struct {
	panel *panel.Panel
	set   Parameters
	zone  *time.Location // of the metrics
	now   func() time.Time
}

func newModule(c provision.Config) (provision.Module, error) {
	var connection panelhttp.Connection
	var set Parameters
	if err := c.Decode(&connection, &set); err != nil {
		return nil, err
	}
	dialect, err := panel.NewDialect(set.Endpoints, set.Fields)
	if err != nil {
		return nil, err
	}
	set.TrafficUnit = cmp.Or(set.TrafficUnit, panel.Units.Usual("traffic_unit"))
	zone, err := time.LoadLocation(cmp.Or(set.TrafficZone, panel.Units.Usual("traffic_zone")))
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_value", "There is no such time zone.").At("/parameters/traffic_zone")
	}
	http, err := connection.Client(set.TimeoutSeconds, c.Env)
	if err != nil {
		return nil, err
	}
	client := isp6.New(http, connection.Username, connection.Password)
	return &Module{panel: panel.New(client, dialect), set: set, zone: zone, now: c.Env.Now}, nil
}

// cluster finds the module's cluster.
func (m *Module) cluster(ctx context.Context) (panel.Cluster, error) {
	all, err := m.panel.Clusters(ctx)
	if err != nil {
		return panel.Cluster{}, err
	}
	slices.SortFunc(all, func(a, b panel.Cluster) int { return a.ID - b.ID })
	for _, c := range all {
		if m.set.Cluster == "" || called(c.ID, c.Name, m.set.Cluster) {
			return c, nil
		}
	}
	return panel.Cluster{}, provision.NewRejected("unknown_cluster", "the panel has no cluster %q", m.set.Cluster)
}

// called tells whether something goes by a name or number that people wrote.
func called(id int, name, wanted string) bool {
	return strings.EqualFold(name, wanted) || strconv.Itoa(id) == wanted
}
