package pricelist

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// many is a price list of n tariffs with 20 add-ons each.
func many(n int) string {
	var b strings.Builder
	b.WriteString("version: 1\nproduct_types:\n  - code: rack\n    name: Racks\n    add_ons:\n")
	for j := range 20 {
		fmt.Fprintf(&b, "      - code: part_%d\n", j)
	}
	b.WriteString("tariffs:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - code: rack_%d\n    provider: Default\n    product_type: rack\n    name: Rack %d\n    prices:\n"+
			"      - period: P1M\n        amount: \"%d.50\"\n    add_ons:\n", i, i, 10+i)
		for j := range 20 {
			fmt.Fprintf(&b, "      - code: part_%d\n        billing: order\n        included: \"1\"\n        maximum: \"64\"\n        prices:\n"+
				"          - period: P1M\n            amount: \"%d.25\"\n", j, j)
		}
	}
	return b.String()
}

// BenchmarkImport brings 1 000 tariffs with 20 add-ons each into a new installation, and again.
func BenchmarkImport(b *testing.B) {
	const tariffs = 1000
	document := many(tariffs)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			r := newRig(b)
			b.StartTimer()
			require.Len(b, r.imports(document, Options{}), 21+tariffs)
		}
	})
	b.Run("again", func(b *testing.B) {
		r := newRig(b)
		r.imports(document, Options{})
		for b.Loop() {
			require.Empty(b, r.imports(document, Options{}))
		}
	})
}
