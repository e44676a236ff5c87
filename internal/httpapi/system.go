package httpapi

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/fault"
)

// Check is one thing that /readyz looks at.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

// GetHealth answers as long as the process runs.
func (s *Server) GetHealth(context.Context, api.GetHealthRequestObject) (api.GetHealthResponseObject, error) {
	return api.GetHealth200JSONResponse{Status: "ok"}, nil
}

// GetReadiness runs every check, so that the answer names all that fail.
func (s *Server) GetReadiness(ctx context.Context, _ api.GetReadinessRequestObject) (api.GetReadinessResponseObject, error) {
	good := api.GetReadiness200JSONResponse{Status: "ready", Checks: map[string]api.ReadinessCheck{}}
	failed := map[string]string{}
	for _, check := range s.Checks {
		good.Checks[check.Name] = "ok"
		if err := check.Run(ctx); err != nil {
			failed[check.Name] = "failed"
			s.Log.WarnContext(ctx, "not ready", "check", check.Name, "error", err)
		}
	}
	if len(failed) > 0 {
		names := strings.Join(slices.Sorted(maps.Keys(failed)), ", ")
		f := fault.New(fault.Unavailable, "not_ready", "Not ready: %s.", names)
		f.Refs = failed
		return nil, f
	}
	return good, nil
}

// GetMetrics answers with the figures of this process.
func (s *Server) GetMetrics(ctx context.Context, _ api.GetMetricsRequestObject) (api.GetMetricsResponseObject, error) {
	if s.MetricsApart {
		return nil, fault.Missing("page at this address")
	}
	return figuresAnswer{s.figures, callOf(ctx).request}, nil
}

// figuresAnswer lets the Prometheus library write in the format that the reader asks for.
type figuresAnswer struct {
	figures *figures
	request *http.Request
}

// VisitGetMetricsResponse writes the figures. Compression is left out: the answer is held back and sent whole.
func (a figuresAnswer) VisitGetMetricsResponse(w http.ResponseWriter) error {
	r := a.request.Clone(a.request.Context())
	r.Header.Del("Accept-Encoding")
	a.figures.handler().ServeHTTP(w, r)
	return nil
}

// GetOpenAPI answers with the contract.
func (s *Server) GetOpenAPI(context.Context, api.GetOpenAPIRequestObject) (api.GetOpenAPIResponseObject, error) {
	return contractAnswer(s.docs.json), nil
}

type contractAnswer []byte

// VisitGetOpenAPIResponse writes the contract as it was prepared at the start.
func (a contractAnswer) VisitGetOpenAPIResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", etag(1))
	w.Header().Set("Cache-Control", "no-cache")
	_, err := w.Write(a)
	return err
}

// GetDocs answers with the page that shows the contract.
func (s *Server) GetDocs(ctx context.Context, _ api.GetDocsRequestObject) (api.GetDocsResponseObject, error) {
	h := callOf(ctx).answer.Header()
	h.Set("Content-Security-Policy", s.docs.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("ETag", etag(1))
	return api.GetDocs200TextHTMLResponse{Body: bytes.NewReader(s.docs.page), ContentLength: int64(len(s.docs.page))}, nil
}

// GetMe tells whom the key belongs to.
func (s *Server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	k := callOf(ctx).key
	return api.GetMe200JSONResponse{
		Role: api.Role(k.Role), KeyID: orNull(k.ID), Name: orNull(k.Name), ProviderID: orNull(k.ProviderID), ClientID: orNull(k.ClientID),
		Scopes: toAPIScopes(k.Scopes), ExpiresAt: k.ExpiresAt,
	}, nil
}
