package badinput

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// obj is a JSON object, list a JSON array.
type (
	obj  = map[string]any
	list = []any
)

var web = &http.Client{
	Timeout: 3 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// caller is somebody with a key.
type caller struct {
	w   *world
	key string
}

// message is one request as it goes over the wire.
type message struct {
	method, path string // with the query
	body         []byte
	header       http.Header // nil values take away what is sent by itself
}

// answer is a response that was read to its end.
type answer struct {
	w      *world
	asked  string
	status int
	header http.Header
	raw    []byte
	json   obj
}

func (c *caller) get(path string) answer            { return c.must("GET", path, nil) }
func (c *caller) post(path string, body any) answer { return c.must("POST", path, body) }

func (c *caller) must(method, path string, body any) answer {
	c.w.t.Helper()
	m := message{method: method, path: path}
	if body != nil {
		m.body = encoded(body)
	}
	return c.send(m)
}

// encoded keeps raw messages as they are, so that a body may hold what Go would not write.
func encoded(body any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(fmt.Sprintf("%v: %v", err, body))
	}
	return bytes.TrimSpace(b.Bytes())
}

// send asks, and holds every failure to the one form that failures have.
func (c *caller) send(m message) answer {
	t := c.w.t
	t.Helper()
	req, err := http.NewRequest(m.method, c.w.url+m.path, bytes.NewReader(m.body))
	require.NoError(t, err)
	if m.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if m.method == http.MethodPost {
		c.w.made++
		req.Header.Set("Idempotency-Key", fmt.Sprint("key-", c.w.made))
	}
	for name, values := range m.header {
		req.Header[name] = values
	}
	res, err := web.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	a := answer{w: c.w, asked: fmt.Sprintf("%s %s %.300s", m.method, m.path, m.body), status: res.StatusCode, header: res.Header}
	a.raw, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	if strings.Contains(res.Header.Get("Content-Type"), "json") && len(a.raw) > 0 {
		d := json.NewDecoder(bytes.NewReader(a.raw))
		d.UseNumber()
		require.NoError(t, d.Decode(&a.json), "%s", a)
	}
	if a.status >= http.StatusBadRequest {
		require.Empty(t, a.breaks(), "%s", a)
	}
	return a
}

// breaks tells what a problem document has to be and is not.
func (a answer) breaks() string {
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		return "content type " + got
	}
	if err := contract().doc.Components.Schemas["Problem"].Value.VisitJSON(plain(a.json)); err != nil {
		return err.Error()
	}
	if fmt.Sprint(a.json["status"]) != fmt.Sprint(a.status) || a.json["request_id"] != a.header.Get("X-Request-Id") {
		return "status or request_id"
	}
	entries, _ := a.json["errors"].(list)
	codes := map[string]bool{}
	for _, e := range entries {
		codes[e.(obj)["code"].(string)] = true
	}
	code := a.json["code"].(string)
	if len(entries) == 1 && !codes[code] || len(entries) > 1 && code != "validation_failed" {
		return "the code on top"
	}
	return ""
}

// plain turns numbers into what the library's visitor reads.
func plain(v any) any {
	var out any
	_ = json.Unmarshal(encoded(v), &out)
	return out
}

func (a answer) is(status ...int) answer {
	a.w.t.Helper()
	require.Contains(a.w.t, status, a.status, "%s", a)
	return a
}

func (a answer) text(path ...string) string {
	a.w.t.Helper()
	s, ok := at(a.json, path...).(string)
	require.True(a.w.t, ok, "%v in %s", path, a)
	return s
}

// at walks to a member; a number is the place in a list.
func at(v any, path ...string) any {
	for _, step := range path {
		switch x := v.(type) {
		case obj:
			v = x[step]
		case list:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// places are the entries of a problem's errors, as "pointer code".
func (a answer) places() (all []string) {
	entries, _ := a.json["errors"].(list)
	for _, e := range entries {
		where, ok := e.(obj)["pointer"].(string)
		if !ok {
			where, _ = e.(obj)["parameter"].(string)
		}
		all = append(all, where+" "+e.(obj)["code"].(string))
	}
	return all
}

func (a answer) String() string { return fmt.Sprintf("%s → %d %.700s", a.asked, a.status, a.raw) }
