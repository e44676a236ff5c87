package catalog

import (
	"slices"

	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/product"
)

// Use is what rules about a client count.
type Use struct {
	Services int // of the tariff, ordered and not deleted
	// Services that were ordered as a trial, in any status but of cancelled orders, in the scopes of D13.
	TrialsOfTariff int
	TrialsOfGroup  int // of the tariff's group; a tariff without a group is a group of its own
	TrialsOfType   int // of the tariff's product type
}

// With adds a service of another tariff, or of the same one, that is about to be ordered too.
func (u Use) With(t, other Tariff, trial bool) Use {
	if t.ID == other.ID {
		u.Services++
	}
	if !trial {
		return u
	}
	if t.ID == other.ID {
		u.TrialsOfTariff++
	}
	if t.ID == other.ID || (t.GroupID != "" && t.GroupID == other.GroupID) {
		u.TrialsOfGroup++
	}
	if t.ProductType == other.ProductType {
		u.TrialsOfType++
	}
	return u
}

// TrialUsed tells whether the client had its trial already, in the scope of the product type's policy (D13).
func (u Use) TrialUsed(p product.Type) (Reason, bool) {
	had := 0
	switch p.TrialPolicy {
	case product.TrialPerTariff:
		had = u.TrialsOfTariff
	case product.TrialPerGroup:
		had = u.TrialsOfGroup
	case product.TrialPerProductType:
		had = u.TrialsOfType
	case product.TrialEveryService:
	}
	return Reason{"trial_used", "The client has had its trial."}, had > 0
}

// ForClient adds what stands in the way of one client: client_blocked, client_group_not_allowed, client_limit_reached.
func (a Availability) ForClient(t Tariff, c client.Client, use Use) Availability {
	a.Reasons = slices.Clone(a.Reasons)
	if c.Status == client.Blocked {
		a.add("client_blocked", "The client is blocked.")
	}
	if groups := t.Offer.Policy.ClientGroupIDs; len(groups) > 0 && !slices.Contains(groups, string(c.GroupID)) {
		a.add("client_group_not_allowed", "The tariff is for clients of other groups.")
	}
	if most := t.Offer.Policy.MaxServicesPerClient; most != nil && use.Services >= *most {
		a.add("client_limit_reached", "The client has as many services of this tariff as it may have.")
	}
	return a
}
