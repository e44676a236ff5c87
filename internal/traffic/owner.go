package traffic

import (
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
)

// Link says that a bandwidth service carries a server's traffic in [From, To).
type Link struct {
	ID        string
	ClientID  actor.ClientID
	Bandwidth service.ID
	Server    service.ID
	From      time.Time
	To        *time.Time
}

// Activity is when services were active.
type Activity map[service.ID][]service.ActivityRow

// Owner is the ownership rule: the bandwidth service that is linked to the server and active at the end of the billing day
// (24:00 in zone), else the server. Both must satisfy from < end and (to is null or to ≥ end), so a switch at 24:00 sharp
// belongs to the next day, and the last switch of a day decides the whole of it.
func Owner(day calendar.Day, zone *time.Location, server service.ID, links []Link, activity Activity) service.ID {
	if link, _, held := holder(day.End(zone), server, links, activity); held {
		return link.Bandwidth
	}
	return server
}

// madeBy tells what made the bandwidth service the owner at the end of a day: its opening or resumption, or the link where
// that came later.
func madeBy(day calendar.Day, zone *time.Location, server service.ID, links []Link, activity Activity) Cause {
	link, active, held := holder(day.End(zone), server, links, activity)
	switch {
	case !held: // the server itself: nothing to tell
		return ""
	case link.From.After(active.From):
		return Linked
	case active.Cause == string(Resumed):
		return Resumed
	default:
		return Opened
	}
}

// holder finds the link and the activity that hold at the end of a day. There is one at most: a server has one link at a
// time, and a service one range of activity.
func holder(end time.Time, server service.ID, links []Link, activity Activity) (Link, service.ActivityRow, bool) {
	for _, l := range links {
		if l.Server != server || !holds(l.From, l.To, end) {
			continue
		}
		for _, a := range activity[l.Bandwidth] {
			if holds(a.From, a.To, end) {
				return l, a, true
			}
		}
	}
	return Link{}, service.ActivityRow{}, false
}

// holds tells whether a half-open range was in force just before end.
func holds(from time.Time, to *time.Time, end time.Time) bool {
	return from.Before(end) && (to == nil || !to.Before(end))
}

// Run is some consecutive days of one server with one owner, both days included.
type Run struct {
	Server service.ID
	First  calendar.Day
	Last   calendar.Day
	Owner  service.ID
}

// Runs applies the ownership rule to the days first to last of one server, all at once: what Owner says day by day.
func Runs(first, last calendar.Day, zone *time.Location, server service.ID, links []Link, activity Activity) []Run {
	var held []Run // in no order; they never overlap
	for _, l := range links {
		if l.Server != server {
			continue
		}
		for _, a := range activity[l.Bandwidth] {
			from, to := later(l.From, a.From), sooner(l.To, a.To)
			run := Run{Server: server, First: dayOf(from, zone), Last: last, Owner: l.Bandwidth}
			if to != nil {
				run.Last = dayOf(*to, zone).AddDays(-1)
			}
			if run, some := run.within(first, last); some {
				held = append(held, run)
			}
		}
	}
	return fill(first, last, server, held)
}

// fill sorts runs of bandwidth services into the days first to last and gives the days between them to the server.
func fill(first, last calendar.Day, server service.ID, held []Run) []Run {
	var out []Run
	for day := first; !last.Before(day); {
		next := Run{Server: server, First: last.AddDays(1), Last: last.AddDays(1)}
		for _, r := range held {
			if !r.First.Before(day) && r.First.Before(next.First) {
				next = r
			}
		}
		if day.Before(next.First) {
			out = append(out, Run{Server: server, First: day, Last: next.First.AddDays(-1), Owner: server})
		}
		if !last.Before(next.First) {
			out = append(out, next)
		}
		day = next.Last.AddDays(1)
	}
	return out
}

// within cuts a run to the days first to last; false: nothing is left.
func (r Run) within(first, last calendar.Day) (Run, bool) {
	if r.First.Before(first) {
		r.First = first
	}
	if last.Before(r.Last) {
		r.Last = last
	}
	return r, !r.Last.Before(r.First)
}

// dayOf returns the billing day that an instant decides: the first whose end comes after it. It is the civil day, except
// where a clock set back across midnight shows the same day twice.
func dayOf(t time.Time, zone *time.Location) calendar.Day {
	day := calendar.DayOf(t, zone).AddDays(-1)
	for !day.End(zone).After(t) {
		day = day.AddDays(1)
	}
	return day
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sooner compares two ends of which nil is never.
func sooner(a, b *time.Time) *time.Time {
	if a == nil || (b != nil && b.Before(*a)) {
		return b
	}
	return a
}
