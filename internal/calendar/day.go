// Package calendar computes civil days and months in a zone, order periods, proration, and the day key of a 24-hour block.
//
// It owns the calendar arithmetic of periods (D2, D4, D7, D8); it owns no prices. All rules take the billing zone as a
// parameter.
//
// Invariants: a Day has no zone and no time of day; ranges are half-open; adding months never drifts off the anchor day.
package calendar

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Day is a civil date. Its zero value is no day.
type Day struct {
	Year  int
	Month time.Month
	Dom   int // day of the month
}

// DayOf returns the civil day on which the instant t falls in zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return Day{y, m, d}
}

// ParseDay reads YYYY-MM-DD; the years begin with 1.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Day{}, fmt.Errorf("not a day: %q", s)
	}
	return DayOf(t, time.UTC), nil
}

// String returns YYYY-MM-DD.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Dom) }

// IsZero tells whether this is no day.
func (d Day) IsZero() bool { return d == Day{} }

// AddDays returns the day n civil days later.
func (d Day) AddDays(n int) Day { return DayOf(d.utc().AddDate(0, 0, n), time.UTC) }

// Before tells whether d is earlier than o.
func (d Day) Before(o Day) bool { return d.utc().Before(o.utc()) }

// Until returns the number of civil days from d to o (negative when o is earlier).
func (d Day) Until(o Day) int { return int(o.utc().Sub(d.utc()) / (24 * time.Hour)) }

// Start returns the first instant of the day in zone; where a clock gap swallows midnight, the gap's end.
func (d Day) Start(zone *time.Location) time.Time { return d.At(0, 0, zone) }

// End returns the instant at which the day is over in zone: the first instant of the next one.
func (d Day) End(zone *time.Location) time.Time { return d.AddDays(1).Start(zone) }

// At returns the instant of a civil time on this day; a time inside a clock gap moves forward to its end.
func (d Day) At(hour, minute int, zone *time.Location) time.Time {
	return civil(d.Year, d.Month, d.Dom, hour, minute, 0, 0, zone)
}

func (d Day) utc() time.Time { return time.Date(d.Year, d.Month, d.Dom, 0, 0, 0, 0, time.UTC) }

// MarshalText writes YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Day) UnmarshalText(b []byte) (err error) { *d, err = ParseDay(string(b)); return err }

// Value writes the day into a date column.
func (d Day) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads the day from a date column.
func (d *Day) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Day{}
	case time.Time:
		*d = Day{v.Year(), v.Month(), v.Day()}
	case []byte:
		return d.UnmarshalText(v)
	case string:
		return d.UnmarshalText([]byte(v))
	default:
		return fmt.Errorf("calendar: cannot scan %T into a day", src)
	}
	return nil
}
