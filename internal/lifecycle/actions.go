package lifecycle

import (
	"slices"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// actionsBy says by which operation of its module an action works; the others need no module.
var actionsBy = map[string]provision.Kind{
	"reboot": provision.Reboot, "reinstall": provision.Reinstall, "set_parameters": provision.SetParams,
}

// Actions are what a role may ask of a service now, for the interface that draws the buttons: only what its module does and its
// tariff allows, and what no operation under way keeps it from.
func (e *Engine) Actions(v View, role actor.Role) []string {
	out := []string{}
	for _, a := range stateActions(v.Service) {
		if !v.allows(a, role) || v.hindered(a, role) {
			continue
		}
		kind, byModule := actionsBy[a]
		if byModule && v.made() && e.modeOf(v, kind) == provision.ModeNone {
			continue
		}
		out = append(out, a)
	}
	if role != actor.Client && v.made() && !v.busy() && e.can(v, provision.CanSync) {
		out = append(out, "sync")
	}
	if v.Service.Live() && len(v.Secrets) > 0 && e.modeOf(v, provision.Open) != provision.ModeNone {
		out = append(out, "reveal_credentials")
	}
	return out
}

// allows tells what rules say of an action, beyond the state: what cannot have an effect is no button.
func (v View) allows(action string, role actor.Role) bool {
	staff := role == actor.Admin
	switch action {
	case "suspend":
		// On a suspended service it would add a reason.
		return staff || (!v.Has(service.ByClient) && (role != actor.Client || v.AgreedOffer.Policy.ClientMaySuspend))
	case "resume":
		return staff || v.Has(service.ByClient)
	case "renew":
		return v.PaidUntil != nil && !v.Period.IsDaily() && !v.Has(service.ForAbuse)
	case "delete":
		return role != actor.Client || v.clientDeletes()
	case "set_servers":
		most := v.AgreedOffer.Policy.ServerChangesPerMonth
		return role != actor.Client || most == nil || *most > 0
	case "change_add_ons":
		return changeable(v.Service, false) == nil && v.hasEditable(staff)
	case "change_tariff":
		return changeable(v.Service, true) == nil && (v.AgreedOffer.Policy.ChangeTo != changeToNone || v.hasOtherPeriod())
	}
	return true
}

// clientDeletes tells whether a client's deletion could do something: where it waits for the end of the period there must be one,
// and it is scheduled once.
func (v View) clientDeletes() bool {
	if v.ClientDeletion == product.DeletionForbidden {
		return false
	}
	return v.ClientDeletionTime != product.DeleteAtEndOfPeriod || (v.PaidUntil != nil && v.DeleteAt == nil)
}

// made tells whether the service is past its opening and not over.
func (v View) made() bool { return v.Status == service.Active || v.Status == service.Suspended }

// busy tells whether something goes on by itself; a comparison with the panel would tell of differences that are none.
func (v View) busy() bool {
	return slices.ContainsFunc(v.Pending, func(p Pending) bool {
		return p.Status != operation.Manual && !(p.Status == operation.Waiting && p.Asked)
	})
}

func (v View) pending(k provision.Kind) bool {
	return slices.ContainsFunc(v.Pending, func(p Pending) bool { return p.Kind == k })
}

// asks says which kind of operation an action would put in the queue.
var asks = map[string]provision.Kind{
	"suspend": provision.Suspend, "resume": provision.Resume, "renew": provision.Renew, "reboot": provision.Reboot,
	"reinstall": provision.Reinstall, "set_parameters": provision.SetParams, "change_add_ons": provision.SetParams,
	"change_tariff": provision.SetParams, "delete": provision.Close, "undelete": provision.Close,
}

// hindered tells whether an operation under way keeps a role from an action: one of its kind, or a deletion. What is only written
// down beside it is not kept: one more reason of a suspension, or one of several less.
func (v View) hindered(action string, role actor.Role) bool {
	switch {
	case !v.made(): // its parameters, as long as the panel was not asked for them
		return slices.ContainsFunc(v.Pending, func(p Pending) bool { return p.Begun || p.Status != operation.Queued })
	case action == "suspend" && v.Status == service.Suspended, action == "resume" && v.staysDown(role):
		return false
	}
	kind, queues := asks[action]
	return queues && (v.pending(kind) || v.pending(provision.Close))
}

// staysDown tells whether a role's usual resumption takes some reasons of a suspension away, but not all.
func (v View) staysDown(role actor.Role) bool {
	usual := []service.Reason{service.ByClient}
	if role == actor.Admin {
		usual = []service.Reason{service.ByAdmin, service.ForAbuse}
	}
	after := v.Service
	after.SuspendReasons = slices.Clone(v.SuspendReasons)
	return after.ClearReasons(usual...) && len(after.SuspendReasons) > 0
}

// hasEditable tells whether any add-on of the agreed version can be changed; what is given by hand only staff changes.
func (v View) hasEditable(staff bool) bool {
	return slices.ContainsFunc(v.AgreedOffer.AddOns, func(a catalog.AddOn) bool {
		switch a.Billing {
		case catalog.BillOrder, catalog.BillChoice:
			return a.Enabled && a.Edit != editFixed
		case catalog.BillManual:
			return a.Enabled && staff
		}
		return false
	})
}

func (v View) hasOtherPeriod() bool {
	return slices.ContainsFunc(v.Offer.Prices, func(p catalog.Price) bool { return p.Period.Renews() && p.Period != v.Period })
}

func (e *Engine) modeOf(v View, kind provision.Kind) provision.Mode {
	mode, err := e.mode(module.Module{Driver: v.Driver}, v.ProductType, kind)
	if err != nil {
		return provision.ModeNone
	}
	return mode
}

// can tells whether the driver of a service's module has an ability.
func (e *Engine) can(v View, a provision.Ability) bool {
	d, err := e.Registry.Driver(v.Driver)
	return err == nil && d.Can(a)
}

func stateActions(s service.Service) []string {
	var out []string
	switch {
	case s.Status == service.Ordered || s.Status == service.Processing:
		return []string{"set_parameters"}
	case s.Status == service.Active && s.DeleteAt != nil:
		out = []string{"suspend", "renew", "reboot", "undelete", "delete"}
	case s.Status == service.Active:
		out = []string{"suspend", "renew", "reboot", "reinstall", "set_parameters", "change_add_ons", "change_tariff", "delete"}
	case s.Status == service.Suspended && s.DeleteAt != nil:
		out = []string{"suspend", "resume", "renew", "undelete", "delete"}
	case s.Status == service.Suspended:
		out = []string{"suspend", "resume", "renew", "delete"}
	}
	if s.ProductType == product.DedicatedBandwidth && len(out) > 0 {
		out = append(out, "set_servers")
	}
	return out
}
