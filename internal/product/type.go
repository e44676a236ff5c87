package product

import (
	"context"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// Type is a sort of product.
type Type struct {
	Code                string
	Name                string
	Builtin             bool
	SortOrder           int
	TrialPolicy         string // of TrialPerProductType and its like (D13)
	ExpenseSplit        string // none, from_first_of_month, from_start_day (D5)
	NoWeekendSuspension bool
	AutoDeleteAfterDays *int
	ClientDeletion      string // allowed, forbidden, verified_phone: with a code that went to the client's telephone
	ClientDeletionTime  string // immediately, end_of_period
	Periods             []calendar.Period
	OrderPage           OrderPage
	CreatedAt           time.Time
	Version             int64
}

// The rules of product types (D5, D12, D13).
const (
	TrialPerProductType = "one_per_product_type"
	TrialPerGroup       = "one_per_tariff_group"
	TrialPerTariff      = "one_per_tariff"
	TrialEveryService   = "every_service"
	SplitNone           = string(calendar.SplitNone)
	DeletionAllowed     = "allowed"
	DeletionForbidden   = "forbidden"
	DeletionByPhone     = "verified_phone"
	DeleteImmediately   = "immediately"
	DeleteAtEndOfPeriod = "end_of_period"
)

// How an order page shows tariffs.
const (
	DisplayList   = "list"
	DisplayBlocks = "blocks"
)

// OrderPage is how an order page shows the type and its tariffs: settings for whoever draws it.
type OrderPage struct {
	Display           string `json:"display"`
	ExpandDescription bool   `json:"expand_description"`
	Filter            bool   `json:"filter"`
}

// OrderPageChange is a partial change of an OrderPage.
type OrderPageChange struct {
	Display           *string
	ExpandDescription *bool
	Filter            *bool
}

// UsualPeriods are the periods of a product type that names none.
func UsualPeriods() []calendar.Period {
	return []calendar.Period{calendar.Trial, calendar.OneTime, calendar.Daily, "P1M", "P3M", "P6M", "P1Y", "P2Y", "P3Y"}
}

// TypeChange is a new product type's members, or a partial change of one.
type TypeChange struct {
	IfVersion           *int64
	Name                *string
	SortOrder           *int
	TrialPolicy         *string
	ExpenseSplit        *string
	NoWeekendSuspension *bool
	AutoDeleteAfterDays input.Opt[int]
	ClientDeletion      *string
	ClientDeletionTime  *string
	Periods             *[]calendar.Period
	OrderPage           OrderPageChange
}

// CreateType adds a product type of one's own. Faults: already_exists (code), field faults.
func (e *Engine) CreateType(ctx context.Context, by actor.Actor, code string, in TypeChange) (Type, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Type, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Type{}, err
		}
		if _, reserved := integrations[code]; reserved {
			return Type{}, fault.New(fault.Conflict, "already_exists", "This code belongs to an integration module.").At("/code")
		}
		p := newType(code)
		p.CreatedAt = now
		in.apply(&p)
		if err = p.check(); err != nil {
			return Type{}, err
		}
		if err = tx.InsertProductType(ctx, p); err != nil {
			return Type{}, err
		}
		return p, p.record(ctx, tx, by, "created")
	})
}

func newType(code string) Type {
	return Type{
		Code: code, Name: code, SortOrder: 1, TrialPolicy: TrialPerProductType, ExpenseSplit: SplitNone,
		ClientDeletion: DeletionAllowed, ClientDeletionTime: DeleteImmediately, Periods: UsualPeriods(),
		OrderPage: OrderPage{Display: DisplayList}, Version: 1,
	}
}

// UpdateType changes a product type, also a built-in one. Periods that are taken away stay priced in tariffs, but
// cannot be ordered. Faults: not_found, precondition_failed, field faults.
func (e *Engine) UpdateType(ctx context.Context, by actor.Actor, code string, in TypeChange) (Type, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Type, error) {
		p, err := lockType(ctx, tx, code, in.IfVersion)
		if err != nil {
			return Type{}, err
		}
		in.apply(&p)
		if err = p.check(); err != nil {
			return Type{}, err
		}
		if err = tx.UpdateProductType(ctx, p); err != nil {
			return Type{}, err
		}
		p.Version++
		return p, p.record(ctx, tx, by, "updated")
	})
}

