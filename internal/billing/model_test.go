package billing_test

import (
	"slices"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/service"
)

// books is what balances and services should be, by arithmetic on cents and on days of UTC that shares nothing with the
// program.
type books struct {
	now    time.Time
	purses []*purse
	seen   map[string]int // how often each interesting thing happened
}

type purse struct {
	id       actor.ClientID
	cents    int64
	limit    int64
	ran      time.Time // the daily run that it last had
	things   []*thing  // in order of creation
	freed    bool      // money came back, which is not put to work yet
	payments []*coin
}

type thing struct {
	id      service.ID
	sort    *ware
	disks   int64
	anchor  time.Time // its day and time of day
	until   time.Time // zero: never ends
	status  service.Status
	why     map[service.Reason]bool
	since   time.Time
	auto    bool
	ends    bool // deletion is scheduled
	periods []span
}

type span struct {
	from, to      time.Time
	tariff, disks paid
}

// paid is an amount for what was left of a span at some time.
type paid struct {
	cents int64
	from  time.Time
}

// left is what an amount is worth for the rest of a span of days, rounded half away from zero.
func (s span) left(p paid, from time.Time) int64 {
	left, of := int64(s.to.Sub(from)/(24*time.Hour)), int64(s.to.Sub(p.from)/(24*time.Hour))
	if of == 0 {
		return 0
	}
	return (2*p.cents*left + of) / (2 * of)
}

// ware is something that is sold.
type ware struct {
	period     string
	cents      int64
	disk       int64 // for each disk
	setup      int64
	rests      bool // at weekends
	deleteDays int  // 0: never
}

func (b *books) saw(what string) { b.seen[what]++ }

// end is the end of a period that begins at from.
func (t *thing) end(from time.Time) time.Time {
	if t.sort.period == "P1D" {
		return from.Add(24 * time.Hour)
	}
	months := map[string]int{"P1M": 1, "P3M": 3}[t.sort.period]
	first := time.Date(from.Year(), from.Month()+time.Month(months), 1, t.anchor.Hour(), t.anchor.Minute(), 0, 0, time.UTC)
	days := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.anchor.Day(), days)-1)
}

func (b *books) open(p *purse, t *thing) {
	p.cents -= t.sort.cents + t.sort.setup
	t.status, t.anchor, t.why = service.Active, b.now, map[service.Reason]bool{}
	if t.sort.period != "one_time" {
		t.until = t.end(b.now)
		t.periods = []span{{b.now, t.until, paid{t.sort.cents, b.now}, paid{0, b.now}}}
	}
	p.things = append(p.things, t)
}

func (p *purse) covers(cents int64) bool { return p.cents+p.limit >= cents }

// further charges a further period, if the money is there.
func (b *books) further(p *purse, t *thing) bool {
	cost := t.sort.cents + t.disks*t.sort.disk
	if !p.covers(cost) {
		return false
	}
	from := t.until
	if t.why[service.Unpaid] && from.Before(b.now) {
		from, t.anchor = b.now, b.now
	}
	t.until = t.end(from)
	t.periods = append(t.periods, span{from, t.until, paid{t.sort.cents, from}, paid{t.disks * t.sort.disk, from}})
	if p.cents -= cost; p.cents < 0 {
		b.saw("went below zero")
	}
	if t.disks > 0 {
		b.saw("renewed with disks")
	}
	t.clear(service.Unpaid)
	return true
}

func (t *thing) clear(reasons ...service.Reason) {
	for _, r := range reasons {
		delete(t.why, r)
	}
	if len(t.why) == 0 && t.status == service.Suspended {
		t.status = service.Active
	}
}

func (b *books) stop(t *thing, why service.Reason) {
	if t.status == service.Active || (why == service.Unpaid && !t.why[why]) {
		t.since = b.now
	}
	t.status, t.why[why] = service.Suspended, true
}

// close gives back what is left, each period rounded by itself, half away from zero.
func (b *books) close(p *purse, t *thing) {
	var back int64
	whole := 0
	for _, s := range t.periods {
		from := s.from
		if from.Before(b.now) {
			from = b.now
		} else if s.from.After(b.now) {
			whole++
		}
		if !s.to.After(from) {
			continue
		}
		back += s.left(s.tariff, from) + s.left(s.disks, from)
	}
	if back > 0 {
		b.saw("gave back at a close")
	}
	if whole > 0 {
		b.saw("gave back what was paid ahead")
	}
	p.cents += back
	p.freed = p.freed || back > 0
	t.status, t.why, t.ends = service.Deleted, nil, false
}

// moves charges the difference for what is left of each period, if the money is there (D9); what comes back is put to work.
func (b *books) moves(p *purse, t *thing, to *ware) bool {
	if !b.differs(p, t, "tariff", func(s *span, worth func(int64) paid) (before, after int64) {
		was := [2]paid{s.tariff, s.disks}
		s.tariff, s.disks = worth(to.cents), worth(t.disks*to.disk)
		return s.left(was[0], s.tariff.from) + s.left(was[1], s.disks.from), s.tariff.cents + s.disks.cents
	}) {
		return false
	}
	t.sort = to
	return true
}

// holds is moves for another number of disks: the tariff's own price is left alone.
func (b *books) holds(p *purse, t *thing, disks int64) bool {
	if !b.differs(p, t, "add-on", func(s *span, worth func(int64) paid) (before, after int64) {
		was := s.disks
		s.disks = worth(disks * t.sort.disk)
		return s.left(was, s.disks.from), s.disks.cents
	}) {
		return false
	}
	t.disks = disks
	return true
}

