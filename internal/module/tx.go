// Package module is the records of processing modules: with which panel, how it is reached, what it makes and how its last calls
// went; and the companions that stand beside panels.
//
// It owns these records, the making of live modules out of them, the synchronisation with what a panel offers, and the memory of
// what is free there. It does not own the drivers (package provision), nor the operations that run on a module (package
// operation).
//
// Invariants: secrets are sealed and never read back; a panel is called outside any transaction; a parameter that tariffs or
// services depend on stays as it is (D30); a module that something refers to is not deleted.
package module

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// Tx is what the use-cases of modules need of their transaction. What something new refers to is read by a Share… operation,
// which keeps it from being deleted until the transaction ends.
type Tx interface {
	product.Tx
	CompanionTx
	// ModuleByID and LockModule open the secrets; ModulesByIDs, ShareModules leave them sealed and answer what exists.
	ModuleByID(ctx context.Context, id provision.ModuleID) (Module, error)
	LockModule(ctx context.Context, id provision.ModuleID) (Module, error)
	ModulesByIDs(ctx context.Context, ids []provision.ModuleID) ([]Module, error)
	ShareModules(ctx context.Context, ids []provision.ModuleID) ([]Module, error)
	InsertModule(ctx context.Context, m Module) error
	UpdateModule(ctx context.Context, m Module) error
	DeleteModule(ctx context.Context, id provision.ModuleID) error
	ModuleInUse(ctx context.Context, id provision.ModuleID) (bool, error)
	// ModuleSold tells whether tariffs, of any status, sell by the module.
	ModuleSold(ctx context.Context, id provision.ModuleID) (bool, error)
	// ModuleServes tells whether services that are not deleted are on the module.
	ModuleServes(ctx context.Context, id provision.ModuleID) (bool, error)
	// HoldModule locks a module that the caller claimed for its synchronisation; a claim that was lost is a claim_lost fault.
	HoldModule(ctx context.Context, id provision.ModuleID, claimNo int64) (Module, error)
	// UpdateSync keeps when the panel told what it offers, where it did, and when it is asked next; nil: never.
	UpdateSync(ctx context.Context, id provision.ModuleID, synced, next *time.Time) error
	// UpdateHealth does not raise the version: health is no stored property of the module for its readers.
	UpdateHealth(ctx context.Context, id provision.ModuleID, h Health) error
	InsertProblem(ctx context.Context, p Problem) error
	// EndProblems ends the module's open problems.
	EndProblems(ctx context.Context, id provision.ModuleID, at time.Time) error
	// ShareDataCenters answers those of them that exist.
	ShareDataCenters(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error)
	// ShareDepartment answers the department, or the first one where id is empty.
	ShareDepartment(ctx context.Context, id department.ID) (department.Department, error)
	DataCentersByIDs(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error)
	// StockStep takes the next step of what operations take from panels' stock.
	StockStep(ctx context.Context) (int64, error)
}

// Engine runs the use-cases of processing modules and their companions.
type Engine struct {
	InTx    func(ctx context.Context, fn func(Tx) error) error
	Drivers *provision.Registry
	Env     provision.Env // lent to the modules that are connected to
	// tried is asked instead of the panel by use-cases within a transaction of somebody else's; nil: panels are asked.
	tried func(ctx context.Context, m Module, live provision.Module) error
}

// ErrNoModule is the answer for a module that does not exist.
var ErrNoModule = fault.Missing("processing module")
