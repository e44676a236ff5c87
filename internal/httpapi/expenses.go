package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/ledger"
)

// ListExpenses lists what clients were charged for.
func (s *Server) ListExpenses(ctx context.Context, r api.ListExpensesRequestObject) (api.ListExpensesResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := charge.Filter{ClientID: actor.ClientID(orEmpty(r.Params.ClientID)), ServiceID: actor.ServiceID(orEmpty(r.Params.ServiceID))}
	if f.From, err = fromAPIDayParameter(r.Params.From, "from"); err != nil {
		return nil, err
	}
	if f.To, err = fromAPIDayParameter(r.Params.To, "to"); err != nil {
		return nil, err
	}
	rows, err := s.MoneyReader.Expenses(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(e charge.Expense) string { return e.ID })
	return api.ListExpenses200JSONResponse{Data: each(rows, toAPIExpense), NextCursor: next}, nil
}

// ListLedger lists every change of a client's balance.
func (s *Server) ListLedger(ctx context.Context, r api.ListLedgerRequestObject) (api.ListLedgerResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := ledger.Filter{From: r.Params.From, To: r.Params.To}
	rows, err := s.MoneyReader.Ledger(ctx, scopeOf(ctx), actor.ClientID(r.ID), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(l ledger.Line) string { return l.ID })
	return api.ListLedger200JSONResponse{Data: each(rows, toAPILedgerEntry), NextCursor: next}, nil
}
