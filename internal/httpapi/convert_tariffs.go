package httpapi

import (
	"context"
	"fmt"

	"github.com/oapi-codegen/nullable"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

func fromAPITariffCreate(ctx context.Context, b api.TariffCreate) (tariff.New, error) {
	var p prices
	in := tariff.New{
		ProductType: b.ProductType, ProviderID: actor.ProviderID(b.ProviderID), CreateAllAddOns: b.CreateAllAddOns != nil && *b.CreateAllAddOns,
		Change: tariff.Change{
			Code: &b.Code, Name: &b.Name, Description: b.Description, DataCenterIDs: ids[datacenter.ID](b.DataCenterIds),
			ModuleIDs: ids[provision.ModuleID](b.ProcessingModuleIds), Settings: freeForm(ctx, "settings"), Parameters: b.Parameters, Prices: p.tariff(b.Prices),
			GroupID:        input.Opt[catalog.TariffGroupID]{Set: true, Value: as[catalog.TariffGroupID](b.GroupID)},
			DomainTemplate: b.DefaultDomainTemplate, TrialDays: b.TrialDays, Calendar: fromAPICalendar(b.Calendar), Hourly: fromAPIHourly(b.Hourly),
			Policy: fromAPIPolicy(b.Policy),
		},
	}
	if b.Activate != nil && *b.Activate {
		active := catalog.Active
		in.Status = &active
	}
	return in, p.Err()
}

func fromAPITariffPatch(ctx context.Context, b api.TariffPatch) (tariff.Change, error) {
	var p prices
	in := tariff.Change{
		Parameters: b.Parameters,
		IfVersion:  ifVersion(ctx), Code: b.Code, Status: as[catalog.TariffStatus](text(b.Status)), Name: b.Name, Description: b.Description,
		DataCenterIDs: ids[datacenter.ID](b.DataCenterIds), ModuleIDs: ids[provision.ModuleID](b.ProcessingModuleIds),
		Settings: freeForm(ctx, "settings"), Prices: p.tariff(b.Prices), Policy: fromAPIPolicy(b.Policy),
		GroupID: asOpt[catalog.TariffGroupID](optional(b.GroupID)), DomainTemplate: textOr(b.DefaultDomainTemplate), TrialDays: b.TrialDays,
		Calendar: fromAPICalendar(b.Calendar), Hourly: fromAPIHourly(b.Hourly),
	}
	return in, p.Err()
}

// textOr reads a removable text, which is empty where it is taken away.
func textOr(v nullable.Nullable[string]) *string {
	o := optional(v)
	if o.Set && o.Value == nil {
		return new(string)
	}
	return o.Value
}

func ids[T ~string](list *[]api.ID) *[]T {
	if list == nil {
		return nil
	}
	out := each(*list, func(id api.ID) T { return T(id) })
	return &out
}

func (p *prices) tariff(list *[]api.TariffPriceInput) *[]catalog.Price {
	if list == nil {
		return nil
	}
	out := make([]catalog.Price, len(*list))
	for i, x := range *list {
		place := fmt.Sprintf("/prices/%d", i)
		out[i] = catalog.Price{
			Period: calendar.Period(x.Period), Amount: p.one(place+"/amount", x.Amount), SetupFee: p.or0(place+"/setup_fee", x.SetupFee),
			RenewalAmount: p.maybe(place+"/renewal_amount", x.RenewalAmount),
		}
	}
	return &out
}

func fromAPIPolicy(b *api.TariffPolicyInput) tariff.PolicyChange {
	if b == nil {
		return tariff.PolicyChange{}
	}
	return tariff.PolicyChange{
		MaxServicesPerClient: optional(b.MaxServicesPerClient), MinPeriod: optional(b.MinPeriod), ChangeTo: text(b.ChangeTo),
		ClientGroupIDs: ids[string](b.ClientGroupIds), AutoDeleteAfterDays: optional(b.AutoDeleteAfterDays),
		RefundOnClose: text(b.RefundOnClose), ClientMaySuspend: b.ClientMaySuspend, ServerChangesPerMonth: optional(b.ServerChangesPerMonth),
	}
}

func fromAPICalendar(b *api.CalendarBillingInput) tariff.CalendarChange {
	if b == nil {
		return tariff.CalendarChange{}
	}
	return tariff.CalendarChange{Enabled: b.Enabled, ProRataDay: optional(b.ProRataDay)}
}

func fromAPIHourly(b *api.HourlyBillingInput) tariff.HourlyChange {
	if b == nil {
		return tariff.HourlyChange{}
	}
	return tariff.HourlyChange{Enabled: b.Enabled, ChargeWhenSuspended: b.ChargeWhenSuspended}
}

func toAPITariff(t catalog.Tariff) api.Tariff {
	o := t.Offer
	return api.Tariff{
		ID: string(t.ID), ProductType: t.ProductType, ProviderID: string(t.ProviderID), Code: t.Code, Name: o.Name, Description: o.Description,
		Status:              api.TariffStatus(t.Status),
		DataCenterIds:       each(o.DataCenterIDs, func(id datacenter.ID) api.ID { return string(id) }),
		ProcessingModuleIds: each(o.ModuleIDs, func(id provision.ModuleID) api.ID { return string(id) }),
		Settings:            openObject(o.Settings), DefaultDomainTemplate: orNull(o.DefaultDomainTemplate),
		Parameters: append([]string{}, o.Parameters...), Prices: each(o.Prices, toAPITariffPrice), OrderablePeriods: each(t.OrderablePeriods(), toAPIPeriod),
		Policy: api.TariffPolicy{
			MaxServicesPerClient: o.Policy.MaxServicesPerClient, MinPeriod: o.Policy.MinPeriod, ChangeTo: api.ChangeTo(o.Policy.ChangeTo),
			ClientGroupIds: each(o.Policy.ClientGroupIDs, func(id string) api.ID { return id }), AutoDeleteAfterDays: o.Policy.AutoDeleteAfterDays,
			RefundOnClose: api.RefundOnClose(o.Policy.RefundOnClose), ClientMaySuspend: o.Policy.ClientMaySuspend,
			ServerChangesPerMonth: o.Policy.ServerChangesPerMonth,
		},
		GroupID: orNull(t.GroupID), TrialDays: o.TrialDays,
		Calendar: api.CalendarBilling{Enabled: o.Calendar.Enabled, ProRataDay: o.Calendar.ProRataDay},
		Hourly:   api.HourlyBilling{Enabled: o.Hourly.Enabled, ChargeWhenSuspended: o.Hourly.ChargeWhenSuspended},
		Version:  t.Number, CreatedAt: t.CreatedAt,
	}
}

func toAPITariffPrice(p catalog.Price) api.TariffPrice {
	return api.TariffPrice{
		Period: toAPIPeriod(p.Period), Amount: money.FormatPrice(p.Amount), SetupFee: money.FormatPrice(p.SetupFee),
		RenewalAmount: priceOrNull(p.RenewalAmount),
	}
}

func toAPIRevision(h tariff.Revision) api.TariffHistoryEntry {
	return api.TariffHistoryEntry{
		ID: h.ID, At: h.At, Version: h.Number, Action: api.AuditAction(h.Verb), AddOn: orNull(h.AddOn),
		Changes: each(h.Changes, func(c catalog.FieldChange) api.FieldChange {
			return api.FieldChange{Field: c.Field, From: c.From, To: c.To}
		}),
		Actor: api.Actor{Role: api.ActorRole(h.ActorRole), KeyID: orNull(h.ActorKey), Address: orNull(h.Address), Cause: orNull(h.Cause)},
	}
}

func toAPIAvailability(a catalog.Availability) api.Availability {
	return api.Availability{
		Orderable: a.Orderable(), Reasons: each(a.Reasons, toAPIReason),
		DataCenters: each(a.Places, func(p catalog.Place) api.DataCenterAvailability {
			return api.DataCenterAvailability{ID: string(p.ID), Orderable: p.Orderable(), Reasons: each(p.Reasons, toAPIReason), Free: p.Free}
		}),
	}
}

func toAPIReason(r catalog.Reason) api.Reason {
	return api.Reason{Code: api.ProblemCode(r.Code), Detail: r.Detail}
}
