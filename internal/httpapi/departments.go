package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/department"
)

// DepartmentReader reads departments.
type DepartmentReader interface {
	Department(ctx context.Context, s actor.Scope, id department.ID) (department.Department, error)
	Departments(ctx context.Context, s actor.Scope, p actor.Page) ([]department.Department, error)
}

// ListDepartments lists departments.
func (s *Server) ListDepartments(ctx context.Context, _ api.ListDepartmentsRequestObject) (api.ListDepartmentsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.DeptReader.Departments(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(d department.Department) string { return string(d.ID) })
	return api.ListDepartments200JSONResponse{Data: each(rows, toAPIDepartment), NextCursor: next}, nil
}

// CreateDepartment adds a department.
func (s *Server) CreateDepartment(ctx context.Context, r api.CreateDepartmentRequestObject) (api.CreateDepartmentResponseObject, error) {
	answer := func(d department.Department) api.CreateDepartmentResponseObject {
		return api.CreateDepartment201JSONResponse{
			Body:    toAPIDepartment(d),
			Headers: api.CreateDepartment201ResponseHeaders{Location: "/v1/departments/" + string(d.ID), ETag: etag(d.Version)},
		}
	}
	in := department.Input{Name: r.Body.Name, Email: orEmpty(r.Body.Email)}
	d, err := s.Departments.Create(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(d), nil
}

// GetDepartment reads a department.
func (s *Server) GetDepartment(ctx context.Context, r api.GetDepartmentRequestObject) (api.GetDepartmentResponseObject, error) {
	d, err := s.DeptReader.Department(ctx, scopeOf(ctx), department.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetDepartment200JSONResponse{Body: toAPIDepartment(d), Headers: api.GetDepartment200ResponseHeaders{ETag: etag(d.Version)}}, nil
}

// UpdateDepartment changes a department.
func (s *Server) UpdateDepartment(ctx context.Context, r api.UpdateDepartmentRequestObject) (api.UpdateDepartmentResponseObject, error) {
	in := department.Change{IfVersion: ifVersion(ctx), Name: r.JSONBody.Name, Email: patched(r.JSONBody.Email)}
	d, err := s.Departments.Update(ctx, actorOf(ctx), department.ID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateDepartment200JSONResponse{Body: toAPIDepartment(d), Headers: api.UpdateDepartment200ResponseHeaders{ETag: etag(d.Version)}}, nil
}

// DeleteDepartment removes a department that nothing refers to.
func (s *Server) DeleteDepartment(ctx context.Context, r api.DeleteDepartmentRequestObject) (api.DeleteDepartmentResponseObject, error) {
	if err := s.Departments.Delete(ctx, actorOf(ctx), department.ID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteDepartment204Response{}, nil
}

func toAPIDepartment(d department.Department) api.Department {
	return api.Department{ID: string(d.ID), Name: d.Name, Email: orNull(d.Email), CreatedAt: d.CreatedAt}
}
