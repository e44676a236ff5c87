package client

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/money"
)

// What use-cases of this package answer for what is missing, foreign, or changed in the meantime.
var (
	ErrNoProvider = fault.Missing("provider")
	ErrNoClient   = fault.Missing("client")
	ErrNoKey      = fault.Missing("API key")
)

// ProviderInput is what a provider is made of.
type ProviderInput struct {
	Name             string
	Currency         string
	Country          string
	Site             string
	BillingURL       string
	PricesIncludeTax bool
}

// ProviderChange is a partial change of a provider; nil leaves a member as it is. The currency is fixed.
type ProviderChange struct {
	IfVersion        *int64
	Name             *string
	Country          *string
	Site             *string
	BillingURL       *string
	PricesIncludeTax *bool
}

// CreateProvider adds a selling unit. Faults: already_exists (name), unknown_currency, required.
func (e *Engine) CreateProvider(ctx context.Context, by actor.Actor, in ProviderInput) (Provider, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Provider, error) { return createProvider(ctx, tx, by, in) })
}

func createProvider(ctx context.Context, tx Tx, by actor.Actor, in ProviderInput) (Provider, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return Provider{}, err
	}
	p := Provider{
		ID: actor.ProviderID(actor.NewID()), Name: in.Name, Currency: in.Currency, Country: in.Country, Site: in.Site, BillingURL: in.BillingURL,
		PricesIncludeTax: in.PricesIncludeTax, CreatedAt: now, Version: 1,
	}
	if err = checkProvider(p); err != nil {
		return Provider{}, err
	}
	if err = tx.InsertProvider(ctx, p); err != nil {
		return Provider{}, err
	}
	return p, event.Record(ctx, tx, by, aboutProvider(p), "provider.created", "", p.snapshot())
}

// UpdateProvider changes a selling unit. Whether prices include tax changes what days cost from the present one on; those before
// keep what they cost (D25). Faults: not_found, version_mismatch, already_exists (name).
func (e *Engine) UpdateProvider(ctx context.Context, by actor.Actor, id actor.ProviderID, in ProviderChange) (Provider, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Provider, error) { return updateProvider(ctx, tx, by, e.Zone, id, in) })
}

func updateProvider(ctx context.Context, tx Tx, by actor.Actor, zone *time.Location, id actor.ProviderID, in ProviderChange) (Provider, error) {
	p, err := lockProvider(ctx, tx, by, id, in.IfVersion)
	if err != nil {
		return Provider{}, err
	}
	before := p.PricesIncludeTax
	input.Put(&p.Name, in.Name)
	input.Put(&p.Country, in.Country)
	input.Put(&p.Site, in.Site)
	input.Put(&p.BillingURL, in.BillingURL)
	input.Put(&p.PricesIncludeTax, in.PricesIncludeTax)
	if err = checkProvider(p); err != nil {
		return Provider{}, err
	}
	if err = tx.UpdateProvider(ctx, p); err != nil {
		return Provider{}, err
	}
	if p.PricesIncludeTax != before {
		now, err := tx.Now(ctx)
		if err != nil {
			return Provider{}, err
		}
		s := TaxSwitch{Until: calendar.DayOf(now, zone), Included: before}
		if err = tx.InsertTaxSwitch(ctx, p.ID, s); err != nil {
			return Provider{}, err
		}
	}
	p.Version++
	return p, event.Record(ctx, tx, by, aboutProvider(p), "provider.updated", "", p.snapshot())
}

// DeleteProvider removes a selling unit that nothing refers to. Faults: not_found, version_mismatch, in_use.
func (e *Engine) DeleteProvider(ctx context.Context, by actor.Actor, id actor.ProviderID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		p, err := lockProvider(ctx, tx, by, id, ifVersion)
		if err != nil {
			return err
		}
		if err = tx.DeleteProvider(ctx, id); err != nil {
			return err
		}
		return event.Record(ctx, tx, by, aboutProvider(p), "provider.deleted", "", p.snapshot())
	})
}

func lockProvider(ctx context.Context, tx Tx, by actor.Actor, id actor.ProviderID, ifVersion *int64) (Provider, error) {
	p, err := tx.LockProvider(ctx, id)
	if err != nil {
		return Provider{}, err
	}
	if !by.Scope.Covers(p.ID, "") {
		return Provider{}, ErrNoProvider
	}
	return p, input.CheckVersion(ifVersion, p.Version)
}

func checkProvider(p Provider) error {
	var f fault.Fields
	input.CheckText(&f, "/name", p.Name, 1, 200)
	if _, ok := money.Digits(p.Currency); !ok {
		f.Add("/currency", "unknown_currency", "An ISO 4217 currency code in use is expected.")
	}
	checkForm(&f, "/country", p.Country, countryForm, "Two capital letters of ISO 3166-1 are expected.")
	checkURL(&f, "/site", p.Site)
	checkURL(&f, "/billing_url", p.BillingURL)
	return f.Err()
}

func aboutProvider(p Provider) event.About {
	return event.About{ProviderID: p.ID, Subject: "provider", SubjectID: string(p.ID)}
}

func (p Provider) snapshot() any {
	return map[string]any{
		"id": p.ID, "name": p.Name, "currency": p.Currency, "country": p.Country, "site": p.Site, "billing_url": p.BillingURL,
		"prices_include_tax": p.PricesIncludeTax,
	}
}
