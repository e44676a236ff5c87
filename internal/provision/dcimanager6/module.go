package dcimanager6

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Driver returns the driver.
func Driver() provision.Driver {
	return provision.Driver{Info: info(), New: newModule, CheckTariff: provision.CheckTariff[Tariff], Types: []provision.Module{(*Dedicated)(nil), (*Module)(nil)}}
}

// Parameters are a module's own choices.
type Parameters struct {
	ByServerType     *bool             `json:"by_server_type"` // nil: true
	UseRecipes       bool              `json:"use_recipes"`
	AllocationPool   string            `json:"allocation_pool" validate:"max=255"`
	DeallocationPool string            `json:"deallocation_pool" validate:"max=255"`
	TimeoutSeconds   int               `json:"timeout_seconds" validate:"min=0,max=300"`
	PowerSync        string            `json:"power_sync" validate:"omitempty,oneof=on on_off none"`
	TrafficUnit      string            `json:"traffic_unit" validate:"omitempty,oneof=B KiB MiB GiB"`
	RateUnit         string            `json:"rate_unit" validate:"omitempty,oneof=bit/s kbit/s Mbit/s B/s KiB/s"`
	TrafficBy        string            `json:"traffic_by" validate:"omitempty,oneof=days instants"`
	Endpoints        map[string]string `json:"endpoints"`
	Fields           map[string]string `json:"fields"`
}

// Tariff is what a tariff says about the servers it sells.
type Tariff struct {
	Configuration string `json:"configuration" validate:"required,max=255"`
	DefaultOS     string `json:"default_os" validate:"max=255"`
}

// Module drives one panel for the servers of one location.
type Module struct {
	panel       *panel.Panel
	set         Parameters
	location    string
	productType string
	now         func() time.Time
}

// Dedicated is a module that sells the panel's own servers. Colocated ones are their clients' and come by no stock.
type Dedicated struct{ *Module }

func newModule(c provision.Config) (provision.Module, error) {
	var connection panelhttp.Connection
	var set Parameters
	if err := c.Decode(&connection, &set); err != nil {
		return nil, err
	}
	set.RateUnit = cmp.Or(set.RateUnit, panel.Units.Usual("rate_unit"))
	dialect, err := panel.NewDialect(set.Endpoints, set.Fields, set.TrafficUnit)
	if err != nil {
		return nil, err
	}
	http, err := connection.Client(set.TimeoutSeconds, c.Env)
	if err != nil {
		return nil, err
	}
	client := isp6.New(http, connection.Username, connection.Password)
	m := &Module{panel: panel.New(client, dialect), set: set, location: c.Location, productType: c.ProductType, now: c.Env.Now}
	if m.productType == colocation {
		return m, nil
	}
	return &Dedicated{m}, nil
}

// byServerType tells whether only a server of exactly the tariff's configuration will do.
func (m *Module) byServerType() bool { return m.set.ByServerType == nil || *m.set.ByServerType }

func knows(locations []panel.Place, id int) bool {
	for _, l := range locations {
		if l.ID == id {
			return true
		}
	}
	return false
}

// locationID reads a data center's external id, which is the location's number in the panel; none is 0, everywhere.
func locationID(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	id, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || id <= 0 {
		return 0, provision.NewRejected("unknown_location", "the data center's external id must be the number of a location in the panel")
	}
	return id, nil
}
