package provisiontest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// checkProvesTheConnection expects a refusal of a wrong password, in words without it, and none of the right one.
func checkProvesTheConnection(t *testing.T, h Harness) {
	b := newBench(t, h)
	require.NoError(t, b.module.Check(t.Context()))
	if b.WrongLogin == nil {
		return
	}
	err := b.connect(*b.WrongLogin).Check(t.Context())
	require.NotEmpty(t, Fails(t, err, provision.Unauthenticated).Text)
	b.clean(provision.Outcome{}, err)
	require.NoError(t, b.module.Check(t.Context()), "the right password still works")
}

// silenceIsUnavailable waits for the driver's own time limit, which the harness keeps short.
func silenceIsUnavailable(t *testing.T, h Harness) {
	b := newBench(t, h)
	if b.Network == nil {
		return
	}
	b.Network.Break(Fault{Kind: "timeout"})
	defer b.Network.Mend()
	op := Opening(b.Spec)
	err := within(t, time.Minute, func() error {
		_, err := b.module.Apply(t.Context(), op)
		return err
	})
	Fails(t, err, provision.Unavailable)
	b.clean(provision.Outcome{}, err)
}

// brokenAnswersAreFailures expects a Failure without secrets of each way to answer badly, and an end of the work once the
// panel is well again.
func brokenAnswersAreFailures(t *testing.T, h Harness) {
	if newBench(t, h).Network == nil {
		return
	}
	for _, kind := range []string{"http_500", "bad_body", "http_401"} {
		b := newBench(t, h)
		op := Opening(b.Spec)
		for _, method := range []string{"", "GET", "POST"} {
			b.Network.Break(Fault{Method: method, Kind: kind})
			_, err := b.look(b.module, op)
			failure, ok := provision.FailureOf(err)
			require.Truef(t, ok, "%s of %s: a failure is expected, not %v", kind, method, err)
			require.NotEqualf(t, provision.Rejected, failure.Kind, "%s of %s is no refusal: %v", kind, method, err)
			b.Network.Mend()
		}
		out, err := b.persist(b.module, &op)
		require.NoErrorf(t, err, "after %s", kind)
		require.Equal(t, provision.Done, out.State)
		b.count(op, 1)
	}
}

// failedJobLeavesNothing lets each job of an opening fail in turn: a refusal must leave no object, for another module will
// be asked, and anything else must lead to one.
func failedJobLeavesNothing(t *testing.T, h Harness) {
	if newBench(t, h).Network == nil {
		return
	}
	for after := range 4 {
		b := newBench(t, h)
		op := Opening(b.Spec)
		b.Network.Break(Fault{Kind: "task_fail", Times: 1, After: after})
		out, err := b.persist(b.module, &op)
		if failure, ok := provision.FailureOf(err); ok {
			require.Equal(t, provision.Rejected, failure.Kind, err)
			b.count(op, 0)
			require.True(t, failure.TakenBack || !b.begun, "what was begun and is gone lets another module be asked")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, provision.Done, out.State)
		b.count(op, 1)
	}
}

// infoIsComplete reads everything that a form or a catalogue is drawn from.
func infoIsComplete(t *testing.T, h Harness) {
	info := h.Driver.Info
	require.NotEmpty(t, info.Name)
	require.NotEmpty(t, info.Title)
	require.NotEmpty(t, info.Notes)
	// What a driver can is read from the types that it names: they must be those that it makes.
	live, err := h.Driver.New(h.New(t).Config)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(h.Driver.Types, func(m provision.Module) bool { return reflect.TypeOf(m) == reflect.TypeOf(live) }),
		"%T is not among the driver's types", live)
	kinds := info.ProductTypes
	if len(kinds) == 0 {
		kinds = []provision.ProductType{info.Default}
	}
	for _, p := range kinds {
		require.Len(t, p.Operations, len(provision.Kinds), p.Code)
		for _, kind := range provision.Kinds {
			require.Contains(t, []provision.Mode{provision.ModeAuto, provision.ModeManual, provision.ModeNone}, p.Operations[kind])
		}
	}
	require.Contains(t, []provision.Need{provision.Required, provision.Forbidden, provision.Optional}, info.DataCenter.ExternalID)
	for _, s := range info.Statistics {
		require.NotEmpty(t, s.Unit, s.Param)
		require.Contains(t, []string{"counter", "gauge"}, s.Kind)
	}
	requireSchema(t, "connection", info.ConnectionSchema)
	requireSchema(t, "parameters", info.ParametersSchema)
	requireSchema(t, "tariff", info.TariffSchema)
	requireDialect(t, info)
	refusesUnknownSettings(t, h)
}

// requireSchema reads a JSON Schema of an object; whatever sounds secret must be marked so.
func requireSchema(t *testing.T, name string, raw json.RawMessage) {
	t.Helper()
	var schema struct {
		Type       string
		Required   []string
		Properties map[string]struct {
			Type      string
			Title     string
			WriteOnly bool
		}
	}
	require.NoError(t, json.Unmarshal(raw, &schema), name)
	require.Equal(t, "object", schema.Type, name)
	for _, r := range schema.Required {
		require.Contains(t, schema.Properties, r, name)
	}
	for field, p := range schema.Properties {
		require.NotEmpty(t, p.Type, field)
		require.NotEmpty(t, p.Title, field)
		for _, word := range []string{"password", "secret", "token", "private"} {
			if strings.Contains(field, word) {
				require.True(t, p.WriteOnly, "%s of the %s schema is a secret", field, name)
			}
		}
	}
}

// requireDialect holds a driver to its word that what it takes for granted can be corrected: by a parameter that the schema offers.
func requireDialect(t *testing.T, info provision.Info) {
	t.Helper()
	type property struct {
		Properties           map[string]json.RawMessage
		AdditionalProperties json.RawMessage
	}
	var schema struct{ Properties map[string]property }
	require.NoError(t, json.Unmarshal(info.ParametersSchema, &schema))
	for _, term := range info.Dialect {
		require.Contains(t, []provision.Mark{provision.Documented, provision.Seen, provision.Inferred}, term.Mark, term)
		parameter, offered := schema.Properties[term.Parameter]
		require.True(t, offered, term)
		if _, member := parameter.Properties[term.Name]; term.Name != "" && !member {
			require.Contains(t, string(parameter.AdditionalProperties), "type", "%v: any member may stand here", term)
		}
	}
}

func refusesUnknownSettings(t *testing.T, h Harness) {
	t.Helper()
	good := h.New(t).Config
	for pointer, spoil := range map[string]func(*provision.Config){
		"/connection/no_such_setting": func(c *provision.Config) { c.Connection = spoiled(t, c.Connection) },
		"/parameters/no_such_setting": func(c *provision.Config) { c.Parameters = spoiled(t, c.Parameters) },
	} {
		c := good
		spoil(&c)
		_, err := h.Driver.New(c)
		require.Equal(t, fault.Invalid, fault.Of(err).Kind)
		require.Equal(t, pointer, fault.Of(err).Fields[0].Pointer)
	}
}

func spoiled(t *testing.T, raw json.RawMessage) json.RawMessage {
	t.Helper()
	members := map[string]any{}
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &members))
	}
	members["no_such_setting"] = true
	out, err := json.Marshal(members)
	require.NoError(t, err)
	return out
}
