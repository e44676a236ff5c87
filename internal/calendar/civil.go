package calendar

import (
	"sort"
	"time"
)

// reach is further than any zone is from UTC.
const reach = 16 * time.Hour

// civil returns the instant of a civil time in zone: the first at which a clock there shows this time or a later one. So a
// time inside a clock gap moves forward to the gap's end, and of a time that comes twice the first is taken; time.Date
// leaves both open. It relies on a zone changing at most once within 32 hours. Time.ZoneBounds would name the change, but
// is wrong on the last day of leap years (seen with Go 1.26), so a gap's end is searched.
func civil(year int, month time.Month, day, hour, minute, sec, nsec int, zone *time.Location) time.Time {
	face := time.Date(year, month, day, hour, minute, sec, nsec, time.UTC)
	before, after := offset(face.Add(-reach), zone), offset(face.Add(reach), zone)
	if t := face.Add(-before); before == after || offset(t, zone) == before {
		return t
	}
	if t := face.Add(-after); offset(t, zone) == after {
		return t
	}
	begin := face.Add(-reach).Truncate(time.Second)
	return begin.Add(time.Second * time.Duration(sort.Search(int(2*reach/time.Second), func(s int) bool {
		return offset(begin.Add(time.Duration(s)*time.Second), zone) == after
	})))
}

// offset is how far the zone's clocks are ahead of UTC at an instant.
func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// AddDays returns the same civil time in zone n days later: not n × 24 hours.
func AddDays(t time.Time, n int, zone *time.Location) time.Time {
	if n == 0 {
		return t
	}
	return AnchorOf(t, zone).on(DayOf(t, zone).AddDays(n), zone)
}
