package charge

import (
	"context"
	"sort"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/service"
)

// Claim is a due month that the caller may work on while the row carries No.
type Claim struct {
	ID string
	No int64
}

// Due is a month whose overage must be recomputed.
type Due struct {
	Claim
	ClientID  actor.ClientID
	ServiceID actor.ServiceID
	Month     calendar.Month
}

// Books is what there is about one service and month: what was agreed, used and booked.
type Books struct {
	Service          service.Service
	PricesIncludeTax bool
	TaxSwitches      []client.TaxSwitch // when that was otherwise
	TaxRules         []client.TaxRule   // of the provider
	Taxpayer         client.Taxpayer
	Terms            []service.TermRow // of all that were in force in the month
	Units            measure.Units
	Usage            Usage
	Booked           []Expense // overages of the month's days and their corrections, in order of booking
	Closed           bool      // the month is final: its blocks may be gone
}

// MonthReader reads the books of a service's month.
type MonthReader interface {
	OverageBooks(ctx context.Context, c actor.ClientID, s actor.ServiceID, m calendar.Month, zone *time.Location) (Books, error)
}

// OverageTx is what charging overage needs.
type OverageTx interface {
	Tx
	MonthReader
	LockClient(ctx context.Context, id actor.ClientID) (client.Client, error)
	// OverageDue reads due months without a lock, to learn whose they are. What is gone, or was claimed by others, is left out.
	OverageDue(ctx context.Context, claims []Claim) ([]Due, error)
	// HoldOverage locks the due months that are still the caller's and answers them in order of service and month.
	HoldOverage(ctx context.Context, due []Due) ([]Due, error)
	// DropOverage forgets due months that were recomputed.
	DropOverage(ctx context.Context, ids []string) error
	// PostponeOverage gives the claim back and makes the month due again at an instant.
	PostponeOverage(ctx context.Context, id string, at time.Time) error
	// InsertNotice notes that something is told; false: it was told before.
	InsertNotice(ctx context.Context, c actor.ClientID, s actor.ServiceID, addOn string, period calendar.Day, n Notice, at time.Time) (bool, error)
}

// ServiceMonth names the books of one service and month.
type ServiceMonth struct {
	ClientID  actor.ClientID
	ServiceID actor.ServiceID
	Month     calendar.Month
}

// Outcome is what a recomputation found and did.
type Outcome struct {
	Service service.Service
	Month   calendar.Month
	Booked  bool          // something was charged or taken back
	Balance *money.Amount // afterwards; nil where nothing was booked
	// Exceeded are the add-ons whose use is above the maximum in the period that is running (D14).
	Exceeded []Exceeded
	// Running is the first day with blocks that is not over yet; the zero day: none.
	Running calendar.Day
}

// Exceeded is an add-on above its maximum until the end of its period, the start of the day Until.
type Exceeded struct {
	AddOn string
	Until calendar.Day
}

// Engine recomputes months that are due.
type Engine struct {
	InTx func(ctx context.Context, fn func(OverageTx) error) error
	Zone *time.Location // the billing zone
	// Recomputed is called in the same transaction, with the client locked; it decides about suspension (D14, D15). May be nil.
	Recomputed func(ctx context.Context, tx OverageTx, c client.Client, o Outcome) error
}

// RunLot does claimed pieces of due work: each month is recomputed and no longer due, or due again once its running day is
// over. The months of one client are one transaction; where that fails each is tried alone, so that one that cannot be
// charged does not hold up the others. It answers the first error, after all were tried. Fault: claim_lost, where others have
// taken over the whole lot.
func (e *Engine) RunLot(ctx context.Context, claims []Claim) error {
	var all []Due
	err := e.InTx(ctx, func(tx OverageTx) (err error) {
		all, err = tx.OverageDue(ctx, claims)
		return err
	})
	if err != nil {
		return err
	}
	done := 0
	var first error
	for _, due := range byClient(all) {
		n, err := e.runClient(ctx, due)
		if err != nil && len(due) > 1 {
			n, err = e.runAlone(ctx, due)
		}
		if done += n; first == nil {
			first = err
		}
	}
	if done == 0 && first == nil {
		return errClaimLost
	}
	return first
}

var errClaimLost = fault.New(fault.Conflict, "claim_lost", "Another worker has taken over.")

func byClient(all []Due) [][]Due {
	sort.SliceStable(all, func(i, j int) bool { return all[i].ClientID < all[j].ClientID })
	var out [][]Due
	for i, d := range all {
		if i == 0 || all[i-1].ClientID != d.ClientID {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], d)
	}
	return out
}

func (e *Engine) runAlone(ctx context.Context, due []Due) (done int, first error) {
	for i := range due {
		n, err := e.runClient(ctx, due[i:i+1])
		if done += n; first == nil {
			first = err
		}
	}
	return done, first
}

