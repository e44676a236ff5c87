package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// specOf is the whole of what a service should be, as a driver needs it.
func (e *Engine) specOf(ctx context.Context, tx Tx, c client.Client, s service.Service, o operation.Operation) (provision.Spec, error) {
	var previous *provision.Terms
	if o.Payload.Change != nil {
		sheet, err := sheetOf(ctx, tx, s)
		if err != nil {
			return provision.Spec{}, err
		}
		before, err := sheet.terms(s)
		if err != nil {
			return provision.Spec{}, err
		}
		previous = &before
		to := o.Payload.Change.Of(s)
		s.TariffID, s.TariffVersion, s.AddOns, s.Period = to.TariffID, to.TariffVersion, to.AddOns, to.Period
	}
	sheet, err := sheetOf(ctx, tx, s)
	if err != nil {
		return provision.Spec{}, err
	}
	terms, err := sheet.terms(s)
	if err != nil {
		return provision.Spec{}, err
	}
	spec := provision.Spec{
		ProductType: s.ProductType, TariffCode: terms.TariffCode, Domain: s.Domain, Settings: terms.Settings, AddOns: terms.AddOns,
		Previous: previous, Parameters: map[string]json.RawMessage{}, Standing: standings[s.Status],
		Period: string(s.Period), PaidUntil: s.PaidUntil, Addresses: s.Addresses,
		Client: provision.Client{ID: c.ID, Email: c.Email, Name: c.Name, Username: c.Username, Phone: c.Phone},
	}
	if o.Kind == provision.Open {
		plain := s
		plain.AddOns = nil
		everybody, err := sheet.terms(plain)
		if err != nil {
			return provision.Spec{}, err
		}
		spec.Included = everybody.AddOns
	}
	for k, v := range s.Parameters {
		spec.Parameters[k] = v
	}
	ask(&spec, o)
	if s.DataCenterID != "" {
		found, err := tx.DataCentersByIDs(ctx, []datacenter.ID{s.DataCenterID})
		if err != nil || len(found) == 0 {
			return spec, fmt.Errorf("data center %s of service %s: %w", s.DataCenterID, s.ID, err)
		}
		spec.Location = found[0].ExternalID
	}
	if len(s.Secrets) > 0 {
		plain, err := e.Box.Open(s.Secrets)
		if err != nil {
			return spec, fmt.Errorf("secrets of service %s: %w", s.ID, err)
		}
		spec.Password = string(plain)
	}
	return spec, nil
}

// standings are how a panel serves what is in a status.
var standings = map[service.Status]provision.Standing{service.Active: provision.Served, service.Suspended: provision.CutOff}

// ask puts the parameters that an operation asks for over those that the service has. A change of them names which are another,
// for what a panel has no call for must not be taken for done (D28).
func ask(spec *provision.Spec, o operation.Operation) {
	for _, code := range slices.Sorted(maps.Keys(o.Payload.Parameters)) {
		value := o.Payload.Parameters[code]
		if o.Kind == provision.SetParams && !bytes.Equal(spec.Parameters[code], value) {
			spec.Asked = append(spec.Asked, code)
		}
		spec.Parameters[code] = value
	}
	if domain := spec.Parameter(product.DomainParameter); domain != "" && slices.Contains(spec.Asked, product.DomainParameter) {
		spec.Domain = domain
	}
}

// sheet is what a version of a tariff sells, in the words of the catalogue and of its panel.
type sheet struct {
	code  string
	offer catalog.Offer
	units measure.Units
	own   map[string]string // the units of the product type's elements
}

// sheetOf reads the one by which a service is sold.
func sheetOf(ctx context.Context, tx Tx, s service.Service) (x sheet, err error) {
	if x.offer, err = tx.TariffVersion(ctx, s.TariffID, s.TariffVersion); err != nil {
		return x, err
	}
	t, err := tx.TariffByID(ctx, s.TariffID)
	if err != nil {
		return x, err
	}
	content, err := tx.ContentOf(ctx, s.ProductType)
	if err != nil {
		return x, err
	}
	list, err := tx.UnitsAll(ctx)
	if err != nil {
		return x, err
	}
	x.code, x.units, x.own = t.Code, measure.NewUnits(list), map[string]string{}
	for _, c := range content {
		x.own[c.Code] = c.Unit
	}
	return x, nil
}

// terms is what a service is sold by.
func (x sheet) terms(s service.Service) (terms provision.Terms, err error) {
	terms = provision.Terms{TariffCode: x.code, Settings: x.offer.Settings}
	terms.AddOns, err = x.addOns(s)
	return terms, err
}

// addOns is what the panel should give of each element of the product type: amounts in the element's own unit, whatever unit the
// tariff sells in.
func (x sheet) addOns(s service.Service) (map[string]provision.AddOn, error) {
	own := x.own
	out := elementsOf(x.offer, pricing.Held(x.offer, s.AddOns, s.Period))
	for code, a := range out {
		if a.Amount == nil || own[code] == "" || own[code] == a.Unit {
			continue
		}
		amount, err := x.units.Convert(*a.Amount, a.Unit, own[code])
		if err != nil {
			return nil, err
		}
		out[code] = provision.AddOn{Amount: &amount, Unit: own[code]}
	}
	return out, nil
}

// elementsOf turns what a service has into elements. Children that were not chosen count as off, as do manual add-ons that
// were not given, unless something else gives the same element: so a panel learns what a change took away.
func elementsOf(offer catalog.Offer, held map[string]pricing.Value) map[string]provision.AddOn {
	out := map[string]provision.AddOn{}
	for _, a := range offer.AddOns {
		_, has := held[a.Code]
		if a.Parent != "" {
			_, chose := held[a.Parent]
			has = has || !chose // nothing is taken from those who were never asked
		}
		if !has && a.Enabled && a.Billing != catalog.BillChoice {
			out[a.AddOn] = off(a)
		}
	}
	for _, a := range offer.AddOns {
		v, has := held[a.Code]
		if !has || a.Billing == catalog.BillChoice {
			continue
		}
		given := provision.AddOn{Amount: v.Amount, On: v.On, Item: v.Item, Unit: a.Unit}
		if a.Billing == catalog.BillStatistics {
			given.Amount = a.Included
		}
		out[a.AddOn] = given
	}
	return out
}

func off(a catalog.AddOn) provision.AddOn {
	switch a.ValueType {
	case product.BooleanValue:
		no := false
		return provision.AddOn{On: &no}
	case product.EnumerationValue:
		return provision.AddOn{}
	}
	zero := decimal.Zero
	return provision.AddOn{Amount: &zero, Unit: a.Unit}
}
