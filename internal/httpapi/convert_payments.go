package httpapi

import (
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/payment"
)

func fromAPIPaymentCreate(b api.PaymentCreate) (payment.CreateInput, error) {
	in := payment.CreateInput{
		ClientID: actor.ClientID(b.ClientID), Method: orEmpty(b.Method), ExternalID: orEmpty(b.ExternalID), OrderID: orEmpty(b.OrderID),
	}
	if b.Status != nil {
		in.Status = payment.Status(*b.Status)
	}
	var err error
	in.Amount, err = fromAPIMoney(b.Amount, "/amount")
	return in, err
}

func toAPIPayment(p payment.Payment) api.Payment {
	return api.Payment{
		ID: string(p.ID), ClientID: string(p.ClientID), ProviderID: string(p.ProviderID), Amount: toAPIMoney(p.Amount),
		Refunded: toAPIMoney(p.Refunded), Method: p.Method, ExternalID: orNull(p.ExternalID), OrderID: orNull(p.OrderID),
		Status: api.PaymentStatus(p.Status), CreatedAt: p.CreatedAt, PaidAt: p.PaidAt,
	}
}

func toAPIExpense(e charge.Expense) api.Expense {
	out := api.Expense{
		ID: e.ID, ClientID: string(e.ClientID), ServiceID: string(e.ServiceID), Kind: api.ExpenseKind(e.Kind), Date: e.Date.String(),
		PeriodStart: e.PeriodStart, PeriodEnd: e.PeriodEnd, Amount: toAPIMoney(e.Amount), Tax: toAPIMoney(e.Tax),
		Quantity: decimalOrNull(e.Quantity), Unit: orNull(e.Unit), AddOn: orNull(e.AddOn), Reverses: orNull(e.Reverses),
		ChargeID: e.ChargeID, CreatedAt: e.CreatedAt,
	}
	if e.UnitPrice != nil {
		price := money.FormatPrice(*e.UnitPrice)
		out.UnitPrice = &price
	}
	if !e.ForDay.IsZero() {
		day := e.ForDay.String()
		out.ForDay = &day
	}
	return out
}

func decimalOrNull(d *decimal.Decimal) *string {
	if d == nil {
		return nil
	}
	s := d.String()
	return &s
}

func toAPILedgerEntry(l ledger.Line) api.LedgerEntry {
	return api.LedgerEntry{
		ID: l.ID, At: l.At, Kind: l.Kind, Amount: toAPIMoney(l.Amount), BalanceAfter: toAPIMoney(l.BalanceAfter),
		Reverses: orNull(l.Reverses), Refs: l.Refs,
	}
}

// fromAPIDayParameter reads an optional day of a query; none is the zero day.
func fromAPIDayParameter(text *string, name string) (calendar.Day, error) {
	if text == nil {
		return calendar.Day{}, nil
	}
	day, err := calendar.ParseDay(*text)
	if err != nil {
		f := fault.Fields{{Parameter: name, Code: "bad_format", Detail: "A day such as 2026-03-01 is expected."}}
		return day, f.Err()
	}
	return day, nil
}
