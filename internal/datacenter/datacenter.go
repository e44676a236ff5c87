// Package datacenter is the places that servers stand in: data centers and what is shown beside their names.
//
// It owns their records and pictures. It does not own what stands there: modules, tariffs and services refer to a data center by
// its id.
//
// Invariants: a data center that something refers to is not deleted; its external id keeps to what the drivers of its modules
// want of it; a picture that is no PNG is not stored.
package datacenter

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// ErrNoDataCenter is the answer for a data center that does not exist.
var ErrNoDataCenter = fault.Missing("data center")

// ID is the id of a data center.
type ID string

// DataCenter is a logical group of servers.
type DataCenter struct {
	ID          ID
	Name        string
	ExternalID  string // its id in the panels, such as DCImanager 6's location id
	SortOrder   int
	IconKind    string // none, flag, image
	IconCountry string
	CreatedAt   time.Time
	Version     int64
}

// Icon is what is shown beside a data center's name: nothing, the flag of a country (ISO 3166-1 alpha-2), or a picture that
// was uploaded.
type Icon struct {
	Kind    string // none, flag, image
	Country string
}

// Input is what a data center is made of. SortOrder 0 means 1.
type Input struct {
	Name       string
	ExternalID string
	SortOrder  int
	Icon       Icon
}

// Change is a partial change; nil leaves a member as it is, an empty text takes it away.
type Change struct {
	IfVersion  *int64
	Name       *string
	ExternalID *string
	SortOrder  *int
	Icon       *Icon
}

// Tx is what the use-cases of data centers need of their transaction.
type Tx interface {
	event.Tx
	InsertDataCenter(ctx context.Context, d DataCenter) error
	LockDataCenter(ctx context.Context, id ID) (DataCenter, error)
	UpdateDataCenter(ctx context.Context, d DataCenter) error
	// DataCenterInUse tells whether a module, a tariff or a service refers to it.
	DataCenterInUse(ctx context.Context, id ID) (bool, error)
	DeleteDataCenter(ctx context.Context, id ID) error
	// PutIcon stores the picture of a locked data center; false: it is the one that is there.
	PutIcon(ctx context.Context, id ID, png, hash []byte) (bool, error)
	DropIcon(ctx context.Context, id ID) error
	// ModuleDriversAt names the drivers of the modules that stand in the data center.
	ModuleDriversAt(ctx context.Context, id ID) ([]string, error)
}

// Engine runs the use-cases of data centers.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
	// ExternalID says what a driver wants of its data center's external id: required, forbidden or optional.
	ExternalID func(driver string) string
}

// Create adds a data center. Faults: field faults of the members.
func (e *Engine) Create(ctx context.Context, by actor.Actor, in Input) (DataCenter, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (DataCenter, error) { return create(ctx, tx, by, in) })
}

func create(ctx context.Context, tx Tx, by actor.Actor, in Input) (DataCenter, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return DataCenter{}, err
	}
	d := DataCenter{
		ID: ID(actor.NewID()), Name: in.Name, ExternalID: in.ExternalID, SortOrder: in.SortOrder,
		IconKind: in.Icon.Kind, IconCountry: in.Icon.Country, CreatedAt: now, Version: 1,
	}
	if in.SortOrder == 0 {
		d.SortOrder = 1
	}
	if d.IconKind == "" {
		d.IconKind = "none"
	}
	if d.IconKind == IconImage {
		return DataCenter{}, fault.New(fault.Invalid, "bad_value", "A picture is uploaded to a data center that is there.").At("/icon/kind")
	}
	if err = d.check(); err != nil {
		return DataCenter{}, err
	}
	if err = tx.InsertDataCenter(ctx, d); err != nil {
		return DataCenter{}, err
	}
	return d, d.record(ctx, tx, by, "data_center.created")
}

// Update changes a data center. Faults: not_found, precondition_failed, in_use (an external id that a module's driver
// needs, or forbids), field faults of the members.
func (e *Engine) Update(ctx context.Context, by actor.Actor, id ID, in Change) (DataCenter, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (DataCenter, error) { return e.update(ctx, tx, by, id, in) })
}

