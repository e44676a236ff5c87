package payment

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
)

// Refund gives money back to where it came from: at most what is left of the payment and what the client has not spent.
// Given back in full, the payment is refunded. Faults: not_found, invalid_payment_state, refund_exceeds_unspent,
// wrong_currency, out_of_range.
func (e *Engine) Refund(ctx context.Context, by actor.Actor, id ID, amount money.Amount) (Payment, error) {
	if amount.Sign() <= 0 {
		return Payment{}, fault.New(fault.Invalid, "out_of_range", "More than zero is expected.").At("/amount/amount")
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Payment, error) { return refund(ctx, tx, by, id, amount) })
}

func refund(ctx context.Context, tx Tx, by actor.Actor, id ID, amount money.Amount) (Payment, error) {
	p, c, err := lockPayment(ctx, tx, by, id)
	if err != nil {
		return Payment{}, err
	}
	if p.Status != Paid {
		return Payment{}, fault.New(fault.Conflict, "invalid_payment_state", "A payment that is %s cannot be given back.", p.Status)
	}
	if amount.Currency() != p.Amount.Currency() {
		return Payment{}, wrongCurrency(p.Amount.Currency())
	}
	balance, _, err := tx.LockBalances(ctx, c)
	if err != nil {
		return Payment{}, err
	}
	most := money.Max(money.Zero(amount.Currency()), money.Min(balance, p.Amount.Sub(p.Refunded)))
	if most.Less(amount) {
		return Payment{}, fault.New(fault.Invalid, "refund_exceeds_unspent", "At most %s of it can be given back.", most).At("/amount")
	}
	if p.Refunded = p.Refunded.Add(amount); p.Refunded.Equal(p.Amount) {
		p.Status = Refunded
	}
	if err = tx.UpdatePayment(ctx, p); err != nil {
		return Payment{}, err
	}
	p.Version++
	// Every refund is its own cause: there may be several partial ones of equal amount.
	_, err = ledger.Post(ctx, tx, ledger.Posting{
		ClientID: p.ClientID, Kind: "payment_refund", From: ledger.Balance, To: ledger.Cash, Amount: amount,
		Cause: ledger.Cause{Kind: "payment_refund", ID: actor.NewID()}, Refs: p.refs(),
	})
	if err != nil {
		return Payment{}, err
	}
	return p, event.Record(ctx, tx, by, p.about(), "payment.refunded", "payment.refunded", p.snapshot())
}

// lockPayment finds the payment, locks its client, and reads it again as it is now.
func lockPayment(ctx context.Context, tx Tx, by actor.Actor, id ID) (Payment, client.Client, error) {
	p, err := tx.PaymentByID(ctx, id)
	if err != nil {
		return Payment{}, client.Client{}, err
	}
	c, err := client.Lock(ctx, tx, by, p.ClientID)
	if err != nil {
		if fault.Has(err, "not_found") {
			err = ErrNoPayment
		}
		return Payment{}, c, err
	}
	p, err = tx.PaymentByID(ctx, id)
	return p, c, err
}
