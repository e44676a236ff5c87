package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	ops "github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
)

// OperationReader reads operations.
type OperationReader interface {
	Operation(ctx context.Context, s actor.Scope, id ops.ID) (ops.Operation, error)
	Operations(ctx context.Context, s actor.Scope, f ops.Filter, p actor.Page) ([]ops.Operation, error)
}

// ListOperations lists operations.
func (s *Server) ListOperations(ctx context.Context, r api.ListOperationsRequestObject) (api.ListOperationsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := ops.Filter{
		ServiceID: actor.ServiceID(orEmpty(r.Params.ServiceID)), ModuleID: provision.ModuleID(orEmpty(r.Params.ModuleID)),
		DepartmentID: orEmpty(r.Params.DepartmentID), From: r.Params.From, To: r.Params.To,
	}
	if r.Params.Status != nil {
		f.Status = ops.Status(*r.Params.Status)
	}
	rows, err := s.OperationReader.Operations(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(o ops.Operation) string { return string(o.ID) })
	return api.ListOperations200JSONResponse{Data: each(rows, toAPIOperation(callOf(ctx).staff())), NextCursor: next}, nil
}

// GetOperation reads an operation.
func (s *Server) GetOperation(ctx context.Context, r api.GetOperationRequestObject) (api.GetOperationResponseObject, error) {
	o, err := s.OperationReader.Operation(ctx, scopeOf(ctx), ops.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetOperation200JSONResponse{
		Body: toAPIOperation(callOf(ctx).staff())(o), Headers: api.GetOperation200ResponseHeaders{ETag: etag(o.Version)},
	}, nil
}

// RetryOperation sends an operation to its module again.
func (s *Server) RetryOperation(ctx context.Context, r api.RetryOperationRequestObject) (api.RetryOperationResponseObject, error) {
	answer := func(o ops.Operation) api.RetryOperationResponseObject {
		return api.RetryOperation202JSONResponse{
			Body: toAPIOperation(callOf(ctx).staff())(o), Headers: api.RetryOperation202ResponseHeaders{Location: "/v1/operations/" + string(o.ID)},
		}
	}
	o, err := s.Lifecycle.Retry(ctx, actorOf(ctx, once(answer)), ops.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(o), nil
}

// What callers who are not staff read of a failure; the panel's own words are not for them.
const (
	failureSentence = "The operation did not succeed yet; we are looking into it."
	refusalSentence = "The operation was not done."
)

func sentenceOf(o ops.Operation) string {
	if o.Status.Final() {
		return refusalSentence
	}
	return failureSentence
}

// toAPIOperation writes an operation; which modules and tasks it has, its log and the panel's own words are for staff.
func toAPIOperation(staff bool) func(ops.Operation) api.Operation {
	return func(o ops.Operation) api.Operation {
		out := api.Operation{
			ID: string(o.ID), ClientID: string(o.ClientID), ServiceID: string(o.ServiceID), Kind: api.OperationKind(o.Kind),
			Status: api.OperationStatus(o.Status), Attempts: o.Attempts, MaxAttempts: o.MaxAttempts, NextAttemptAt: o.NextAttemptAt,
			TriedModuleIds: []string{}, Log: []api.OperationLogEntry{}, CreatedAt: o.CreatedAt, FinishedAt: o.FinishedAt,
		}
		if o.ErrorCode != "" {
			out.Error = &api.OperationError{Code: o.ErrorCode, Detail: sentenceOf(o)}
		}
		if staff {
			out.ModuleID, out.TaskID = orNull(o.ModuleID), orNull(o.TaskID)
			out.TriedModuleIds = each(o.TriedModuleIDs, func(id provision.ModuleID) string { return string(id) })
			out.Log = each(o.Log, func(l ops.LogEntry) api.OperationLogEntry { return api.OperationLogEntry{At: l.At, Text: l.Text} })
			if out.Error != nil && o.ErrorText != "" {
				out.Error.Detail = o.ErrorText
			}
		}
		return out
	}
}
