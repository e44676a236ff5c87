package client

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
)

// Input is what a client is made of. A storefront may leave the provider out: its own is taken.
type Input struct {
	ProviderID    actor.ProviderID
	Email         string
	Name          string
	Country       string
	Region        string
	Username      string
	Phone         string
	PhoneVerified bool
	GroupID       GroupID
	TimeZone      string // empty: the billing zone
	Settlement    SettlementInput
}

// SettlementInput is how a client shall settle. Its zero value is prepaid.
type SettlementInput struct {
	Mode  Mode
	Limit *money.Amount // of credit_limit
}

// Create adds a client with two empty accounts. It is billed from its first day on, so the day before counts as closed.
// Faults: already_exists (e-mail within the provider), required or not_found (provider), field faults of the members.
func (e *Engine) Create(ctx context.Context, by actor.Actor, in Input) (Client, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Client, error) { return e.create(ctx, tx, by, in) })
}

func (e *Engine) create(ctx context.Context, tx Tx, by actor.Actor, in Input) (Client, error) {
	provider, err := providerFor(ctx, tx, by, in.ProviderID)
	if err != nil {
		return Client{}, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return Client{}, err
	}
	c := Client{
		ID: actor.ClientID(actor.NewID()), ProviderID: provider.ID, Email: in.Email, Name: in.Name, Country: in.Country,
		Region: in.Region, Username: in.Username, Phone: in.Phone, PhoneVerified: in.PhoneVerified, GroupID: in.GroupID, TimeZone: in.TimeZone,
		Status: Active, Currency: provider.Currency, Balance: money.Zero(provider.Currency), Held: money.Zero(provider.Currency),
		CreatedAt: now, Version: 1,
	}
	if c.TimeZone == "" {
		c.TimeZone = e.Zone.String()
	}
	var f fault.Fields
	c.settle(&f, in.Settlement)
	c.check(&f)
	if err = c.checkGroup(ctx, tx, &f); err != nil {
		return Client{}, err
	}
	if err = f.Err(); err != nil {
		return Client{}, err
	}
	closed := calendar.LastClosedDay(now, e.Zone)
	if err = tx.InsertClient(ctx, c, closed, calendar.DailyRunAt(closed.AddDays(1), e.Zone)); err != nil {
		return Client{}, err
	}
	return c, event.Record(ctx, tx, by, aboutClient(c), "client.created", "client.created", c.snapshot())
}

// providerFor finds the provider that something new shall belong to; a foreign one does not exist for the actor.
func providerFor(ctx context.Context, tx Tx, by actor.Actor, id actor.ProviderID) (Provider, error) {
	if id == "" {
		id = by.Scope.ProviderID
	}
	if id == "" {
		return Provider{}, fault.New(fault.Invalid, "required", "A provider has to be named.").At("/provider_id")
	}
	missing := fault.New(fault.Invalid, "not_found", "There is no such provider.").At("/provider_id")
	if !by.Scope.Covers(id, "") {
		return Provider{}, missing
	}
	p, err := tx.ShareProvider(ctx, id)
	if fault.Has(err, ErrNoProvider.Code) {
		return Provider{}, missing
	}
	return p, err
}

func aboutClient(c Client) event.About {
	return event.About{
		ClientID: c.ID, ProviderID: c.ProviderID, Subject: "client", SubjectID: string(c.ID),
		Refs: map[string]string{"provider_id": string(c.ProviderID)},
	}
}

// snapshot is the client as events and audit rows show it; money is left to the ledger.
func (c Client) snapshot() any {
	return map[string]any{
		"id": c.ID, "provider_id": c.ProviderID, "email": c.Email, "name": c.Name, "country": c.Country, "region": c.Region,
		"username": c.Username, "phone": c.Phone, "phone_verified": c.PhoneVerified, "group_id": c.GroupID, "time_zone": c.TimeZone,
		"status": c.Status, "settlement": c.Settlement,
	}
}
