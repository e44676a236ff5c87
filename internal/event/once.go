package event

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
)

// Answer is a stored answer of an earlier request with the same Idempotency-Key.
type Answer struct {
	Fingerprint []byte
	Status      int
	Header      map[string]string
	Body        []byte
}

// Replay is returned as an error by Once when the work was already done: the edge sends the stored answer again.
type Replay struct{ Answer }

// Error says what it is, for logs.
func (r *Replay) Error() string { return fmt.Sprintf("replay of a stored %d answer", r.Status) }

// OnceTx stores answers under idempotency keys.
type OnceTx interface {
	// ClaimAnswer takes the key's lock until the transaction ends and finds the stored answer, if there is one; not free:
	// another request holds it.
	ClaimAnswer(ctx context.Context, o actor.Once) (free bool, stored *Answer, err error)
	InsertAnswer(ctx context.Context, o actor.Once, a Answer) error
}

// Once runs fn at most once per idempotency key of the actor, inside the use-case's own transaction: a repeated request
// gets the stored answer (*Replay), the same key with another payload is idempotency_key_reused, one that is still running
// idempotency_in_progress. Without a key it just runs fn. Only the result of work begun is stored: when fn fails, nothing is.
func Once[T any](ctx context.Context, tx OnceTx, by actor.Actor, fn func() (T, error)) (T, error) {
	var none T
	if by.Once == nil {
		return fn()
	}
	free, old, err := tx.ClaimAnswer(ctx, *by.Once)
	if err != nil {
		return none, err
	}
	if !free {
		return none, fault.New(fault.Conflict, "idempotency_in_progress", "A request with this Idempotency-Key is still running.")
	}
	if old != nil {
		if subtle.ConstantTimeCompare(old.Fingerprint, by.Once.Fingerprint[:]) != 1 {
			return none, fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key was used with another request.")
		}
		return none, &Replay{*old}
	}
	result, err := fn()
	if err != nil {
		return none, err
	}
	a := Answer{Fingerprint: by.Once.Fingerprint[:]}
	if a.Status, a.Header, a.Body, err = by.Once.Render(result); err != nil {
		return none, fmt.Errorf("render the answer: %w", err)
	}
	return result, tx.InsertAnswer(ctx, *by.Once, a)
}

// Do runs a use-case in one transaction of its feature, at most once per idempotency key: InTx around Once.
func Do[X OnceTx, T any](
	ctx context.Context, inTx func(context.Context, func(X) error) error, by actor.Actor, fn func(X) (T, error),
) (out T, err error) {
	err = inTx(ctx, func(tx X) (err error) {
		out, err = Once(ctx, tx, by, func() (T, error) { return fn(tx) })
		return err
	})
	return out, err
}
