package payment

import (
	"context"
	"errors"
	"regexp"
	"unicode/utf8"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
)

// CreateInput is a payment that came, or is expected. Method and Status have defaults: manual and new.
type CreateInput struct {
	ClientID   actor.ClientID
	Amount     money.Amount
	Method     string
	ExternalID string
	OrderID    string
	Status     Status // new or paid
}

// Created is a payment and whether it was recorded just now or before.
type Created struct {
	Payment
	Fresh bool
}

// Create records a payment and, where it is paid, credits the balance and lets the money work. The same method and external
// id with the same client and amount answer the first payment, and make a new one paid when paid is sent. Faults: not_found
// (client, order), insufficient_scope, external_id_conflict, wrong_currency, out_of_range, bad_value.
func (e *Engine) Create(ctx context.Context, by actor.Actor, in CreateInput) (out Created, err error) {
	if in.Method == "" {
		in.Method = Manual
	}
	if in.Status == "" {
		in.Status = New
	}
	if err = in.check(); err != nil {
		return Created{}, err
	}
	if in.Status == Paid && !by.Can(Confirm) {
		return Created{}, fault.New(fault.Forbidden, "insufficient_scope", "The key lacks the scope %s.", Confirm)
	}
	ahead := ""
	if in.Status == Paid {
		ahead = in.OrderID
	}
	for {
		if err = e.lookAhead(ctx, ahead); err != nil {
			return Created{}, err
		}
		var other unseen
		out, err = event.Do(ctx, e.InTx, by, func(tx Tx) (Created, error) { return e.create(ctx, tx, by, in, ahead) })
		if !errors.As(err, &other) {
			return out, err
		}
		ahead = string(other)
	}
}

// unseen is the order that a payment pays and whose panels were not asked: which one it is, the first notice said.
type unseen string

// Error is read by nobody: Create asks and begins again.
func (unseen) Error() string { return "payment: the order's panels were not asked" }

func (e *Engine) lookAhead(ctx context.Context, orderID string) error {
	if orderID == "" || e.Ahead == nil {
		return nil
	}
	return e.Ahead(ctx, orderID)
}

func (e *Engine) create(ctx context.Context, tx Tx, by actor.Actor, in CreateInput, ahead string) (Created, error) {
	c, err := client.Lock(ctx, tx, by, in.ClientID)
	if fault.Has(err, "not_found") {
		err = fault.New(fault.Invalid, "not_found", "No such client.").At("/client_id")
	}
	if err != nil {
		return Created{}, err
	}
	if err = in.fits(ctx, tx, c); err != nil {
		return Created{}, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return Created{}, err
	}
	p := Payment{
		ID: ID(actor.NewID()), ClientID: c.ID, ProviderID: c.ProviderID, Amount: in.Amount, Refunded: money.Zero(c.Currency),
		Method: in.Method, ExternalID: in.ExternalID, OrderID: in.OrderID, Status: in.Status, CreatedAt: now, Version: 1,
	}
	if p.Status == Paid {
		p.PaidAt = &now
	}
	fresh, err := p.insert(ctx, tx)
	if err != nil {
		return Created{}, err
	}
	if !fresh {
		return e.repeat(ctx, tx, by, c, p, ahead)
	}
	if p.Status == Paid {
		return Created{p, true}, e.arrived(ctx, tx, by, c, p)
	}
	return Created{p, true}, event.Record(ctx, tx, by, p.about(), "payment.created", "", p.snapshot())
}

// insert writes a payment, and where it is paid its money too.
func (p Payment) insert(ctx context.Context, tx Tx) (fresh bool, err error) {
	if p.Status == Paid {
		return tx.InsertPaid(ctx, p, p.posting())
	}
	return tx.InsertPayment(ctx, p)
}

