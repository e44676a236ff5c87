package httpapi

import (
	"maps"
	"slices"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/provision"
)

func fromAPIImportItem(it api.MachineImportItem) lifecycle.ImportItem {
	out := lifecycle.ImportItem{
		Ref: provision.Ref(it.ExternalID), ClientID: actor.ClientID(it.ClientID), TariffID: catalog.TariffID(it.TariffID),
		Period: calendar.Period(it.Period), PaidUntil: it.PaidUntil, AutoRenew: it.AutoRenew,
	}
	if it.AddOns != nil {
		out.AddOns = *it.AddOns
	}
	return out
}

func toAPIImportable(m lifecycle.Importable) api.ImportableMachine {
	out := api.ImportableMachine{
		ExternalID: string(m.Ref), Name: orNull(m.Name), Owner: orNull(m.Owner), Domain: orNull(m.Domain), Configuration: orNull(m.Sort),
		Addresses: each(m.Addresses, toAPIAddress), AddOns: []api.MachineAddOn{}, Parameters: map[string]string{},
		Suggested: api.MachineSuggestion{ClientID: orNull(m.ClientID), TariffID: orNull(m.TariffID)},
	}
	if m.Standing != "" {
		status := api.ImportableMachineStatus(m.Standing)
		out.Status = &status
	}
	if m.Power != nil {
		power := api.ImportableMachinePower("off")
		if *m.Power {
			power = "on"
		}
		out.Power = &power
	}
	for _, code := range slices.Sorted(maps.Keys(m.AddOns)) {
		a := m.AddOns[code]
		out.AddOns = append(out.AddOns, api.MachineAddOn{AddOn: code, Value: lifecycle.ValueOf(a), Unit: orNull(a.Unit)})
	}
	maps.Copy(out.Parameters, m.Parameters)
	return out
}

func toAPIDifference(d lifecycle.Difference) api.ServiceDifference {
	return api.ServiceDifference{Field: d.Field, Ours: d.Ours, Panel: d.Panel, TakenOver: d.TakenOver}
}
