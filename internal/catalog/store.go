package catalog

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// Tx is what the use-cases of the catalogue need of their transaction. What something new refers to is read by a Share…
// operation, which keeps it from being deleted until the transaction ends.
type Tx interface {
	event.Tx
	UnitTx
	EnumerationTx
	ProductTypeTx
	ParameterTx
	ModuleTx
	CompanionTx
	TariffTx
	TariffGroupTx
	ShareProvider(ctx context.Context, id actor.ProviderID) (client.Provider, error)
	ClientByID(ctx context.Context, id actor.ClientID) (client.Client, error)
	// ShareDataCenters answers those of them that exist.
	ShareDataCenters(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error)
	// ShareDepartment answers the department, or the first one where id is empty.
	ShareDepartment(ctx context.Context, id department.ID) (department.Department, error)
	// ShareGroups answers those of the client groups that exist.
	ShareGroups(ctx context.Context, ids []client.GroupID) ([]client.GroupID, error)
	// ClientUse counts what rules about the client go by, but for some services.
	ClientUse(ctx context.Context, c actor.ClientID, t TariffID, but []actor.ServiceID) (Use, error)
}

// UnitTx is the operations on units.
type UnitTx interface {
	UnitsAll(ctx context.Context) ([]Unit, error)
	ShareUnits(ctx context.Context) ([]Unit, error)
	LockUnit(ctx context.Context, code string) (Unit, error)
	InsertUnit(ctx context.Context, u Unit) error
	UpdateUnit(ctx context.Context, u Unit) error
	DeleteUnit(ctx context.Context, code string) error
	// UnitInUse tells whether a larger unit, an element, a tariff or a block refers to it.
	UnitInUse(ctx context.Context, code string) (bool, error)
}

// EnumerationTx is the operations on enumerations.
type EnumerationTx interface {
	// ShareEnumerations answers those of them that exist.
	ShareEnumerations(ctx context.Context, codes []string) ([]Enumeration, error)
	LockEnumeration(ctx context.Context, code string) (Enumeration, error)
	InsertEnumeration(ctx context.Context, n Enumeration) error
	UpdateEnumeration(ctx context.Context, n Enumeration) error
	DeleteEnumeration(ctx context.Context, code string) error
	// ItemsInUse answers the items that tariffs sell in their newest versions and services have that are not deleted.
	ItemsInUse(ctx context.Context, of ItemUse) ([]string, error)
}

// ItemUse says of what the items in use are asked: of every element that refers to an enumeration, or of one element.
type ItemUse struct {
	Enumeration string
	ProductType string
	Element     string
}

// ProductTypeTx is the operations on product types, their content and the integration modules that bring some.
type ProductTypeTx interface {
	ProductTypeByCode(ctx context.Context, code string) (ProductType, error)
	ShareProductType(ctx context.Context, code string) (ProductType, error)
	LockProductType(ctx context.Context, code string) (ProductType, error)
	InsertProductType(ctx context.Context, p ProductType) error
	UpdateProductType(ctx context.Context, p ProductType) error
	DeleteProductType(ctx context.Context, code string) error
	ProductTypeInUse(ctx context.Context, code string) (bool, error)
	ContentOf(ctx context.Context, productType string) ([]Content, error)
	InsertContent(ctx context.Context, list []Content) error
	UpdateContent(ctx context.Context, c Content) error
	DeleteContent(ctx context.Context, productType, code string) error
	ContentInUse(ctx context.Context, productType, code string) (bool, error)
	// IntegrationInstalledAt is nil where the integration module is not installed.
	IntegrationInstalledAt(ctx context.Context, name string) (*time.Time, error)
	// InsertIntegration answers false where somebody else has just installed it.
	InsertIntegration(ctx context.Context, name string, at time.Time) (bool, error)
	DeleteIntegration(ctx context.Context, name string) error
}

// ParameterTx is the operations on the parameters of product types.
type ParameterTx interface {
	// ParametersOf reads all parameters of a product type, as it sorts them; ShareParameters also keeps them as they are.
	ParametersOf(ctx context.Context, productType string) ([]Parameter, error)
	ShareParameters(ctx context.Context, productType string) ([]Parameter, error)
	// LockParameters answers those of them that exist.
	LockParameters(ctx context.Context, productType string, codes []string) ([]Parameter, error)
	InsertParameter(ctx context.Context, p Parameter) error
	UpdateParameter(ctx context.Context, p Parameter) error
	DeleteParameter(ctx context.Context, productType, code string) error
	// ParameterInUse tells whether a tariff's newest version connects it, or a service that is not deleted has a value of it.
	ParameterInUse(ctx context.Context, productType, code string) (bool, error)
	// ValuesInUse answers those of a list's values that services have which are not deleted, or newest tariffs take by default.
	ValuesInUse(ctx context.Context, productType, code string, values []string) ([]string, error)
}

