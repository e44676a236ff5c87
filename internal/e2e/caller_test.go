package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// caller is somebody with a key. Every answer that it gets is held to the contract.
type caller struct {
	t    testing.TB
	url  string
	key  string // empty: nobody
	keep string // the Idempotency-Key of the next POST; empty: a new one each time
}

// web has no overall deadline shorter than what a clock move over a month with a dead worker's leases takes.
var web = &http.Client{
	Timeout: 3 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is a response that was read to its end.
type answer struct {
	value

	status int
	header http.Header
	body   []byte
	asked  string
}

// with is the same caller with a fixed Idempotency-Key, so that a request can be repeated.
func (c caller) with(key string) *caller {
	c.keep = key
	return &c
}

func (c *caller) get(path string) answer { return c.must(http.MethodGet, path, nil, nil) }
func (c *caller) post(path string, body any) answer {
	return c.must(http.MethodPost, path, body, nil)
}

func (c *caller) patch(path string, body any) answer {
	return c.must(http.MethodPatch, path, body, nil)
}

func (c *caller) put(path string, body any) answer { return c.must(http.MethodPut, path, body, nil) }

// must sends a request that has to be answered, whatever the answer is.
func (c *caller) must(method, path string, body any, header http.Header) answer {
	c.t.Helper()
	a, err := c.send(method, path, body, header)
	require.NoError(c.t, err)
	return a
}

var errBreach = errors.New("the answer breaks the contract")

// send answers an error when the request got no answer, or one that breaks the contract. It may be called from any
// goroutine.
func (c *caller) send(method, path string, body any, header http.Header) (answer, error) {
	req, err := c.request(method, path, body)
	if err != nil {
		return answer{}, err
	}
	for name, values := range header {
		req.Header[name] = values // nil takes a header away
	}
	res, err := web.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, header: res.Header, body: raw, asked: method + " " + path}
	a.value = value{t: c.t, at: a.asked}
	if len(raw) > 0 && strings.Contains(res.Header.Get("Content-Type"), "json") {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&a.v); err != nil {
			return a, fmt.Errorf("%w: %s: %w", errBreach, a, err)
		}
	}
	if broken := breaches(method, req.URL.Path, res, raw); len(broken) > 0 {
		return a, fmt.Errorf("%w: %s\n%s", errBreach, a, strings.Join(broken, "\n"))
	}
	return a, nil
}

// picture is a body of another type than JSON.
type picture []byte

// aPicture is the smallest one that is accepted.
func aPicture() picture {
	var out bytes.Buffer
	_ = png.Encode(&out, image.NewGray(image.Rect(0, 0, 1, 1))) // a buffer takes everything
	return out.Bytes()
}

// request makes a request of a body that is nil, raw bytes, a picture, or anything that becomes JSON.
func (c *caller) request(method, path string, body any) (*http.Request, error) {
	var content io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(b)
	case picture:
		content = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, c.url+path, content) // web has a timeout
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		if _, drawn := body.(picture); drawn {
			req.Header.Set("Content-Type", "image/png")
		}
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", c.keep)
		if c.keep == "" {
			req.Header.Set("Idempotency-Key", random(8))
		}
	}
	return req, nil
}

// all reads a list to its end, whatever the size of its pages. The feed of events has no end, only an empty page.
func (c *caller) all(path string) (rows []value) {
	c.t.Helper()
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	for cursor := ""; ; {
		page := c.get(path + mark + "limit=200" + cursor).is(http.StatusOK)
		rows = append(rows, page.list("data")...)
		if page.null("next_cursor") || len(page.list("data")) == 0 {
			return rows
		}
		cursor = "&cursor=" + page.text("next_cursor")
	}
}

// is fails the test unless the answer has the status.
func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a)
	return a
}

// refused fails the test unless the answer is a problem with the status and code; places are further "pointer code" pairs
// that it has to name.
func (a answer) refused(status int, code string, places ...string) answer {
	a.t.Helper()
	a.is(status)
	require.Equal(a.t, code, a.text("code"), "%s", a)
	named := a.places()
	for _, place := range places {
		require.Contains(a.t, named, place, "%s", a)
	}
	return a
}

// places are the entries of a problem's errors, as "pointer code".
func (a answer) places() (all []string) {
	for _, e := range a.list("errors") {
		entry := e.v.(map[string]any)
		where, ok := entry["pointer"].(string)
		if !ok {
			where = e.text("parameter")
		}
		all = append(all, where+" "+e.text("code"))
	}
	return all
}

// String is for messages: what was asked, and what came.
func (a answer) String() string {
	return fmt.Sprintf("%s → %d %s", a.asked, a.status, a.body)
}
