package httpapi

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// toAPIService writes a service; its client does not see the note.
func toAPIService(v lifecycle.View, actions []string, zone *time.Location, noted bool) api.Service {
	s := v.Service
	out := api.Service{
		ID: string(s.ID), ClientID: string(s.ClientID), ProviderID: string(s.ProviderID), OrderID: orNull(s.OrderID), Name: orNull(s.Name),
		CreatedAt: s.CreatedAt, Currency: s.Currency, Status: api.ServiceStatus(s.Status),
		SuspendReasons:   each(s.SuspendReasons, func(r service.Reason) api.SuspendReason { return api.SuspendReason(r) }),
		PendingOperation: toAPIPending(v.Pending), AllowedActions: each(actions, func(a string) api.ServiceAction { return api.ServiceAction(a) }),
		TariffID: string(s.TariffID), TariffVersion: s.TariffVersion, ProductType: s.ProductType, Period: string(s.Period),
		StartedAt: s.StartedAt, PaidUntil: s.PaidUntil, DeleteAt: s.DeleteAt, AutoRenew: s.AutoRenew, ModuleID: orNull(s.ModuleID),
		DataCenterID: orNull(s.DataCenterID), ExternalID: orNull(s.ExternalID), Domain: orNull(s.Domain),
		Addresses: each(s.Addresses, toAPIAddress), AddOns: toAPIAddOns(v), Parameters: toAPIParameters(s.Parameters),
		Prices: toAPIPrices(v), SpecialPrices: toAPISpecials(v.Terms), LinkedServers: each(v.Links, toAPILinked),
		BandwidthServiceID: orNull(v.BandwidthServiceID),
		ServersMissing:     s.ProductType == product.DedicatedBandwidth && s.Live() && len(v.Links) == 0,
	}
	if noted {
		out.Note = orNull(s.Note)
	}
	if next := v.NextCharge(zone); next != nil {
		out.NextCharge = &api.NextCharge{At: next.At, Amount: toAPIMoney(next.Amount)}
	}
	return out
}

func toAPIPending(live []lifecycle.Pending) *api.PendingOperation {
	for _, o := range live {
		// The open operation shows as the status `processing`.
		if o.Kind != provision.Open {
			return &api.PendingOperation{ID: string(o.ID), Kind: api.OperationKind(o.Kind), Status: api.OperationStatus(o.Status)}
		}
	}
	return nil
}

func toAPIAddress(a provision.Address) api.Address {
	return api.Address{IP: a.IP, Family: api.AddressFamily(a.Family), Gateway: orNull(a.Gateway), Network: orNull(a.Network), Main: a.Main}
}

// toAPIAddOns are the add-ons as they were agreed, in the order of the terms.
func toAPIAddOns(v lifecycle.View) []api.ServiceAddOn {
	out := []api.ServiceAddOn{}
	for _, r := range v.Agreed() {
		if r.Source != service.FromTariff || r.Item == service.TariffItem {
			continue
		}
		a := api.ServiceAddOn{Code: r.Item, Included: "0", Unit: orNull(r.Term.Unit), Price: toAPIPrice(r.Term.Price), Value: r.Term.Value}
		if r.Term.Included != nil {
			a.Included = r.Term.Included.String()
		}
		if len(a.Value) == 0 {
			a.Value = json.RawMessage("null")
		}
		out = append(out, a)
	}
	return out
}

func toAPIPrice(d *decimal.Decimal) *string {
	if d == nil {
		return nil
	}
	text := money.FormatPrice(*d)
	return &text
}

// toAPIPrices are the prices that count now: special ones lie over the tariff's.
func toAPIPrices(v lifecycle.View) []api.ServicePrice {
	out := []api.ServicePrice{}
	now, terms := time.Time{}, v.Agreed()
	for _, r := range terms {
		if r.From.After(now) {
			now = r.From
		}
	}
	for _, r := range terms {
		if r.Source != service.FromTariff {
			continue
		}
		term, source, ok := service.At(terms, r.Item, now, v.Period)
		if !ok {
			continue
		}
		p := api.ServicePrice{
			AddOn: orNull(r.Item), Amount: toAPIPrice(term.Price), OveragePrice: toAPIPrice(term.OveragePrice), Source: api.PriceSource(source),
		}
		if term.Statistics != nil {
			p.OverageUnit = orNull(term.Statistics.OverageUnit)
		}
		out = append(out, p)
	}
	return out
}

func toAPISpecials(terms []service.TermRow) []api.SpecialPrice {
	out := []api.SpecialPrice{}
	for _, r := range terms {
		if r.Source == service.FromTariff {
			continue
		}
		out = append(out, api.SpecialPrice{
			AddOn: orNull(r.Item), Amount: toAPIPrice(r.Term.Price), OveragePrice: toAPIPrice(r.Term.OveragePrice), Period: orNull(r.Period),
			Since: r.From, Source: api.SpecialPriceSource(r.Source), BandwidthServiceID: orNull(r.BandwidthServiceID),
		})
	}
	return out
}

func toAPILinked(l lifecycle.Linked) api.LinkedServer {
	return api.LinkedServer{
		ServiceID: string(l.Server), Since: l.Since,
		Prices: each(traffic.LinkPrices(l.Terms), func(p traffic.LinkPrice) api.LinkedServerPrice {
			return api.LinkedServerPrice{AddOn: p.AddOn, PriceOverride: api.PriceOverride(p.Override)}
		}),
	}
}

func toAPIParameters(in map[string]json.RawMessage) map[string]any {
	out := make(map[string]any, len(in))
	for code, raw := range in {
		out[code] = raw
	}
	return out
}

// toAPIHistory writes an audit row as a line of an object's history; where it came from is for staff.
func toAPIHistory(staff bool) func(event.Entry) api.ServiceHistoryEntry {
	return func(e event.Entry) api.ServiceHistoryEntry {
		details, _ := members(e.Detail)
		text := func(name string) *string {
			if v, ok := details[name].(string); ok && v != "" {
				return &v
			}
			return nil
		}
		out := api.ServiceHistoryEntry{
			ID: e.ID, At: e.At, Kind: e.Action, Details: details, From: text("from"), To: text("status"), Reason: text("reason"),
			Note: text("note"), OperationID: text("operation_id"),
			Actor: api.Actor{Role: api.ActorRole(e.ActorRole), KeyID: orNull(e.ActorKey), ClientID: orNull(e.ActorClient), Cause: orNull(e.Cause)},
		}
		if staff {
			out.Actor.Address = orNull(e.Address)
		}
		return out
	}
}
