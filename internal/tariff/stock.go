package tariff

import (
	"context"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// StockItem is how many objects of one sort are free, and the tariffs that take from them.
type StockItem struct {
	provision.Stock
	TariffIDs []catalog.TariffID
}

// Stock asks a module's panel what is free, in order of the keys. Faults: not_found, unsupported_operation,
// panel_unavailable, panel_refused_login, module_refused.
func (e *Engine) Stock(ctx context.Context, id provision.ModuleID) ([]StockItem, error) {
	live, err := e.Connect(ctx, id)
	if err != nil {
		return nil, err
	}
	stocker, ok := live.(provision.Stocker)
	if !ok {
		return nil, fault.New(fault.Invalid, "unsupported_operation", "This driver knows no stock.")
	}
	stock, err := stocker.Stock(ctx)
	if err != nil {
		return nil, module.PanelFault(err)
	}
	var tariffs []catalog.Tariff
	err = e.InTx(ctx, func(tx Tx) (err error) {
		tariffs, err = tx.TariffsWith(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	const anySort = ""
	takers := map[string][]catalog.TariffID{}
	for _, t := range tariffs {
		key := stocker.StockKey(t.Code, t.Offer.Settings)
		takers[key] = append(takers[key], t.ID)
	}
	out := make([]StockItem, len(stock))
	for i, s := range stock {
		// The tariffs that name no sort take of any.
		out[i] = StockItem{Stock: s, TariffIDs: append(slices.Clone(takers[s.Key]), takers[anySort]...)}
	}
	slices.SortFunc(out, func(a, b StockItem) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}
