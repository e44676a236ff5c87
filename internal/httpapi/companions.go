package httpapi

import (
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/module"
)

// CompanionReader reads what stands beside panels.
type CompanionReader interface {
	Companion(ctx context.Context, s actor.Scope, kind module.CompanionKind, id module.CompanionID) (module.Companion, error)
	Companions(ctx context.Context, s actor.Scope, kind module.CompanionKind, p actor.Page) ([]module.Companion, error)
}

// ListIPManagers lists IP managers.
func (s *Server) ListIPManagers(ctx context.Context, _ api.ListIPManagersRequestObject) (api.ListIPManagersResponseObject, error) {
	page, err := s.companions(ctx, module.IPManager)
	return api.ListIPManagers200JSONResponse(page), err
}

// CreateIPManager adds an IP manager.
func (s *Server) CreateIPManager(ctx context.Context, r api.CreateIPManagerRequestObject) (api.CreateIPManagerResponseObject, error) {
	answer := func(c module.Companion) api.CreateIPManagerResponseObject {
		return api.CreateIPManager201JSONResponse{
			Body:    toAPICompanion(c),
			Headers: api.CreateIPManager201ResponseHeaders{Location: "/v1/ip-managers/" + string(c.ID), ETag: etag(c.Version)},
		}
	}
	c, err := s.Modules.CreateCompanion(ctx, actorOf(ctx, once(answer)), module.IPManager, fromAPICompanionCreate(*r.Body))
	if err != nil {
		return nil, err
	}
	return answer(c), nil
}

// GetIPManager reads an IP manager.
func (s *Server) GetIPManager(ctx context.Context, r api.GetIPManagerRequestObject) (api.GetIPManagerResponseObject, error) {
	c, err := s.CatalogReader.Companion(ctx, scopeOf(ctx), module.IPManager, module.CompanionID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetIPManager200JSONResponse{Body: toAPICompanion(c), Headers: api.GetIPManager200ResponseHeaders{ETag: etag(c.Version)}}, nil
}

// UpdateIPManager changes an IP manager.
func (s *Server) UpdateIPManager(ctx context.Context, r api.UpdateIPManagerRequestObject) (api.UpdateIPManagerResponseObject, error) {
	in := fromAPICompanionPatch(*r.JSONBody, ifVersion(ctx), r.Params.Moved)
	c, err := s.Modules.UpdateCompanion(ctx, actorOf(ctx), module.IPManager, module.CompanionID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateIPManager200JSONResponse{Body: toAPICompanion(c), Headers: api.UpdateIPManager200ResponseHeaders{ETag: etag(c.Version)}}, nil
}

// DeleteIPManager removes an IP manager that no module names.
func (s *Server) DeleteIPManager(ctx context.Context, r api.DeleteIPManagerRequestObject) (api.DeleteIPManagerResponseObject, error) {
	if err := s.Modules.DeleteCompanion(ctx, actorOf(ctx), module.IPManager, module.CompanionID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteIPManager204Response{}, nil
}

// ListLicenseServers lists license servers.
func (s *Server) ListLicenseServers(ctx context.Context, _ api.ListLicenseServersRequestObject) (api.ListLicenseServersResponseObject, error) {
	page, err := s.companions(ctx, module.LicenseServer)
	return api.ListLicenseServers200JSONResponse(page), err
}

// CreateLicenseServer adds a license server.
func (s *Server) CreateLicenseServer(ctx context.Context, r api.CreateLicenseServerRequestObject) (api.CreateLicenseServerResponseObject, error) {
	answer := func(c module.Companion) api.CreateLicenseServerResponseObject {
		return api.CreateLicenseServer201JSONResponse{
			Body:    toAPICompanion(c),
			Headers: api.CreateLicenseServer201ResponseHeaders{Location: "/v1/license-servers/" + string(c.ID), ETag: etag(c.Version)},
		}
	}
	c, err := s.Modules.CreateCompanion(ctx, actorOf(ctx, once(answer)), module.LicenseServer, fromAPICompanionCreate(*r.Body))
	if err != nil {
		return nil, err
	}
	return answer(c), nil
}

// GetLicenseServer reads a license server.
func (s *Server) GetLicenseServer(ctx context.Context, r api.GetLicenseServerRequestObject) (api.GetLicenseServerResponseObject, error) {
	c, err := s.CatalogReader.Companion(ctx, scopeOf(ctx), module.LicenseServer, module.CompanionID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetLicenseServer200JSONResponse{Body: toAPICompanion(c), Headers: api.GetLicenseServer200ResponseHeaders{ETag: etag(c.Version)}}, nil
}

// UpdateLicenseServer changes a license server.
func (s *Server) UpdateLicenseServer(ctx context.Context, r api.UpdateLicenseServerRequestObject) (api.UpdateLicenseServerResponseObject, error) {
	in := fromAPICompanionPatch(*r.JSONBody, ifVersion(ctx), r.Params.Moved)
	c, err := s.Modules.UpdateCompanion(ctx, actorOf(ctx), module.LicenseServer, module.CompanionID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateLicenseServer200JSONResponse{Body: toAPICompanion(c), Headers: api.UpdateLicenseServer200ResponseHeaders{ETag: etag(c.Version)}}, nil
}

// DeleteLicenseServer removes a license server that no module names.
func (s *Server) DeleteLicenseServer(ctx context.Context, r api.DeleteLicenseServerRequestObject) (api.DeleteLicenseServerResponseObject, error) {
	if err := s.Modules.DeleteCompanion(ctx, actorOf(ctx), module.LicenseServer, module.CompanionID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteLicenseServer204Response{}, nil
}

func (s *Server) companions(ctx context.Context, kind module.CompanionKind) (api.CompanionList, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return api.CompanionList{}, err
	}
	rows, err := s.CatalogReader.Companions(ctx, scopeOf(ctx), kind, p)
	if err != nil {
		return api.CompanionList{}, err
	}
	rows, next := cut(ctx, p, rows, func(c module.Companion) string { return string(c.ID) })
	return api.CompanionList{Data: each(rows, toAPICompanion), NextCursor: next}, nil
}

func toAPICompanion(c module.Companion) api.Companion {
	return api.Companion{
		ID: string(c.ID), Name: c.Name, URL: c.URL, Username: c.Username, Password: api.KeptSecret{Set: api.KeptSecretSetTrue}, CreatedAt: c.CreatedAt,
	}
}

func fromAPICompanionCreate(b api.CompanionCreate) module.CompanionChange {
	return module.CompanionChange{Name: &b.Name, URL: &b.URL, Username: &b.Username, Password: b.Password}
}

// fromAPICompanionPatch leaves a password that is sent back as it was read as it is.
func fromAPICompanionPatch(b api.CompanionPatch, ifVersion *int64, moved *bool) module.CompanionChange {
	in := module.CompanionChange{IfVersion: ifVersion, Moved: moved != nil && *moved, Name: b.Name, URL: b.URL, Username: b.Username}
	var password string
	if len(b.Password) > 0 && json.Unmarshal(b.Password, &password) == nil {
		in.Password = &password
	}
	return in
}
