package panelhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// tally counts the repetitions of one call by their reason; the library tells its policy no number.
type tally struct {
	panel            string // base address
	safe             bool   // only reading calls are repeated
	wakeUps, repeats int
}

// away are the panels that did not answer when they were last called: asleep, unreachable or silent. For a minute of real time
// they are asked once a call, and not waited for long: doing it for each of many calls would hold up everybody, and who
// called tries again later anyway.
var away sync.Map // base address → bool

const (
	rest   = time.Minute
	glance = 2 * time.Second // how long one that is away is waited for
)

func wentAway(panel string) {
	if _, known := away.LoadOrStore(panel, true); !known {
		time.AfterFunc(rest, func() { away.Delete(panel) })
	}
}

func isAway(panel string) bool {
	_, known := away.Load(panel)
	return known
}

type tallyKey struct{}

func (c *Client) counted(ctx context.Context) context.Context {
	return context.WithValue(ctx, tallyKey{}, &tally{panel: c.base, safe: c.safe})
}

func repeating(transport http.RoundTripper, timeout time.Duration) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     transport,
			Timeout:       timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:   wakeUps + safeRepeats,
		CheckRetry: again,
		Backoff: func(_, _ time.Duration, attempt int, _ *http.Response) time.Duration {
			return pause * time.Duration(attempt+1)
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// again decides whether a call is repeated: a 503 of any call, for the panel's service is being woken up, where it has such; a reading call
// whose connection broke or whose gateway failed. Silence until the time limit is not repeated: it would only last longer.
func again(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	t, ok := ctx.Value(tallyKey{}).(*tally)
	if !ok {
		return false, nil
	}
	switch {
	case resp != nil && resp.StatusCode == http.StatusServiceUnavailable && t.safe && !reads(resp.Request):
		return false, nil
	case resp != nil && resp.StatusCode == http.StatusServiceUnavailable:
		t.wakeUps++
		if t.wakeUps > wakeUps {
			wentAway(t.panel)
		}
		return !isAway(t.panel), nil
	case resp != nil && reads(resp.Request) && gatewayFailed(resp.StatusCode), err != nil && broke(err):
		t.repeats++
		return t.repeats <= safeRepeats && !isAway(t.panel), nil
	}
	return false, nil
}

func reads(r *http.Request) bool { return r != nil && r.Method == http.MethodGet }

func gatewayFailed(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusGatewayTimeout
}

// broke tells whether a reading call's connection failed in a way that may pass: no time limit, no certificate.
func broke(err error) bool {
	var call *url.Error
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &call) && call.Op == "Get" && !call.Timeout() && !errors.As(err, &certificate)
}