// repeat answers a payment whose external id is known: banks and gateways tell things more than once. Where it pays another
// order than the one that was looked at, it begins nothing and answers unseen.
func (e *Engine) repeat(ctx context.Context, tx Tx, by actor.Actor, c client.Client, sent Payment, ahead string) (Created, error) {
	first, err := tx.PaymentByExternalID(ctx, sent.ProviderID, sent.Method, sent.ExternalID)
	if err != nil {
		return Created{}, err
	}
	if first.ClientID != sent.ClientID || !first.Amount.Equal(sent.Amount) {
		return Created{}, fault.New(fault.Conflict, "external_id_conflict",
			"Another payment has this method and external id.").At("/external_id")
	}
	if first.Status != New || sent.Status != Paid {
		return Created{Payment: first}, nil
	}
	first.Status, first.PaidAt = Paid, sent.PaidAt
	if first.OrderID == "" {
		first.OrderID = sent.OrderID
	}
	if first.OrderID != ahead {
		return Created{}, unseen(first.OrderID)
	}
	if err = tx.UpdatePayment(ctx, first); err != nil {
		return Created{}, err
	}
	first.Version++
	return Created{Payment: first}, e.credit(ctx, tx, by, c, first)
}

// credit moves the money of a payment that was expected to the balance, tells it and lets it work.
func (e *Engine) credit(ctx context.Context, tx Tx, by actor.Actor, c client.Client, p Payment) error {
	if _, err := ledger.Post(ctx, tx, p.posting()); err != nil {
		return err
	}
	return e.arrived(ctx, tx, by, c, p)
}

// posting is how a payment comes to the balance.
func (p Payment) posting() ledger.Posting {
	return ledger.Posting{
		ID: actor.NewID(), ClientID: p.ClientID, Kind: "payment", From: ledger.Cash, To: ledger.Balance, Amount: p.Amount,
		Cause: ledger.Cause{Kind: "payment", ID: string(p.ID)}, Refs: p.refs(),
	}
}

// arrived tells of money that is on the balance and lets it work.
func (e *Engine) arrived(ctx context.Context, tx Tx, by actor.Actor, c client.Client, p Payment) error {
	if err := event.Record(ctx, tx, by, p.about(), "payment.paid", "payment.paid", p.snapshot()); err != nil || e.MoneyArrived == nil {
		return err
	}
	return e.MoneyArrived(ctx, tx, by, c, p.OrderID)
}

func (p Payment) refs() map[string]string {
	refs := map[string]string{"payment_id": string(p.ID)}
	if p.OrderID != "" {
		refs["order_id"] = p.OrderID
	}
	return refs
}

var methodForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// check refuses what is wrong whoever's payment it is.
func (in CreateInput) check() error {
	var f fault.Fields
	if in.Amount.Sign() <= 0 {
		f.Add("/amount/amount", "out_of_range", "More than zero is expected.")
	}
	if !methodForm.MatchString(in.Method) {
		f.Add("/method", "bad_value", "Small letters, digits and underscores are expected, at most 64.")
	}
	if utf8.RuneCountInString(in.ExternalID) > 200 {
		f.Add("/external_id", "too_long", "At most 200 characters are expected.")
	}
	if in.Status != New && in.Status != Paid {
		f.Add("/status", "unknown_value", "A payment begins as new or paid.")
	}
	return f.Err()
}

// fits refuses what does not go with the client.
func (in CreateInput) fits(ctx context.Context, tx Tx, c client.Client) error {
	if in.Amount.Currency() != c.Currency {
		return wrongCurrency(c.Currency)
	}
	if in.OrderID == "" {
		return nil
	}
	owner, err := tx.ClientOfOrder(ctx, in.OrderID)
	if fault.Has(err, "not_found") || err == nil && owner != c.ID {
		return fault.New(fault.Invalid, "not_found", "The client has no such order.").At("/order_id")
	}
	return err
}

func wrongCurrency(want string) error {
	return fault.New(fault.Invalid, "wrong_currency", "The provider's books are kept in %s.", want).At("/amount/currency")
}
