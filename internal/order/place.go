package order

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/service"
)

// QuoteInput asks what some items would cost; without a client, rules about the client are left out.
type QuoteInput struct {
	ClientID   actor.ClientID
	ProviderID actor.ProviderID // used where no client is named; empty: the first item's tariff's
	Wishes     []Wish
	Anybody    bool // the asker shows no key: only what is on sale exists, and no client
}

// Quote prices a selection without storing anything. It is the computation that Place bills by.
func (e *Engine) Quote(ctx context.Context, by actor.Actor, in QuoteInput) (out []Prepared, err error) {
	look, err := e.Look(ctx)
	if err != nil {
		return nil, err
	}
	b, err := asker(ctx, look, by, in)
	if err != nil {
		return nil, err
	}
	now, err := look.Now(ctx)
	if err != nil {
		return nil, err
	}
	err = e.inStock(ctx, look, ofWishes(in.Wishes), func(sight module.Sight) (bool, error) {
		b.Room = &catalog.Room{Sight: sight}
		if err := count(ctx, look, b.Room); err != nil {
			return false, err
		}
		out, err = e.prepareAll(ctx, look, b, in.Wishes, now)
		return err == nil && fault.Has(obstacles(out), sellsOut), err
	}, quoteAge)
	return out, err
}

// asker is whom a quote is for.
func asker(ctx context.Context, look Lookup, by actor.Actor, in QuoteInput) (buyer, error) {
	if in.ClientID == "" || in.Anybody {
		return anybody(ctx, look, by, in)
	}
	c, err := look.ClientByID(ctx, in.ClientID)
	if err == nil && !by.Scope.Covers(c.ProviderID, c.ID) {
		err = client.ErrNoClient
	}
	if err != nil {
		return buyer{}, pointAt("/client_id", err)
	}
	p, err := look.ProviderByID(ctx, c.ProviderID)
	return buyer{Provider: p, Client: &c}, err
}

// buyerOf locks the client of an order.
func buyerOf(ctx context.Context, tx Tx, by actor.Actor, id actor.ClientID) (buyer, error) {
	c, err := client.Lock(ctx, tx, by, id)
	if err != nil {
		return buyer{}, pointAt("/client_id", err)
	}
	p, err := tx.ShareProvider(ctx, c.ProviderID)
	return buyer{Provider: p, Client: &c}, err
}

// anybody is the buyer of a quote without a client: the actor's provider, else the one of the first tariff.
func anybody(ctx context.Context, tx Lookup, by actor.Actor, in QuoteInput) (buyer, error) {
	id := by.Scope.ProviderID
	if in.ProviderID != "" {
		id = in.ProviderID
	}
	if id == "" {
		t, err := tx.TariffByID(ctx, in.Wishes[0].TariffID)
		if err != nil {
			return buyer{}, fault.New(fault.Invalid, "not_found", "No such tariff.").At("/items/0/tariff_id")
		}
		id = t.ProviderID
	}
	p, err := tx.ProviderByID(ctx, id)
	return buyer{Provider: p, Anybody: in.Anybody}, pointAt("/provider", err)
}

// pointAt turns a missing object that the body names into a violation of the body.
func pointAt(pointer string, err error) error {
	if fault.Has(err, "not_found") {
		return fault.New(fault.Invalid, "not_found", "%s", fault.Of(err).Message).At(pointer)
	}
	return err
}

// prepareAll checks and prices every wish and collects all violations.
func (e *Engine) prepareAll(ctx context.Context, tx Lookup, b buyer, wishes []Wish, now time.Time) ([]Prepared, error) {
	var fields fault.Fields
	out := make([]Prepared, len(wishes))
	servers := map[actor.ServiceID]bool{}
	for i, w := range wishes {
		var err error
		out[i], err = e.prepare(ctx, tx, b, w, out[:i], now)
		if err = fields.Merge(fmt.Sprintf("/items/%d", i), err); err != nil {
			return nil, err
		}
		for k, id := range out[i].Servers {
			if servers[id] {
				fields.Add(fmt.Sprintf("/items/%d/parameters/servers/%d", i, k), "duplicate_value", "Another item names this server.")
			}
			servers[id] = true
		}
	}
	return out, fields.Err()
}

// PlaceInput is a new order.
type PlaceInput struct {
	ClientID actor.ClientID
	Pay      string // PayBalance or PayLater
	Wishes   []Wish
}

// Place stores an order and, where the balance covers it, pays it and starts making its services: the story of one order in
// one transaction. Obstacles of both kinds are violations, and then nothing is stored.
func (e *Engine) Place(ctx context.Context, by actor.Actor, in PlaceInput) (out Order, err error) {
	err = e.inStock(ctx, nil, ofWishes(in.Wishes), func(sight module.Sight) (bool, error) {
		var err error
		out, err = event.Do(ctx, e.InTx, by, func(tx Tx) (Order, error) { return e.place(ctx, tx, by, in, sight) })
		return fault.Has(err, sellsOut), err
	}, 0)
	return out, err
}

