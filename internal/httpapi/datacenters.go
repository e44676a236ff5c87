package httpapi

import (
	"context"
	"strings"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
)

// DataCenterReader reads data centers.
type DataCenterReader interface {
	DataCenter(ctx context.Context, s actor.Scope, id datacenter.ID) (datacenter.DataCenter, error)
	DataCenters(ctx context.Context, s actor.Scope, p actor.Page) ([]datacenter.DataCenter, error)
	DataCenterIcon(ctx context.Context, id datacenter.ID) (png []byte, version int64, err error)
}

// ListDataCenters lists data centers.
func (s *Server) ListDataCenters(ctx context.Context, _ api.ListDataCentersRequestObject) (api.ListDataCentersResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.DataCtrReader.DataCenters(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(d datacenter.DataCenter) string { return string(d.ID) })
	return api.ListDataCenters200JSONResponse{Data: each(rows, toAPIDataCenter), NextCursor: next}, nil
}

// CreateDataCenter adds a data center.
func (s *Server) CreateDataCenter(ctx context.Context, r api.CreateDataCenterRequestObject) (api.CreateDataCenterResponseObject, error) {
	answer := func(d datacenter.DataCenter) api.CreateDataCenterResponseObject {
		return api.CreateDataCenter201JSONResponse{
			Body:    toAPIDataCenter(d),
			Headers: api.CreateDataCenter201ResponseHeaders{Location: "/v1/data-centers/" + string(d.ID), ETag: etag(d.Version)},
		}
	}
	if err := readOnlyURL(r.Body.Icon, ""); err != nil {
		return nil, err
	}
	d, err := s.DataCenters.Create(ctx, actorOf(ctx, once(answer)), fromAPIDataCenterCreate(*r.Body))
	if err != nil {
		return nil, err
	}
	return answer(d), nil
}

// GetDataCenter reads a data center.
func (s *Server) GetDataCenter(ctx context.Context, r api.GetDataCenterRequestObject) (api.GetDataCenterResponseObject, error) {
	d, err := s.DataCtrReader.DataCenter(ctx, scopeOf(ctx), datacenter.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetDataCenter200JSONResponse{Body: toAPIDataCenter(d), Headers: api.GetDataCenter200ResponseHeaders{ETag: etag(d.Version)}}, nil
}

// UpdateDataCenter changes a data center.
func (s *Server) UpdateDataCenter(ctx context.Context, r api.UpdateDataCenterRequestObject) (api.UpdateDataCenterResponseObject, error) {
	b := r.JSONBody
	in := datacenter.Change{IfVersion: ifVersion(ctx), Name: b.Name, ExternalID: patched(b.ExternalID), SortOrder: b.SortOrder}
	if b.Icon != nil {
		if err := readOnlyURL(b.Icon, iconAt(strings.ToLower(r.ID))); err != nil {
			return nil, err
		}
		icon := fromAPIIcon(b.Icon)
		in.Icon = &icon
	}
	d, err := s.DataCenters.Update(ctx, actorOf(ctx), datacenter.ID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateDataCenter200JSONResponse{Body: toAPIDataCenter(d), Headers: api.UpdateDataCenter200ResponseHeaders{ETag: etag(d.Version)}}, nil
}

// DeleteDataCenter removes a data center that nothing refers to.
func (s *Server) DeleteDataCenter(ctx context.Context, r api.DeleteDataCenterRequestObject) (api.DeleteDataCenterResponseObject, error) {
	if err := s.DataCenters.Delete(ctx, actorOf(ctx), datacenter.ID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteDataCenter204Response{}, nil
}

func fromAPIDataCenterCreate(b api.DataCenterCreate) datacenter.Input {
	in := datacenter.Input{Name: b.Name, ExternalID: orEmpty(b.ExternalID), Icon: fromAPIIcon(b.Icon)}
	if b.SortOrder != nil {
		in.SortOrder = *b.SortOrder
	}
	return in
}

// iconAt is where a data center's picture is.
func iconAt(id string) string { return "/v1/data-centers/" + id + "/icon" }

// readOnlyURL takes an icon's address as it would be read afterwards, and nothing else: only an uploaded picture has one.
func readOnlyURL(b *api.DataCenterIconInput, at string) error {
	if b == nil || b.ImageURL == nil || (string(b.Kind) == datacenter.IconImage && *b.ImageURL == at) {
		return nil
	}
	return fault.New(fault.Invalid, "bad_value", "The address of a picture cannot be set.").At("/icon/image_url")
}

func fromAPIIcon(b *api.DataCenterIconInput) datacenter.Icon {
	if b == nil {
		return datacenter.Icon{}
	}
	return datacenter.Icon{Kind: string(b.Kind), Country: orEmpty(b.Country)}
}

func toAPIDataCenter(d datacenter.DataCenter) api.DataCenter {
	icon := api.DataCenterIcon{Kind: api.IconKind(d.IconKind), Country: orNull(d.IconCountry)}
	if d.IconKind == datacenter.IconImage {
		at := iconAt(string(d.ID))
		icon.ImageURL = &at
	}
	return api.DataCenter{ID: string(d.ID), Name: d.Name, ExternalID: orNull(d.ExternalID), SortOrder: d.SortOrder, Icon: icon, CreatedAt: d.CreatedAt}
}
