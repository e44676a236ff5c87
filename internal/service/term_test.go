package service

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
)

func TestTermsAreOverlaidBySpecialPrices(t *testing.T) {
	t.Parallel()
	price := func(s string) *decimal.Decimal { d := decimal.RequireFromString(s); return &d }
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	to := func(day, hour int) *time.Time { v := at(day, hour); return &v }
	rows := []TermRow{
		{Item: "traffic", Source: FromTariff, From: at(1, 0), To: to(31, 0), Term: Term{Unit: "GiB", OveragePrice: price("0.02")}},
		{Item: "traffic", Source: FromTariff, From: at(31, 0), Term: Term{Unit: "GiB", OveragePrice: price("0.03")}},
		{Item: "traffic", Source: FromBandwidth, From: at(5, 14), To: to(12, 9), Term: Term{Price: price("0"), OveragePrice: price("0")}},
		{Item: "port", Source: FromTariff, From: at(1, 0), Term: Term{Price: price("5")}},
		{Item: "port", Source: FromStaff, From: at(2, 0), Term: Term{Price: price("4")}},
		{Item: "port", Source: FromStaff, Period: "P1M", From: at(3, 0), Term: Term{Price: price("3"), OveragePrice: price("1")}},
	}
	tests := map[string]struct {
		item   string
		at     time.Time
		period calendar.Period
		price  string
		over   string
		source Source
	}{
		"tariff":                        {"traffic", at(5, 13), "P1M", "", "0.02", FromTariff},
		"bandwidth from its very start": {"traffic", at(5, 14), "P1M", "0", "0", FromBandwidth},
		"bandwidth is over":             {"traffic", at(12, 9), "P1M", "", "0.02", FromTariff},
		"the next tariff row":           {"traffic", at(31, 0), "P1M", "", "0.03", FromTariff},
		"staff for all periods":         {"port", at(4, 0), "P1Y", "4", "", FromStaff},
		"the exact period comes first":  {"port", at(4, 0), "P1M", "3", "1", FromStaff},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term, source, ok := At(rows, test.item, test.at, test.period)
			require.True(t, ok)
			require.Equal(t, test.source, source)
			require.Equal(t, test.price, text(term.Price))
			require.Equal(t, test.over, text(term.OveragePrice))
		})
	}
	_, _, ok := At(rows, "traffic", at(1, 0).Add(-1), "P1M")
	require.False(t, ok, "nothing was agreed yet")

	term, _, ok := AtEnd(rows, "traffic", at(31, 0), "P1M")
	require.True(t, ok)
	require.Equal(t, "0.02", text(term.OveragePrice), "a change at 24:00 sharp counts for the next day")
	term, _, _ = AtEnd(rows, "traffic", at(13, 0), "P1M")
	require.Equal(t, "0.02", text(term.OveragePrice))
	term, _, _ = AtEnd(rows, "traffic", at(12, 0), "P1M")
	require.Equal(t, "0", text(term.OveragePrice))
	require.Equal(t, "GiB", term.Unit, "what special prices do not carry stays")
	_, _, ok = AtEnd(rows, "traffic", at(1, 0), "P1M")
	require.False(t, ok)
}

func text(d *decimal.Decimal) string {
	if d == nil {
		return ""
	}
	return d.String()
}
