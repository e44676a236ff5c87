package bench

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkServiceRead reads one service with key, validation and ETag, beside a handler that has none of these.
func BenchmarkServiceRead(b *testing.B) {
	const clients, rounds, length = 8, 5, 2 * time.Second
	in := newInstallation(b).start(b).connect(b)
	_, _, id := newShop(in.admin(b)).sell()
	in.copyTable(b, "service")
	in.run(b, `INSERT INTO bench.service SELECT * FROM service`)
	minimal := in.startMinimal(b)

	read := func(address, path string) load {
		raw := request(http.MethodGet, path, address, in.key, "", "")
		return load{address: address, clients: clients, want: http.StatusOK, request: func(int) []byte { return raw }}
	}
	ours, theirs := read(in.listen, "/v1/services/"+id), read(minimal, "/services/"+id)
	ours.rush(b, length/4) // both have their connections and statements
	theirs.rush(b, length/4)
	var a, z, ratio []float64
	for range rounds {
		z = append(z, theirs.rush(b, length))
		a = append(a, ours.rush(b, length))
		ratio = append(ratio, a[len(a)-1]/z[len(z)-1])
	}
	require.NotEmpty(b, in.admin(b).get("/v1/services/"+id).header.Get("ETag"))
	report.show(b, figure{
		name: "service read, 8 clients", ours: perSecond(a), theirs: perSecond(z) + " (minimal handler)", value: median(ratio), target: 0.5,
	})
}

func perSecond(rates []float64) string { return fmt.Sprintf("%.0f/s", median(rates)) }
