package provision

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
)

// Mode is who carries an operation out for a product type.
type Mode string

// The modes of an operation.
const (
	ModeAuto   Mode = "auto"   // the driver
	ModeManual Mode = "manual" // people, by a task
	ModeNone   Mode = "none"   // nobody: it is done at once
)

// Modes are the modes of all kinds of operation: the same one but for those that are named.
func Modes(usual Mode, but map[Kind]Mode) map[Kind]Mode {
	out := make(map[Kind]Mode, len(Kinds))
	for _, kind := range Kinds {
		out[kind] = cmp.Or(but[kind], usual)
	}
	return out
}

// Need is a driver's rule about a data center's external id.
type Need string

// The rules about the external id.
const (
	Required  Need = "required"
	Forbidden Need = "forbidden"
	Optional  Need = "optional"
)

// Info is everything one can know of a driver without connecting anywhere.
type Info struct {
	Name         string
	Title        string
	ProductTypes []ProductType // empty: serves any product type, with Default's operations
	Default      ProductType
	// JSON Schemas that a form can be drawn from; secrets are marked writeOnly.
	ConnectionSchema json.RawMessage
	ParametersSchema json.RawMessage
	TariffSchema     json.RawMessage
	// FixedParameters name the module's parameters that stay as they are while tariffs sell by the module: another value would
	// be another promise to those who order.
	FixedParameters []string
	// FixedWithServices name the module's parameters that, once they have another value than their default, stay as they are while
	// services that are not deleted are on the module: those have something that only this value leads to.
	FixedWithServices []string
	Statistics        []Statistic
	DataCenter        DataCenterRule
	// Dialect is what the driver takes for granted of the panel's interface and a module's parameters can correct.
	Dialect []Term
	Notes   []string
}

// Mark says how something of a panel's interface is known.
type Mark string

// The marks; drivers abbreviate them D, C and I.
const (
	Documented Mark = "documented" // in the vendor's own text
	Seen       Mark = "seen"       // a working client uses it
	Inferred   Mark = "inferred"   // nobody has seen it
)

// Term is one call, word, number or unit of a panel's interface, and where it is corrected.
type Term struct {
	Parameter string // of a module, such as endpoints
	Name      string // the parameter's member; empty: the parameter itself
	Default   string
	Mark      Mark
	Note      string // empty: there is nothing more to say
}

// ProductType is what a driver does for one product type.
type ProductType struct {
	Code          string
	Operations    map[Kind]Mode
	CompletesWith []string // fields that closing the set-up task must give, such as external_id
	// Recovery tells that a machine can be rebooted into a recovery system.
	Recovery bool
	// TariffSchema takes the place of the driver's and of its CheckTariff for this product type; nil: it has none of its own.
	TariffSchema json.RawMessage
}

// Statistic is one collected parameter.
type Statistic struct {
	Param string
	Unit  string
	Kind  string // counter, gauge
}

// DataCenterRule is what a driver asks of its module's data center.
type DataCenterRule struct {
	Required   bool
	ExternalID Need
}

// Serves returns what the driver does for a product type, and whether it serves it at all.
func (i Info) Serves(code string) (ProductType, bool) {
	for _, p := range i.ProductTypes {
		if p.Code == code {
			return p, true
		}
	}
	if len(i.ProductTypes) == 0 {
		p := i.Default
		p.Code = code
		return p, true
	}
	return ProductType{}, false
}

// TariffSchemaOf is the JSON Schema of what a tariff of a product type says to the driver.
func (i Info) TariffSchemaOf(productType string) json.RawMessage {
	if p, _ := i.Serves(productType); p.TariffSchema != nil {
		return p.TariffSchema
	}
	return i.TariffSchema
}

// Codes are the product types that the driver serves; none: any.
func (i Info) Codes() []string {
	codes := make([]string, len(i.ProductTypes))
	for n, p := range i.ProductTypes {
		codes[n] = p.Code
	}
	return codes
}

// Env is what the program lends to a driver.
type Env struct {
	Transport http.RoundTripper // goes through netguard
	Now       func() time.Time  // the business clock: panel tokens and retries go by it
	UserAgent string
	// AddressTaken tells whether another service than this one has an address by our own books; nil: nobody can tell.
	AddressTaken func(ctx context.Context, ip string, except actor.ServiceID) (bool, error)
}

// Config is what one processing module was configured with; secrets are open here and nowhere else.
type Config struct {
	Connection json.RawMessage
	Parameters json.RawMessage
	// ProductType is the one that the module sells; empty: the driver's first.
	ProductType string
	// ModuleID is the record's id; empty while a module is only tried.
	ModuleID string
	// Location is the external id of the module's data center; empty where it has none.
	Location string
	// Beside is the systems beside the panel that the parameters name by their ids.
	Beside Beside
	Env    Env
}

// Beside is what stands beside a panel: nil where the module's parameters name none.
type Beside struct {
	IPManager     *Endpoint // parameter ip_manager_id
	LicenseServer *Endpoint // parameter license_server_id
}

// Endpoint is where a system is reached and as whom.
type Endpoint struct {
	URL      string
	Username string
	Password string
}

// Driver makes modules of one kind.
type Driver struct {
	Info Info
	// New decodes and validates the settings (422 faults with pointers below /connection and /parameters) and connects to nothing.
	New func(Config) (Module, error)
	// CheckTariff validates a tariff's settings beyond the schema; nil: the schema says all.
	CheckTariff func(settings json.RawMessage) error
	// Types has a value of each type of module that New makes. Nothing is ever asked of them: the types tell what the driver can.
	Types []Module
}

// Registry holds the drivers of this program.
type Registry struct{ byName map[string]Driver }

// NewRegistry makes a registry; two drivers of one name are a programming error.
func NewRegistry(drivers ...Driver) *Registry {
	r := &Registry{byName: make(map[string]Driver, len(drivers))}
	for _, d := range drivers {
		if _, twice := r.byName[d.Info.Name]; twice {
			panic("provision: two drivers named " + d.Info.Name)
		}
		r.byName[d.Info.Name] = d
	}
	return r
}

// Driver returns a driver by name, or a NotFound fault.
func (r *Registry) Driver(name string) (Driver, error) {
	d, ok := r.byName[name]
	if !ok {
		return Driver{}, fault.Missing("processing driver")
	}
	return d, nil
}

// All returns the drivers sorted by name.
func (r *Registry) All() []Driver {
	out := make([]Driver, 0, len(r.byName))
	for _, d := range r.byName {
		out = append(out, d)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Info.Name < out[j].Info.Name })
	return out
}
