package pricing

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
)

func TestResolveOmittedValues(t *testing.T) {
	t.Parallel()
	values, err := choose(t, server(), "P1M", `{}`)
	require.NoError(t, err)
	require.Len(t, values, 4, "order add-ons that are enabled, nothing else")
	require.Equal(t, "1", values["ip"].Amount.String(), "the larger of included and minimum")
	require.Equal(t, "250", values["disk"].Amount.String(), "the default")
	require.False(t, *values["backup"].On)
	require.True(t, *values["panel"].On, "included switches are on")

	o := server()
	o.AddOns[0].Included, o.AddOns[0].Minimum = ptr("2"), ptr("3")
	o.AddOns[1].Default = json.RawMessage(`true`)
	values, err = choose(t, o, "P1M", `{}`)
	require.NoError(t, err)
	require.Equal(t, "3", values["ip"].Amount.String())
	require.True(t, *values["backup"].On)
}

func TestResolveReadsChosenValues(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{`"5"`: "5", `5`: "5", `"5.0"`: "5", ` 9 `: "9"} {
		values, err := choose(t, server(), "P1M", `{"ip": `+body+`, "panel": false}`)
		require.NoError(t, err)
		require.True(t, values["ip"].Amount.Equal(dec(want)), body)
		require.False(t, *values["panel"].On)
	}
}

func TestResolveNamesEveryContradiction(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"nothing": "1"}`:           {"/add_ons/nothing unknown_field"},
		`{"ram": "32"}`:              {"/add_ons/ram not_selectable"},
		`{"traffic": "500"}`:         {"/add_ons/traffic not_selectable"},
		`{"old": "1"}`:               {"/add_ons/old not_selectable"},
		`{"ip": "0"}`:                {"/add_ons/ip out_of_range"},
		`{"ip": "11"}`:               {"/add_ons/ip out_of_range"},
		`{"ip": "4"}`:                {"/add_ons/ip step_mismatch"},
		`{"disk": "1.5"}`:            {"/add_ons/disk step_mismatch"},
		`{"ip": true}`:               {"/add_ons/ip wrong_type"},
		`{"ip": null}`:               {"/add_ons/ip wrong_type"},
		`{"ip": 1.0}`:                {"/add_ons/ip wrong_type"},
		`{"ip": 1e1}`:                {"/add_ons/ip wrong_type"},
		`{"ip": -1}`:                 {"/add_ons/ip wrong_type"},
		`{"ip": "1e1"}`:              {"/add_ons/ip bad_value"},
		`{"ip": "-1"}`:               {"/add_ons/ip bad_value"},
		`{"ip": ""}`:                 {"/add_ons/ip bad_value"},
		`{"disk": "0.123456789"}`:    {"/add_ons/disk bad_value"},
		`{"backup": "true"}`:         {"/add_ons/backup wrong_type"},
		`{"ip": "2", "ram": 1}`:      {"/add_ons/ip step_mismatch", "/add_ons/ram not_selectable"},
		`{"z": 1, "backup": "true"}`: {"/add_ons/backup wrong_type", "/add_ons/z unknown_field"},
	} {
		_, err := choose(t, server(), "P1M", body)
		require.Error(t, err, body)
		require.Equal(t, fault.Invalid, fault.Of(err).Kind)
		require.Equal(t, want, fields(err), body)
	}
}

func TestD13TrialKeepsToWhatIsIncluded(t *testing.T) {
	t.Parallel()
	values, err := choose(t, server(), "trial", `{}`)
	require.NoError(t, err)
	require.Equal(t, "100", values["disk"].Amount.String(), "not the default of 250")
	require.Equal(t, "1", values["ip"].Amount.String())
	_, err = choose(t, server(), "trial", `{"ip": "3", "backup": true, "panel": true, "disk": 50}`)
	require.Equal(t, []string{"/add_ons/backup out_of_range", "/add_ons/ip out_of_range"}, fields(err))
}

func TestValueJSON(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(map[string]Value{"a": Quantity(dec("5")), "b": Switch(true), "c": Item("Debian-12"), "d": {}})
	require.NoError(t, err)
	require.JSONEq(t, `{"a": "5", "b": true, "c": "Debian-12", "d": null}`, string(raw))
}

func TestSwitchesHaveNoSteps(t *testing.T) {
	t.Parallel()
	a := catalog.AddOn{Code: "x", ValueType: product.BooleanValue, Billing: catalog.BillOrder, Enabled: true, Maximum: ptr("0")}
	values, err := choose(t, catalog.Offer{AddOns: []catalog.AddOn{a}}, "P1M", `{"x": true}`)
	require.NoError(t, err)
	require.True(t, *values["x"].On)
}
