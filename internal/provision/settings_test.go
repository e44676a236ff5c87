package provision_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

func TestABrokenSettingIsToldInWords(t *testing.T) {
	t.Parallel()
	var into struct {
		URL    string `json:"url" validate:"http_url"`
		Unit   string `json:"unit" validate:"oneof=a b"`
		Folder string `json:"folder" validate:"startswith=/"`
		Name   string `json:"name" validate:"max=2"`
		Wait   int    `json:"wait" validate:"max=300"`
	}
	f := fault.Of(provision.Decode(json.RawMessage(`{"url":"x","unit":"c","folder":"x","name":"abc","wait":301}`), "", &into))
	var got []string
	for _, field := range f.Fields {
		got = append(got, field.Detail)
	}
	require.ElementsMatch(t, []string{
		"An address that begins with http:// or https:// is expected.", "One of a, b is expected.", "It must begin with /.",
		"At most 2 characters.", "At most 300.",
	}, got)
}

func TestDecodeNamesEveryBrokenPlace(t *testing.T) {
	t.Parallel()
	type settings struct {
		URL   string            `json:"url" validate:"required,http_url"`
		Unit  string            `json:"unit" validate:"omitempty,oneof=a b"`
		Names map[string]string `json:"names" validate:"dive,min=2"`
	}
	cases := map[string][][2]string{
		``:                                     {{"/connection/url", "required"}},
		`{"url":"http://x"} {}`:                {{"/connection", "invalid_value"}},
		`[]`:                                   {{"/connection", "invalid_value"}},
		`{"url":7}`:                            {{"/connection/url", "invalid_value"}},
		`{"url":"http://x","urk":1}`:           {{"/connection/urk", "unknown_field"}},
		`{"url":"s3cret","unit":"c"}`:          {{"/connection/unit", "invalid_value"}, {"/connection/url", "invalid_value"}},
		`{"url":"http://x","names":{"k":"v"}}`: {{"/connection/names/k", "invalid_value"}},
	}
	for raw, want := range cases {
		err := provision.Decode(json.RawMessage(raw), "/connection", &settings{})
		f := fault.Of(err)
		require.Equal(t, fault.Invalid, f.Kind, raw)
		var got [][2]string
		for _, field := range f.Fields {
			got = append(got, [2]string{field.Pointer, field.Code})
		}
		require.Equal(t, want, got, raw)
		require.NotContains(t, err.Error(), "s3cret")
	}
	require.NoError(t, provision.Decode(json.RawMessage(`{"url":"https://x","unit":"a"}`), "/connection", &settings{}))
}

func TestATariffMayHoldWhatOtherDriversKnow(t *testing.T) {
	t.Parallel()
	type tariff struct {
		Flavor string `json:"flavor" validate:"required,max=5"`
	}
	read, err := provision.DecodeTariff[tariff](json.RawMessage(`{"flavor": "small", "preset": 7}`))
	require.NoError(t, err)
	require.Equal(t, tariff{"small"}, read)
	_, err = provision.DecodeTariff[tariff](nil)
	require.NoError(t, err)
	require.NoError(t, provision.CheckTariff[tariff](json.RawMessage(`{"flavor": "small", "preset": 7}`)))
	for raw, pointer := range map[string]string{
		`{}`: "/settings/flavor", `{"flavor": "longer"}`: "/settings/flavor", `{"flavor": 7}`: "/settings/flavor", `[]`: "/settings",
	} {
		require.Equal(t, pointer, fault.Of(provision.CheckTariff[tariff](json.RawMessage(raw))).Fields[0].Pointer, raw)
	}
}