// ModuleTx is the operations on processing modules and their problems.
type ModuleTx interface {
	// ModuleByID and LockModule open the secrets; ModulesByIDs, ShareModules leave them sealed and answer what exists.
	ModuleByID(ctx context.Context, id ModuleID) (Module, error)
	LockModule(ctx context.Context, id ModuleID) (Module, error)
	ModulesByIDs(ctx context.Context, ids []ModuleID) ([]Module, error)
	ShareModules(ctx context.Context, ids []ModuleID) ([]Module, error)
	InsertModule(ctx context.Context, m Module) error
	UpdateModule(ctx context.Context, m Module) error
	DeleteModule(ctx context.Context, id ModuleID) error
	ModuleInUse(ctx context.Context, id ModuleID) (bool, error)
	// ModuleSold tells whether tariffs, of any status, sell by the module.
	ModuleSold(ctx context.Context, id ModuleID) (bool, error)
	// ModuleServes tells whether services that are not deleted are on the module.
	ModuleServes(ctx context.Context, id ModuleID) (bool, error)
	// HoldModule locks a module that the caller claimed for its synchronisation; a claim that was lost is a claim_lost fault.
	HoldModule(ctx context.Context, id ModuleID, claimNo int64) (Module, error)
	// UpdateSync keeps when the panel told what it offers, where it did, and when it is asked next; nil: never.
	UpdateSync(ctx context.Context, id ModuleID, synced, next *time.Time) error
	// UpdateHealth does not raise the version: health is no stored property of the module for its readers.
	UpdateHealth(ctx context.Context, id ModuleID, h Health) error
	InsertProblem(ctx context.Context, p Problem) error
	// EndProblems ends the module's open problems.
	EndProblems(ctx context.Context, id ModuleID, at time.Time) error
	// TariffsWith answers the tariffs that name the module, with their newest offers.
	TariffsWith(ctx context.Context, id ModuleID) ([]Tariff, error)
	DataCentersByIDs(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error)
	// StockStep takes the next step of what operations take from panels' stock.
	StockStep(ctx context.Context) (int64, error)
	// StockSold counts what was sold on the modules of a sight and is still among what their panels told as free, without
	// what one operation holds.
	StockSold(ctx context.Context, seen Sight, but string) (Sold, error)
}

// TariffTx is the operations on tariffs.
type TariffTx interface {
	// TariffByID reads without a lock. LockTariff keeps the tariff as it is until the transaction ends, for those who order
	// it; LockTariffForEdit is for changing it.
	TariffByID(ctx context.Context, id TariffID) (Tariff, error)
	LockTariff(ctx context.Context, id TariffID) (Tariff, error)
	LockTariffForEdit(ctx context.Context, id TariffID) (Tariff, error)
	// TariffVersion answers the offer of one version.
	TariffVersion(ctx context.Context, id TariffID, number int) (Offer, error)
	InsertTariff(ctx context.Context, t Tariff) error
	// UpdateTariff writes the row; the newest version's offer stands in tariff_version.
	UpdateTariff(ctx context.Context, t Tariff) error
	DeleteTariff(ctx context.Context, id TariffID) error
	InsertTariffVersion(ctx context.Context, id TariffID, number int, o Offer, at time.Time) error
	// RewriteTariffVersion replaces a version that nobody agreed to by its successor.
	RewriteTariffVersion(ctx context.Context, id TariffID, number, successor int, o Offer) error
	// TariffVersionInUse tells whether a service was sold by this version; number 0: by any.
	TariffVersionInUse(ctx context.Context, id TariffID, number int) (bool, error)
	// UnitsHeld answers the units in which versions of a tariff sold an add-on that services have of it, which are not deleted, or
	// are about to get.
	UnitsHeld(ctx context.Context, id TariffID, addOn string) ([]string, error)
}

// Engine runs the use-cases of the catalogue.
type Engine struct {
	InTx    func(ctx context.Context, fn func(Tx) error) error
	Drivers *provision.Registry
	Env     provision.Env // lent to the modules that are connected to
	// tried is asked instead of the panel by use-cases within a transaction of somebody else's; nil: panels are asked.
	tried func(ctx context.Context, m Module, live provision.Module) error
	Free  *Stock // nil: nobody asks panels what is free
}

// What use-cases of this package answer for what is missing.
var (
	ErrNoUnit        = fault.Missing("unit")
	ErrNoProductType = fault.Missing("product type")
	ErrNoContent     = fault.Missing("add-on")
	ErrNoEnumeration = fault.Missing("enumeration")
	ErrNoIntegration = fault.Missing("integration module")
	ErrNoModule      = fault.Missing("processing module")
	ErrNoTariff      = fault.Missing("tariff")
)
