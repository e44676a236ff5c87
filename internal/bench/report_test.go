package bench

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
)

// figure is one number that was promised, with what it is measured against.
type figure struct {
	name   string
	ours   string
	theirs string  // of the comparator; empty where the target is absolute
	value  float64 // the ratio, or the absolute value in the target's unit
	most   bool    // the target is an upper bound, else a lower one
	target float64
	unit   string // of value and target; empty for ratios
}

func (f figure) reached() bool {
	if f.most {
		return f.value <= f.target
	}
	return f.value >= f.target
}

func (f figure) columns() string {
	sign, verdict := "≥", "reached"
	if f.most {
		sign = "≤"
	}
	if !f.reached() {
		verdict = "MISSED"
	}
	return fmt.Sprintf("%s\t%s\t%s\t%.2f%s\t%s %g%s\t%s", f.name, f.ours, f.theirs, f.value, f.unit, sign, f.target, f.unit, verdict)
}

// table gathers the figures of a run.
type table struct {
	mu   sync.Mutex
	rows []figure
}

var report table

// show notes a figure and tells it at once, because the whole run takes minutes.
func (t *table) show(b *testing.B, f figure) {
	b.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, f)
	b.ReportMetric(0, "ns/op") // the time of the whole measurement says nothing
	unit := f.unit
	if unit == "" {
		unit = "ratio"
	}
	b.ReportMetric(f.value, unit)
}

func (t *table) print(to io.Writer) {
	if len(t.rows) == 0 {
		return
	}
	w := tabwriter.NewWriter(to, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\nFIGURE\tTARIFFD\tBESIDE\tVALUE\tTARGET\t")
	for _, f := range t.rows {
		fmt.Fprintln(w, f.columns())
	}
	_ = w.Flush()
}

// median is the middle of the rounds, so that one disturbed round does not count.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
