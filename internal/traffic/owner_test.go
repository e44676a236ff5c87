package traffic

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
)

// quarter is the grid of the naive model: every clock change of its zones lies on it.
const quarter = 15 * time.Minute

// places are zones around one of their oddities.
var places = []struct{ zone, from string }{
	{"UTC", "2026-03-01T00:00:00Z"},
	{"Europe/Berlin", "2026-03-26T00:00:00Z"},       // 23 h day
	{"Europe/Berlin", "2026-10-22T00:00:00Z"},       // 25 h day
	{"America/Sao_Paulo", "2018-02-14T00:00:00Z"},   // 23:00 comes twice before midnight
	{"America/Sao_Paulo", "2018-11-01T00:00:00Z"},   // no 00:00
	{"Australia/Lord_Howe", "2026-04-01T00:00:00Z"}, // half an hour
	{"Pacific/Apia", "2011-12-27T00:00:00Z"},        // no 30 December
	{"Asia/Kathmandu", "2026-01-01T00:00:00Z"},      // 5 h 45 min
}

// happening is one thing that happens to one server, in the words of the naive model.
type happening struct {
	at    time.Time
	what  string // link, unlink, start, stop
	which string // bandwidth service
}

// naiveOwners plays the happenings instant by instant and writes down, whenever a date is seen for the first time, who had
// the server just before: that one owns the day that is over. Nothing at the very instant of the new day counts for the old.
func naiveOwners(zone *time.Location, from, to time.Time, all []happening) map[string]string {
	owners := map[string]string{}
	linked, active := "", map[string]bool{}
	date := from.In(zone).Format(time.DateOnly)
	for now := from; !now.After(to); now = now.Add(quarter) {
		if today := now.In(zone).Format(time.DateOnly); today > date {
			owners[date] = "server"
			if linked != "" && active[linked] {
				owners[date] = linked
			}
			date = today
		}
		for _, h := range all {
			if !h.at.Equal(now) {
				continue
			}
			switch h.what {
			case "link":
				linked = h.which
			case "unlink":
				linked = ""
			case "start":
				active[h.which] = true
			case "stop":
				active[h.which] = false
			}
		}
	}
	return owners
}

// histories turns happenings into the ranges that the program keeps.
func histories(all []happening) ([]Link, Activity) {
	var links []Link
	activity := Activity{}
	for _, h := range all {
		at, id := h.at, service.ID(h.which)
		switch h.what {
		case "link":
			links = append(links, Link{Server: "server", Bandwidth: id, From: at})
		case "unlink":
			links[len(links)-1].To = &at
		case "start":
			activity[id] = append(activity[id], service.ActivityRow{ServiceID: id, From: at, Cause: "opened"})
		case "stop":
			activity[id][len(activity[id])-1].To = &at
		}
	}
	return links, activity
}

// drawHappenings draws a life in which a server has at most one link at a time and a service is started only when stopped.
func drawHappenings(t *rapid.T, from time.Time, days int) []happening {
	steps := rapid.SliceOfN(rapid.IntRange(0, days*96), 0, 30).Draw(t, "at")
	slices.Sort(steps)
	linked, active := "", map[string]bool{}
	var out []happening
	for _, step := range steps {
		at := from.Add(time.Duration(step) * quarter)
		which := rapid.SampledFrom([]string{"bw1", "bw2"}).Draw(t, "which")
		switch {
		case rapid.Bool().Draw(t, "activity") && active[which]:
			active[which] = false
			out = append(out, happening{at, "stop", which})
		case !active[which]:
			active[which] = true
			out = append(out, happening{at, "start", which})
		case linked == "":
			linked = which
			out = append(out, happening{at, "link", which})
		default:
			out = append(out, happening{at, "unlink", linked})
			linked = ""
		}
	}
	return out
}

func TestOwnerIsWhatANaiveWalkThroughTimeSays(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(fmt.Sprint(place), func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(place.zone)
			require.NoError(t, err)
			from, err := time.Parse(time.RFC3339, place.from)
			require.NoError(t, err)
			const days = 9
			rapid.Check(t, func(t *rapid.T) {
				all := drawHappenings(t, from, days)
				links, activity := histories(all)
				for date, want := range naiveOwners(zone, from, from.AddDate(0, 0, days+2), all) {
					day, err := calendar.ParseDay(date)
					require.NoError(t, err)
					require.Equal(t, service.ID(want), Owner(day, zone, "server", links, activity), "%s in %v", date, all)
				}
			})
		})
	}
}

