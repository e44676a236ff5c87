package panelhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// A library that is lent the client gets its limits, its repetition and its failures.
func TestALentClientKeepsItsPromises(t *testing.T) {
	t.Parallel()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/asleep":
			if calls++; calls == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", 2000))
		case "/moved":
			http.Redirect(w, r, "/asleep", http.StatusFound)
		case "/silent":
			_, _ = io.ReadAll(r.Body) // only then does the server see the client leave
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	options := panelhttp.Options{URL: server.URL, MaxBody: 1000, Timeout: time.Minute, Env: provision.Env{Transport: http.DefaultTransport}}
	client, err := panelhttp.New(options)
	require.NoError(t, err)
	lent := &http.Client{Transport: client.RoundTripper(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	do := func(method, path string) (int, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader("same body"))
		require.NoError(t, err)
		answer, err := lent.Do(req)
		if err != nil {
			return 0, "", err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body), err
	}
	status, body, err := do("POST", "/asleep")
	require.NoError(t, err)
	require.Equal(t, []any{200, "same body", 2}, []any{status, body, calls}, "a sleeping service is asked again, with the same body")
	status, _, err = do("GET", "/moved")
	require.NoError(t, err)
	require.Equal(t, http.StatusFound, status, "no redirect is followed")
	_, _, err = do("GET", "/long")
	failure, ok := provision.FailureOf(err)
	require.True(t, ok, err)
	require.Contains(t, failure.Text, "larger than 1000 bytes")
	options.Timeout = time.Second // for what never answers
	client, err = panelhttp.New(options)
	require.NoError(t, err)
	lent.Transport = client.RoundTripper()
	_, _, err = do("POST", "/silent")
	failure, ok = provision.FailureOf(err)
	require.True(t, ok, err)
	require.Equal(t, []any{provision.Unavailable, true}, []any{failure.Kind, failure.Unsure})
}
