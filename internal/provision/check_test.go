package provision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

func TestARefusalOfACheckSaysOnceWhatWasTried(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"The key is old.", "check_connection: The key is old."} {
		trial := &provision.Trial{}
		trial.Try("check_connection", func() error { return provision.NewRejected("bad", "%s", words) })
		_, err := trial.Result()
		require.EqualError(t, err, "bad: check_connection: The key is old.")
	}
}
