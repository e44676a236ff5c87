package none_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/none"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

func TestConformance(t *testing.T) { provisiontest.Run(t, provisiontest.Offline(none.Driver())) }

func TestEverythingIsDoneAtOnce(t *testing.T) {
	t.Parallel()
	module, err := none.Driver().New(provision.Config{})
	require.NoError(t, err)
	for _, kind := range provision.Kinds {
		out, err := module.Apply(t.Context(), provision.Op{Kind: kind, Ref: "7"})
		require.NoError(t, err)
		require.Equal(t, provision.Outcome{State: provision.Done}, out, "what is known of the service stays as it is")
	}
}
