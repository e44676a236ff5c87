package calendar

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMonthArithmetic(t *testing.T) {
	t.Parallel()
	m, err := ParseMonth("2024-02")
	require.NoError(t, err)
	require.Equal(t, Month{2024, time.February}, m)
	require.Equal(t, 29, m.Days())
	require.Equal(t, "2024-02-29", m.Last().String())
	require.Equal(t, "2024-03", m.Next().String())
	require.Equal(t, "2023-12", m.Add(-2).String())
	require.Equal(t, "2025-02", m.Add(12).String())
	require.True(t, m.Contains(day(t, "2024-02-29")))
	require.False(t, m.Contains(day(t, "2024-03-01")))
	for _, bad := range []string{"", "2024", "2024-13", "2024-2", "2024-02-01"} {
		_, err := ParseMonth(bad)
		require.Error(t, err, bad)
	}
}

func TestMonthsFollowEachOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		m := MonthOf(DayOf(drawTime(t, z), z))
		n := rapid.IntRange(-300, 300).Draw(t, "n")
		require.Equal(t, m, m.Add(n).Add(-n))
		require.Equal(t, n > 0, m.Before(m.Add(n)))
		require.Equal(t, m.Next().First(), m.First().AddDays(m.Days()))
	})
}

func TestMonthTextAndDatabase(t *testing.T) {
	t.Parallel()
	m := Month{2026, time.March}
	v, err := m.Value()
	require.NoError(t, err)
	require.Equal(t, "2026-03-01", v)
	var back Month
	require.NoError(t, back.Scan(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)))
	require.Equal(t, m, back)
	text, err := json.Marshal(map[string]Month{"month": m})
	require.NoError(t, err)
	require.JSONEq(t, `{"month":"2026-03"}`, string(text))
	require.NoError(t, json.Unmarshal([]byte(`"2025-12"`), &back))
	require.Equal(t, Month{2025, time.December}, back)
	require.NoError(t, back.Scan(nil))
	require.True(t, back.IsZero())
	v, err = back.Value()
	require.NoError(t, err)
	require.Nil(t, v)
}
