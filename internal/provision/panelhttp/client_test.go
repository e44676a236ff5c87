package panelhttp_test

import (
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

const secret = "p4ss-w0rd"

var env = provision.Env{Transport: http.DefaultTransport, UserAgent: "tariffd/test"}

// serve answers with one handler and counts the calls.
func serve(t *testing.T, answer http.HandlerFunc) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func client(t *testing.T, o panelhttp.Options) *panelhttp.Client {
	t.Helper()
	o.Env, o.Secrets = env, []string{secret}
	c, err := panelhttp.New(o)
	require.NoError(t, err)
	return c
}

func failure(t *testing.T, err error) *provision.Failure {
	t.Helper()
	f, ok := provision.FailureOf(err)
	require.Truef(t, ok, "a failure is expected, not %v", err)
	require.NotContains(t, err.Error(), secret)
	return f
}

var (
	read  = panelhttp.Request{Method: http.MethodGet, Path: "/list?email=ada@example.com"}
	write = panelhttp.Request{Method: http.MethodPost, Path: "/make", Body: map[string]string{"a": "b"}}
)

func TestARequestSaysWhoAndWhat(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, strings.Join([]string{
			r.Method, r.URL.RequestURI(), r.UserAgent(), r.Header.Get("Content-Type"), r.Header.Get("X-Token"), string(body),
		}, " "))
	})
	c := client(t, panelhttp.Options{URL: url + "/api/"})
	withHeader := write
	withHeader.Header = http.Header{"X-Token": {"t"}}
	got, err := c.Do(t.Context(), withHeader)
	require.NoError(t, err)
	require.Equal(t, `POST /api/make tariffd/test application/json t {"a":"b"}`, string(got.Body))
}

func TestASleepingServiceIsWokenUp(t *testing.T) {
	t.Parallel()
	var left atomic.Int32
	left.Store(3)
	url, calls := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if left.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(body)
	})
	got, err := client(t, panelhttp.Options{URL: url}).Do(t.Context(), write)
	require.NoError(t, err)
	require.Equal(t, `{"a":"b"}`, string(got.Body), "the body is sent again each time")
	require.EqualValues(t, 4, calls.Load())
}

func TestWakingUpHasAnEnd(t *testing.T) {
	t.Parallel()
	url, calls := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	c := client(t, panelhttp.Options{URL: url})
	got, err := c.Do(t.Context(), write)
	require.NoError(t, err)
	require.EqualValues(t, 11, calls.Load())
	require.Equal(t, provision.Unavailable, failure(t, c.StatusFailure(write, got.Status, "x", "asleep")).Kind)
}

// A panel without sleeping services: what stands before it may have passed a changing call on.
func TestOnlySafeRepeatsNoChangingCall(t *testing.T) {
	t.Parallel()
	for want, request := range map[int32]panelhttp.Request{1: write, 11: read} {
		url, calls := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		got, err := client(t, panelhttp.Options{URL: url}).OnlySafe().Do(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, got.Status)
		require.Equal(t, want, calls.Load(), request.Method)
	}
}

func TestOnlyReadingCallsAreRepeated(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	gateway := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		request panelhttp.Request
		calls   int32
	}{
		"a cut reading call":       {cut, read, 3},
		"a reading call's gateway": {gateway, read, 3},
		"a cut changing call":      {cut, write, 1},
		"a changing call's":        {gateway, write, 1},
	} {
		url, calls := serve(t, c.answer)
		got, err := client(t, panelhttp.Options{URL: url}).Do(t.Context(), c.request)
		if err != nil {
			require.Equal(t, provision.Unavailable, failure(t, err).Kind, name)
			require.NotContains(t, err.Error(), "ada@example.com", "queries stay out of errors")
		} else {
			require.Equal(t, http.StatusBadGateway, got.Status)
		}
		require.Equal(t, c.calls, calls.Load(), name)
	}
}

func TestSilenceEndsAfterTheTimeLimit(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	url, calls := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	t.Cleanup(func() { close(over) })
	c := client(t, panelhttp.Options{URL: url, Timeout: time.Second})
	_, err := c.Do(t.Context(), read)
	require.Equal(t, provision.Unavailable, failure(t, err).Kind)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualValues(t, 1, calls.Load(), "silence is not repeated")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = client(t, panelhttp.Options{URL: url}).Do(ctx, read)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 101)) })
	_, err := client(t, panelhttp.Options{URL: url, MaxBody: 100}).Do(t.Context(), read)
	require.Equal(t, provision.Unavailable, failure(t, err).Kind)
	_, err = client(t, panelhttp.Options{URL: url, MaxBody: 101}).Do(t.Context(), read)
	require.NoError(t, err)
}

func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	other, reached := serve(t, func(http.ResponseWriter, *http.Request) {})
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) })
	c := client(t, panelhttp.Options{URL: url})
	got, err := c.Do(t.Context(), read)
	require.NoError(t, err)
	require.Equal(t, "panel_redirects", failure(t, c.StatusFailure(read, got.Status, "", "")).Code)
	require.Zero(t, reached.Load())
}

func TestWhatAStatusMeans(t *testing.T) {
	t.Parallel()
	c := client(t, panelhttp.Options{URL: "https://panel.example"})
	for status, kind := range map[int]provision.FailureKind{
		400: provision.Rejected, 401: provision.Unauthenticated, 403: provision.Rejected, 404: provision.Rejected,
		408: provision.Unavailable, 409: provision.Rejected, 429: provision.Unavailable, 500: provision.Unavailable, 504: provision.Unavailable,
	} {
		f := failure(t, c.StatusFailure(write, status, "code", "no, "+secret+" is bad"))
		require.Equal(t, kind, f.Kind, status)
		require.Contains(t, f.Text, "no, *** is bad")
	}
	require.NoError(t, c.StatusFailure(write, 201, "", ""))
	// What is no panel answers without words; then the address is told, which is likely the mistake.
	require.Equal(t, "POST "+write.Path+": HTTP 404 Not Found", failure(t, c.StatusFailure(write, 404, "code", " ")).Text)
	require.Equal(t, "POST "+write.Path+": HTTP 401 Unauthorized", failure(t, c.StatusFailure(write, 401, "code", "")).Text)
}

func TestCertificatesAreVerifiedUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	_, err := client(t, panelhttp.Options{URL: server.URL}).Do(t.Context(), read)
	require.Contains(t, failure(t, err).Text, "certificate")
	_, err = client(t, panelhttp.Options{URL: server.URL, Insecure: true}).Do(t.Context(), read)
	require.NoError(t, err)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	_, err = client(t, panelhttp.Options{URL: server.URL, CA: ca}).Do(t.Context(), read)
	require.NoError(t, err)
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "panel.example", "ftp://panel.example", "https://u:p@panel.example", "https://panel.example/?a=b", "https:///x"} {
		_, err := panelhttp.New(panelhttp.Options{URL: url, Env: env})
		require.Equal(t, "/connection/url", fault.Of(err).Fields[0].Pointer, url)
		require.NotContains(t, err.Error(), "u:p")
	}
	_, err := panelhttp.New(panelhttp.Options{URL: "https://panel.example"})
	require.Equal(t, fault.Internal, fault.Of(err).Kind, "nothing is dialled beside the program's own transport")
}