// runClient recomputes due months of one client, as far as they are still the caller's, and answers how many. Everything that
// changes usage locks the client or the mark, so a mark made meanwhile waits for this transaction and then makes the month
// due anew.
func (e *Engine) runClient(ctx context.Context, due []Due) (done int, err error) {
	err = e.InTx(ctx, func(tx OverageTx) error {
		c, err := tx.LockClient(ctx, due[0].ClientID)
		if err != nil {
			return err
		}
		mine, err := tx.HoldOverage(ctx, due)
		if err != nil {
			return err
		}
		var over []string
		for _, d := range mine {
			out, err := e.recompute(ctx, tx, c, d)
			if err != nil {
				return err
			}
			if out.Running.IsZero() {
				over = append(over, d.ID)
			} else if err = tx.PostponeOverage(ctx, d.ID, calendar.DailyRunAt(out.Running, e.Zone)); err != nil {
				return err
			}
		}
		done = len(mine)
		return tx.DropOverage(ctx, over)
	})
	if err != nil {
		done = 0
	}
	return done, err
}

func (e *Engine) recompute(ctx context.Context, tx OverageTx, c client.Client, d Due) (Outcome, error) {
	out, err := Recompute(ctx, tx, e.Zone, d.ClientID, d.ServiceID, d.Month)
	if err != nil || e.Recomputed == nil {
		return out, err
	}
	return out, e.Recomputed(ctx, tx, c, out)
}

// Recompute brings what is booked for a service's month in line with its current blocks: the one path of all overage, on
// time, late, revised or moved. Where a day's net differs it is taken back and charged anew; where nothing differs nothing
// is written. Balances may fall below zero (D15). It expects the client's lock.
func Recompute(ctx context.Context, tx OverageTx, zone *time.Location, c actor.ClientID, s actor.ServiceID, m calendar.Month) (Outcome, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return Outcome{}, err
	}
	books, err := tx.OverageBooks(ctx, c, s, m, zone)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Service: books.Service, Month: m}
	if books.Closed {
		return out, nil
	}
	steps, err := books.Steps(m, zone, now)
	if err != nil {
		return out, err
	}
	rows := Differences(books, steps, now)
	through := overThrough(now, zone)
	after, err := book(ctx, tx, ledger.Balance, rows)
	if err != nil {
		return out, err
	}
	if balance, ok := after[c]; ok {
		out.Balance = &balance
	}
	out.Booked = len(rows) > 0
	out.Exceeded = exceeded(steps, through)
	for _, day := range books.Usage.Days() {
		if through.Before(day) && m.Contains(day) {
			out.Running = day
			break
		}
	}
	return out, tell(ctx, tx, books.Service, steps, now)
}

// overThrough returns the last day that is over at now.
func overThrough(now time.Time, zone *time.Location) calendar.Day {
	day := calendar.DayOf(now, zone)
	for day.End(zone).After(now) {
		day = day.AddDays(-1)
	}
	return day
}

// Steps computes what the month's overage should be at an instant, day by day.
func (b Books) Steps(m calendar.Month, zone *time.Location, now time.Time) ([]Step, error) {
	return Steps(MonthInput{
		Month: m, Through: overThrough(now, zone), Zone: zone, Currency: b.Service.Currency, IncludesTax: b.includesTax,
		Period: b.Service.Period, Terms: b.Terms, Units: b.Units, Usage: b.Usage, TaxOn: b.taxOn,
	})
}

func (b Books) taxOn(day calendar.Day) decimal.Decimal {
	return client.TaxRate(b.TaxRules, b.Taxpayer, b.Service.ProductType, day)
}

func (b Books) includesTax(day calendar.Day) bool {
	return client.IncludedTax(b.PricesIncludeTax, b.TaxSwitches, day)
}

// Priced is the part of a day's amount that prices and use decide, whatever the tax: what was booked keeps the tax of its day when
// a rule changes or the client moves (D25), so books are compared by this.
func (b Books) Priced(day calendar.Day, amount, tax money.Amount) money.Amount {
	if b.includesTax(day) {
		return amount
	}
	return amount.Sub(tax)
}

// slot is what overage is booked by.
type slot struct {
	addOn string
	day   calendar.Day
}

// live returns the overage rows that no correction has taken back.
func live(booked []Expense) map[slot][]Expense {
	gone := map[string]bool{}
	for _, e := range booked {
		if e.Kind == Correction {
			gone[e.Reverses] = true
		}
	}
	out := map[slot][]Expense{}
	for _, e := range booked {
		if e.Kind == Overage && !gone[e.ID] {
			at := slot{e.AddOn, e.ForDay}
			out[at] = append(out[at], e)
		}
	}
	return out
}

