package provision_test

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

// D28: what a driver has no call for is told, and nothing else is.
func TestD28WhatIsLeftUndone(t *testing.T) {
	t.Parallel()
	amount := func(n int64) provision.AddOn {
		d := decimal.NewFromInt(n)
		return provision.AddOn{Amount: &d, Unit: "GiB"}
	}
	on, off := true, false
	carried := func(code string) bool { return code == "cpu" }
	spec := provision.Spec{
		AddOns: map[string]provision.AddOn{
			"cpu": amount(4), "ram": amount(32), "disk": amount(500), "raid": {On: &off}, "backup": {On: &on}, "traffic": amount(1), "ns": {Item: "ns1"},
		},
		Included: map[string]provision.AddOn{"disk": amount(500)},
	}
	require.Equal(t, []string{"backup on", "ns ns1", "ram 32 GiB"}, provision.Op{Kind: provision.Open, Spec: spec}.Undone(carried))
	require.Empty(t, provision.Op{Kind: provision.Suspend, Spec: spec}.Undone(carried), "the terms do not change")
	require.Empty(t, provision.Op{Kind: provision.SetParams, Spec: spec}.Undone(carried))
	spec.Previous = &provision.Terms{AddOns: map[string]provision.AddOn{"ram": amount(16), "backup": {On: &on}, "ns": {Item: "ns1"}, "disk": amount(500), "raid": {Item: "10"}, "gone": {On: &on}, "cpu": amount(1)}}
	spec.Asked = []string{"os", "domain"}
	spec.Parameters = map[string]json.RawMessage{"os": json.RawMessage(`"Debian"`), "domain": json.RawMessage(`"x.example"`), "hostname": json.RawMessage(`"as before"`)}
	require.Equal(t, []string{"gone none", "parameter os Debian", "raid none", "ram 32 GiB"}, provision.Op{Kind: provision.SetParams, Spec: spec}.Undone(carried, "domain"))
}
