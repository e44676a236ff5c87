// Package httpapi is the HTTP edge: it implements the contract (package api) on top of the features' use-cases and readers.
//
// It owns authentication, roles, the checking of requests against the contract, problem documents, idempotency, conditional
// requests, pages, rate limits, logs and figures. It owns no business rule and no SQL; handlers convert, call, convert.
//
// Invariants: a request that breaks the contract never reaches a handler; every failure is answered as problem+json by one
// function, and nothing internal is shown; what a caller may not see does not exist for it.
package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Server holds what the handlers need: per feature an engine for writing and a reader for reading.
type Server struct {
	Log            *slog.Logger
	Wall           clock.Wall
	Keys           Keys
	Origins        []string       // whose pages may call, or *
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Sandbox        bool           // outside the sandbox its paths do not exist
	MetricsApart   bool           // /metrics is served by another listener: Handler.Metrics
	Checks         []Check        // what /readyz looks at

	Clients       *client.Engine
	ClientReader  ClientReader
	Departments   *department.Engine
	DeptReader    DepartmentReader
	DataCenters   *datacenter.Engine
	DataCtrReader DataCenterReader
	Feed          Feed
	Clock         MovableClock
	Units         *measure.Engine
	Products      *product.Engine
	Modules       *module.Engine
	Tariffs       *tariff.Engine
	CatalogReader CatalogReader

	Zone            *time.Location // of billing
	Shelf           func(ctx context.Context) (Shelf, error)
	Orders          *order.Engine
	OrderReader     OrderReader
	Lifecycle       *lifecycle.Engine
	ServiceReader   ServiceReader
	OperationReader OperationReader
	TaskReader      TaskReader

	Traffic       *traffic.Engine
	TrafficReader TrafficReader

	Payments    *payment.Engine
	MoneyReader MoneyReader

	keyring *keyring // set by New: a revoked key is forgotten at once
	figures *figures
	docs    *document
	forms   storefront
}

// Handler answers requests.
type Handler struct{ edge *edge }

// New wires the handlers to the contract. An operation of the contract without a handler, or the other way round, does not
// compile; one without a rule who may call it is an error.
func New(s *Server) (*Handler, error) {
	doc, err := api.GetSwagger()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	ops, err := endpoints(doc)
	if err != nil {
		return nil, err
	}
	if s.docs, err = newDocument(doc); err != nil {
		return nil, err
	}
	s.keyring, s.figures = newKeyring(s.Keys, s.Wall), newFigures()
	e := &edge{Server: s, router: echo.New(), keyring: s.keyring, limiter: newLimiter(s.Wall), figures: s.figures, docs: s.docs}
	e.router.Binder = binder{}
	e.router.HTTPErrorHandler = func(err error, c echo.Context) { callOf(c.Request().Context()).fail(err) }
	strict := api.NewStrictHandler(s, []api.StrictMiddlewareFunc{guardNil})
	api.RegisterHandlers(routes{e, ops}, strict)
	return &Handler{e}, nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.edge.ServeHTTP(w, r) }

// Metrics answers with the figures, for a listener apart.
func (h *Handler) Metrics() http.Handler { return h.edge.figures.handler() }

// Run notes once a minute when keys were last used, until the context ends, and once more then.
func (h *Handler) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			h.flush(last)
			cancel()
			return
		}
	}
}

func (h *Handler) flush(ctx context.Context) {
	if err := h.edge.keyring.flush(ctx); err != nil {
		h.edge.Log.WarnContext(ctx, "the use of keys was not noted", "error", err)
	}
}

// guardNil turns a handler's forgotten answer into a failure: the generated code would send an empty 200.
func guardNil(next api.StrictHandlerFunc, operationID string) api.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		response, err := next(c, request)
		if err == nil && response == nil {
			return nil, fmt.Errorf("operation %s answered nothing", operationID)
		}
		return response, err
	}
}

// routes registers the generated handlers, each behind its guard. The operation is found here, once, and not by a second
// router for each request.
type routes struct {
	edge *edge
	ops  map[string]*endpoint
}

func (r routes) add(method, path string, h echo.HandlerFunc) *echo.Route {
	op, ok := r.ops[method+" "+contractPath(path)]
	if !ok {
		panic("httpapi: the contract has no " + method + " " + path)
	}
	if op.tag == "sandbox" && !r.edge.Sandbox {
		return nil
	}
	h = r.edge.guard(op, h)
	if method == http.MethodGet {
		r.edge.router.Add(http.MethodHead, path, h)
	}
	return r.edge.router.Add(method, path, h)
}

// GET and the others are what the generated code calls.
func (r routes) GET(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodGet, path, h)
}

// POST registers one handler.
func (r routes) POST(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodPost, path, h)
}

// PUT registers one handler.
func (r routes) PUT(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodPut, path, h)
}

// PATCH registers one handler.
func (r routes) PATCH(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodPatch, path, h)
}

// DELETE registers one handler.
func (r routes) DELETE(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodDelete, path, h)
}

// HEAD comes with every GET.
func (r routes) HEAD(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodHead, path, h)
}

// CONNECT is in no contract of ours.
func (r routes) CONNECT(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodConnect, path, h)
}

// OPTIONS is in no contract of ours.
func (r routes) OPTIONS(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodOptions, path, h)
}

// TRACE is in no contract of ours.
func (r routes) TRACE(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodTrace, path, h)
}
