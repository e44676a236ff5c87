package app

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/pricelist"
)

// ImportPriceList brings a document into the installation; it needs the key of secrets, for the modules.
func (a *App) ImportPriceList(ctx context.Context, by actor.Actor, document []byte, o pricelist.Options) (pricelist.Plan, error) {
	if a.box == nil {
		return pricelist.Plan{}, errNoSecretKey
	}
	return a.PriceList.Import(ctx, by, document, o)
}
