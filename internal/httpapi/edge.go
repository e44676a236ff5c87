package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tariffd/tariffd/internal/fault"
)

// edge is what every request passes, whatever it asks for: id, log, panic guard, cross-origin rules, figures. Behind it
// stands the router, and behind that, for each operation, guard.
type edge struct {
	*Server
	router  *echo.Echo
	keyring *keyring
	limiter *limiter
	figures *figures
	docs    *document
}

// ServeHTTP answers one request.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{begun: e.Wall.WallNow(), id: r.Header.Get("X-Request-Id"), trace: traceID(r.Header.Get("traceparent")), answer: newAnswer(w)}
	defer c.answer.release()
	if !isRequestID(c.id) {
		c.id = newRequestID()
	}
	c.address = e.addressOf(r)
	c.request = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	c.answer.Header().Set("X-Request-Id", c.id)
	e.figures.running.Inc()
	defer e.figures.running.Dec()
	if !e.crossOrigin(c) {
		e.run(c)
	}
	status, size := c.answer.send(r)
	took := e.Wall.WallNow().Sub(c.begun)
	e.figures.note(c.op, status, took)
	e.log(c, status, size, took)
}

func isRequestID(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= 64
}

// newRequestID need not be hard to guess, only to meet twice.
func newRequestID() string {
	return strconv.FormatUint(rand.Uint64(), 36) + strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // no secret
}

// run lets the router answer; a panic becomes a problem like any other.
func (e *edge) run(c *call) {
	defer func() {
		if p := recover(); p != nil {
			c.fail(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	// The router shall cut the address as it was sent, so that what it finds is unescaped once, by those who read it.
	if escaped := c.request.URL.EscapedPath(); strings.Contains(escaped, "%") {
		c.request.URL.RawPath = escaped
	}
	e.router.ServeHTTP(c.answer, c.request)
}

// guard stands before the handler of one operation: who asks, may they, is the request what the contract says.
func (e *edge) guard(op *endpoint, next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := callOf(ec.Request().Context())
		c.op = op
		if !op.public {
			if err := e.keyring.authenticate(c); err != nil {
				return err
			}
			if err := e.limiter.take(c); err != nil {
				return err
			}
			if err := c.checkRole(); err != nil {
				return err
			}
		}
		if op.byAddress {
			if err := e.limiter.takeAddress(c); err != nil {
				return err
			}
		}
		if err := c.checkRequest(ec); err != nil {
			return err
		}
		c.plainJSON()
		return next(ec)
	}
}

// crossOrigin sets what browsers need, and answers their preflight requests itself.
func (e *edge) crossOrigin(c *call) (answered bool) {
	if len(e.Origins) == 0 {
		return false
	}
	h, origin := c.answer.Header(), c.request.Header.Get("Origin")
	h.Add("Vary", "Origin")
	switch {
	case origin == "":
		return false
	case slices.Contains(e.Origins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
	case slices.Contains(e.Origins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	default:
		return false
	}
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
	if c.request.Method != http.MethodOptions || c.request.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", "7200")
	c.answer.WriteHeader(http.StatusNoContent)
	return true
}

const (
	exposedHeaders = "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Deprecation, Sunset, Idempotent-Replayed"
	allowedHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent"
)

// addressOf is the caller's address: behind trusted proxies, the last one in X-Forwarded-For that is not a proxy's.
func (e *edge) addressOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil || !e.trusted(address) {
		return address.Unmap()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if address = a; !e.trusted(a) {
			break
		}
	}
	return address.Unmap()
}

func (e *edge) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(e.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// log writes one line per request. Neither query nor headers nor bodies are in it, because they may hold secrets.
func (e *edge) log(c *call, status, size int, took time.Duration) {
	if !e.Log.Enabled(c.request.Context(), slog.LevelError) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 12),
		slog.String("request_id", c.id), slog.String("method", c.request.Method), slog.String("path", c.request.URL.Path),
		slog.Int("status", status), slog.Duration("took", took), slog.Int("bytes", size), slog.String("from", c.address.String()))
	if c.op != nil {
		attrs = append(attrs, slog.String("operation", c.op.id))
	}
	if c.key != nil {
		attrs = append(attrs, slog.String("key", string(c.key.ID)))
	}
	if c.trace != "" {
		attrs = append(attrs, slog.String("trace_id", c.trace))
	}
	level := slog.LevelInfo
	if c.fault != nil {
		attrs = append(attrs, slog.String("code", c.fault.Code))
		if c.fault.Kind == fault.Internal || c.fault.Kind == fault.Unavailable {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", c.failure.Error()))
		}
	}
	e.Log.LogAttrs(c.request.Context(), level, "request", attrs...)
}

// traceID is the trace of a W3C traceparent header, or nothing where it is not one.
func traceID(header string) string {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || strings.Trim(parts[1], "0123456789abcdef") != "" {
		return ""
	}
	return parts[1]
}
