package httpapi

import (
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/provision"
)

// ListProcessingDrivers lists drivers, in order of their names.
func (s *Server) ListProcessingDrivers(ctx context.Context, _ api.ListProcessingDriversRequestObject) (api.ListProcessingDriversResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	name := func(d provision.Driver) string { return d.Info.Name }
	rows, next := cut(ctx, p, seek(p, s.Modules.Drivers.All(), name), name)
	return api.ListProcessingDrivers200JSONResponse{Data: each(rows, toAPIDriver), NextCursor: next}, nil
}

// GetProcessingDriver reads a driver.
func (s *Server) GetProcessingDriver(_ context.Context, r api.GetProcessingDriverRequestObject) (api.GetProcessingDriverResponseObject, error) {
	d, err := s.Modules.Drivers.Driver(r.Name)
	if err != nil {
		return nil, err
	}
	// A driver changes with the program only; what changed then shows in the hash.
	return api.GetProcessingDriver200JSONResponse{Body: toAPIDriver(d), Headers: api.GetProcessingDriver200ResponseHeaders{ETag: etag(1)}}, nil
}

func toAPIDriver(d provision.Driver) api.ProcessingDriver {
	i := d.Info
	types := i.ProductTypes
	if len(types) == 0 {
		any := i.Default
		any.Code = "*"
		types = []provision.ProductType{any}
	}
	notes := i.Notes
	if notes == nil {
		notes = []string{}
	}
	return api.ProcessingDriver{
		Name: i.Name, Title: i.Title, ProductTypes: each(types, toAPIDriverType), ConnectionSchema: openObject(i.ConnectionSchema),
		ParametersSchema: openObject(i.ParametersSchema), TariffSchema: openObject(i.TariffSchema),
		Abilities: each(d.Abilities(), func(a provision.Ability) api.DriverAbility { return api.DriverAbility(a) }),
		Statistics: each(i.Statistics, func(x provision.Statistic) api.DriverStatistic {
			return api.DriverStatistic{Param: x.Param, Unit: x.Unit, Kind: api.StatisticKind(x.Kind)}
		}),
		FixedParameters: append([]string{}, i.FixedParameters...), FixedWithServices: append([]string{}, i.FixedWithServices...),
		DataCenter: api.DriverDataCenter{Required: i.DataCenter.Required, ExternalID: api.Presence(i.DataCenter.ExternalID)},
		Dialect: each(i.Dialect, func(x provision.Term) api.DriverTerm {
			return api.DriverTerm{Parameter: x.Parameter, Name: orNull(x.Name), Default: x.Default, Mark: api.DialectMark(x.Mark), Note: orNull(x.Note)}
		}),
		Notes: notes,
	}
}

func toAPIDriverType(p provision.ProductType) api.DriverProductType {
	mode := func(k provision.Kind) api.OperationMode { return api.OperationMode(p.Operations[k]) }
	completes := p.CompletesWith
	if completes == nil {
		completes = []string{}
	}
	return api.DriverProductType{
		Code: p.Code, CompletesWith: completes, Recovery: p.Recovery, TariffSchema: schemaOrNull(p.TariffSchema),
		Operations: api.DriverOperations{
			Open: mode(provision.Open), Suspend: mode(provision.Suspend), Resume: mode(provision.Resume), Close: mode(provision.Close),
			SetParams: mode(provision.SetParams), Renew: mode(provision.Renew), Reboot: mode(provision.Reboot), Reinstall: mode(provision.Reinstall),
		},
	}
}

func schemaOrNull(schema json.RawMessage) *map[string]any {
	if schema == nil {
		return nil
	}
	out := openObject(schema)
	return &out
}