// Differences are the rows that bring what is booked in line with the steps: for every day whose price differs, the reversal of
// what stands there and then the charge that should. None where nothing differs. Pure.
func Differences(b Books, steps []Step, now time.Time) []Expense {
	booked := live(b.Booked)
	var rows []Expense
	for _, s := range steps {
		at := slot{s.AddOn, s.Day}
		old := booked[at]
		delete(booked, at)
		if b.same(old, s) {
			continue
		}
		rows = append(rows, reversals(old, now)...)
		if !s.Amount.IsZero() {
			rows = append(rows, b.charge(s, now))
		}
	}
	// What is left was booked for days that the service does not own any more.
	var rest []slot
	for at := range booked {
		rest = append(rest, at)
	}
	sort.Slice(rest, func(i, j int) bool {
		if rest[i].addOn != rest[j].addOn {
			return rest[i].addOn < rest[j].addOn
		}
		return rest[i].day.Before(rest[j].day)
	})
	for _, at := range rest {
		rows = append(rows, reversals(booked[at], now)...)
	}
	return rows
}

func (b Books) same(old []Expense, s Step) bool {
	priced := money.Zero(s.Amount.Currency())
	for _, e := range old {
		priced = priced.Add(b.Priced(e.ForDay, e.Amount, e.Tax))
	}
	return priced.Equal(b.Priced(s.Day, s.Amount, s.Tax))
}

// charge is the expense of a step.
func (b Books) charge(s Step, now time.Time) Expense {
	quantity := s.Quantity
	return Expense{
		ClientID: b.Service.ClientID, ProviderID: b.Service.ProviderID, ID: actor.NewID(), ServiceID: b.Service.ID, Kind: Overage,
		Date: s.Day, ForDay: s.Day, Amount: s.Amount, Tax: s.Tax, Quantity: &quantity, Unit: s.Unit, UnitPrice: s.UnitPrice, AddOn: s.AddOn,
		ChargeID: actor.NewID(), CreatedAt: now,
	}
}

// reversals take rows back whole; each names the row it takes back and keeps its day.
func reversals(rows []Expense, now time.Time) []Expense {
	out := make([]Expense, 0, len(rows))
	for _, e := range rows {
		r := e
		r.ID, r.Kind, r.Reverses, r.ChargeID, r.CreatedAt = actor.NewID(), Correction, e.ID, actor.NewID(), now
		r.Amount, r.Tax, r.reversedCharge = e.Amount.Neg(), e.Tax.Neg(), e.ChargeID
		if e.Quantity != nil {
			back := e.Quantity.Neg()
			r.Quantity = &back
		}
		out = append(out, r)
	}
	return out
}

// exceeded finds the add-ons above their maximum in a period that is running when through is the last day that is over: the
// month of the running day, or where it is billed by day that day, which pays for the one before (D14).
func exceeded(steps []Step, through calendar.Day) []Exceeded {
	last := map[string]Step{}
	for _, s := range steps {
		last[s.AddOn] = s
	}
	var out []Exceeded
	for code, s := range last {
		daily := s.Until == s.Period.AddDays(1)
		switch {
		case !s.OverMaximum:
		case daily && s.Day == through:
			out = append(out, Exceeded{code, through.AddDays(2)})
		case !daily && through.AddDays(1).Before(s.Until):
			out = append(out, Exceeded{code, s.Until})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].AddOn < out[j].AddOn })
	return out
}

// told is what the events of D16 show.
type told struct {
	ServiceID actor.ServiceID `json:"service_id"`
	AddOn     string          `json:"add_on"`
	Day       calendar.Day    `json:"day"`
	Used      decimal.Decimal `json:"used"`
	Included  decimal.Decimal `json:"included"`
	Unit      string          `json:"unit"`
	Percent   int             `json:"percent,omitempty"`
}

// tell writes the notices of D16, each once per period whatever is recomputed later.
func tell(ctx context.Context, tx OverageTx, s service.Service, steps []Step, now time.Time) error {
	type key struct {
		addOn  string
		period calendar.Day
		notice Notice
	}
	done := map[key]bool{}
	for _, step := range steps {
		for _, n := range step.Reached {
			k := key{step.AddOn, step.Period, n}
			if done[k] {
				continue
			}
			done[k] = true
			fresh, err := tx.InsertNotice(ctx, s.ClientID, s.ID, step.AddOn, step.Period, n, now)
			if err != nil {
				return err
			}
			if !fresh {
				continue
			}
			if err = tellOne(ctx, tx, s, step, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func tellOne(ctx context.Context, tx event.Tx, s service.Service, step Step, n Notice) error {
	what := told{ServiceID: s.ID, AddOn: step.AddOn, Day: step.Day, Used: step.Used, Included: step.Included, Unit: step.UsedUnit}
	typ := "overage.threshold"
	switch n {
	case Threshold80:
		what.Percent = 80
	case Threshold100:
		what.Percent = 100
	default:
		typ = "overage.started"
	}
	return event.Tell(ctx, tx, event.ForClient, s.About(), typ, what)
}
