package verify

import (
	"context"
	"fmt"
	"sort"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Services are looked at by serviceLot, and their months read by as many as hold blockLot blocks.
const (
	serviceLot = 500
	blockLot   = 20_000
)

// months recomputes the overage of every service and month from the current blocks and compares it with what is booked: per
// add-on the month's net (invariant 5), and each day's (invariant 9). Months that are due are left out.
func (r *run) months(ctx context.Context) error {
	for after := (traffic.Point{}); ; {
		lot, err := r.snap.NextServices(ctx, after, serviceLot)
		if err != nil || len(lot) == 0 {
			return err
		}
		months, err := r.snap.MonthsOf(ctx, lot, r.live())
		if err != nil {
			return err
		}
		if err = r.monthsOf(ctx, months); err != nil {
			return err
		}
		after = lot[len(lot)-1]
	}
}

func (r *run) monthsOf(ctx context.Context, months []Month) error {
	var part []charge.ServiceMonth
	blocks := 0
	flush := func() error {
		if len(part) == 0 {
			return nil
		}
		books, err := r.snap.BooksOf(ctx, part, r.zone)
		if err != nil {
			return err
		}
		for i := range books {
			r.month(part[i], books[i])
		}
		part, blocks = part[:0], 0
		return nil
	}
	for _, m := range months {
		if m.Due {
			r.report.Checked.MonthsInProgress++
			continue
		}
		if blocks > 0 && blocks+m.Blocks > blockLot {
			if err := flush(); err != nil {
				return err
			}
		}
		part = append(part, m.ServiceMonth)
		blocks += m.Blocks
	}
	return flush()
}

// month compares one service's month. What cannot be computed at all, because terms or units are damaged, is a finding too.
func (r *run) month(m charge.ServiceMonth, b charge.Books) {
	if b.Closed {
		r.report.Checked.MonthsClosed++
		return
	}
	r.report.Checked.Months++
	steps, err := b.Steps(m.Month, r.zone, r.now)
	if err != nil {
		r.add(Finding{5, "service", string(m.ServiceID), fmt.Sprintf("The overage of %s cannot be computed: %s.", m.Month, err)})
		return
	}
	for _, f := range compare(m, b, steps) {
		r.add(f)
	}
}

// pair is what is booked and what should be.
type pair struct{ booked, due money.Amount }

// compare tells where the books of a month differ from its steps: first the net of each add-on, and where that is right its
// days. Tax stays as it was booked (D25) and is left out.
func compare(m charge.ServiceMonth, b charge.Books, steps []charge.Step) []Finding {
	nothing := money.Zero(b.Service.Currency)
	days := map[string]map[calendar.Day]pair{}
	at := func(addOn string, day calendar.Day) pair {
		if days[addOn] == nil {
			days[addOn] = map[calendar.Day]pair{}
		}
		if p, ok := days[addOn][day]; ok {
			return p
		}
		return pair{nothing, nothing}
	}
	for _, s := range steps {
		p := at(s.AddOn, s.Day)
		p.due = p.due.Add(b.Priced(s.Day, s.Amount, s.Tax))
		days[s.AddOn][s.Day] = p
	}
	for _, e := range b.Booked {
		p := at(e.AddOn, e.ForDay)
		p.booked = p.booked.Add(b.Priced(e.ForDay, e.Amount, e.Tax))
		days[e.AddOn][e.ForDay] = p
	}
	var out []Finding
	for addOn, of := range days {
		out = append(out, compareAddOn(m, addOn, of, nothing)...)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Detail < out[j].Detail })
	return out
}

func compareAddOn(m charge.ServiceMonth, addOn string, days map[calendar.Day]pair, nothing money.Amount) []Finding {
	total := pair{nothing, nothing}
	var out []Finding
	for day, p := range days {
		total.booked = total.booked.Add(p.booked)
		total.due = total.due.Add(p.due)
		if !p.booked.Equal(p.due) {
			out = append(out, Finding{9, "service", string(m.ServiceID), fmt.Sprintf(
				"The overage of %s on %s is booked with %s; the day's blocks and those before it make it %s %s.", addOn, day, p.booked, p.due, p.due.Currency())})
		}
	}
	if total.booked.Equal(total.due) {
		return out
	}
	return []Finding{{5, "service", string(m.ServiceID), fmt.Sprintf(
		"The overage of %s in %s is booked with %s; the current blocks make it %s %s.", addOn, m.Month, total.booked, total.due, total.due.Currency())}}
}