func (e *Engine) place(ctx context.Context, tx Tx, by actor.Actor, in PlaceInput, sight module.Sight) (Order, error) {
	b, err := buyerOf(ctx, tx, by, in.ClientID)
	if err != nil {
		return Order{}, err
	}
	if b.Room, err = enter(ctx, tx, sight); err != nil {
		return Order{}, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return Order{}, err
	}
	prepared, err := e.prepareAll(ctx, tx, b, in.Wishes, now)
	if err != nil {
		return Order{}, err
	}
	if err = obstacles(prepared); err != nil {
		return Order{}, err
	}
	o, err := e.store(ctx, tx, by, b, in, prepared, now)
	if err != nil || in.Pay == PayLater {
		return o, err
	}
	err = e.payIfCovered(ctx, tx, by, b, &o)
	return o, err
}

// obstacles turns what stands in the way of ordering into violations.
func obstacles(prepared []Prepared) error {
	var fields fault.Fields
	for i, p := range prepared {
		for _, o := range p.Obstacles {
			fields.Add(fmt.Sprintf("/items/%d%s", i, o.Pointer), o.Code, "%s", o.Detail)
		}
	}
	return fields.Err()
}

// store writes the order with its services, which wait to be paid.
func (e *Engine) store(ctx context.Context, tx Tx, by actor.Actor, b buyer, in PlaceInput, prepared []Prepared, now time.Time) (Order, error) {
	expires := now.Add(unpaidFor)
	o := Order{
		ID: ID(actor.NewID()), ClientID: b.Client.ID, ProviderID: b.Provider.ID, Status: AwaitingPayment, Pay: in.Pay,
		Total: money.Zero(b.Provider.Currency), Tax: money.Zero(b.Provider.Currency), ExpiresAt: &expires, CreatedAt: now, Version: 1,
	}
	for _, p := range prepared {
		o.Total, o.Tax = o.Total.Add(p.Quote.Total), o.Tax.Add(p.Quote.Tax)
	}
	if err := tx.InsertOrder(ctx, o); err != nil {
		return o, err
	}
	for i, p := range prepared {
		s, err := newService(o, b, p, i, now)
		if err != nil {
			return o, err
		}
		if err = tx.InsertService(ctx, s); err != nil {
			return o, err
		}
	}
	if err := e.reread(ctx, tx, &o); err != nil {
		return o, err
	}
	return o, event.Record(ctx, tx, by, o.About(), "order.created", "order.created", o.snapshot())
}

func newService(o Order, b buyer, p Prepared, position int, now time.Time) (service.Service, error) {
	quote, err := json.Marshal(p.Quote)
	if err != nil {
		return service.Service{}, err
	}
	addOns := map[string]json.RawMessage{}
	for code, v := range p.Values {
		if addOns[code], err = json.Marshal(v); err != nil {
			return service.Service{}, err
		}
	}
	parameters := p.Parameters
	if parameters == nil {
		parameters = map[string]json.RawMessage{}
	}
	id := service.ID(actor.NewID())
	return service.Service{
		ID: id, ClientID: o.ClientID, ProviderID: o.ProviderID, OrderID: string(o.ID), Position: position, Status: service.Ordered,
		Name: p.Tariff.Offer.Name, ProductType: p.Tariff.ProductType, TariffID: p.TariffID, TariffVersion: p.Tariff.Number,
		Period: p.Period, Currency: b.Provider.Currency, DataCenterID: p.DataCenterID, Domain: p.domain(*b.Client, id),
		AddOns: addOns, Parameters: parameters, Quote: quote, AutoRenew: p.autoRenew(), CreatedAt: now, Version: 1,
	}, nil
}

// payIfCovered pays the order from the balance, or leaves it awaiting payment where the balance does not cover it.
func (e *Engine) payIfCovered(ctx context.Context, tx Tx, by actor.Actor, b buyer, o *Order) error {
	balance, _, err := tx.LockBalances(ctx, *b.Client)
	if err != nil || !b.Client.Settlement.Covers(balance, o.Total) {
		return err
	}
	return e.start(ctx, tx, by, o, b.Room)
}

// start holds the money and begins to make the services, which take their machines from the room.
func (e *Engine) start(ctx context.Context, tx Tx, by actor.Actor, o *Order, room *catalog.Room) error {
	_, err := ledger.Post(ctx, tx, ledger.Posting{
		ClientID: o.ClientID, Kind: "hold", From: ledger.Balance, To: ledger.Held, Amount: o.Total,
		Cause: ledger.Cause{Kind: "order", ID: string(o.ID)}, Refs: map[string]string{"order_id": string(o.ID)},
	})
	if err != nil {
		return err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	o.PaidAt = &now
	if err = o.set(ctx, tx, by, Paid); err != nil {
		return err
	}
	services, err := tx.LockServicesOf(ctx, string(o.ID))
	if err != nil {
		return err
	}
	if err = count(ctx, tx, room); err != nil {
		return err
	}
	for i := range services {
		if err = e.Open(ctx, tx, by, &services[i], room); err != nil {
			return err
		}
	}
	return e.reread(ctx, tx, o)
}
