package calendar

import "time"

// The daily run closes a day this long after midnight, when the panels have counted it (D1).
const runHour, runMinute = 0, 20

// DailyRunAt returns when the daily run that closes a day is due: the first instant at or after 00:20 of the next civil
// day in zone (D1).
func DailyRunAt(day Day, zone *time.Location) time.Time {
	return day.AddDays(1).At(runHour, runMinute, zone)
}

// LastClosedDay returns the latest day whose daily run is due at now, or was before (D1).
func LastClosedDay(now time.Time, zone *time.Location) Day {
	day := DayOf(now, zone)
	for DailyRunAt(day, zone).After(now) {
		day = day.AddDays(-1)
	}
	return day
}

// NextDailyRun returns the first daily run after now. A daily run at now renews what is paid until before this (D2).
func NextDailyRun(now time.Time, zone *time.Location) time.Time {
	return DailyRunAt(LastClosedDay(now, zone).AddDays(1), zone)
}

// NextWeekday returns the day itself, or the Monday after it when it falls on a weekend (D11).
func NextWeekday(d Day) Day {
	switch d.utc().Weekday() {
	case time.Saturday:
		return d.AddDays(2)
	case time.Sunday:
		return d.AddDays(1)
	default:
		return d
	}
}
