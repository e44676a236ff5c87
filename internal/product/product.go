// Package product is the sorts of products: product types, their content, the enumerations that elements choose from, and the
// parameters that those who order are asked for.
//
// It owns these records, the rules inside one of them, what integration modules install, and what lists learn from panels. It does
// not own what a tariff sells of a type (package catalog), nor the panels themselves (package module).
//
// Invariants: what a tariff or a service refers to is not deleted, and no list loses an item or value that is in use; what is built
// in stays; a value that a panel brought goes when no panel has it any more.
package product

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/provision"
)

// Tx is what the use-cases of product types need of their transaction. What something new refers to is read by a Share…
// operation, which keeps it from being deleted until the transaction ends.
type Tx interface {
	measure.Tx
	EnumerationTx
	TypeTx
	ParameterTx
	// ShareModuleTypes answers which product types modules make, of those that exist.
	ShareModuleTypes(ctx context.Context, ids []provision.ModuleID) (map[provision.ModuleID]string, error)
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

// TypeTx is the operations on product types, their content and the integration modules that bring some.
type TypeTx interface {
	ProductTypeByCode(ctx context.Context, code string) (Type, error)
	ShareProductType(ctx context.Context, code string) (Type, error)
	LockProductType(ctx context.Context, code string) (Type, error)
	InsertProductType(ctx context.Context, p Type) error
	UpdateProductType(ctx context.Context, p Type) error
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

// Engine runs the use-cases of product types.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
}

// What use-cases of this package answer for what is missing.
var (
	ErrNoType        = fault.Missing("product type")
	ErrNoContent     = fault.Missing("add-on")
	ErrNoParameter   = fault.Missing("parameter")
	ErrNoEnumeration = fault.Missing("enumeration")
	ErrNoIntegration = fault.Missing("integration module")
)
