package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/product"
)

// ListIntegrationModules lists integration modules, in order of their names.
func (s *Server) ListIntegrationModules(ctx context.Context, _ api.ListIntegrationModulesRequestObject) (api.ListIntegrationModulesResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.CatalogReader.Integrations(ctx, scopeOf(ctx))
	if err != nil {
		return nil, err
	}
	name := func(i product.Integration) string { return i.Name }
	rows, next := cut(ctx, p, seek(p, list, name), name)
	return api.ListIntegrationModules200JSONResponse{Data: each(rows, toAPIIntegration), NextCursor: next}, nil
}

// GetIntegrationModule reads an integration module.
func (s *Server) GetIntegrationModule(ctx context.Context, r api.GetIntegrationModuleRequestObject) (api.GetIntegrationModuleResponseObject, error) {
	i, err := s.Products.Integration(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return api.GetIntegrationModule200JSONResponse{
		Body: toAPIIntegration(i), Headers: api.GetIntegrationModule200ResponseHeaders{ETag: etag(i.Version())},
	}, nil
}

// InstallIntegrationModule adds what the integration module brings.
func (s *Server) InstallIntegrationModule(ctx context.Context, r api.InstallIntegrationModuleRequestObject) (api.InstallIntegrationModuleResponseObject, error) {
	answer := func(i product.Integration) api.InstallIntegrationModuleResponseObject {
		return api.InstallIntegrationModule200JSONResponse{
			Body: toAPIIntegration(i), Headers: api.InstallIntegrationModule200ResponseHeaders{ETag: etag(i.Version())},
		}
	}
	i, err := s.Products.Install(ctx, actorOf(ctx, once(answer)), r.Name)
	if err != nil {
		return nil, err
	}
	return answer(i), nil
}

// UninstallIntegrationModule takes away what the integration module brought.
func (s *Server) UninstallIntegrationModule(ctx context.Context, r api.UninstallIntegrationModuleRequestObject) (api.UninstallIntegrationModuleResponseObject, error) {
	if err := s.Products.Uninstall(ctx, actorOf(ctx), r.Name, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.UninstallIntegrationModule204Response{}, nil
}

func toAPIIntegration(i product.Integration) api.IntegrationModule {
	return api.IntegrationModule{
		Name: i.Name, Title: i.Title, Description: i.Description, Installed: i.InstalledAt != nil, InstalledAt: i.InstalledAt,
		ProductType: i.ProductType,
	}
}
