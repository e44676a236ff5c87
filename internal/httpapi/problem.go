package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
)

// The one table from kinds of failure to statuses, each with the title that all its problems share.
var statusOf = map[fault.Kind]struct {
	status int
	title  string
}{
	fault.Internal:     {http.StatusInternalServerError, "Something went wrong on our side."},
	fault.Malformed:    {http.StatusBadRequest, "The request cannot be read."},
	fault.Unauthorized: {http.StatusUnauthorized, "A valid key is required."},
	fault.Forbidden:    {http.StatusForbidden, "The key may not do this."},
	fault.NotFound:     {http.StatusNotFound, "There is no such thing."},
	fault.Conflict:     {http.StatusConflict, "The present state does not allow it."},
	fault.Precondition: {http.StatusPreconditionFailed, "It was changed in the meantime."},
	fault.TooLarge:     {http.StatusRequestEntityTooLarge, "The request is too large."},
	fault.MediaType:    {http.StatusUnsupportedMediaType, "The content type is not accepted."},
	fault.Invalid:      {http.StatusUnprocessableEntity, "The request is not valid."},
	fault.RateLimited:  {http.StatusTooManyRequests, "Too many requests."},
	fault.Unavailable:  {http.StatusServiceUnavailable, "Something that is needed does not answer."},
}

// offence is one entry of a problem's errors.
type offence struct {
	Pointer   *string `json:"pointer,omitempty"`
	Parameter string  `json:"parameter,omitempty"`
	Code      string  `json:"code"`
	Detail    string  `json:"detail"`
}

// fail answers with what went wrong, or with the stored answer of an earlier request.
func (c *call) fail(err error) {
	c.answer.drop()
	var replay *event.Replay
	if errors.As(err, &replay) {
		c.replay(replay)
		return
	}
	f := asFault(err)
	if c.request.Context().Err() != nil && f.Kind == fault.Internal {
		f = asFault(context.Canceled) // what broke because the caller hung up is not our mistake
	}
	c.failure, c.fault = err, f
	kind := statusOf[f.Kind]
	status, title := kind.status, kind.title
	if f.Code == "method_not_allowed" {
		status, title = http.StatusMethodNotAllowed, "The method is not allowed here."
	}
	c.failureHeaders(f)
	body := c.problem(f, status, title)
	raw, err := json.Marshal(body)
	if err != nil {
		raw = []byte(`{"code":"internal"}`)
	}
	c.answer.Header().Set("Content-Type", "application/problem+json")
	c.answer.WriteHeader(status)
	_, _ = c.answer.Write(raw)
}

func (c *call) failureHeaders(f *fault.Error) {
	h := c.answer.Header()
	switch f.Kind {
	case fault.Unauthorized:
		h.Set("WWW-Authenticate", "Bearer")
		if c.request.Header.Get("Authorization") != "" {
			h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		}
	case fault.Forbidden:
		h.Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
	case fault.Unavailable:
		if h.Get("Retry-After") == "" {
			h.Set("Retry-After", "1")
		}
	}
}

// problem is the document of RFC 9457; what a fault refers to becomes further members.
func (c *call) problem(f *fault.Error, status int, title string) map[string]any {
	places := make([]offence, len(f.Fields))
	for i, x := range f.Fields {
		places[i] = offence{Parameter: x.Parameter, Code: x.Code, Detail: x.Detail}
		if x.Parameter == "" {
			places[i].Pointer = &f.Fields[i].Pointer // the empty pointer is the whole body
		}
	}
	body := map[string]any{
		"type": "/docs#problem-" + f.Code, "title": title, "status": status, "detail": f.Message, "instance": c.request.URL.Path,
		"code": f.Code, "request_id": c.id, "errors": places,
	}
	for name, value := range f.Refs {
		if _, taken := body[name]; !taken {
			body[name] = value
		}
	}
	if f.Staff != "" && c.staff() {
		body["panel_message"] = f.Staff
	}
	return body
}

// asFault says what an error means to the caller. What has no meaning is our mistake, and hidden.
func asFault(err error) *fault.Error {
	var known *fault.Error
	var he *echo.HTTPError
	var lost *net.OpError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &he):
		return fromEcho(he)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.New(fault.Unavailable, "unavailable", "The request took too long.").Because(err)
	case errors.As(err, &lost):
		return fault.New(fault.Unavailable, "unavailable", "Something that is needed does not answer; try again in a moment.").Because(err)
	}
	return fault.Of(err)
}

// fromEcho speaks for the router and the generated code, which know only statuses.
func fromEcho(he *echo.HTTPError) *fault.Error {
	switch he.Code {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "not_found", "There is nothing at this address.")
	case http.StatusMethodNotAllowed:
		return fault.New(fault.NotFound, "method_not_allowed", "This address does not take this method; Allow names those it takes.")
	case http.StatusRequestEntityTooLarge:
		return errTooLarge
	case http.StatusUnsupportedMediaType:
		return fault.New(fault.MediaType, "unsupported_media_type", "The content type is not accepted.")
	}
	if he.Code < http.StatusInternalServerError {
		return fault.New(fault.Malformed, "bad_request", "The request cannot be read.").Because(he)
	}
	return fault.Of(he)
}
