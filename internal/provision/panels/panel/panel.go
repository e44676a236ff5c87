package panel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Setup is what a simulator is made of.
type Setup struct {
	Delay   time.Duration  // how long an OS installation takes; other work takes a tenth
	Zone    *time.Location // zone of the traffic days
	Traffic *Traffic       // what was set of it, by the frame
	Now     time.Time
}

// Panel is what the frame needs from one vendor's simulator. All methods run
// under the frame's lock.
type Panel interface {
	// Answer carries out one vendor call and sets Call.Changed when it altered
	// what must survive a crash.
	Answer(c *Call) Reply
	// Settle finishes what is due at now and tells whether anything was.
	Settle(now time.Time) bool
	// Moved is told that the clock was set, perhaps backwards.
	Moved(now time.Time)
	// HasServer tells whether traffic can be set for the id.
	HasServer(id int) bool
	// View is the panel's part of GET /control/{panel}.
	View(now time.Time) map[string]any
	// Control carries out a control call of this panel's own, such as stock.
	Control(what string, body []byte, now time.Time) (any, error)
	// Failure is the vendor's way of saying 400, 401, 500 or 503.
	Failure(status int, text string) Reply
	// Reset empties the panel; what it is sold with remains.
	Reset()
	// Encode and Decode write and read the kept file.
	Encode() ([]byte, error)
	Decode(data []byte) error
}

// Labeler is a panel whose calls are told apart by more than their path. What
// it returns holds no secret.
type Labeler interface {
	Label(c *Call) (path, query string)
}

// ErrNotFound is a control call that names nothing there is.
var ErrNotFound = errors.New("no such panel or server")

// MaxStock bounds one control call.
const MaxStock = 10_000

// StrictJSON reads exactly one JSON value without unknown members.
func StrictJSON(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("body: more than one value")
	}
	return nil
}

// MaxTrafficDays bounds one call for traffic.
const MaxTrafficDays = 400

// OnOff is a power switch in words.
func OnOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// ByID finds an entry by its id, which of reads; nil where there is none.
func ByID[T any, ID comparable](list []T, id ID, of func(*T) ID) *T {
	for i := range list {
		if of(&list[i]) == id {
			return &list[i]
		}
	}
	return nil
}
