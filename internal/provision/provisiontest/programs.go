package provisiontest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// programFaults are the ways for one run of an operator's program to fail: before it did anything with another status or an error
// that it tells, and after its work by another status, a signal, nonsense, silence without end and talk without end.
var programFaults = []string{"exit_before", "error", "exit_after", "killed_after", "garbage_after", "timeout", "flood_after"}

// Programs is the matrix of drivers that run programs: each operation's run fails in each way, once, and is repeated as the
// engine does. The harness's Network breaks the next run by the fault's kind. At the end there is one object of the service
// or none, in the state that the outcome tells, and nothing was done twice.
func Programs(t *testing.T, h Harness) {
	for _, op := range matrixOps {
		for _, fault := range programFaults {
			t.Run(fmt.Sprintf("%s/%s", op, fault), func(t *testing.T) {
				t.Parallel()
				require.True(t, cell{op: op, fault: fault}.survive(t, h), "the fault was met")
			})
		}
	}
}