// differs charges other prices for what is left of each period: change puts what a price is worth then in the place of what was
// paid before, and says what that is worth too.
func (b *books) differs(p *purse, t *thing, what string, change func(s *span, worth func(int64) paid) (before, after int64)) bool {
	var back, due int64
	periods := slices.Clone(t.periods)
	ahead := 0
	for i, s := range t.periods {
		from := s.from
		if from.Before(b.now) {
			from = b.now
		} else if s.from.After(b.now) {
			ahead++
		}
		if !s.to.After(from) {
			continue
		}
		before, after := change(&periods[i], func(price int64) paid { return paid{s.left(paid{price, s.from}, from), from} })
		back += before
		due += after
	}
	if due > back && !p.covers(due-back) {
		return false
	}
	t.periods = periods
	p.cents += back - due
	p.freed = p.freed || back > due
	if ahead > 0 {
		b.saw("changed what was paid ahead")
	}
	if due > back {
		b.saw("changed to a dearer " + what)
	} else {
		b.saw("changed to a cheaper " + what)
	}
	return true
}

func (p *purse) live() (out []*thing) {
	for _, t := range p.things {
		if (t.status == service.Active || t.status == service.Suspended) && !t.until.IsZero() {
			out = append(out, t)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].until.Before(out[j].until) })
	return out
}

// run is the daily run of all days that each client has missed.
func (b *books) run() {
	today := b.now.Add(-20 * time.Minute).Truncate(24 * time.Hour).Add(20 * time.Minute)
	for _, p := range b.purses {
		if !p.ran.Before(today) {
			continue
		}
		if p.ran.AddDate(0, 0, 1).Before(today) {
			b.saw("caught up after an outage")
		}
		all := p.live()
		short := map[*thing]bool{}
		for day := p.ran.AddDate(0, 0, 1); !day.After(today); day = day.AddDate(0, 0, 1) {
			for _, t := range p.live() {
				b.renewOn(p, t, day, short)
			}
		}
		p.ran = today
		for _, t := range all {
			b.stopUnpaid(t)
		}
		for _, t := range all {
			if t.sort.deleteDays > 0 && t.status == service.Suspended && len(t.why) == 1 && t.why[service.Unpaid] &&
				!b.now.Before(t.since.AddDate(0, 0, t.sort.deleteDays)) {
				b.saw("deleted after too long")
				b.close(p, t)
			}
		}
	}
}

func (b *books) renewOn(p *purse, t *thing, day time.Time, short map[*thing]bool) {
	for t.auto && !t.ends && !t.why[service.ForAbuse] && !t.why[service.Unpaid] && t.until.Before(day.AddDate(0, 0, 1)) && !short[t] {
		if !b.further(p, t) {
			short[t] = true
			b.saw("had no money to renew")
			return
		}
		b.saw("renewed by the daily run")
		if t.status == service.Suspended {
			b.saw("renewed while suspended by people")
		}
	}
}

func (b *books) stopUnpaid(t *thing) {
	if t.ends || b.now.Before(t.until) || t.why[service.Unpaid] {
		return
	}
	if day := b.now.Weekday(); t.sort.rests && (day == time.Saturday || day == time.Sunday) {
		b.saw("waited for the end of the weekend")
		return
	}
	if t.status == service.Suspended {
		b.saw("became unpaid while suspended")
	}
	b.saw("suspended as unpaid")
	b.stop(t, service.Unpaid)
}

// endings closes what was to end by now.
func (b *books) endings() {
	for _, p := range b.purses {
		for _, t := range p.live() {
			if t.ends && !t.until.After(b.now) {
				b.saw("deleted at its end")
				b.close(p, t)
			}
		}
	}
}

// nextStop is when the next thing happens by itself.
func (b *books) nextStop(until time.Time) time.Time {
	run := b.now.Truncate(24 * time.Hour).Add(20 * time.Minute)
	if !run.After(b.now) {
		run = run.AddDate(0, 0, 1)
	}
	for _, p := range b.purses {
		for _, t := range p.live() {
			if t.ends && t.until.Before(run) {
				run = t.until
			}
		}
	}
	if run.After(until) {
		run = until
	}
	return run
}

func (b *books) live(until time.Time) {
	for {
		if stop := b.nextStop(until); stop.After(b.now) {
			b.now = stop
		}
		b.run()
		b.endings()
		b.useFreed()
		if b.nextStop(until).Equal(until) && !b.now.Before(until) {
			return
		}
	}
}

// useFreed puts money to work that came back otherwise than by a payment.
func (b *books) useFreed() {
	for _, p := range b.purses {
		if p.freed {
			b.arrived(p, "resumed by freed money")
		}
		p.freed = false
	}
}

// arrived is money that came: what waits for it resumes, the oldest end first.
func (b *books) arrived(p *purse, how string) {
	resumed, left := 0, 0
	for _, t := range p.live() {
		switch waited, done := b.revive(p, t); {
		case done:
			resumed++
			b.saw(how)
		case waited:
			left++
		}
	}
	if resumed > 0 && left > 0 {
		b.saw("had money for some only")
	}
}

// revive starts what waits for money, if that is there.
func (b *books) revive(p *purse, t *thing) (waited, done bool) {
	waited = t.status == service.Suspended && t.why[service.Unpaid] && t.auto && !t.ends && !t.why[service.ForAbuse]
	return waited, waited && b.further(p, t)
}
