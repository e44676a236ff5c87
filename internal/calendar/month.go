package calendar

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Month is a calendar month. Its zero value is no month.
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf returns the month of a day.
func MonthOf(d Day) Month { return Month{d.Year, d.Month} }

// ParseMonth reads YYYY-MM.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return Month{}, fmt.Errorf("not a month: %q", s)
	}
	return Month{t.Year(), t.Month()}, nil
}

// String returns YYYY-MM.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month)) }

// IsZero tells whether this is no month.
func (m Month) IsZero() bool { return m == Month{} }

// First returns the month's first day.
func (m Month) First() Day { return Day{m.Year, m.Month, 1} }

// Last returns the month's last day.
func (m Month) Last() Day { return m.Next().First().AddDays(-1) }

// Days returns how many days the month has (the divisor of D4, D5 and D7).
func (m Month) Days() int { return m.Last().Dom }

// Next returns the following month.
func (m Month) Next() Month { return m.Add(1) }

// Add returns the month n months later.
func (m Month) Add(n int) Month {
	months := m.Year*12 + int(m.Month) - 1 + n
	year := months / 12
	if months%12 < 0 {
		year--
	}
	return Month{year, time.Month(months - year*12 + 1)}
}

// Before tells whether m is earlier than o.
func (m Month) Before(o Month) bool { return m.First().Before(o.First()) }

// Contains tells whether d is a day of the month.
func (m Month) Contains(d Day) bool { return MonthOf(d) == m }

// Start returns the month's first instant in zone.
func (m Month) Start(zone *time.Location) time.Time { return m.First().Start(zone) }

// clamp returns the month's day with this number, or its last day when it has none.
func (m Month) clamp(dom int) Day { return Day{m.Year, m.Month, min(dom, m.Days())} }

// MarshalText writes YYYY-MM.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads YYYY-MM.
func (m *Month) UnmarshalText(b []byte) (err error) { *m, err = ParseMonth(string(b)); return err }

// Value writes the month into a date column, as its first day.
func (m Month) Value() (driver.Value, error) {
	if m.IsZero() {
		return nil, nil
	}
	return m.First().Value()
}

// Scan reads the month from a date column; any day of it will do.
func (m *Month) Scan(src any) error {
	var d Day
	if err := d.Scan(src); err != nil {
		return err
	}
	*m = MonthOf(d)
	return nil
}
