package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
)

// call is what the edge knows of one request; it travels in the context of the handler.
type call struct {
	id      string // request id
	trace   string // trace id of a traceparent, for the log
	begun   time.Time
	address netip.Addr
	request *http.Request
	answer  *answer
	op      *endpoint // nil: no operation of the contract
	key     *client.Credential
	body    []byte // as it was sent; {} where an action came without one
	failure error  // what was answered as a problem, for the log
	fault   *fault.Error
}

type callKey struct{}

// callOf returns the request's call. It is a bug of the wiring when there is none.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// staff tells whether an administrator asks.
func (c *call) staff() bool { return c.key != nil && c.key.Role == actor.Admin }

// scopeOf is whose data the caller may see.
func scopeOf(ctx context.Context) actor.Scope {
	if k := callOf(ctx).key; k != nil {
		return k.Scope()
	}
	return actor.Scope{ProviderID: nobody, ClientID: nobody}
}

// nobody is the scope of a caller without a key, should a public operation ever read what belongs to somebody.
const nobody = "00000000-0000-0000-0000-000000000000"
