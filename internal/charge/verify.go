package charge

import (
	"context"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/money"
)

// ServiceMonth names the books of one service and month.
type ServiceMonth struct {
	ClientID  actor.ClientID
	ServiceID actor.ServiceID
	Month     calendar.Month
}

// Mismatch is an add-on whose booked overage of a month is not what its blocks say (invariant 5).
type Mismatch struct {
	ServiceMonth
	AddOn    string
	Booked   money.Amount
	Expected money.Amount
}

// Auditor reads what the comparison of booked and recomputed overage needs.
type Auditor interface {
	MonthReader
	// OverageMonths are at most limit months of services with blocks or booked overage, after one in their own order. Months
	// that are due at now are left out: their differences are about to be booked.
	OverageMonths(ctx context.Context, after ServiceMonth, now time.Time, limit int) ([]ServiceMonth, error)
}

// auditLot is how many months are named by one question.
const auditLot = 1000

// Mismatches compares the net overage that is booked per service, add-on and month with the recomputation from current
// blocks, and returns where they differ.
func Mismatches(ctx context.Context, r Auditor, zone *time.Location, now time.Time) ([]Mismatch, error) {
	var out []Mismatch
	for after := (ServiceMonth{}); ; {
		months, err := r.OverageMonths(ctx, after, now, auditLot)
		if err != nil || len(months) == 0 {
			return out, err
		}
		for _, m := range months {
			books, err := r.OverageBooks(ctx, m.ClientID, m.ServiceID, m.Month, zone)
			if err != nil {
				return out, err
			}
			found, err := books.mismatches(m, zone, now)
			if err != nil {
				return out, err
			}
			out = append(out, found...)
		}
		after = months[len(months)-1]
	}
}

func (b Books) mismatches(m ServiceMonth, zone *time.Location, now time.Time) ([]Mismatch, error) {
	if b.Closed {
		return nil, nil
	}
	steps, err := b.Steps(m.Month, zone, now)
	if err != nil {
		return nil, err
	}
	byAddOn := map[string]Mismatch{}
	at := func(code string) Mismatch {
		if x, ok := byAddOn[code]; ok {
			return x
		}
		none := money.Zero(b.Service.Currency)
		return Mismatch{ServiceMonth: m, AddOn: code, Booked: none, Expected: none}
	}
	for _, s := range steps {
		x := at(s.AddOn)
		x.Expected = x.Expected.Add(s.Amount)
		byAddOn[s.AddOn] = x
	}
	for _, e := range b.Booked {
		x := at(e.AddOn)
		x.Booked = x.Booked.Add(e.Amount)
		byAddOn[e.AddOn] = x
	}
	var out []Mismatch
	for _, x := range byAddOn {
		if !x.Booked.Equal(x.Expected) {
			out = append(out, x)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].AddOn < out[j].AddOn })
	return out, nil
}
