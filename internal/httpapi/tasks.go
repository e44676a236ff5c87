package httpapi

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/provision"
)

// TaskReader reads tasks.
type TaskReader interface {
	Task(ctx context.Context, s actor.Scope, id department.TaskID) (department.Task, error)
	Tasks(ctx context.Context, s actor.Scope, f department.TaskFilter, p actor.Page) ([]department.Task, error)
}

// ListTasks lists tasks.
func (s *Server) ListTasks(ctx context.Context, r api.ListTasksRequestObject) (api.ListTasksResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := department.TaskFilter{
		ServiceID: actor.ServiceID(orEmpty(r.Params.ServiceID)), ModuleID: orEmpty(r.Params.ModuleID),
		DepartmentID: orEmpty(r.Params.DepartmentID), From: r.Params.From, To: r.Params.To,
	}
	if r.Params.Status != nil {
		f.Status = department.TaskStatus(*r.Params.Status)
	}
	rows, err := s.TaskReader.Tasks(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(t department.Task) string { return string(t.ID) })
	return api.ListTasks200JSONResponse{Data: each(rows, toAPITask), NextCursor: next}, nil
}

// GetTask reads a task.
func (s *Server) GetTask(ctx context.Context, r api.GetTaskRequestObject) (api.GetTaskResponseObject, error) {
	t, err := s.TaskReader.Task(ctx, scopeOf(ctx), department.TaskID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetTask200JSONResponse{Body: toAPITask(t), Headers: api.GetTask200ResponseHeaders{ETag: etag(t.Version)}}, nil
}

// TakeTask marks a task as being worked on.
func (s *Server) TakeTask(ctx context.Context, r api.TakeTaskRequestObject) (api.TakeTaskResponseObject, error) {
	answer := func(t department.Task) api.TakeTaskResponseObject {
		return api.TakeTask200JSONResponse{Body: toAPITask(t), Headers: api.TakeTask200ResponseHeaders{ETag: etag(t.Version)}}
	}
	t, err := s.Lifecycle.TakeTask(ctx, actorOf(ctx, once(answer)), department.TaskID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(t), nil
}

// CloseTask ends a task and the operation it stands for.
func (s *Server) CloseTask(ctx context.Context, r api.CloseTaskRequestObject) (api.CloseTaskResponseObject, error) {
	in, err := fromAPITaskClose(*r.Body)
	if err != nil {
		return nil, err
	}
	answer := func(t department.Task) api.CloseTaskResponseObject {
		return api.CloseTask200JSONResponse{Body: toAPITask(t), Headers: api.CloseTask200ResponseHeaders{ETag: etag(t.Version)}}
	}
	t, err := s.Lifecycle.CloseTask(ctx, actorOf(ctx, once(answer)), department.TaskID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return answer(t), nil
}

func fromAPITaskClose(b api.TaskClose) (in lifecycle.CloseTaskInput, err error) {
	in = lifecycle.CloseTaskInput{Result: department.TaskResult(b.Result), ExternalID: provision.Ref(orEmpty(b.ExternalID)), Note: orEmpty(b.Note)}
	if b.Parameters != nil {
		in.Parameters = *b.Parameters
	}
	if b.Addresses == nil {
		return in, nil
	}
	var fields fault.Fields
	for i, a := range *b.Addresses {
		ip, err := netip.ParseAddr(a.IP)
		if err != nil {
			fields.Add(fmt.Sprintf("/addresses/%d/ip", i), "bad_format", "Not an IP address.")
			continue
		}
		out := provision.Address{IP: ip.String(), Family: "ipv6", Gateway: orEmpty(a.Gateway), Network: orEmpty(a.Network), Main: i == 0}
		if ip.Is4() {
			out.Family = "ipv4"
		}
		if a.Family != nil && string(*a.Family) != out.Family {
			fields.Add(fmt.Sprintf("/addresses/%d/family", i), "bad_value", "The address is of the other family.")
		}
		if a.Main != nil {
			out.Main = *a.Main
		}
		in.Addresses = append(in.Addresses, out)
	}
	return in, fields.Err()
}

func toAPITask(t department.Task) api.Task {
	out := api.Task{
		ID: string(t.ID), ClientID: orNull(t.ClientID), DepartmentID: orNull(t.DepartmentID), Kind: api.TaskKind(t.Kind),
		ServiceID: orNull(t.ServiceID), OperationID: orNull(t.OperationID), ModuleID: orNull(t.ModuleID), Status: api.TaskStatus(t.Status),
		Reason: t.Reason, Error: orNull(t.Error), TakenBy: orNull(t.TakenBy), Note: orNull(t.Note), CreatedAt: t.CreatedAt, ClosedAt: t.ClosedAt,
	}
	if t.Result != "" {
		result := api.TaskEnd(t.Result)
		out.Result = &result
	}
	return out
}
