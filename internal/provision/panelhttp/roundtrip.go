package panelhttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/tariffd/tariffd/internal/provision"
)

// RoundTripper lends the client to a vendor's own library: its calls, to whatever address, keep this client's TLS settings,
// time limits, repetition and largest body. An error is a *provision.Failure; any status is an answer.
func (c *Client) RoundTripper() http.RoundTripper { return lent{c} }

type lent struct{ c *Client }

// RoundTrip sends one request and reads the whole answer.
func (l lent) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	call := Request{Method: req.Method, Path: req.URL.Path}
	bounded := ctx
	if isAway(l.c.base) {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, glance)
		defer cancel()
	}
	again, err := retryablehttp.FromRequest(req.WithContext(l.c.counted(bounded)))
	if err != nil {
		return nil, fmt.Errorf("panel call %s cannot be made", l.c.name(call))
	}
	answer, err := l.c.http.Do(again)
	if err != nil {
		if ctx.Err() == nil {
			wentAway(l.c.base)
		}
		return nil, l.c.broken(ctx, call, err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing is lost: the body was read or given up
	body, err := io.ReadAll(io.LimitReader(answer.Body, l.c.maxBody+1))
	if err != nil {
		return nil, l.c.broken(ctx, call, err)
	}
	if int64(len(body)) > l.c.maxBody {
		return nil, provision.NewUnavailable(nil, "%s: the answer is larger than %d bytes", l.c.name(call), l.c.maxBody)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	answer.Request = req
	return answer, nil
}
