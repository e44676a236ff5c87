package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

// document is the embedded contract, as the edge and the test client read it.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := GetSwagger()
	require.NoError(t, err)
	return doc
}

// eachOperation visits every operation of the contract.
func eachOperation(t *testing.T, visit func(t *testing.T, method, path string, op *openapi3.Operation)) {
	t.Helper()
	for path, item := range document(t).Paths.Map() {
		for method, op := range item.Operations() {
			t.Run(method+" "+path, func(t *testing.T) {
				t.Parallel()
				visit(t, method, path, op)
			})
		}
	}
}

func TestTheDocumentIsValidAndRoutable(t *testing.T) {
	t.Parallel()
	doc := document(t)
	require.NoError(t, doc.Validate(context.Background(), openapi3.EnableExamplesValidation()))
	_, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
}

func TestEveryOperationTellsWhatACallerNeeds(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(t *testing.T, method, _ string, op *openapi3.Operation) {
		require.NotEmpty(t, op.OperationID)
		require.NotEmpty(t, op.Summary)
		require.NotEmpty(t, op.Description)
		require.Len(t, op.Tags, 1, "one tag is one file of the edge")
		require.NotNil(t, op.Responses.Default(), "any problem must be documented")

		public := op.Security != nil && len(*op.Security) == 0
		_, roles := op.Extensions["x-roles"]
		require.NotEqual(t, public, roles, "either public or for named roles")

		// The edge goes by the extension, callers by the parameter: they may not part.
		_, idempotent := op.Extensions["x-idempotency"]
		require.Equal(t, idempotent, op.Parameters.GetByInAndName("header", "Idempotency-Key") != nil)
		if idempotent {
			require.Equal(t, http.MethodPost, method)
		}
	})
}

func TestListsAreAllAlike(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(t *testing.T, _, _ string, op *openapi3.Operation) {
		if !strings.HasPrefix(op.OperationID, "list") {
			return
		}
		for _, name := range []string{"limit", "cursor", "order"} {
			require.NotNil(t, op.Parameters.GetByInAndName("query", name), name)
		}
		answer := op.Responses.Status(http.StatusOK).Value.Content.Get("application/json").Schema.Value
		require.ElementsMatch(t, []string{"data", "next_cursor"}, answer.Required)
	})
}

// An unknown member must be refused, so every described body is closed; free forms are maps and name no members.
func TestRequestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(t *testing.T, _, _ string, op *openapi3.Operation) {
		if op.RequestBody == nil {
			return
		}
		for _, media := range op.RequestBody.Value.Content {
			requireClosed(t, op.OperationID, media.Schema, map[*openapi3.Schema]bool{})
		}
	})
}

func requireClosed(t *testing.T, at string, ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	t.Helper()
	// Rows of pushed statistics are judged one by one, not by the schema.
	if ref == nil || seen[ref.Value] || strings.HasSuffix(ref.Ref, "/PushedBlock") {
		return
	}
	s := ref.Value
	seen[s] = true
	if len(s.Properties) > 0 {
		require.NotNil(t, s.AdditionalProperties.Has, at)
		require.False(t, *s.AdditionalProperties.Has, at)
	}
	for name, p := range s.Properties {
		requireClosed(t, at+"/"+name, p, seen)
	}
	for _, p := range append(slices.Clone(s.AllOf), s.Items, s.AdditionalProperties.Schema) {
		requireClosed(t, at, p, seen)
	}
}

// Fields that do not apply are null, not absent: every member of an answer is required. A problem's place is the exception,
// because it is either a pointer or a parameter.
func TestAnswersNameEveryMember(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(t *testing.T, _, _ string, op *openapi3.Operation) {
		for _, answer := range op.Responses.Map() {
			media := answer.Value.Content.Get("application/json")
			if media != nil {
				requireComplete(t, op.OperationID, media.Schema, map[*openapi3.Schema]bool{})
			}
		}
	})
}

func requireComplete(t *testing.T, at string, ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	t.Helper()
	if ref == nil || seen[ref.Value] {
		return
	}
	s := ref.Value
	seen[s] = true
	for name, p := range s.Properties {
		require.Contains(t, s.Required, name, at)
		requireComplete(t, at+"/"+name, p, seen)
	}
	for _, p := range append(slices.Clone(s.AllOf), s.Items, s.AdditionalProperties.Schema) {
		requireComplete(t, at, p, seen)
	}
}

func TestProblemCodesAreSortedAndUnique(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, v := range document(t).Components.Schemas["ProblemCode"].Value.Enum {
		code, ok := v.(string)
		require.True(t, ok)
		require.Regexp(t, `^[a-z][a-z_]*[a-z]$`, code)
		codes = append(codes, code)
	}
	require.True(t, slices.IsSorted(codes), "keep them in order of the alphabet")
	require.Len(t, slices.Compact(slices.Clone(codes)), len(codes))
}
