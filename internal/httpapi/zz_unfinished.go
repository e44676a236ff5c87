package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
)

// unfinished holds the operations whose handlers are still being written; each goes away with its handler.
type unfinished struct{}

func (unfinished) SetServiceServers(context.Context, api.SetServiceServersRequestObject) (api.SetServiceServersResponseObject, error) { panic("unfinished") }
func (unfinished) GetServiceStatistics(context.Context, api.GetServiceStatisticsRequestObject) (api.GetServiceStatisticsResponseObject, error) { panic("unfinished") }
func (unfinished) ListBlocks(context.Context, api.ListBlocksRequestObject) (api.ListBlocksResponseObject, error) { panic("unfinished") }
func (unfinished) PushBlocks(context.Context, api.PushBlocksRequestObject) (api.PushBlocksResponseObject, error) { panic("unfinished") }
func (unfinished) GetBlockHistory(context.Context, api.GetBlockHistoryRequestObject) (api.GetBlockHistoryResponseObject, error) { panic("unfinished") }
func (unfinished) CollectStatistics(context.Context, api.CollectStatisticsRequestObject) (api.CollectStatisticsResponseObject, error) { panic("unfinished") }
func (unfinished) GetCollection(context.Context, api.GetCollectionRequestObject) (api.GetCollectionResponseObject, error) { panic("unfinished") }
func (unfinished) ListEligibleServers(context.Context, api.ListEligibleServersRequestObject) (api.ListEligibleServersResponseObject, error) { panic("unfinished") }
func (unfinished) ListTrafficReassignments(context.Context, api.ListTrafficReassignmentsRequestObject) (api.ListTrafficReassignmentsResponseObject, error) { panic("unfinished") }
func (unfinished) GetRecomputation(context.Context, api.GetRecomputationRequestObject) (api.GetRecomputationResponseObject, error) { panic("unfinished") }
func (unfinished) RecomputeTraffic(context.Context, api.RecomputeTrafficRequestObject) (api.RecomputeTrafficResponseObject, error) { panic("unfinished") }
