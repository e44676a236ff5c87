package bench

import (
	"fmt"
	"net/http"
	"testing"
)

// BenchmarkOpens has two workers make what was ordered before they started, on a panel that needs no time and sets no limit;
// then suspends and resumes all of it, until the workers have done ten times as many operations.
func BenchmarkOpens(b *testing.B) {
	const machines, rounds, target, growth = 1000, 9, 50, 1.2
	f := newFarm(b, 100)
	f.order(b, f.virtual(), machines)
	f.work(b, 2)
	took := f.awaitOperations(b, machines)
	cost := burned(b, f.workers...) / machines
	report.show(b, figure{
		name: fmt.Sprintf("%d opens, two workers", machines), ours: fmt.Sprintf("%.1fs", took.Seconds()), theirs: fmt.Sprintf("%s of a processor each", cost),
		value: machines / took.Seconds(), target: target, unit: "/s",
	})

	few := f.resident(b)
	ids := f.machines(b)
	for round := range rounds {
		action, body := "suspend", `{"reason":"admin"}`
		if round%2 == 1 {
			action, body = "resume", `{}`
		}
		f.sendAll(b, machines, http.StatusAccepted, func(no int) []byte {
			return request(http.MethodPost, "/v1/services/"+ids[no]+"/"+action, f.listen, f.key, "Idempotency-Key: "+random(8)+"\r\n", body)
		})
		f.awaitOperations(b, machines*(round+2))
	}
	many := f.resident(b)
	report.show(b, figure{
		name: fmt.Sprintf("memory after %d operations", machines*(rounds+1)), ours: fmt.Sprintf("%.1fMiB", many),
		theirs: fmt.Sprintf("%.1fMiB after %d", few, machines), value: many / few, most: true, target: growth,
	})
}