// DeleteType removes a product type and its content. Faults: not_found, precondition_failed, built_in, in_use.
func (e *Engine) DeleteType(ctx context.Context, by actor.Actor, code string, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		p, err := lockType(ctx, tx, code, ifVersion)
		if err != nil {
			return err
		}
		if p.Builtin {
			return input.ErrBuiltin
		}
		return deleteType(ctx, tx, by, p)
	})
}

func deleteType(ctx context.Context, tx Tx, by actor.Actor, p Type) error {
	if err := input.InUse("A tariff, a module, a tax rule or a service is of this type.").When(tx.ProductTypeInUse(ctx, p.Code)); err != nil {
		return err
	}
	if err := tx.DeleteProductType(ctx, p.Code); err != nil {
		return err
	}
	return p.record(ctx, tx, by, "deleted")
}

func lockType(ctx context.Context, tx Tx, code string, ifVersion *int64) (Type, error) {
	p, err := tx.LockProductType(ctx, code)
	if err != nil {
		return Type{}, err
	}
	return p, input.CheckVersion(ifVersion, p.Version)
}

func (in TypeChange) apply(p *Type) {
	input.Put(&p.Name, in.Name)
	input.Put(&p.SortOrder, in.SortOrder)
	input.Put(&p.TrialPolicy, in.TrialPolicy)
	input.Put(&p.ExpenseSplit, in.ExpenseSplit)
	input.Put(&p.NoWeekendSuspension, in.NoWeekendSuspension)
	input.PutOpt(&p.AutoDeleteAfterDays, in.AutoDeleteAfterDays)
	input.Put(&p.ClientDeletion, in.ClientDeletion)
	input.Put(&p.ClientDeletionTime, in.ClientDeletionTime)
	input.Put(&p.Periods, in.Periods)
	input.Put(&p.OrderPage.Display, in.OrderPage.Display)
	input.Put(&p.OrderPage.ExpandDescription, in.OrderPage.ExpandDescription)
	input.Put(&p.OrderPage.Filter, in.OrderPage.Filter)
}

// MaxDays is the longest time in days that a rule of a product type or tariff may name: ten years.
const MaxDays = 3650

func (p Type) check() error {
	var f fault.Fields
	input.CheckCode(&f, p.Code)
	input.CheckText(&f, "/name", p.Name, 1, 200)
	input.CheckSortOrder(&f, "/sort_order", p.SortOrder)
	input.CheckOneOf(&f, "/trial_policy", p.TrialPolicy, TrialPerProductType, TrialPerGroup, TrialPerTariff, TrialEveryService)
	input.CheckOneOf(&f, "/order_page/display", p.OrderPage.Display, DisplayList, DisplayBlocks)
	input.CheckOneOf(&f, "/expense_split", p.ExpenseSplit, SplitNone, string(calendar.SplitFromFirst), string(calendar.SplitFromStart))
	input.CheckOneOf(&f, "/client_deletion", p.ClientDeletion, DeletionAllowed, DeletionForbidden, DeletionByPhone)
	input.CheckOneOf(&f, "/client_deletion_time", p.ClientDeletionTime, DeleteImmediately, DeleteAtEndOfPeriod)
	if p.AutoDeleteAfterDays != nil {
		input.CheckRange(&f, "/auto_delete_after_days", *p.AutoDeleteAfterDays, 1, MaxDays)
	}
	if len(p.Periods) == 0 {
		f.Add("/periods", "too_few", "At least one period is expected.")
	}
	seen := map[calendar.Period]bool{}
	for i, x := range p.Periods {
		place := fmt.Sprintf("/periods/%d", i)
		if _, err := calendar.ParsePeriod(string(x)); err != nil {
			f.Add(place, "bad_format", "A period such as P1M is expected, of at most ten years.")
		}
		if seen[x] {
			f.Add(place, "duplicate_value", "Each period stands in the list once.")
		}
		seen[x] = true
	}
	return f.Err()
}

func (p Type) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "product_type", p.Code, verb, map[string]any{
		"code": p.Code, "name": p.Name, "sort_order": p.SortOrder, "trial_policy": p.TrialPolicy, "expense_split": p.ExpenseSplit,
		"no_weekend_suspension": p.NoWeekendSuspension, "auto_delete_after_days": p.AutoDeleteAfterDays,
		"client_deletion": p.ClientDeletion, "client_deletion_time": p.ClientDeletionTime, "periods": p.Periods, "order_page": p.OrderPage,
	})
}
