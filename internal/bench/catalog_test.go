package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkCatalogImport is what `tariffd catalog import` takes for 1 000 tariffs with 20 add-ons each, and when it is
// repeated and has nothing to do.
func BenchmarkCatalogImport(b *testing.B) {
	const tariffs, addOns, first, again = 1000, 20, 5, 1 // seconds
	in := newInstallation(b, "TARIFFD_SANDBOX=true").start(b)
	file := filepath.Join(filepath.Dir(in.dir), "catalog.yaml")
	require.NoError(b, os.WriteFile(file, []byte(priceList(tariffs, addOns)), 0o600))
	bring := func(want string) float64 {
		path, err := binary()
		require.NoError(b, err)
		cmd := exec.CommandContext(b.Context(), path, "catalog", "import", "--file", file)
		cmd.Env = in.env
		began := time.Now()
		out, err := cmd.CombinedOutput()
		took := time.Since(began).Seconds()
		require.NoError(b, err, "%s", out)
		require.Contains(b, string(out), want)
		return took
	}
	took := bring(fmt.Sprintf("Done: %d created", tariffs+addOns+1))
	var repeated []float64
	for range 5 {
		repeated = append(repeated, bring("Nothing to do: 0 changes."))
	}
	report.show(b, figure{
		name: "import of 1 000 tariffs with 20 add-ons", ours: fmt.Sprintf("%.2fs", took), value: took, most: true, target: first, unit: "s",
	})
	report.show(b, figure{
		name: "the same import again: 0 changes", ours: fmt.Sprintf("%.2fs", median(repeated)), value: median(repeated), most: true, target: again, unit: "s",
	})
}

// priceList is a document with tariffs of a product type of its own.
func priceList(tariffs, addOns int) string {
	var doc strings.Builder
	doc.WriteString("version: 1\nproduct_types:\n  - code: rack\n    name: Racks\n    add_ons:\n")
	for j := range addOns {
		fmt.Fprintf(&doc, "      - code: part_%d\n", j)
	}
	doc.WriteString("tariffs:\n")
	for i := range tariffs {
		fmt.Fprintf(&doc, "  - code: rack_%d\n    provider: Default\n    product_type: rack\n    name: Rack %d\n    prices:\n"+
			"      - period: P1M\n        amount: \"%d.50\"\n    add_ons:\n", i, i, 10+i)
		for j := range addOns {
			fmt.Fprintf(&doc, "      - code: part_%d\n        billing: order\n        included: \"1\"\n        maximum: \"64\"\n        prices:\n"+
				"          - period: P1M\n            amount: \"%d.25\"\n", j, j)
		}
	}
	return doc.String()
}
