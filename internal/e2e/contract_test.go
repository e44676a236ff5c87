package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// contract is openapi.yaml, as a caller of the API reads it.
var contract = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "..", "openapi.yaml"))
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		panic(err) // nothing here can be tested without it
	}
	return doc
})

// spoken is one operation of the contract and where it lives.
type spoken struct {
	*openapi3.Operation

	method, path string
}

// operations lists the whole contract in a stable order.
var operations = sync.OnceValue(func() (all []spoken) {
	paths := contract().Paths
	for _, path := range paths.InMatchingOrder() {
		for method, op := range paths.Value(path).Operations() {
			all = append(all, spoken{op, method, path})
		}
	}
	slices.SortFunc(all, func(a, b spoken) int { return strings.Compare(a.OperationID, b.OperationID) })
	return all
})

// operationAt finds the operation of a request; a path without parameters wins over one that has them.
func operationAt(method, path string) (found spoken, ok bool) {
	for _, op := range operations() {
		if op.method != method || !fits(op.path, path) {
			continue
		}
		if !ok || strings.Count(op.path, "{") < strings.Count(found.path, "{") {
			found, ok = op, true
		}
	}
	return found, ok
}

func fits(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && want[i] != have[i] {
			return false
		}
	}
	return true
}

// anywhere are the statuses that every operation may answer by the general part of the contract; a 422 is for parameters
// that it does not have.
var anywhere = []int{
	http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusRequestEntityTooLarge,
	http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusServiceUnavailable,
}

// breaches lists what an answer breaks of the contract.
func breaches(method, path string, res *http.Response, body []byte) (all []string) {
	note := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if res.Header.Get("X-Request-ID") == "" {
		note("there is no X-Request-Id")
	}
	op, ok := operationAt(method, path)
	if !ok {
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
			note("%s %s is not in the contract and answers %d", method, path, res.StatusCode)
		}
		return append(all, breaksProblem(res, body)...)
	}
	documented := op.Responses.Value(strconv.Itoa(res.StatusCode))
	if documented == nil {
		if !slices.Contains(anywhere, res.StatusCode) {
			note("%s does not document the status %d", op.OperationID, res.StatusCode)
		}
		return append(all, breaksProblem(res, body)...)
	}
	for name := range documented.Value.Headers {
		if res.Header.Get(name) == "" {
			note("%s %d comes without %s", op.OperationID, res.StatusCode, name)
		}
	}
	if res.StatusCode >= http.StatusBadRequest {
		return append(all, breaksProblem(res, body)...)
	}
	return append(all, breaksContent(documented.Value.Content, res, body)...)
}

func breaksContent(content openapi3.Content, res *http.Response, body []byte) []string {
	if len(content) == 0 {
		if len(body) > 0 {
			return []string{fmt.Sprintf("a %d has no body, but here is %q", res.StatusCode, body)}
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || content[kind] == nil {
		return []string{fmt.Sprintf("the content type %q is not documented", res.Header.Get("Content-Type"))}
	}
	if !strings.HasSuffix(kind, "json") {
		return nil
	}
	return breaksSchema(content[kind].Schema, body)
}

// breaksProblem holds every failure to the one form that failures have.
func breaksProblem(res *http.Response, body []byte) (all []string) {
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		return []string{fmt.Sprintf("a failure is application/problem+json, not %q: %.200s", got, body)}
	}
	all = breaksSchema(contract().Components.Schemas["Problem"], body)
	var problem struct {
		Status    int    `json:"status"`
		RequestID string `json:"request_id"`
	}
	_ = json.Unmarshal(body, &problem)
	if problem.Status != res.StatusCode {
		all = append(all, fmt.Sprintf("the problem says %d, the answer is a %d", problem.Status, res.StatusCode))
	}
	if problem.RequestID != res.Header.Get("X-Request-ID") {
		all = append(all, "the problem names another request")
	}
	if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") == "" {
		all = append(all, "a 503 comes without Retry-After")
	}
	return all
}

func breaksSchema(schema *openapi3.SchemaRef, body []byte) (all []string) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{fmt.Sprintf("the body is not JSON: %v: %.200q", err, body)}
	}
	if err := schema.Value.VisitJSON(value, openapi3.MultiErrors(), openapi3.VisitAsResponse()); err != nil {
		all = append(all, err.Error())
	}
	silent(schema.Value, "", value, func(at string) { all = append(all, at+" is not documented") })
	return all
}

// silent reports members that the contract does not tell of. Failures and free forms may carry any.
func silent(s *openapi3.Schema, at string, value any, report func(at string)) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			if s.Items != nil {
				silent(s.Items.Value, at+"/"+strconv.Itoa(i), item, report)
			}
		}
	case map[string]any:
		known, free := members(s)
		for name, member := range v {
			switch part, ok := known[name]; {
			case ok:
				silent(part, at+"/"+name, member, report)
			case !free:
				report(at + "/" + name)
			}
		}
	}
}

// members collects the properties of a schema and its parts; free is whether there may be others.
func members(s *openapi3.Schema) (known map[string]*openapi3.Schema, free bool) {
	known = map[string]*openapi3.Schema{}
	more := s.AdditionalProperties
	free = more.Schema != nil || (more.Has != nil && *more.Has) || len(s.OneOf) > 0 || s == contract().Components.Schemas["Problem"].Value
	for name, ref := range s.Properties {
		known[name] = ref.Value
	}
	for _, part := range s.AllOf {
		below, open := members(part.Value)
		free = free || open
		for name, schema := range below {
			known[name] = schema
		}
	}
	return known, free
}
