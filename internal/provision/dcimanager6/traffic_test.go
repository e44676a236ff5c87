package dcimanager6_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// tells sets how the panel tells traffic: days or series.
func (w *world) tells(how string) {
	w.Helper()
	w.Control("PUT", "/dcimanager6/settings", map[string]any{"traffic": how}, nil)
}

func theDay(t *testing.T) calendar.Day {
	t.Helper()
	day, err := calendar.ParseDay("2026-03-05")
	require.NoError(t, err)
	return day
}

// setDay is a day whose volume holds its bursts.
func (w *world) setDay(day string) {
	w.Helper()
	w.Control("PUT", "/dcimanager6/servers/1/traffic/"+day, map[string]any{
		"in": 104857600, "out": 209715200, "burst_in_day": 12.5, "burst_out_day": 25, "power": 140,
	}, nil)
}

// D20: where the panel tells samples, bursts are made of them; the rest of the day is the panel's own.
func TestD20BurstsAreMadeOfSamplesWhereThePanelTellsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := w.module(nil).(provision.TrafficSource)
	w.setDay("2026-03-05")
	want := map[string]string{
		"in": "104857600 KiB", "out": "209715200 KiB", "burst_in_day": "12.5 Mbit/s", "burst_out_day": "25 Mbit/s", "power": "140 W",
	}
	for _, how := range []string{"days", "series"} {
		w.tells(how)
		got, err := source.DailyUsage(t.Context(), []provision.Ref{"1"}, theDay(t), time.UTC)
		require.NoError(t, err)
		require.Equal(t, want, provisiontest.Values(got[0].Values), how)
	}
	// Samples in another unit than they are read in.
	wrong := w.module(map[string]any{"rate_unit": "kbit/s"}).(provision.TrafficSource)
	got, err := wrong.DailyUsage(t.Context(), []provision.Ref{"1"}, theDay(t), time.UTC)
	require.NoError(t, err)
	require.Equal(t, "12500 Mbit/s", provisiontest.Values(got[0].Values)["burst_in_day"])
	require.Equal(t, want["in"], provisiontest.Values(got[0].Values)["in"])
	// Made-up days have bursts too.
	got, err = source.DailyUsage(t.Context(), []provision.Ref{"2"}, theDay(t), time.UTC)
	require.NoError(t, err)
	require.Len(t, got[0].Values, 5)
}

// D27: a module that answers by instants tells what was used in a part of a day.
func TestD27PartsOfADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := theDay(t)
	w.setDay("2026-03-05")
	plain := w.module(nil).(provision.InstantSource)
	require.False(t, plain.ByInstants(), "whole days are the rule")
	source := w.module(map[string]any{"traffic_by": "instants"}).(provision.InstantSource)
	require.True(t, source.ByInstants())
	from, noon, to := day.Start(time.UTC), day.Start(time.UTC).Add(12*time.Hour), day.End(time.UTC)

	part := func(from, to time.Time) provision.Part { return provision.Part{Ref: "1", From: from, To: to} }
	_, err := source.UsageBetween(t.Context(), day, []provision.Part{part(from, noon)})
	provisiontest.Refused(t, err, "no_samples") // the whole day is somebody else's too

	w.tells("series")
	second := time.Second
	got, err := source.UsageBetween(t.Context(), day, []provision.Part{
		part(from, noon), part(noon, to), part(noon, noon.Add(second)), part(noon.Add(second), noon.Add(2*second)), {Ref: "999", From: from, To: to},
	})
	require.ErrorContains(t, err, "server 999")
	require.Len(t, got, 5)
	morning, evening := got[0], got[1]
	require.Len(t, morning.Values, 5)
	sum := morning.Values["in"].Amount.Add(evening.Values["in"].Amount)
	require.InDelta(t, 104857600, sum.InexactFloat64(), 20, "samples are whole bits per second")
	require.True(t, morning.Values["in"].Amount.IsPositive())
	require.True(t, evening.Values["in"].Amount.IsPositive())
	require.Equal(t, "140 W", provisiontest.Values(morning.Values)["power"])
	require.Len(t, got[2].Values, 5, "the sample of that instant")
	require.Nil(t, got[3])
	require.Nil(t, got[4])

	// However a time is cut, its parts sum to it: a part of one sample has what flowed in one step.
	hour := []provision.Part{part(noon, noon.Add(time.Hour))}
	for i := range 12 {
		start := noon.Add(time.Duration(i) * 5 * time.Minute)
		hour = append(hour, part(start, start.Add(5*time.Minute)))
	}
	got, err = source.UsageBetween(t.Context(), day, hour)
	require.NoError(t, err)
	for _, param := range []string{"in", "out"} {
		sum = decimal.Zero
		for _, u := range got[1:] {
			sum = sum.Add(u.Values[param].Amount)
		}
		require.InDelta(t, got[0].Values[param].Amount.InexactFloat64(), sum.InexactFloat64(), 12, param)
	}
}
