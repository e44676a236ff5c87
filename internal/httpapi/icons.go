package httpapi

import (
	"bytes"
	"context"
	"io"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
)

// cacheIcon lets browsers keep a picture for a while; afterwards they ask whether it is still the same.
const cacheIcon = "public, max-age=300"

// PutDataCenterIcon gives a data center a picture.
func (s *Server) PutDataCenterIcon(ctx context.Context, r api.PutDataCenterIconRequestObject) (api.PutDataCenterIconResponseObject, error) {
	picture, err := io.ReadAll(io.LimitReader(r.Body, datacenter.MaxIcon+1))
	if err != nil {
		return nil, fault.New(fault.Malformed, "bad_request", "The body ended too early.").Because(err)
	}
	d, err := s.DataCenters.SetIcon(ctx, actorOf(ctx), datacenter.ID(r.ID), ifVersion(ctx), picture)
	if err != nil {
		return nil, err
	}
	return api.PutDataCenterIcon200JSONResponse{Body: toAPIDataCenter(d), Headers: api.PutDataCenterIcon200ResponseHeaders{ETag: etag(d.Version)}}, nil
}

// GetDataCenterIcon shows the picture of a data center.
func (s *Server) GetDataCenterIcon(ctx context.Context, r api.GetDataCenterIconRequestObject) (api.GetDataCenterIconResponseObject, error) {
	picture, version, err := s.DataCtrReader.DataCenterIcon(ctx, datacenter.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetDataCenterIcon200ImagePngResponse{
		Body: bytes.NewReader(picture), ContentLength: int64(len(picture)),
		Headers: api.GetDataCenterIcon200ResponseHeaders{ETag: etag(version), CacheControl: cacheIcon},
	}, nil
}
