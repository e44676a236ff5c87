package charge

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// Booking is what a quote is booked for, and how.
type Booking struct {
	Service service.Service
	Quote   pricing.Quote
	Split   calendar.Split // the product type's (D5)
	Zone    *time.Location
	From    ledger.Account // Held for the first period, Balance for renewals
}

// Book charges a quote: each line becomes an expense, split by months where the product type says so (D5; never setup fees),
// and the money leaves b.From at once, whatever the slices' accounting dates. It expects the client's lock and a service
// whose Anchor is set.
func Book(ctx context.Context, tx Tx, b Booking) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	rows := Rows(b, now)
	_, err = book(ctx, tx, b.From, rows)
	return err
}

// BookRows writes expenses that were computed before, and the postings that pay them from the balance or give back to it. It
// expects the client's lock.
func BookRows(ctx context.Context, tx Tx, rows []Expense) error {
	_, err := book(ctx, tx, ledger.Balance, rows)
	return err
}

// Rows are the expenses that Book writes. Pure.
func Rows(b Booking, now time.Time) []Expense {
	var rows []Expense
	for _, line := range b.Quote.Lines {
		if line.Amount.IsZero() && line.Kind != pricing.PeriodLine {
			continue
		}
		rows = append(rows, slicesOf(expenseOf(line, b, now), b)...)
	}
	return rows
}

// expenseOf is a line of a quote as one expense.
func expenseOf(line pricing.Line, b Booking, now time.Time) Expense {
	quantity := line.Quantity
	return Expense{
		ClientID: b.Service.ClientID, ProviderID: b.Service.ProviderID, ServiceID: b.Service.ID, Kind: Kind(line.Kind),
		Amount: line.Amount, Tax: line.Tax, ChargeID: actor.NewID(), CreatedAt: now,
		Date: calendar.DayOf(b.Quote.PeriodStart, b.Zone), PeriodStart: &b.Quote.PeriodStart, PeriodEnd: b.Quote.PeriodEnd,
		AddOn: line.Code, Quantity: &quantity, UnitPrice: line.UnitPrice,
	}
}

// splits tells whether what is booked is spread over months: never where nothing says so, nor what has no months (D5).
func (b Booking) splits() bool {
	return b.Split != calendar.SplitNone && b.Split != "" && b.Service.Period.Months() > 0
}

// slicesOf spreads one charge over the accounting dates of D5.
func slicesOf(e Expense, b Booking) []Expense {
	months := b.Service.Period.Months()
	if !b.splits() || e.Kind == Setup || e.PeriodEnd == nil {
		e.ID = actor.NewID()
		return []Expense{e}
	}
	slices := calendar.SplitByMonths(*e.PeriodStart, *e.PeriodEnd, *b.Service.Anchor, months, b.Split, b.Zone)
	return e.cut(slices, SliceAmounts(e.Amount, slices, months, b.Split), b.Zone)
}

// cut makes one row of each slice; the first begins and the last ends with the expense, to the instant.
func (e Expense) cut(slices []calendar.Slice, amounts []money.Amount, zone *time.Location) []Expense {
	taxes := money.Allocate(e.Tax, weightsOf(amounts))
	out := make([]Expense, len(slices))
	for i, s := range slices {
		out[i] = e
		out[i].ID, out[i].Date, out[i].Amount, out[i].Tax = actor.NewID(), s.From, amounts[i], taxes[i]
		if i > 0 {
			from := s.From.Start(zone)
			out[i].PeriodStart = &from
		}
		if i < len(slices)-1 {
			to := s.To.Start(zone)
			out[i].PeriodEnd = &to
		}
	}
	return out
}

// SliceAmounts are the parts of a charge for n months (D5): from_start_day n equal parts; from_first_of_month whole months at
// an equal price, the first by its days, the last the remainder, so that the parts sum exactly. A whole month is worth
// total/n, or where a period ends on a 1st after a partial first month (D4) its part of the months that were paid. Pure.
func SliceAmounts(total money.Amount, slices []calendar.Slice, months int, mode calendar.Split) []money.Amount {
	if mode == calendar.SplitFromStart {
		return money.Split(total, len(slices))
	}
	// What was paid, counted in days of the first month: total × days/paidDays is what a slice costs.
	first := slices[0]
	paidDays := months * first.DaysInMonth
	if last := slices[len(slices)-1]; last.Whole {
		paidDays = first.Days + (len(slices)-1)*first.DaysInMonth
	}
	out := make([]money.Amount, len(slices))
	rest := total
	for i := range slices[:len(slices)-1] {
		days := first.DaysInMonth
		if i == 0 {
			days = first.Days
		}
		// A few cents over many months would round up past the whole, and the last slice fall below zero.
		out[i] = money.Min(total.Share(days, paidDays), rest)
		rest = rest.Sub(out[i])
	}
	out[len(out)-1] = rest
	return out
}

func weightsOf(amounts []money.Amount) []decimal.Decimal {
	out := make([]decimal.Decimal, len(amounts))
	for i, a := range amounts {
		out[i] = a.Decimal().Abs()
	}
	return out
}
