package provisiontest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

// Fails expects a failure of this kind and returns it.
func Fails(t testing.TB, err error, kind provision.FailureKind) *provision.Failure {
	t.Helper()
	failure, ok := provision.FailureOf(err)
	require.Truef(t, ok, "a failure is expected, not %v", err)
	require.Equal(t, kind, failure.Kind, err)
	return failure
}

// Refused expects a refusal with this code and returns it.
func Refused(t testing.TB, err error, code string) *provision.Failure {
	t.Helper()
	failure := Fails(t, err, provision.Rejected)
	require.Equal(t, code, failure.Code, err)
	return failure
}

// Inspect looks at the object of a service.
func Inspect(t testing.TB, m provision.Module, op provision.Op) provision.Found {
	t.Helper()
	found, err := m.(provision.Inspector).Inspect(t.Context(), op)
	require.NoError(t, err)
	return found
}

// Machines are what the panel has that no service has.
func Machines(t testing.TB, m provision.Module) []provision.Machine {
	t.Helper()
	list, err := m.(provision.Importer).Machines(t.Context())
	require.NoError(t, err)
	return list
}

// InspectsItsOwn expects that a service which is known by the object of another finds nothing, and that a look at a broken panel is
// no look. The operation is the other's. It leaves the panel broken.
func InspectsItsOwn(t testing.TB, m provision.Module, n Network, owner provision.Op) {
	t.Helper()
	other := NewOp(provision.Sync, owner.Spec, nil)
	other.Ref = owner.Ref
	require.Equal(t, provision.Found{}, Inspect(t, m, other), "it is another service's")
	n.Break(Fault{Kind: "http_500"})
	_, err := m.(provision.Inspector).Inspect(t.Context(), other)
	Fails(t, err, provision.Unavailable)
}

// Amounts writes what was found of add-ons as amount and unit.
func Amounts(addOns map[string]provision.AddOn) map[string]string {
	out := map[string]string{}
	for code, a := range addOns {
		out[code] = a.Amount.String() + " " + a.Unit
	}
	return out
}

// Values writes the values of a usage as amount and unit.
func Values(of map[string]provision.Value) map[string]string {
	out := map[string]string{}
	for param, v := range of {
		out[param] = v.Amount.String() + " " + v.Unit
	}
	return out
}
