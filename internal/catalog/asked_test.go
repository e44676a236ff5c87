package catalog

import (
	"encoding/json"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// ask builds a questionnaire of two lists and some texts, sold in Frankfurt by the module "told", which has two of three
// systems, and in Riga by "mute", which never told what it has.
func ask(t *testing.T) (Offer, []product.Parameter, []module.Module) {
	t.Helper()
	at := time.Now()
	list := func(code string, values ...product.ParameterValue) product.Parameter {
		for i := range values {
			values[i].Enabled, values[i].Name = !strings.HasPrefix(values[i].Code, "off"), values[i].Code
		}
		return product.Parameter{Code: code, Name: code, Input: product.ListInput, Values: values, Filled: true, Builtin: true, AllTariffs: true, Ask: product.AskAtOrder, Validator: product.Validator{Kind: product.ValidatorNone}}
	}
	plain := func(code string, v product.Validator) product.Parameter {
		return product.Parameter{Code: code, Name: code, Input: product.TextInput, AllTariffs: true, Ask: product.AskAtOrder, Validator: v}
	}
	one, nine := int64(1), int64(9)
	os := list("os", product.ParameterValue{Code: "Debian-12", Tags: []string{"linux"}}, product.ParameterValue{Code: "BSD", ModuleIDs: []provision.ModuleID{"told", "other"}},
		product.ParameterValue{Code: "Plan9", Tags: []string{"odd"}, ModuleIDs: []provision.ModuleID{"other"}}, product.ParameterValue{Code: "off"})
	recipe := list("recipe", product.ParameterValue{Code: "LAMP", Tags: []string{"linux"}}, product.ParameterValue{Code: "plain"})
	many := list("many", product.ParameterValue{Code: "a"}, product.ParameterValue{Code: "b"})
	many.Input = product.MultiListInput
	open := list("open")
	open.Filled = false
	hidden := plain("hidden", product.Validator{Kind: product.ValidatorNone})
	hidden.AllTariffs = false
	must := plain("must", product.Validator{Kind: product.ValidatorRegexp, Pattern: "a+|b"})
	must.Required = true
	later := plain("later", product.Validator{Kind: product.ValidatorNone})
	later.Required, later.Ask = true, product.AskAtProcessing
	o := Offer{DataCenterIDs: []datacenter.ID{"frankfurt", "riga"}, ModuleIDs: []provision.ModuleID{"told", "mute"}}
	return o, []product.Parameter{os, recipe, many, open, must, later, hidden, plain("age", product.Validator{Kind: product.ValidatorInteger, Min: &one, Max: &nine})}, []module.Module{
		{ID: "told", Enabled: true, DataCenterID: "frankfurt", SyncedAt: &at},
		{ID: "mute", Enabled: true, DataCenterID: "riga"},
		{ID: "other", Enabled: true, SyncedAt: &at},
	}
}

func TestAskedListsWhatSomeModuleHas(t *testing.T) {
	t.Parallel()
	o, parameters, modules := ask(t)
	got := map[string]string{}
	for _, a := range Asked(o, parameters, modules) {
		var values []string
		for _, v := range a.Allowed {
			places := make([]string, len(v.DataCenterIDs))
			for i, id := range v.DataCenterIDs {
				places[i] = string(id)
			}
			values = append(values, v.Code+"@"+strings.Join(places, "+"))
		}
		got[a.Code] = strings.Join(values, " ")
	}
	require.Equal(t, map[string]string{
		"os":     "Debian-12@frankfurt+riga BSD@frankfurt+riga Plan9@riga",
		"recipe": "LAMP@frankfurt+riga plain@frankfurt+riga", "many": "a@frankfurt+riga b@frankfurt+riga",
		"open": "", "must": "", "later": "", "age": "",
	}, got)
	o.Parameters = []string{"hidden"}
	require.Len(t, Asked(o, parameters, modules), 8)
	modules[0].Enabled, modules[1].Enabled = false, false
	require.Empty(t, Asked(o, parameters, modules)[0].Allowed)
}

func TestAnswersAreChecked(t *testing.T) {
	t.Parallel()
	o, parameters, modules := ask(t)
	for _, c := range []struct{ given, kept, want string }{
		{`{"must": "aaa"}`, "", `{"must":"aaa"}`},
		{`{}`, "", `/parameters/must required`},
		{`{"must": ""}`, "", `/parameters/must required`},
		{`{"must": "ab"}`, "", `/parameters/must bad_format`},
		{`{"must": 1}`, "", `/parameters/must wrong_type`},
		{`{"must": "b", "hidden": "x", "a/b": "x"}`, "", `/parameters/a~1b unknown_parameter, /parameters/hidden unknown_parameter`},
		{`{"must": "b", "age": 7, "os": "debian-12", "recipe": null}`, "", `{"age":"7","must":"b","os":"Debian-12"}`},
		{`{"must": "b", "age": "10"}`, "", `/parameters/age out_of_range`},
		{`{"must": "b", "age": "99999999999999999999"}`, "", `/parameters/age out_of_range`},
		{`{"must": "b", "age": "1.5"}`, "", `/parameters/age bad_format`},
		{`{"must": "b", "os": "BSD"}`, "", `{"must":"b","os":"BSD"}`},
		{`{"must": "b", "os": "Plan9"}`, "", `/parameters/os unknown_value`},
		{`{"must": "b", "os": "off"}`, "", `/parameters/os unknown_value`},
		{`{"must": "b", "os": "Windows"}`, "", `/parameters/os unknown_value`},
		{`{"must": "b", "os": ["BSD"]}`, "", `/parameters/os wrong_type`},
		{`{"must": "b", "open": "anything"}`, "", `{"must":"b","open":"anything"}`},
		{`{"must": "b", "many": ["b", "a"]}`, "", `{"many":["b","a"],"must":"b"}`},
		{`{"must": "b", "many": "a"}`, "", `/parameters/many wrong_type`},
		{`{"must": "b", "many": ["b", "B", "c"]}`, "", `/parameters/many/1 duplicate_value, /parameters/many/2 unknown_value`},
		{`{"must": "b", "os": "BSD", "recipe": "LAMP"}`, "", `{"must":"b","os":"BSD","recipe":"LAMP"}`},
		{`{"must": "b", "os": "Debian-12", "recipe": "LAMP"}`, "", `{"must":"b","os":"Debian-12","recipe":"LAMP"}`},
		// A change needs nothing but what it names, may take away what is not required, and has to go with the rest.
		{`{"age": "", "os": null, "many": []}`, `{"age":"3"}`, `{"age":"","many":[],"os":""}`},
		{`{"must": null}`, `{"must":"b"}`, `/parameters/must required`},
		{`{"later": ""}`, `{}`, `/parameters/later required`},
		{`{"recipe": "LAMP"}`, `{"os":"Plan9"}`, `/parameters/recipe unknown_value`},
		{`{"age": "3"}`, `{"os":"Plan9","recipe":"LAMP"}`, `{"age":"3"}`},
	} {
		q := NewQuestionnaire(o, parameters, modules[:1])
		if c.kept != "" {
			require.NoError(t, json.Unmarshal([]byte(c.kept), &q.Kept))
		}
		var given Answers
		require.NoError(t, json.Unmarshal([]byte(c.given), &given))
		var f fault.Fields
		out := q.Check(&f, given)
		if len(f) == 0 {
			raw, err := json.Marshal(out)
			require.NoError(t, err)
			require.Equal(t, c.want, string(raw), c.given)
			continue
		}
		var wrong []string
		for _, x := range f {
			wrong = append(wrong, x.Pointer+" "+x.Code)
		}
		sort.Strings(wrong)
		require.Equal(t, c.want, strings.Join(wrong, ", "), c.given)
	}
}

func TestDefaultsStandForWhatIsRequired(t *testing.T) {
	t.Parallel()
	o, parameters, modules := ask(t)
	parameters = parameters[:1]
	parameters[0].Required = true
	var f fault.Fields
	NewQuestionnaire(o, parameters, modules).Check(&f, nil)
	require.Len(t, f, 1)
	o.Settings = json.RawMessage(`{"default_os": "BSD"}`)
	f = nil
	NewQuestionnaire(o, parameters, modules).Check(&f, nil)
	require.Empty(t, f)
	require.Equal(t, "BSD", Asked(o, parameters, modules)[0].Default)
}

func TestWithoutModulesTheListsAloneDecide(t *testing.T) {
	t.Parallel()
	o, parameters, _ := ask(t)
	var f fault.Fields
	NewQuestionnaire(o, parameters[:1], nil).Check(&f, Answers{"os": json.RawMessage(`"Plan9"`)})
	require.Empty(t, f)
	NewQuestionnaire(o, parameters[:1], nil).Check(&f, Answers{"os": json.RawMessage(`"off"`)})
	require.Len(t, f, 1)
}

func TestValidators(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, good, bad string }{
		{product.ValidatorNone, "anything goes", strings.Repeat("x", 1001)},
		{product.ValidatorURL, "https://example.com/a?b=c http://x", "example.com ftp://example.com https:// //x"},
		{product.ValidatorEmail, "john@example.com", "john John<john@example.com> @example.com"},
		{product.ValidatorDomain, "example.com a.b-c.example. xn--bcher-kva.example localhost", "-a.com a..b .com exa!mple.com " + strings.Repeat("a", 64) + ".com"},
		{product.ValidatorIPv4, "192.0.2.1", "192.0.2.256 2001:db8::1 192.0.2"},
		{product.ValidatorIPv6, "2001:db8::1 ::", "192.0.2.1 fe80::1%eth0 2001:db8"},
		{product.ValidatorInteger, "0 -5 42", "1.5 a 0x1 99999999999999999999"},
	} {
		split := strings.Fields
		if c.kind == product.ValidatorNone {
			split = func(s string) []string { return []string{s} }
		}
		for _, text := range split(c.good) {
			require.Nil(t, product.Validator{Kind: c.kind}.Check(text), "%s %q", c.kind, text)
		}
		for _, text := range split(c.bad) {
			require.NotNil(t, product.Validator{Kind: c.kind}.Check(text), "%s %q", c.kind, text)
		}
	}
}

func TestDomainOfATemplate(t *testing.T) {
	t.Parallel()
	in := DomainFields{Username: "john", ProductType: "vds", ServiceID: "1-2", ClientID: "3-4"}
	require.Equal(t, "john.example.com", Domain("@USERNAME@.example.com", in))
	require.Equal(t, "vds-1-2.3-4.example.com", Domain("@TYPE@-@ID@.@ACCOUNT_ID@.example.com", in))
	in.Username = "_john doe+tag."
	require.Equal(t, "john-doe-tag.example.com", Domain("@USERNAME@.example.com", in))
}
