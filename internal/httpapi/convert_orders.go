package httpapi

import (
	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/pricing"
)

// fromAPIItems reads the items of a quote or an order.
func fromAPIItems(items []api.OrderItemInput) []order.Wish {
	out := make([]order.Wish, len(items))
	for i, it := range items {
		w := order.Wish{TariffID: catalog.TariffID(it.TariffID), Period: calendar.Period(it.Period), AutoRenew: it.AutoRenew}
		w.DataCenterID = datacenter.ID(orEmpty(it.DataCenterID))
		if it.AddOns != nil {
			w.AddOns = *it.AddOns
		}
		if it.Parameters != nil {
			w.Parameters = *it.Parameters
		}
		out[i] = w
	}
	return out
}

func toAPIQuote(items []order.Prepared) api.Quote {
	q := api.Quote{Orderable: true, Items: each(items, toAPIQuoteItem)}
	currency := items[0].Quote.Total.Currency()
	total, tax := money.Zero(currency), money.Zero(currency)
	for _, p := range items {
		total, tax = total.Add(p.Quote.Total), tax.Add(p.Quote.Tax)
		q.Orderable = q.Orderable && len(p.Obstacles) == 0
	}
	q.Total, q.Tax = toAPIMoney(total), toAPIMoney(tax)
	return q
}

func toAPIQuoteItem(p order.Prepared) api.QuoteItem {
	return api.QuoteItem{
		TariffID: string(p.TariffID), TariffVersion: p.Tariff.Number, DataCenterID: orNull(p.DataCenterID), Period: string(p.Period),
		Lines: each(p.Quote.Lines, toAPILine), Total: toAPIMoney(p.Quote.Total), Tax: toAPIMoney(p.Quote.Tax),
		PeriodStart: p.Quote.PeriodStart, PeriodEnd: p.Quote.PeriodEnd, Orderable: len(p.Obstacles) == 0,
		Reasons: each(p.Obstacles, func(o order.Obstacle) api.Reason {
			return api.Reason{Code: api.ProblemCode(o.Code), Detail: o.Detail}
		}),
	}
}

func toAPILine(l pricing.Line) api.QuoteLine {
	return api.QuoteLine{
		Kind: api.LineKind(l.Kind), Code: orNull(l.Code), Name: l.Name, Item: orNull(l.Item), Quantity: l.Quantity.String(), Included: l.Included.String(),
		UnitPrice: priceOrNull(l.UnitPrice), Amount: toAPIMoney(l.Amount), Tax: toAPIMoney(l.Tax),
	}
}

func toAPIOrder(o order.Order) api.Order {
	return api.Order{
		ID: string(o.ID), ClientID: string(o.ClientID), ProviderID: string(o.ProviderID), Status: api.OrderStatus(o.Status),
		Total: toAPIMoney(o.Total), Tax: toAPIMoney(o.Tax), ExpiresAt: o.ExpiresAt, PaidAt: o.PaidAt, CreatedAt: o.CreatedAt,
		Items: each(o.Items, toAPIOrderItem),
	}
}

func toAPIOrderItem(it order.Item) api.OrderItem {
	return api.OrderItem{
		ServiceID: string(it.ServiceID), OperationID: orNull(it.OperationID), Status: api.ServiceStatus(it.Status),
		TariffID: string(it.TariffID), TariffVersion: it.TariffVersion, DataCenterID: orNull(it.DataCenterID), Period: string(it.Period),
		Lines: each(it.Quote.Lines, toAPILine), Total: toAPIMoney(it.Quote.Total), Tax: toAPIMoney(it.Quote.Tax),
	}
}

// ownClient is the client that a request is about: a client key's own where none is named.
func ownClient(named *string, s actor.Scope) actor.ClientID {
	if named == nil {
		return s.ClientID
	}
	return actor.ClientID(*named)
}
