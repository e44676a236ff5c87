package module

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/provision"
)

// CompanionID is the id of a companion.
type CompanionID string

// CompanionKind is what a companion does for panels.
type CompanionKind string

// The kinds of companion. Modules name them in their parameters ip_manager_id and license_server_id.
const (
	IPManager     CompanionKind = "ip_manager"
	LicenseServer CompanionKind = "license_server"
)

// member is the module parameter that names a companion of the kind.
func (k CompanionKind) member() string { return string(k) + "_id" }

// Missing is the fault for a companion of the kind that is not there.
func (k CompanionKind) Missing() *fault.Error {
	if k == IPManager {
		return fault.Missing("IP manager")
	}
	return fault.Missing("license server")
}

// Companion is a system that stands beside a panel: it gives addresses or licenses to the machines of modules that name it.
type Companion struct {
	ID        CompanionID
	Kind      CompanionKind
	Name      string // unique in its kind
	URL       string
	Username  string
	Password  string // sealed in the database, never read back
	CreatedAt time.Time
	Version   int64
}

// CompanionChange is a new companion's members, or a partial change of one.
type CompanionChange struct {
	IfVersion *int64
	Moved     bool // what stands at another URL is the same system
	Name      *string
	URL       *string
	Username  *string
	Password  *string
}

// CompanionTx is the operations on companions.
type CompanionTx interface {
	// CompanionsByIDs reads those that exist, with their passwords, and keeps them from going away.
	CompanionsByIDs(ctx context.Context, ids []CompanionID) ([]Companion, error)
	LockCompanion(ctx context.Context, kind CompanionKind, id CompanionID) (Companion, error)
	InsertCompanion(ctx context.Context, c Companion) error
	UpdateCompanion(ctx context.Context, c Companion) error
	DeleteCompanion(ctx context.Context, id CompanionID) error
	// CompanionInUse tells whether a module names it in the given parameter.
	CompanionInUse(ctx context.Context, member string, id CompanionID) (bool, error)
	// CompanionServes tells whether services that are not deleted, or operations under way, are on a module that names it.
	CompanionServes(ctx context.Context, member string, id CompanionID) (bool, error)
}

// CreateCompanion adds an IP manager or a license server; nothing is connected to, because only a module knows what for.
// Faults: already_exists (name), field faults.
func (e *Engine) CreateCompanion(ctx context.Context, by actor.Actor, kind CompanionKind, in CompanionChange) (Companion, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Companion, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Companion{}, err
		}
		c := Companion{ID: CompanionID(actor.NewID()), Kind: kind, CreatedAt: now, Version: 1}
		if err = in.apply(&c); err != nil {
			return Companion{}, err
		}
		if err = tx.InsertCompanion(ctx, c); err != nil {
			return Companion{}, err
		}
		return c, c.record(ctx, tx, by, "created")
	})
}

// UpdateCompanion changes one. Another URL would send what services give back to a system that never gave it (D30): while there
// are such services, the caller has to say that the system only moved. The lock makes an operation that reads the companion come
// before, and be seen, or after, and go to the new URL. Faults: not_found, precondition_failed, already_exists (name), in_use,
// field faults.
func (e *Engine) UpdateCompanion(ctx context.Context, by actor.Actor, kind CompanionKind, id CompanionID, in CompanionChange) (Companion, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Companion, error) {
		c, err := lockCompanion(ctx, tx, kind, id, in.IfVersion)
		if err != nil {
			return Companion{}, err
		}
		was := c.URL
		if err = in.apply(&c); err != nil {
			return Companion{}, err
		}
		if c.URL != was && !in.Moved {
			if serves, err := tx.CompanionServes(ctx, kind.member(), id); err != nil || serves {
				return Companion{}, errOr(err, fault.New(fault.Conflict, "in_use",
					"Services have what the system at the former address gave them; moved=true says that it is the same one.").At("/url"))
			}
		}
		if err = tx.UpdateCompanion(ctx, c); err != nil {
			return Companion{}, err
		}
		c.Version++
		return c, c.record(ctx, tx, by, "updated")
	})
}

// DeleteCompanion removes one that no module names. Faults: not_found, precondition_failed, in_use.
func (e *Engine) DeleteCompanion(ctx context.Context, by actor.Actor, kind CompanionKind, id CompanionID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		c, err := lockCompanion(ctx, tx, kind, id, ifVersion)
		if err != nil {
			return err
		}
		if err = input.InUse("A processing module names it.").When(tx.CompanionInUse(ctx, kind.member(), id)); err != nil {
			return err
		}
		if err = tx.DeleteCompanion(ctx, id); err != nil {
			return err
		}
		return c.record(ctx, tx, by, "deleted")
	})
}

func lockCompanion(ctx context.Context, tx Tx, kind CompanionKind, id CompanionID, ifVersion *int64) (Companion, error) {
	c, err := tx.LockCompanion(ctx, kind, id)
	if err != nil {
		return Companion{}, err
	}
	return c, input.CheckVersion(ifVersion, c.Version)
}

func (in CompanionChange) apply(c *Companion) error {
	input.Put(&c.Name, in.Name)
	input.Put(&c.URL, in.URL)
	input.Put(&c.Username, in.Username)
	input.Put(&c.Password, in.Password)
	var f fault.Fields
	input.CheckText(&f, "/name", c.Name, 1, 200)
	input.CheckText(&f, "/username", c.Username, 1, 200)
	input.CheckText(&f, "/password", c.Password, 1, 200)
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		f.Add("/url", "bad_format", "An address such as https://ip.example.com/ipmgr is expected, without a user in it.")
	}
	return f.Err()
}

func (c Companion) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	about := event.About{Subject: string(c.Kind), SubjectID: string(c.ID)}
	return event.Record(ctx, tx, by, about, string(c.Kind)+"."+verb, "", map[string]any{
		"id": c.ID, "name": c.Name, "url": c.URL, "username": c.Username,
	})
}

// beside reads the companions that a module's parameters name. What is named and not there is a violation at the parameter.
func beside(ctx context.Context, tx CompanionTx, f *fault.Fields, parameters json.RawMessage) (provision.Beside, error) {
	var out provision.Beside
	named := map[CompanionKind]CompanionID{}
	var ids []CompanionID
	for _, kind := range []CompanionKind{IPManager, LicenseServer} {
		var id CompanionID
		if json.Unmarshal(input.Members(parameters)[kind.member()], &id) == nil && id != "" {
			named[kind] = id
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	found, err := tx.CompanionsByIDs(ctx, ids)
	if err != nil {
		return out, err
	}
	for kind, id := range named {
		var at *provision.Endpoint
		for _, c := range found {
			if c.ID == id && c.Kind == kind {
				at = &provision.Endpoint{URL: c.URL, Username: c.Username, Password: c.Password}
			}
		}
		switch {
		case at == nil:
			f.Add("/parameters/"+kind.member(), "not_found", "%s", kind.Missing().Message)
		case kind == IPManager:
			out.IPManager = at
		default:
			out.LicenseServer = at
		}
	}
	return out, nil
}
