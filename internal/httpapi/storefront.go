package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

// Shelf is the catalogue as it stands at one version of it, from memory where it was read before.
type Shelf interface {
	Number() int64
	ProviderByID(ctx context.Context, id actor.ProviderID) (client.Provider, error)
	ProductTypeByCode(ctx context.Context, code string) (product.Type, error)
	ModulesByIDs(ctx context.Context, ids []provision.ModuleID) ([]module.Module, error)
	DataCentersByIDs(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error)
	ParametersOf(ctx context.Context, productType string) ([]product.Parameter, error)
	TariffGroupByID(ctx context.Context, id catalog.TariffGroupID) (tariff.Group, error)
	// TariffsOnSale lists the active tariffs of a provider, in order of creation.
	TariffsOnSale(ctx context.Context, of actor.ProviderID, productType string, p actor.Page) ([]catalog.Tariff, error)
	StockSold(ctx context.Context, seen module.Sight, but string) (module.Sold, error)
}

// storefront keeps pages of order forms, drawn, until the catalogue changes.
type storefront struct {
	mu     sync.Mutex
	number int64
	pages  map[string]*formPage
}

// formPage is one page: what it is drawn of, and how it looked when it was last drawn.
type formPage struct {
	forms   []form
	next    *string
	link    []string
	modules []module.Module

	mu    sync.Mutex
	stock string // what was left when it was drawn
	body  []byte
}

// mostPages bounds the memory of a storefront that is asked for many things.
const mostPages = 500

func (f *storefront) page(number int64, key string) *formPage {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.number != number {
		return nil
	}
	return f.pages[key]
}

func (f *storefront) keep(number int64, key string, p *formPage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.number > number {
		return
	}
	if f.number < number || len(f.pages) >= mostPages {
		f.number, f.pages = number, map[string]*formPage{}
	}
	f.pages[key] = p
}

// drawnForms is an answer that was written before.
type drawnForms struct {
	version int64
	body    []byte
	link    []string
}

// VisitListStorefrontTariffsResponse sends it.
func (d drawnForms) VisitListStorefrontTariffsResponse(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("ETag", etag(d.version))
	h.Set("Cache-Control", "public, max-age=5")
	if d.link != nil {
		h["Link"] = d.link
	}
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(d.body)
	return err
}

// ListStorefrontTariffs answers order forms: from memory, but for one look at the catalogue's version and, where panels have
// stock, one at what was sold.
func (s *Server) ListStorefrontTariffs(ctx context.Context, r api.ListStorefrontTariffsRequestObject) (api.ListStorefrontTariffsResponseObject, error) {
	shelf, err := s.Shelf(ctx)
	if err != nil {
		return nil, err
	}
	number, key := shelf.Number(), callOf(ctx).request.URL.Query().Encode()
	page := s.forms.page(number, key)
	if page == nil {
		if page, err = readForms(ctx, shelf, r); err != nil {
			return nil, err
		}
		s.forms.keep(number, key, page)
	}
	room := &catalog.Room{Sight: s.Tariffs.Free.Look(ctx, page.modules, module.StockAge)}
	if len(room.Sight) > 0 {
		if room.Sold, err = shelf.StockSold(ctx, room.Sight, ""); err != nil {
			return nil, err
		}
	}
	body, err := page.draw(room)
	return drawnForms{version: number, body: body, link: page.link}, err
}

// draw draws the page unless it was drawn before with the same stock.
func (p *formPage) draw(room *catalog.Room) ([]byte, error) {
	left := make([]catalog.Stocks, len(p.forms))
	for i, f := range p.forms {
		left[i] = room.Left(f.tariff.Code, f.tariff.Offer)
	}
	stock := fmt.Sprint(left)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.body != nil && p.stock == stock {
		return p.body, nil
	}
	list := api.OrderFormList{Data: make([]api.OrderForm, len(p.forms)), NextCursor: p.next}
	for i, f := range p.forms {
		list.Data[i] = f.toAPI(catalog.Available(f.tariff, p.modules, left[i]), p.modules)
	}
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(list); err != nil {
		return nil, err
	}
	p.stock, p.body = stock, body.Bytes()
	return p.body, nil
}

// readForms reads what one page of forms is drawn of.
func readForms(ctx context.Context, shelf Shelf, r api.ListStorefrontTariffsRequestObject) (*formPage, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	provider, err := shelf.ProviderByID(ctx, actor.ProviderID(r.Params.Provider))
	if err != nil {
		return nil, err
	}
	rows, err := shelf.TariffsOnSale(ctx, provider.ID, orEmpty(r.Params.ProductType), p)
	if err != nil {
		return nil, err
	}
	out := &formPage{}
	rows, out.next = cut(ctx, p, rows, func(t catalog.Tariff) string { return string(t.ID) })
	out.link = callOf(ctx).answer.Header()["Link"]
	var ids []provision.ModuleID
	for _, t := range rows {
		f := form{tariff: t, provider: provider}
		if f.productType, err = shelf.ProductTypeByCode(ctx, t.ProductType); err != nil {
			return nil, err
		}
		if f.asked, err = shelf.ParametersOf(ctx, t.ProductType); err != nil {
			return nil, err
		}
		if f.centers, err = shelf.DataCentersByIDs(ctx, t.Offer.DataCenterIDs); err != nil {
			return nil, err
		}
		if t.GroupID != "" {
			g, err := shelf.TariffGroupByID(ctx, t.GroupID)
			if err != nil {
				return nil, err
			}
			f.group = &api.OrderFormGroup{ID: string(g.ID), Name: g.Name}
		}
		ids = append(ids, t.Offer.ModuleIDs...)
		out.forms = append(out.forms, f)
	}
	slices.Sort(ids)
	out.modules, err = shelf.ModulesByIDs(ctx, slices.Compact(ids))
	return out, err
}

// CreateStorefrontQuote prices a selection for anybody.
func (s *Server) CreateStorefrontQuote(ctx context.Context, r api.CreateStorefrontQuoteRequestObject) (api.CreateStorefrontQuoteResponseObject, error) {
	in := order.QuoteInput{Anybody: true, ProviderID: actor.ProviderID(orEmpty(r.Body.Provider)), Wishes: fromAPIItems(r.Body.Items)}
	items, err := s.Orders.Quote(ctx, actorOf(ctx), in)
	if err != nil {
		return nil, err
	}
	return api.CreateStorefrontQuote200JSONResponse(toAPIQuote(items)), nil
}
