package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
)

// renderer turns a use-case's result into the answer that is stored with an Idempotency-Key.
type renderer func(result any) (status int, header map[string]string, body []byte, err error)

// once renders with the same function that the handler answers with, so that a repetition gets what the first one got. It
// is called inside the use-case's transaction.
func once[T, R any](answer func(T) R) renderer {
	return func(result any) (int, map[string]string, []byte, error) {
		value, ok := result.(T)
		if !ok {
			return 0, nil, nil, fmt.Errorf("an answer of %T was expected, not of %T", value, result)
		}
		return render(answer(value))
	}
}

// render lets a generated response write itself; each has one method Visit…Response.
func render(response any) (int, map[string]string, []byte, error) {
	v := reflect.ValueOf(response)
	for i := range v.NumMethod() {
		visit, ok := v.Method(i).Interface().(func(http.ResponseWriter) error)
		if !ok || !strings.HasPrefix(v.Type().Method(i).Name, "Visit") {
			continue
		}
		w := &recorder{header: http.Header{}, status: http.StatusOK}
		if err := visit(w); err != nil {
			return 0, nil, nil, err
		}
		header := map[string]string{}
		for name := range w.header {
			header[name] = w.header.Get(name)
		}
		return w.status, header, w.body.Bytes(), nil
	}
	return 0, nil, nil, fmt.Errorf("%T is no response", response)
}

// recorder keeps what a response writes.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

// actorOf says who acts, for audit rows and rules. With a renderer and an Idempotency-Key of an operation that honours
// it, the result is kept under the key.
func actorOf(ctx context.Context, renderers ...renderer) actor.Actor {
	c := callOf(ctx)
	by := actor.Actor{Address: c.address, RequestID: c.id}
	if c.key == nil {
		return by
	}
	by.Role, by.KeyID, by.Scopes, by.Scope = c.key.Role, string(c.key.ID), c.key.Scopes, c.key.Scope()
	key := c.request.Header.Get("Idempotency-Key")
	if len(renderers) == 0 || key == "" || c.op == nil || c.op.once == "" {
		return by
	}
	by.Once = &actor.Once{
		Principal: "key:" + by.KeyID, Route: c.request.Method + " " + c.request.URL.Path, Key: key,
		Fingerprint: c.fingerprint(), Render: renderers[0],
	}
	return by
}

// fingerprint tells one payload from another: method, path with query, body.
func (c *call) fingerprint() [sha256.Size]byte {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\n%s\n", c.request.Method, c.request.URL.RequestURI())
	_, _ = h.Write(c.body)
	return [sha256.Size]byte(h.Sum(nil))
}

// replay sends a stored answer again.
func (c *call) replay(r *event.Replay) {
	h := c.answer.Header()
	for name, value := range r.Header {
		h.Set(name, value)
	}
	h.Set("Idempotent-Replayed", "true")
	c.answer.WriteHeader(r.Status)
	_, _ = c.answer.Write(r.Body)
}
