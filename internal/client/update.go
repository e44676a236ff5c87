package client

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// Change is a partial change of a client; nil leaves a member as it is, an empty text takes it away.
type Change struct {
	IfVersion     *int64
	Email         *string
	Name          *string
	Country       *string
	Region        *string
	Username      *string
	Phone         *string
	PhoneVerified *bool
	GroupID       *GroupID
	TimeZone      *string
	Status        *Status
	Settlement    *SettlementInput
}

// Update changes a client. A new phone number is not verified, unless the same change says so. Faults: not_found,
// precondition_failed, already_exists (e-mail), field faults of the members.
func (e *Engine) Update(ctx context.Context, by actor.Actor, id actor.ClientID, in Change) (Client, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Client, error) { return e.update(ctx, tx, by, id, in) })
}

func (e *Engine) update(ctx context.Context, tx Tx, by actor.Actor, id actor.ClientID, in Change) (Client, error) {
	c, err := Lock(ctx, tx, by, id)
	if err != nil {
		return Client{}, err
	}
	if err = input.CheckVersion(in.IfVersion, c.Version); err != nil {
		return Client{}, err
	}
	var f fault.Fields
	if in.Phone != nil && *in.Phone != c.Phone {
		c.PhoneVerified = false
	}
	input.Put(&c.Email, in.Email)
	input.Put(&c.Name, in.Name)
	input.Put(&c.Country, in.Country)
	input.Put(&c.Region, in.Region)
	input.Put(&c.Username, in.Username)
	input.Put(&c.Phone, in.Phone)
	input.Put(&c.PhoneVerified, in.PhoneVerified)
	input.Put(&c.GroupID, in.GroupID)
	input.Put(&c.TimeZone, in.TimeZone)
	input.Put(&c.Status, in.Status)
	if in.Settlement != nil {
		c.settle(&f, *in.Settlement)
	}
	c.check(&f)
	if err = c.checkGroup(ctx, tx, &f); err != nil {
		return Client{}, err
	}
	if err = f.Err(); err != nil {
		return Client{}, err
	}
	if err = tx.UpdateClient(ctx, c); err != nil {
		return Client{}, err
	}
	if in.Settlement != nil {
		now, err := tx.Now(ctx)
		if err != nil {
			return Client{}, err
		}
		if err = tx.MoneyFreed(ctx, []actor.ClientID{id}, now); err != nil {
			return Client{}, err
		}
	}
	if err = event.Record(ctx, tx, by, aboutClient(c), "client.updated", "client.updated", c.snapshot()); err != nil {
		return Client{}, err
	}
	return tx.ClientByID(ctx, id)
}
