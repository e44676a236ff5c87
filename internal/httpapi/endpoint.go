package httpapi

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tariffd/tariffd/internal/actor"
)

// endpoint is one operation of the contract, prepared at the start: everything the edge checks before a handler runs.
type endpoint struct {
	id         string
	method     string
	path       string // as the contract writes it
	tag        string
	public     bool
	roles      map[actor.Role]bool
	scope      string // an extra right that storefronts need
	once       string // optional, required; empty: Idempotency-Key is ignored
	onceUnless string // a boolean parameter of the query with which nothing is changed, so that no key is needed
	streaming  bool
	byAddress  bool // whoever calls is limited by the address that the call comes from
	inPath     []*parameter
	inQuery    map[string]*parameter
	needsQuery bool     // some parameter of the query is required
	media      []string // content types of the body; empty: it takes none
	needsBody  bool
	body       *rule
}

// parameter is one parameter in path or query.
type parameter struct {
	name     string
	required bool
	list     bool
	rule     *rule
}

// endpoints reads the contract: by method and by path.
func endpoints(doc *openapi3.T) (map[string]*endpoint, error) {
	c := compiler{}
	out := map[string]*endpoint{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for method, o := range item.Operations() {
			// The generator names operations like Go methods; the contract begins them small.
			o.OperationID = strings.ToLower(o.OperationID[:1]) + o.OperationID[1:]
			op, err := c.endpoint(method, path, item, o)
			if err != nil {
				return nil, fmt.Errorf("operation %s: %w", o.OperationID, err)
			}
			out[method+" "+path] = op
		}
	}
	return out, nil
}

func (c compiler) endpoint(method, path string, item *openapi3.PathItem, o *openapi3.Operation) (*endpoint, error) {
	op := &endpoint{
		id: o.OperationID, method: method, path: path, public: o.Security != nil && len(*o.Security) == 0, roles: map[actor.Role]bool{},
		inQuery: map[string]*parameter{},
	}
	if len(o.Tags) > 0 {
		op.tag = o.Tags[0]
	}
	if err := op.extensions(o.Extensions); err != nil {
		return nil, err
	}
	for _, ref := range append(append(openapi3.Parameters{}, item.Parameters...), o.Parameters...) {
		r, err := c.compile(ref.Value.Schema)
		if err != nil {
			return nil, err
		}
		p := &parameter{name: ref.Value.Name, required: ref.Value.Required, rule: r, list: r != nil && r.kind == "array"}
		switch ref.Value.In {
		case openapi3.ParameterInPath:
			op.inPath = append(op.inPath, p)
		case openapi3.ParameterInQuery:
			op.inQuery[p.name] = p
			op.needsQuery = op.needsQuery || p.required
		}
	}
	return op, c.body(op, o.RequestBody)
}

func (op *endpoint) extensions(x map[string]any) error {
	for _, role := range list(x["x-roles"]) {
		op.roles[actor.Role(role)] = true
	}
	if !op.public && len(op.roles) == 0 {
		return fmt.Errorf("neither public nor with x-roles")
	}
	op.scope, _ = x["x-scope"].(string)
	op.once, _ = x["x-idempotency"].(string)
	op.onceUnless, _ = x["x-idempotency-unless"].(string)
	op.streaming, _ = x["x-streaming"].(bool)
	op.byAddress = x["x-rate-limit"] == "address"
	return nil
}

func (c compiler) body(op *endpoint, ref *openapi3.RequestBodyRef) (err error) {
	if ref == nil || ref.Value == nil {
		return nil
	}
	op.needsBody = ref.Value.Required
	op.media = slices.Sorted(maps.Keys(ref.Value.Content))
	if media := ref.Value.Content.Get("application/json"); media != nil {
		op.body, err = c.compile(media.Schema)
	}
	return err
}

func list(x any) (out []string) {
	values, _ := x.([]any)
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// accepts tells whether a content type is one of the operation's.
func (op *endpoint) accepts(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && slices.Contains(op.media, media)
}

// writes tells whether the method may carry a body at all.
func (op *endpoint) writes() bool {
	return op.method == http.MethodPost || op.method == http.MethodPut || op.method == http.MethodPatch
}

// contractPath turns echo's path into the contract's: /v1/clients/:id is /v1/clients/{id}.
func contractPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
