package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// zones have what makes civil time hard: gaps at 02:00, gaps at midnight, half-hour changes, a skipped day, and nothing.
var zones = []string{
	"UTC", "Europe/Berlin", "America/Havana", "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kolkata",
}

func zone(t require.TestingT, name string) *time.Location {
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func drawZone(t *rapid.T) *time.Location { return zone(t, rapid.SampledFrom(zones).Draw(t, "zone")) }

// drawTime draws instants of the years 2005 to 2034, half of them within a day of a clock change.
func drawTime(t *rapid.T, z *time.Location) time.Time {
	from, to := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	at := time.Unix(rapid.Int64Range(from, to).Draw(t, "at"), 0)
	if _, change := at.In(z).ZoneBounds(); !change.IsZero() && rapid.Bool().Draw(t, "near a clock change") {
		at = change.Add(time.Duration(rapid.IntRange(-24*60, 24*60).Draw(t, "minutes off")) * time.Minute)
	}
	return at.UTC()
}

func drawMonths(t *rapid.T) int {
	return rapid.SampledFrom([]int{1, 2, 3, 6, 12, 24, 36}).Draw(t, "months")
}

// at reads "2006-01-02 15:04" in a zone; it is only used for times that come once.
func at(t *testing.T, s string, z *time.Location) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, z)
	require.NoError(t, err)
	return v
}

func day(t *testing.T, s string) Day {
	t.Helper()
	d, err := ParseDay(s)
	require.NoError(t, err)
	return d
}

func sameInstant(t require.TestingT, want, got time.Time) {
	require.True(t, want.Equal(got), "want %s, got %s", want.UTC(), got.UTC())
}
