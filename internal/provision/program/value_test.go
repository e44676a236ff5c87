package program_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
)

func TestValuesAreWords(t *testing.T) {
	t.Parallel()
	on, off, amount := true, false, decimal.RequireFromString("2.50")
	for want, a := range map[string]provision.AddOn{"2.5": {Amount: &amount, Unit: "GiB"}, "on": {On: &on}, "off": {On: &off}, "xs": {Item: "xs"}, "": {}} {
		require.Equal(t, want, program.Amount(a))
	}
	for raw, want := range map[string]string{`"a b"`: "a b", ` 12 `: "12", `{"a": 1}`: `{"a": 1}`, `true`: "true", ``: ""} {
		require.Equal(t, want, program.Plain(json.RawMessage(raw)), raw)
	}
	at := time.Date(2026, 3, 1, 1, 30, 0, 0, time.FixedZone("", 3600))
	require.Equal(t, "2026-03-01T00:30:00Z", program.Instant(&at))
	require.Empty(t, program.Instant(nil))
}

func TestAProlongationThatMayHaveBeenMadeIsNotRepeated(t *testing.T) {
	t.Parallel()
	unsure := program.Unsure(nil, "the program was cut off")
	require.True(t, provision.IsRejected(program.OnlyOnce(provision.Renew, unsure), "module_error"))
	require.Equal(t, error(unsure), program.OnlyOnce(provision.Open, unsure), "whatever else is looked for first")
	sure := provision.NewUnavailable(nil, "nothing was run")
	require.Equal(t, error(sure), program.OnlyOnce(provision.Renew, sure))
	require.NoError(t, program.OnlyOnce(provision.Renew, nil))
}
