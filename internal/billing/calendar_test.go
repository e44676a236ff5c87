package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/tariff"
)

// D4: the first period costs its days and ends on the 1st, also one of several months; the following ones are whole and cost
// the whole price.
func TestD4CalendarPeriodsRenewOnTheFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ordered string
		period  calendar.Period
		amount  string
		day     *int
		first   string
		ends    []string
	}{
		"a month from the 12th":      {"2026-07-12 10:00", "P1M", "31", nil, "20.00", []string{"2026-08-01", "2026-09-01", "2026-10-01"}},
		"a month from the 17th":      {"2026-07-17 10:00", "P1M", "31", ptr(15), "46.00", []string{"2026-09-01", "2026-10-01", "2026-11-01"}},
		"a month from the 20th":      {"2026-03-20 10:00", "P1M", "31", ptr(16), "43.00", []string{"2026-05-01", "2026-06-01"}},
		"three months from the 12th": {"2026-07-12 10:00", "P3M", "93", nil, "82.00", []string{"2026-10-01", "2027-01-01", "2027-04-01"}},
		"three months from the 17th": {"2026-07-17 10:00", "P3M", "93", ptr(15), "108.00", []string{"2026-11-01", "2027-02-01"}},
		"from the 1st":               {"2026-07-01 00:00", "P1M", "31", ptr(15), "31.00", []string{"2026-08-01", "2026-09-01"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, at(c.ordered), time.UTC)
			change := tariff.Change{Calendar: tariff.CalendarChange{Enabled: ptr(true), ProRataDay: input.Opt[int]{Set: true, Value: c.day}}}
			s := h.buy(h.client("1000"), h.sells(product.TypeChange{}, change, price(c.period, c.amount, "0")), c.period)
			want := []string{c.ordered[:10] + " " + c.first}
			for _, end := range c.ends {
				h.paidUntil(s, end+" 00:00")
				want = append(want, end+" "+dec(c.amount).StringFixed(2))
				h.live(at(end + " 12:00"))
			}
			require.Equal(t, want, h.expenses(s, charge.Period))
			h.sound()
		})
	}
}