func TestRunsSayWhatOwnerSaysDayByDay(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(fmt.Sprint(place), func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(place.zone)
			require.NoError(t, err)
			from, err := time.Parse(time.RFC3339, place.from)
			require.NoError(t, err)
			rapid.Check(t, func(t *rapid.T) {
				links, activity := histories(drawHappenings(t, from, 9))
				first := calendar.DayOf(from, zone).AddDays(rapid.IntRange(-3, 6).Draw(t, "first"))
				last := first.AddDays(rapid.IntRange(0, 12).Draw(t, "last"))
				next := first
				for _, run := range Runs(first, last, zone, "server", links, activity) {
					require.Equal(t, next, run.First, "no gap and no overlap")
					for ; !run.Last.Before(next); next = next.AddDays(1) {
						require.Equal(t, Owner(next, zone, "server", links, activity), run.Owner, "%v", next)
					}
				}
				require.Equal(t, last.AddDays(1), next, "every day is there")
			})
		})
	}
}

func TestOwnerOfADay(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", s)
		require.NoError(t, err)
		return v
	}
	end := func(s string) *time.Time { v := at(s); return &v }
	day := calendar.Day{Year: 2026, Month: 3, Dom: 10}
	always := []service.ActivityRow{{From: at("2026-03-01 00:00")}}
	tests := map[string]struct {
		link   Link
		active []service.ActivityRow
		want   service.ID
	}{
		"linked in the afternoon decides the whole day": {Link{From: at("2026-03-10 14:00")}, always, "bw"},
		"linked at 24:00 sharp belongs to the next day": {Link{From: at("2026-03-11 00:00")}, always, "server"},
		"unlinked one minute before the end":            {Link{From: at("2026-03-01 00:00"), To: end("2026-03-10 23:59")}, always, "server"},
		"unlinked at 24:00 sharp belongs to the next day": {
			Link{From: at("2026-03-01 00:00"), To: end("2026-03-11 00:00")}, always, "bw",
		},
		"suspended in the morning": {
			Link{From: at("2026-03-01 00:00")},
			[]service.ActivityRow{{From: at("2026-03-01 00:00"), To: end("2026-03-10 09:00")}},
			"server",
		},
		"suspended and resumed on one day": {
			Link{From: at("2026-03-01 00:00")},
			[]service.ActivityRow{{From: at("2026-03-01 00:00"), To: end("2026-03-10 09:00")}, {From: at("2026-03-10 23:30")}},
			"bw",
		},
		"linked but never active":                {Link{From: at("2026-03-01 00:00")}, nil, "server"},
		"a later day's link leaves earlier days": {Link{From: at("2026-03-12 00:00")}, always, "server"},
		"a link of no length":                    {Link{From: at("2026-03-10 12:00"), To: end("2026-03-10 12:00")}, always, "server"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.link.Server, test.link.Bandwidth = "server", "bw"
			require.Equal(t, test.want, Owner(day, time.UTC, "server", []Link{test.link}, Activity{"bw": test.active}))
		})
	}
}

// In St. John's of 2006 the clock went back from 00:01 to 23:01: the last hour of the day came after the first minute of the
// next. What happens in the second 23:30 comes after the day's end.
func TestADateThatComesTwiceEndsOnce(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/St_Johns")
	require.NoError(t, err)
	again := time.Date(2006, 10, 29, 3, 0, 0, 0, time.UTC) // 23:30 NST, the date having been the 29th already
	require.Equal(t, "2006-10-28 23:30", again.In(zone).Format("2006-01-02 15:04"))
	links := []Link{{Server: "server", Bandwidth: "bw", From: again}}
	activity := Activity{"bw": {{From: again.Add(-time.Hour * 99)}}}
	for dom, want := range map[int]service.ID{28: "server", 29: "bw"} {
		day := calendar.Day{Year: 2006, Month: 10, Dom: dom}
		require.Equal(t, want, Owner(day, zone, "server", links, activity))
		require.Equal(t, []Run{{"server", day, day, want}}, Runs(day, day, zone, "server", links, activity))
	}
}

func TestMadeBy(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)
	day := calendar.Day{Year: 2026, Month: 3, Dom: 12}
	link := func(from time.Time) []Link { return []Link{{Server: "server", Bandwidth: "bw", From: from}} }
	require.Equal(t, Opened, madeBy(day, time.UTC, "server", link(at), Activity{"bw": {{From: at, Cause: "opened"}}}))
	require.Equal(t, Resumed, madeBy(day, time.UTC, "server", link(at), Activity{"bw": {{From: at.Add(1), Cause: "resumed"}}}))
	require.Equal(t, Linked, madeBy(day, time.UTC, "server", link(at.Add(1)), Activity{"bw": {{From: at, Cause: "resumed"}}}))
}

func TestMonthsStayOpenFor62Days(t *testing.T) {
	t.Parallel()
	for today, want := range map[string]string{
		"2026-05-01": "2026-02-01", "2026-05-02": "2026-03-01", // 1 March + 62 days = 2 May
		"2026-04-30": "2026-02-01", "2026-03-03": "2025-12-01", "2026-03-04": "2026-01-01",
	} {
		day, err := calendar.ParseDay(today)
		require.NoError(t, err)
		require.Equal(t, want, FirstOpen(day).String(), today)
	}
}