func (e *Engine) update(ctx context.Context, tx Tx, by actor.Actor, id ID, in Change) (DataCenter, error) {
	d, err := lockDataCenter(ctx, tx, id, in.IfVersion)
	if err != nil {
		return DataCenter{}, err
	}
	if in.Name != nil {
		d.Name = *in.Name
	}
	if in.SortOrder != nil {
		d.SortOrder = *in.SortOrder
	}
	if in.Icon != nil {
		if err = changeIcon(ctx, tx, &d, *in.Icon); err != nil {
			return DataCenter{}, err
		}
	}
	if in.ExternalID != nil && *in.ExternalID != d.ExternalID {
		if d.ExternalID, err = *in.ExternalID, e.fits(ctx, tx, id, *in.ExternalID); err != nil {
			return DataCenter{}, err
		}
	}
	if err = d.check(); err != nil {
		return DataCenter{}, err
	}
	if err = tx.UpdateDataCenter(ctx, d); err != nil {
		return DataCenter{}, err
	}
	d.Version++
	return d, d.record(ctx, tx, by, "data_center.updated")
}

// fits checks a new external id against the drivers of the modules that already stand there.
func (e *Engine) fits(ctx context.Context, tx Tx, id ID, externalID string) error {
	drivers, err := tx.ModuleDriversAt(ctx, id)
	if err != nil {
		return err
	}
	for _, name := range drivers {
		switch want := e.ExternalID(name); {
		case want == "required" && externalID == "":
			return fault.New(fault.Conflict, "in_use", "A module of the driver %s needs the external id.", name).At("/external_id")
		case want == "forbidden" && externalID != "":
			return fault.New(fault.Conflict, "in_use", "A module of the driver %s forbids an external id.", name).At("/external_id")
		}
	}
	return nil
}

// Delete removes a data center that nothing refers to. Faults: not_found, precondition_failed, in_use.
func (e *Engine) Delete(ctx context.Context, by actor.Actor, id ID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		d, err := lockDataCenter(ctx, tx, id, ifVersion)
		if err != nil {
			return err
		}
		used, err := tx.DataCenterInUse(ctx, id)
		if err != nil {
			return err
		}
		if used {
			return fault.New(fault.Conflict, "in_use", "A module, a tariff or a service refers to this data center.")
		}
		if err = tx.DeleteDataCenter(ctx, id); err != nil {
			return err
		}
		return d.record(ctx, tx, by, "data_center.deleted")
	})
}

func lockDataCenter(ctx context.Context, tx Tx, id ID, ifVersion *int64) (DataCenter, error) {
	d, err := tx.LockDataCenter(ctx, id)
	if err == nil {
		err = input.CheckVersion(ifVersion, d.Version)
	}
	return d, err
}

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

func (d DataCenter) check() error {
	var f fault.Fields
	if n := utf8.RuneCountInString(strings.TrimSpace(d.Name)); n == 0 || n > 200 {
		f.Add("/name", "bad_value", "A name of 1 to 200 characters is expected.")
	}
	if len(d.ExternalID) > 100 {
		f.Add("/external_id", "too_long", "An external id has at most 100 characters.")
	}
	if d.SortOrder < 1 {
		f.Add("/sort_order", "out_of_range", "The sort order begins with 1.")
	}
	switch {
	case d.IconKind == "flag" && !countryForm.MatchString(d.IconCountry):
		f.Add("/icon/country", "required", "A flag needs the two letters of its country.")
	case d.IconKind != "flag" && d.IconCountry != "":
		f.Add("/icon/country", "bad_value", "Only a flag has a country.")
	case d.IconKind != "flag" && d.IconKind != "none" && d.IconKind != "image":
		f.Add("/icon/kind", "unknown_value", "The icon is none or flag.")
	}
	return f.Err()
}

func (d DataCenter) record(ctx context.Context, tx event.Tx, by actor.Actor, action string) error {
	about := event.About{Subject: "data_center", SubjectID: string(d.ID)}
	detail := map[string]any{
		"id": d.ID, "name": d.Name, "external_id": d.ExternalID, "sort_order": d.SortOrder, "icon": d.IconKind, "country": d.IconCountry,
	}
	return event.Record(ctx, tx, by, about, action, "", detail)
}
