package httpapi

import (
	"context"
	"slices"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/traffic"
)

// ListEligibleServers lists the servers that a bandwidth service of the tariff could carry, and why others cannot be.
func (s *Server) ListEligibleServers(ctx context.Context, r api.ListEligibleServersRequestObject) (api.ListEligibleServersResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	scope := scopeOf(ctx)
	t, err := s.CatalogReader.Tariff(ctx, scope, catalog.TariffID(r.ID))
	if err != nil {
		return nil, err
	}
	if t.ProductType != product.DedicatedBandwidth {
		return nil, fault.New(fault.Invalid, "not_a_bandwidth_service", "Only bandwidth services carry servers.")
	}
	of := actor.ClientID(orEmpty(r.Params.ClientID))
	if of == "" {
		of = scope.ClientID
	}
	if of == "" {
		f := fault.Fields{{Parameter: "client_id", Code: "required", Detail: "Whose servers?"}}
		return nil, f.Err()
	}
	if _, err = s.ClientReader.Client(ctx, scope, of); err != nil {
		return nil, err
	}
	c := traffic.Candidate{ClientID: of, ProviderID: t.ProviderID, DataCenterIDs: t.Offer.DataCenterIDs}
	rows, err := s.TrafficReader.EligibleServers(ctx, scope, c, datacenter.ID(orEmpty(r.Params.DataCenterID)), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(v traffic.Verdict) string { return string(v.Server) })
	return api.ListEligibleServers200JSONResponse{Data: each(rows, toAPIEligible), NextCursor: next}, nil
}

func toAPIEligible(v traffic.Verdict) api.EligibleServer {
	return api.EligibleServer{
		ServiceID: string(v.Server), Name: orNull(v.Name), Eligible: v.Eligible(),
		Reasons: each(v.Reasons, func(r traffic.Reason) api.Reason { return api.Reason{Code: api.ProblemCode(r.Code), Detail: r.Detail} }),
	}
}

// addEligible adds the reason that a client has no server which a bandwidth service of the tariff could carry.
func (s *Server) addEligible(ctx context.Context, t catalog.Tariff, of actor.ClientID, a *catalog.Availability) error {
	if t.ProductType != product.DedicatedBandwidth || of == "" {
		return nil
	}
	c := traffic.Candidate{ClientID: of, ProviderID: t.ProviderID, DataCenterIDs: t.Offer.DataCenterIDs}
	for page := (actor.Page{Limit: 200}); ; {
		rows, err := s.TrafficReader.EligibleServers(ctx, scopeOf(ctx), c, "", page)
		if err != nil || slices.ContainsFunc(rows, traffic.Verdict.Eligible) {
			return err
		}
		if len(rows) < page.Rows() {
			break
		}
		page.After = string(rows[len(rows)-1].Server)
	}
	a.Reasons = append(slices.Clone(a.Reasons), catalog.Reason{Code: "no_eligible_server", Detail: "The client has no server that could be carried."})
	return nil
}
