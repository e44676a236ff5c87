package lifecycle

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math/big"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
)

// A code lasts challengeLasts and may be guessed challengeTries times; after that there is no other one before it would have
// ended, so that nobody guesses on and on. Whoever asks again within challengePause is told of the same one, so that nobody's
// telephone is flooded.
const (
	challengeLasts = 10 * time.Minute
	challengePause = time.Minute
	challengeTries = 5
)

// Challenge is a client's wish to delete a service, to be confirmed with a code that went to its telephone.
type Challenge struct {
	ID        string
	ServiceID service.ID
	Hash      []byte // of the code
	Attempts  int
	ExpiresAt time.Time
	EndedAt   *time.Time // used or replaced
	CreatedAt time.Time
}

// ChallengeTx is the operations on challenges; those who write hold the client's lock.
type ChallengeTx interface {
	// LiveChallenge answers the challenge of a service that has not ended; none: a zero one.
	LiveChallenge(ctx context.Context, id service.ID) (Challenge, error)
	InsertChallenge(ctx context.Context, c Challenge) error
	UpdateChallenge(ctx context.Context, c Challenge) error
}

var (
	errConfirm = fault.New(fault.Conflict, "confirmation_required", "A code was sent to the verified telephone number: repeat with challenge and code.")
	errGuessed = fault.New(fault.Conflict, "challenge_over", "There were too many wrong codes: ask for another one in some minutes.")
	errPhone   = fault.New(fault.Conflict, "phone_not_verified", "This needs a verified telephone number.")
	errOver    = fault.New(fault.Conflict, "challenge_over", "This code is used, replaced or too old: ask for another one.")
	errCode    = &fault.Error{
		Kind: fault.Invalid, Code: "wrong_code", Message: "The code is not the one that was sent.",
		Fields: []fault.Field{{Parameter: "code", Code: "wrong_code", Detail: "The code is not the one that was sent."}},
	}
)

// confirm asks a client for a code where its product type wants one, and judges the one that it gives. It has a transaction of
// its own, because a refusal writes, too: the new challenge, or one guess more.
func (e *Engine) confirm(ctx context.Context, by actor.Actor, id service.ID, in DeleteInput) error {
	var refused error
	err := e.InTx(ctx, func(tx Tx) error {
		refused = nil
		c, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		wanted, err := e.wantsCode(ctx, tx, s, in)
		if err != nil || !wanted {
			return err
		}
		switch {
		case c.Phone == "" || !c.PhoneVerified:
			refused = errPhone
		case in.Challenge == "":
			refused, err = challenge(ctx, tx, by, c, s)
		default:
			refused, err = judge(ctx, tx, s, in)
		}
		return err
	})
	if err != nil {
		return err
	}
	return refused
}

// wantsCode tells whether a client's deletion needs a code; one that could not be done anyway asks for none.
func (e *Engine) wantsCode(ctx context.Context, tx Tx, s service.Service, in DeleteInput) (bool, error) {
	t, err := tx.ProductTypeByCode(ctx, s.ProductType)
	if err != nil || t.ClientDeletion != product.DeletionByPhone {
		return false, err
	}
	if err = match(in.IfVersion, s.Version); err != nil {
		return false, err
	}
	if s.Status != service.Active && s.Status != service.Suspended {
		return false, s.WrongState("be deleted")
	}
	return true, nil
}

// challenge makes a code and lets the storefront send it; the client itself does not see the event.
func challenge(ctx context.Context, tx Tx, by actor.Actor, c client.Client, s service.Service) (refused, err error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	live, err := tx.LiveChallenge(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	if live.Attempts >= challengeTries && now.Before(live.ExpiresAt) {
		return errGuessed, nil
	}
	if live.ID != "" && now.Before(live.CreatedAt.Add(challengePause)) {
		return confirmation(live.ID), nil
	}
	if live.ID != "" {
		live.EndedAt = &now
		if err = tx.UpdateChallenge(ctx, live); err != nil {
			return nil, err
		}
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return nil, err
	}
	code := fmt.Sprintf("%06d", n)
	fresh := Challenge{ID: actor.NewID(), ServiceID: s.ID, ExpiresAt: now.Add(challengeLasts), CreatedAt: now}
	fresh.Hash = hashOf(fresh.ID, code)
	if err = tx.InsertChallenge(ctx, fresh); err != nil {
		return nil, err
	}
	told := map[string]any{
		"purpose": "service_deletion", "service_id": s.ID, "challenge_id": fresh.ID, "phone": c.Phone, "code": code, "expires_at": fresh.ExpiresAt,
	}
	if err = event.Tell(ctx, tx, event.ForProvider, s.About(), "verification.requested", told); err != nil {
		return nil, err
	}
	err = event.Record(ctx, tx, by, s.About(), "service.deletion_challenged", "", map[string]any{"challenge_id": fresh.ID})
	return confirmation(fresh.ID), err
}

func confirmation(id string) error {
	f := *errConfirm
	f.Refs = map[string]string{"challenge_id": id}
	return &f
}

// judge counts a wrong code; a right one is used up by the deletion itself.
func judge(ctx context.Context, tx Tx, s service.Service, in DeleteInput) (refused, err error) {
	c, refused, err := read(ctx, tx, s, in)
	if err != nil || refused == nil || c.ID == "" {
		return refused, err
	}
	c.Attempts++
	return refused, tx.UpdateChallenge(ctx, c)
}

// redeem uses up the code that a deletion is confirmed with.
func redeem(ctx context.Context, tx Tx, s service.Service, in DeleteInput) error {
	c, refused, err := read(ctx, tx, s, in)
	if err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	c.EndedAt = &now
	return tx.UpdateChallenge(ctx, c)
}

// read finds the live challenge that is meant and looks at the code. A zero challenge with a refusal: there is none to count.
func read(ctx context.Context, tx Tx, s service.Service, in DeleteInput) (c Challenge, refused, err error) {
	if c, err = tx.LiveChallenge(ctx, s.ID); err != nil {
		return c, nil, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return c, nil, err
	}
	if c.ID == "" || c.ID != in.Challenge || !now.Before(c.ExpiresAt) || c.Attempts >= challengeTries {
		return Challenge{}, errOver, nil
	}
	if subtle.ConstantTimeCompare(c.Hash, hashOf(c.ID, in.Code)) != 1 {
		return c, errCode, nil
	}
	return c, nil, nil
}

// hashOf hashes a code with its challenge, so that equal codes have different hashes.
func hashOf(challenge, code string) []byte {
	sum := sha256.Sum256([]byte(challenge + " " + code))
	return sum[:]
}
