package client

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// ErrNoTaxRule is the answer for a tax rule that does not exist.
var ErrNoTaxRule = fault.Missing("tax rule")

// TaxRuleChange is a new rule's members, or a partial change of one. An empty text or zero day takes a member away.
type TaxRuleChange struct {
	IfVersion   *int64
	Country     *string
	Region      *string
	ProductType *string
	Rate        *decimal.Decimal
	From        *calendar.Day
	Until       *calendar.Day
}

// TaxTx is the operations on tax rules.
type TaxTx interface {
	TaxRuleByID(ctx context.Context, id TaxRuleID) (TaxRule, error)
	InsertTaxRule(ctx context.Context, r TaxRule) error
	UpdateTaxRule(ctx context.Context, r TaxRule) error
	DeleteTaxRule(ctx context.Context, id TaxRuleID) error
	// ProductTypeKnown tells whether there is such a product type, and keeps one that is there.
	ProductTypeKnown(ctx context.Context, code string) (bool, error)
}

// CreateTaxRule adds a rule. Faults: not_found (provider, product type), already_exists (two rules for the same), field faults.
func (e *Engine) CreateTaxRule(ctx context.Context, by actor.Actor, of actor.ProviderID, in TaxRuleChange) (TaxRule, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (TaxRule, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return TaxRule{}, err
		}
		p, err := tx.LockProvider(ctx, of)
		if fault.Has(err, ErrNoProvider.Code) {
			err = fault.New(fault.Invalid, "not_found", "There is no such provider.").At("/provider_id")
		}
		if err != nil {
			return TaxRule{}, err
		}
		r := TaxRule{ID: TaxRuleID(actor.NewID()), ProviderID: of, CreatedAt: now, Version: 1}
		if err = in.apply(ctx, tx, &r, p.TaxRules); err != nil {
			return TaxRule{}, err
		}
		if err = tx.InsertTaxRule(ctx, r); err != nil {
			return TaxRule{}, err
		}
		return r, r.record(ctx, tx, by, "created")
	})
}

// UpdateTaxRule changes a rule; what was booked keeps its tax. Faults: not_found, precondition_failed, already_exists, field
// faults.
func (e *Engine) UpdateTaxRule(ctx context.Context, by actor.Actor, id TaxRuleID, in TaxRuleChange) (TaxRule, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (TaxRule, error) {
		r, others, err := lockTaxRule(ctx, tx, id, in.IfVersion)
		if err != nil {
			return TaxRule{}, err
		}
		if err = in.apply(ctx, tx, &r, others); err != nil {
			return TaxRule{}, err
		}
		if err = tx.UpdateTaxRule(ctx, r); err != nil {
			return TaxRule{}, err
		}
		r.Version++
		return r, r.record(ctx, tx, by, "updated")
	})
}

// DeleteTaxRule removes a rule; what was booked keeps its tax. Faults: not_found, precondition_failed.
func (e *Engine) DeleteTaxRule(ctx context.Context, by actor.Actor, id TaxRuleID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		r, _, err := lockTaxRule(ctx, tx, id, ifVersion)
		if err != nil {
			return err
		}
		if err = tx.DeleteTaxRule(ctx, id); err != nil {
			return err
		}
		return r.record(ctx, tx, by, "deleted")
	})
}

// lockTaxRule locks the provider, whose rules are judged together, and answers the rule and all of the provider's.
func lockTaxRule(ctx context.Context, tx Tx, id TaxRuleID, ifVersion *int64) (TaxRule, []TaxRule, error) {
	r, err := tx.TaxRuleByID(ctx, id)
	if err != nil {
		return TaxRule{}, nil, err
	}
	p, err := tx.LockProvider(ctx, r.ProviderID)
	if err != nil {
		return TaxRule{}, nil, err
	}
	if r, err = tx.TaxRuleByID(ctx, id); err != nil {
		return TaxRule{}, nil, err
	}
	return r, p.TaxRules, input.CheckVersion(ifVersion, r.Version)
}

func (in TaxRuleChange) apply(ctx context.Context, tx Tx, r *TaxRule, others []TaxRule) error {
	input.Put(&r.Country, in.Country)
	input.Put(&r.Region, in.Region)
	input.Put(&r.ProductType, in.ProductType)
	input.Put(&r.Rate, in.Rate)
	input.Put(&r.From, in.From)
	input.Put(&r.Until, in.Until)
	var f fault.Fields
	r.check(&f)
	if r.ProductType != "" {
		known, err := tx.ProductTypeKnown(ctx, r.ProductType)
		if err != nil {
			return err
		}
		if !known {
			f.Add("/product_type", "not_found", "There is no such product type.")
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	for _, o := range others {
		if o.ID != r.ID && o.rivals(*r) {
			return fault.New(fault.Conflict, "already_exists", "Another rule is for the same country, region, product type and days.")
		}
	}
	return nil
}

func (r TaxRule) check(f *fault.Fields) {
	checkForm(f, "/country", r.Country, countryForm, "Two capital letters of ISO 3166-1 are expected.")
	input.CheckText(f, "/region", r.Region, 0, 100)
	if r.Region != "" && r.Country == "" {
		f.Add("/region", "bad_value", "A region needs its country.")
	}
	if r.Rate.IsNegative() || r.Rate.GreaterThan(decimal.NewFromInt(1)) {
		f.Add("/rate", "out_of_range", "A rate from 0 to 1 is expected: 0.20 is 20 %%.")
	}
	if !r.From.IsZero() && !r.Until.IsZero() && !r.From.Before(r.Until) {
		f.Add("/valid_until", "out_of_range", "The rule ends before it begins.")
	}
}

// rivals tells whether two rules would fit the same case equally well on some day.
func (r TaxRule) rivals(o TaxRule) bool {
	apart := (!r.Until.IsZero() && !o.From.IsZero() && !o.From.Before(r.Until)) ||
		(!o.Until.IsZero() && !r.From.IsZero() && !r.From.Before(o.Until))
	return r.Country == o.Country && r.Region == o.Region && r.ProductType == o.ProductType && !apart
}

func (r TaxRule) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	about := event.About{ProviderID: r.ProviderID, Subject: "tax_rule", SubjectID: string(r.ID)}
	return event.Record(ctx, tx, by, about, "tax_rule."+verb, "", map[string]any{
		"id": r.ID, "country": r.Country, "region": r.Region, "product_type": r.ProductType, "rate": r.Rate, "valid_from": r.From,
		"valid_until": r.Until,
	})
}
