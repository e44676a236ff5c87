package httpapi

import (
	"bytes"
	"context"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// answer holds a response back until it is complete, so that a panic or an encoder's error in the middle of it still
// becomes a clean problem, and the ETag can be made of what is really sent.
type answer struct {
	to     http.ResponseWriter
	status int
	body   bytes.Buffer
}

var answers = sync.Pool{New: func() any { return new(answer) }}

func newAnswer(to http.ResponseWriter) *answer {
	a := answers.Get().(*answer)
	a.to, a.status = to, 0
	a.body.Reset()
	return a
}

// Header returns the headers that will be sent.
func (a *answer) Header() http.Header { return a.to.Header() }

// WriteHeader notes the status; the first one counts.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write keeps a part of the body.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// drop takes back what a handler began before it failed.
func (a *answer) drop() {
	a.status = 0
	a.body.Reset()
	for _, name := range []string{"Content-Type", "ETag", "Location", "Link", "Cache-Control", "Content-Disposition"} {
		a.Header().Del(name)
	}
}

// send completes the ETag, answers a conditional read, and lets everything go.
func (a *answer) send(r *http.Request) (status, size int) {
	a.WriteHeader(http.StatusOK)
	h := a.Header()
	if tag := h.Get("ETag"); tag != "" && a.status < 300 {
		tag = completeTag(tag, a.body.Bytes())
		h.Set("ETag", tag)
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && holds(r.Header.Values("If-None-Match"), tag) {
			a.status = http.StatusNotModified
			h.Del("Content-Type")
		}
	}
	if a.status == http.StatusNotModified || a.status == http.StatusNoContent {
		a.body.Reset()
		a.to.WriteHeader(a.status)
		return a.status, 0
	}
	h.Set("Content-Length", strconv.Itoa(a.body.Len()))
	a.to.WriteHeader(a.status)
	size, _ = a.to.Write(a.body.Bytes())
	return a.status, size
}

func (a *answer) release() {
	a.to = nil
	if a.body.Cap() < 1<<20 { // one huge answer must not stay in memory for ever
		answers.Put(a)
	}
}

// etag is the ETag of a stored state as a handler gives it: the row's version. When it is sent, a hash of the answer is
// added, so that If-None-Match also notices members that are computed, while If-Match goes by the version alone.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

func completeTag(tag string, body []byte) string {
	sum := fnv.New64a()
	_, _ = sum.Write(body)
	return strings.TrimSuffix(tag, `"`) + "-" + strconv.FormatUint(sum.Sum64(), 36) + `"`
}

// holds tells whether one of the tags of a header is the present one.
func holds(headers []string, tag string) bool {
	for _, line := range headers {
		for _, one := range strings.Split(line, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			if one == "*" || one == tag {
				return true
			}
		}
	}
	return false
}

// ifVersion is the version that If-Match names, or nil without the header. What can never match, such as a weak tag or one
// of another form, is version 0, which no row has.
func ifVersion(ctx context.Context) *int64 {
	lines := callOf(ctx).request.Header.Values("If-Match")
	if len(lines) == 0 {
		return nil
	}
	var version int64
	for _, one := range strings.Split(strings.Join(lines, ","), ",") {
		one = strings.TrimSpace(one)
		if one == "*" {
			return nil
		}
		number, _, _ := strings.Cut(strings.Trim(one, `"`), "-")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && strings.HasPrefix(one, `"`) {
			version = max(version, n) // of several states that the caller accepts, only the newest can be the present one
		}
	}
	return &version
}
