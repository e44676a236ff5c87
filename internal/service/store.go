package service

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// Tx is what changing services needs. Lock order: client before service.
type Tx interface {
	event.Tx
	InsertService(ctx context.Context, s Service) error
	// ServiceByID reads without a lock, to learn whose it is; NotFound where there is none.
	ServiceByID(ctx context.Context, id ID) (Service, error)
	// LockService reads and locks; the client must be locked before.
	LockService(ctx context.Context, id ID) (Service, error)
	// LockServicesOf locks the services of an order in order of position.
	LockServicesOf(ctx context.Context, orderID string) ([]Service, error)
	// UpdateService writes every mutable field and raises the version.
	UpdateService(ctx context.Context, s Service) error
	InsertTerms(ctx context.Context, rows []TermRow) error
	// EndTerms ends the open terms of a source (empty: all sources) at an instant.
	EndTerms(ctx context.Context, c actor.ClientID, id ID, source Source, at time.Time) error
	InsertActivity(ctx context.Context, c actor.ClientID, a ActivityRow) error
	EndActivity(ctx context.Context, c actor.ClientID, id ID, at time.Time, cause string) error
}

// Filter narrows a list of services.
type Filter struct {
	ClientID      actor.ClientID
	ProductType   string
	Status        Status
	TariffID      catalog.TariffID
	ModuleID      provision.ModuleID
	ExternalID    string
	Domain        string
	ExpiresBefore *time.Time
	From, To      *time.Time // of creation
}

// About says whose service it is, for audit rows and events.
func (s Service) About() event.About {
	a := event.About{ClientID: s.ClientID, ProviderID: s.ProviderID, Subject: "service", SubjectID: string(s.ID)}
	if s.OrderID != "" {
		a.Refs = map[string]string{"order_id": s.OrderID}
	}
	return a
}

// Snapshot is what events and history rows tell of a service.
type Snapshot struct {
	ID             ID         `json:"id"`
	ClientID       string     `json:"client_id"`
	ProductType    string     `json:"product_type"`
	TariffID       string     `json:"tariff_id"`
	Name           string     `json:"name"`
	Status         Status     `json:"status"`
	SuspendReasons []Reason   `json:"suspend_reasons"`
	PaidUntil      *time.Time `json:"paid_until"`
	DeleteAt       *time.Time `json:"delete_at"`
	Note           string     `json:"note,omitempty"`
}

// Snapshot returns the service as events tell it.
func (s Service) Snapshot() Snapshot {
	reasons := s.SuspendReasons
	if reasons == nil {
		reasons = []Reason{}
	}
	return Snapshot{
		ID: s.ID, ClientID: string(s.ClientID), ProductType: s.ProductType, TariffID: string(s.TariffID), Name: s.Name,
		Status: s.Status, SuspendReasons: reasons, PaidUntil: s.PaidUntil, DeleteAt: s.DeleteAt,
	}
}

// WrongState is the refusal of an action that the present status does not allow.
func (s Service) WrongState(action string) error {
	return fault.New(fault.Conflict, "invalid_service_state", "A service that is %s cannot %s.", s.Status, action)
}

// Blocked tells whether a further reason than money keeps the service from renewing: abuse or overage (D11).
func (s Service) Blocked() bool { return s.Has(ForAbuse) || s.Has(ByOverage) }

// RenewsByItself tells whether the daily run renews the service: suspended by client or staff as usual, by abuse, unpaid or
// overage not (D11); one that is to be deleted at its end neither.
func (s Service) RenewsByItself() bool {
	if !s.AutoRenew || s.PaidUntil == nil || s.DeleteAt != nil || (s.Status != Active && s.Status != Suspended) {
		return false
	}
	return !s.Blocked() && !s.Has(Unpaid)
}

// AddReason notes a reason of suspension that came up at an instant; it tells whether it is new.
func (s *Service) AddReason(r Reason, at time.Time) bool {
	if s.Has(r) {
		return false
	}
	s.SuspendReasons = append(s.SuspendReasons, r)
	if r == Unpaid {
		s.UnpaidSince = &at
	}
	return true
}

// ClearReasons removes reasons of suspension and tells whether any was there.
func (s *Service) ClearReasons(gone ...Reason) bool {
	var left []Reason
	for _, r := range s.SuspendReasons {
		keep := true
		for _, g := range gone {
			keep = keep && r != g
		}
		if keep {
			left = append(left, r)
		}
	}
	changed := len(left) != len(s.SuspendReasons)
	s.SuspendReasons = left
	if !s.Has(Unpaid) {
		s.UnpaidSince = nil
	}
	return changed
}
