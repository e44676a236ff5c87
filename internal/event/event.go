// Package event is the feed of what happened and the record of who did it.
//
// It owns the types Event and Audit, the list of event types, and how both are written in the transaction of what they
// tell. It does not own delivery (package webhook) nor the numbering of the feed (package postgres).
//
// Invariants: an event is written in the same transaction as what it tells; audit rows are append-only and name an actor;
// what an event shows is a snapshot, never a reference to something that may change.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
)

// ID is an event's id.
type ID string

// Audience is who may read an event.
type Audience string

// The audiences: a client's events are read by it, its provider and staff; a provider's by the provider and staff.
const (
	ForClient   Audience = "client"
	ForProvider Audience = "provider"
	ForStaff    Audience = "staff"
)

// NoClient stands in the client column of events and audit rows that concern no client.
const NoClient actor.ClientID = "00000000-0000-0000-0000-000000000000"

// Event is one thing that happened.
type Event struct {
	ID         ID
	ClientID   actor.ClientID
	ProviderID actor.ProviderID
	Audience   Audience
	Type       string
	At         time.Time
	Data       json.RawMessage
	Refs       map[string]string
}

// Audit is one row of who did what.
type Audit struct {
	ClientID  actor.ClientID
	At        time.Time
	Action    string // verb phrase, such as client.created
	Subject   string // kind of the object, such as client
	SubjectID string
	Actor     actor.Actor
	Detail    json.RawMessage // what changed
}

// Entry is an audit row as it is read: one line of an object's history.
type Entry struct {
	ID          string
	At          time.Time
	Action      string
	ActorRole   actor.Role
	ActorKey    string
	ActorClient actor.ClientID
	Cause       string
	Address     string
	RequestID   string
	Detail      json.RawMessage
}

// Tx is what every use-case needs of its transaction.
type Tx interface {
	// Now is the business instant of the transaction; read it after the client's lock.
	Now(ctx context.Context) (time.Time, error)
	InsertEvent(ctx context.Context, e Event) error
	InsertAudit(ctx context.Context, a Audit) error
	// InsertRecord writes an audit row and the event that tells it, together with the transaction's next statement or at its
	// end, whichever comes first.
	InsertRecord(ctx context.Context, a Audit, e Event) error
	OnceTx
}

// About is what an event or audit row is about.
type About struct {
	ClientID   actor.ClientID
	ProviderID actor.ProviderID
	Subject    string
	SubjectID  string
	Refs       map[string]string
}

// Record writes the audit row of one act and, where typ is not empty, the event that tells it. data is marshalled as the
// event's snapshot and the audit row's detail.
func Record(ctx context.Context, tx Tx, by actor.Actor, about About, action, typ string, data any) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	audience := ForClient
	if about.ClientID == "" {
		about.ClientID, audience = NoClient, ForProvider
		if about.ProviderID == "" {
			audience = ForStaff
		}
	}
	row := Audit{ClientID: about.ClientID, At: now, Action: action, Subject: about.Subject, SubjectID: about.SubjectID, Actor: by, Detail: raw}
	if typ == "" {
		return tx.InsertAudit(ctx, row)
	}
	return tx.InsertRecord(ctx, row, about.event(audience, typ, now, raw))
}

// RecordChange writes the audit row of a change of something that belongs to no provider: of the action subject.verb.
func RecordChange(ctx context.Context, tx Tx, by actor.Actor, subject, id, verb string, detail any) error {
	return Record(ctx, tx, by, About{Subject: subject, SubjectID: id}, subject+"."+verb, "", detail)
}

// Tell writes an event without an audit row, for what nobody did, such as a threshold that was passed.
func Tell(ctx context.Context, tx Tx, audience Audience, about About, typ string, data any) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("tell %s: %w", typ, err)
	}
	return tx.InsertEvent(ctx, about.event(audience, typ, now, raw))
}

func (about About) event(audience Audience, typ string, at time.Time, data json.RawMessage) Event {
	if about.ClientID == "" {
		about.ClientID = NoClient
	}
	refs := map[string]string{about.Subject + "_id": about.SubjectID}
	if about.ClientID != NoClient {
		refs["client_id"] = string(about.ClientID)
	}
	for k, v := range about.Refs {
		refs[k] = v
	}
	return Event{
		ID: ID(actor.NewID()), ClientID: about.ClientID, ProviderID: about.ProviderID, Audience: audience,
		Type: typ, At: at, Data: data, Refs: refs,
	}
}
