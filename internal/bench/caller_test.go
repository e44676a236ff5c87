package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// caller prepares and checks by the API; what is measured by the thousand goes over a wire of its own.
type caller struct {
	b   *testing.B
	url string
	key string
}

var web = &http.Client{Timeout: 2 * time.Minute}

// answer is the JSON that came.
type answer struct {
	b      *testing.B
	v      any
	header http.Header
	raw    []byte
}

func (c *caller) get(path string) answer { return c.send(http.MethodGet, path, nil) }
func (c *caller) post(path string, body any) answer {
	return c.send(http.MethodPost, path, body)
}
func (c *caller) put(path string, body any) answer { return c.send(http.MethodPut, path, body) }

// send fails the benchmark unless the answer is a success.
func (c *caller) send(method, path string, body any) answer {
	c.b.Helper()
	content := []byte("{}")
	if body != nil {
		var err error
		content, err = json.Marshal(body)
		require.NoError(c.b, err)
	}
	if method == http.MethodGet || method == http.MethodDelete {
		content = nil
	}
	req, err := http.NewRequest(method, c.url+path, bytes.NewReader(content))
	require.NoError(c.b, err)
	req.Header.Set("Authorization", "Bearer "+c.key)
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", random(8))
	}
	res, err := web.Do(req)
	require.NoError(c.b, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(c.b, err)
	require.Less(c.b, res.StatusCode, 300, "%s %s: %s", method, path, raw)
	a := answer{b: c.b, header: res.Header, raw: raw}
	if len(raw) > 0 {
		require.NoError(c.b, json.Unmarshal(raw, &a.v), "%s", raw)
	}
	return a
}

// text is the member at a path such as items.0.service_id.
func (a answer) text(path string) string {
	a.b.Helper()
	at := a.v
	for _, step := range strings.Split(path, ".") {
		switch in := at.(type) {
		case map[string]any:
			at = in[step]
		case []any:
			n, err := strconv.Atoi(step)
			require.NoError(a.b, err)
			require.Less(a.b, n, len(in), "%s of %s", path, a.raw)
			at = in[n]
		}
	}
	switch v := at.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	require.Fail(a.b, "no text", "%s of %s", path, a.raw)
	return ""
}
