package panel

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Call is one vendor request, read to its end.
type Call struct {
	Method  string
	Host    string // the name that the client called
	Path    string // without the mount and without /api
	Query   url.Values
	Header  http.Header
	Cookies []*http.Cookie
	Body    []byte

	Now      time.Time
	Args     []string    // the variable parts of the path
	Changed  bool        // set by the panel: write before the answer
	FailTask func() bool // asked once for each operation that starts
}

// Reply is a panel's answer before it is written.
type Reply struct {
	Status int
	Body   any
}

// NewReply is an answer; a nil body is none.
func NewReply(status int, body any) Reply { return Reply{Status: status, Body: body} }

// Headed is a body with a header of its own.
type Headed struct {
	Name, Value string
	Body        any
}

// Text is a body that is sent as it is.
type Text struct {
	Kind string
	Data []byte
}

// ID is the i-th variable part of the path as a number, 0 where it is none;
// no object has the id 0.
func (c *Call) ID(i int) int {
	n, err := strconv.Atoi(c.Args[i])
	if err != nil || n < 0 {
		return 0
	}
	return n
}
