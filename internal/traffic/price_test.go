package traffic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/service"
)

// A renewal may decide today what is agreed from tomorrow on: ours begin and end with what they price.
func TestOurPricesLastAsLongAsWhatTheyPrice(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 30, 0, 20, 0, 0, time.UTC)
	start := now.Add(20 * time.Hour)
	before := now.Add(-99 * time.Hour)
	agreed := func(item string, from time.Time, to *time.Time) service.TermRow {
		return service.TermRow{Item: item, Source: service.FromTariff, From: from, To: to, Term: service.Term{Billing: catalog.BillStatistics, ContentCode: item}}
	}
	ours := func(item string, from time.Time, to *time.Time) service.TermRow {
		return service.TermRow{ID: "our " + item, Item: item, Source: service.FromBandwidth, From: from, To: to, BandwidthServiceID: "bw"}
	}
	inserted := func(a alignment) map[string][]*time.Time {
		out := map[string][]*time.Time{}
		for _, r := range a.insert {
			out[r.Item] = []*time.Time{&r.From, r.To}
		}
		return out
	}
	ended := func(a alignment) map[string]time.Time {
		out := map[string]time.Time{}
		for _, e := range a.end {
			out[e.row.ID] = e.at
		}
		return out
	}

	renewed := []service.TermRow{
		agreed("bandwidth", before, &start), ours("bandwidth", before, nil), // the new version has it no more
		agreed("in", start, nil), // and has this instead
		agreed("traffic", before, &start), agreed("traffic", start, nil), ours("traffic", before, nil),
	}
	a := align(renewed, "bw", now)
	require.Equal(t, map[string]time.Time{"our bandwidth": start}, ended(a))
	require.Equal(t, map[string][]*time.Time{"in": {&start, nil}}, inserted(a))

	done := []service.TermRow{
		agreed("bandwidth", before, &start), ours("bandwidth", before, &start), agreed("in", start, nil), ours("in", start, nil),
		agreed("traffic", before, &start), agreed("traffic", start, nil), ours("traffic", before, nil),
	}
	a = align(done, "bw", now)
	require.Empty(t, a.end, "aligning again changes nothing")
	require.Empty(t, a.insert)

	a = align(done, "", now)
	require.Equal(t, map[string]time.Time{"our bandwidth": now, "our in": now, "our traffic": now}, ended(a), "a suspension takes all of ours")
	a = align(done, "other", now)
	require.Len(t, a.end, 3)
	require.Len(t, a.insert, 3, "another bandwidth service sets its own")

	staff := append(done[:5:5], agreed("traffic", before, nil), service.TermRow{Item: "traffic", Source: service.FromStaff, Period: "P1Y", From: before})
	a = align(staff, "bw", now)
	require.Equal(t, []string{"traffic"}, a.kept, "a staff price of any period is kept")
}
