package tariff

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// shelf is what a tariff is checked against, kept from going away until the transaction ends.
type shelf struct {
	productType  product.Type
	known        bool // the product type exists
	content      map[string]product.Content
	order        []string                       // codes of the content, as the type sorts them
	enumerations map[string]product.Enumeration // of the content
	units        measure.Units
	dataCenters  map[datacenter.ID]datacenter.DataCenter
	modules      map[provision.ModuleID]module.Module
	group        bool // the tariff group exists
	clientGroups []string
	parameters   []product.Parameter
}

func (e *Engine) shelfOf(ctx context.Context, tx Tx, t catalog.Tariff) (shelf, error) {
	s := shelf{content: map[string]product.Content{}, enumerations: map[string]product.Enumeration{}, dataCenters: map[datacenter.ID]datacenter.DataCenter{}, modules: map[provision.ModuleID]module.Module{}}
	var err error
	s.productType, err = tx.ShareProductType(ctx, t.ProductType)
	s.known = err == nil
	if err != nil && !fault.Has(err, product.ErrNoType.Code) {
		return shelf{}, err
	}
	content, err := tx.ContentOf(ctx, t.ProductType)
	if err != nil {
		return shelf{}, err
	}
	for _, c := range content {
		s.content[c.Code] = c
		s.order = append(s.order, c.Code)
	}
	if err = s.takeEnumerations(ctx, tx); err != nil {
		return shelf{}, err
	}
	units, err := tx.ShareUnits(ctx)
	if err != nil {
		return shelf{}, err
	}
	s.units = measure.NewUnits(units)
	places, err := tx.ShareDataCenters(ctx, t.Offer.DataCenterIDs)
	if err != nil {
		return shelf{}, err
	}
	for _, d := range places {
		s.dataCenters[d.ID] = d
	}
	modules, err := tx.ShareModules(ctx, t.Offer.ModuleIDs)
	if err != nil {
		return shelf{}, err
	}
	for _, m := range modules {
		s.modules[m.ID] = m
	}
	if s.parameters, err = tx.ShareParameters(ctx, t.ProductType); err != nil {
		return shelf{}, err
	}
	return s, s.takeGroups(ctx, tx, t)
}

// takeGroups looks for the groups that the tariff names.
func (s *shelf) takeGroups(ctx context.Context, tx Tx, t catalog.Tariff) error {
	if t.GroupID != "" {
		_, err := tx.ShareTariffGroup(ctx, t.GroupID)
		if err != nil && !fault.Has(err, ErrNoGroup.Code) {
			return err
		}
		s.group = err == nil
	}
	ids := make([]client.GroupID, len(t.Offer.Policy.ClientGroupIDs))
	for i, id := range t.Offer.Policy.ClientGroupIDs {
		ids[i] = client.GroupID(id)
	}
	known, err := tx.ShareGroups(ctx, ids)
	for _, id := range known {
		s.clientGroups = append(s.clientGroups, string(id))
	}
	return err
}

// takeEnumerations reads the enumerations of the content and keeps them as they are, so that no item goes that the tariff is
// about to sell.
func (s shelf) takeEnumerations(ctx context.Context, tx Tx) error {
	var codes []string
	for _, c := range s.content {
		if c.EnumerationCode != "" {
			codes = append(codes, c.EnumerationCode)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	slices.Sort(codes)
	found, err := tx.ShareEnumerations(ctx, slices.Compact(codes))
	for _, n := range found {
		s.enumerations[n.Code] = n
	}
	return err
}

var tariffCode = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// checkTariff names everything that is wrong with a tariff, its add-ons apart, which are checked when they are changed.
func (e *Engine) checkTariff(t catalog.Tariff, s shelf) error {
	var f fault.Fields
	o := t.Offer
	if !s.known {
		input.Missing(&f, "/product_type", "product type")
	}
	if !tariffCode.MatchString(t.Code) {
		f.Add("/code", "bad_format", "A code has 1 to 64 letters, digits or any of ._-")
	}
	input.CheckOneOf(&f, "/status", string(t.Status), string(catalog.Draft), string(catalog.Active), string(catalog.Archived))
	input.CheckText(&f, "/name", o.Name, 1, 200)
	input.CheckText(&f, "/description", o.Description, 0, 10000)
	if t.GroupID != "" && !s.group {
		input.Missing(&f, "/group_id", "tariff group")
	}
	for i, id := range o.DataCenterIDs {
		place := fmt.Sprintf("/data_center_ids/%d", i)
		if _, known := s.dataCenters[id]; !known {
			input.Missing(&f, place, "data center")
		}
		if slices.Index(o.DataCenterIDs, id) < i {
			f.Add(place, "duplicate_value", "Each data center stands in the list once.")
		}
	}
	s.checkParameters(&f, o)
	catalog.CheckDomainTemplate(&f, "/default_domain_template", o.DefaultDomainTemplate)
	s.checkPrices(&f, o)
	s.checkPolicy(&f, o)
	if err := e.checkModules(&f, t, s); err != nil {
		return err
	}
	return f.Err()
}

func (s shelf) checkParameters(f *fault.Fields, o catalog.Offer) {
	for i, code := range o.Parameters {
		place := fmt.Sprintf("/parameters/%d", i)
		if !slices.ContainsFunc(s.parameters, func(p product.Parameter) bool { return p.Code == code }) {
			input.Missing(f, place, "parameter")
		}
		if slices.Index(o.Parameters, code) < i {
			f.Add(place, "duplicate_value", "Each parameter stands in the list once.")
		}
	}
}

func (s shelf) checkPrices(f *fault.Fields, o catalog.Offer) {
	seen := map[calendar.Period]bool{}
	for i, p := range o.Prices {
		place := fmt.Sprintf("/prices/%d", i)
		s.checkPeriod(f, place+"/period", p.Period, seen)
		checkPrice(f, place+"/amount", &p.Amount)
		checkPrice(f, place+"/setup_fee", &p.SetupFee)
		checkPrice(f, place+"/renewal_amount", p.RenewalAmount)
		if p.Period.IsTrial() && !(p.Amount.IsZero() && p.SetupFee.IsZero()) {
			f.Add(place+"/amount", "out_of_range", "A trial is free.")
		}
	}
}

func (s shelf) checkPeriod(f *fault.Fields, pointer string, p calendar.Period, seen map[calendar.Period]bool) {
	switch _, err := calendar.ParsePeriod(string(p)); {
	case err != nil:
		f.Add(pointer, "bad_format", "A period such as P1M is expected, of at most ten years.")
	case seen[p]:
		f.Add(pointer, "duplicate_value", "Each period has one price.")
	}
	seen[p] = true
}

// maxPrice is what a decimal of the API can hold.
var maxPrice = decimal.New(1, 15)

// checkPrice holds an amount to the form of the API: not below zero, 15 digits before the point and 8 behind it.
func checkPrice(f *fault.Fields, pointer string, d *decimal.Decimal) {
	switch {
	case d == nil:
	case d.IsNegative() || d.GreaterThanOrEqual(maxPrice):
		f.Add(pointer, "out_of_range", "An amount of 0 or more is expected, with at most 15 digits before the point.")
	case !d.Equal(d.Truncate(money.PriceDigits)):
		f.Add(pointer, "bad_format", "At most %d digits after the point are possible.", money.PriceDigits)
	}
}

func (s shelf) checkPolicy(f *fault.Fields, o catalog.Offer) {
	p := o.Policy
	s.checkClientGroups(f, p)
	input.CheckOneOf(f, "/policy/change_to", p.ChangeTo, catalog.ChangeToAny, catalog.ChangeToGroup, catalog.ChangeToNone)
	if p.MinPeriod != nil {
		if x, err := calendar.ParsePeriod(*p.MinPeriod); err != nil || !x.Renews() || x.IsTrial() {
			f.Add("/policy/min_period", "bad_format", "A period such as P1M is expected.")
		}
	}
	input.CheckOneOf(f, "/policy/refund_on_close", p.RefundOnClose, catalog.RefundRemainingDays, catalog.RefundNone)
	if p.MaxServicesPerClient != nil {
		input.CheckRange(f, "/policy/max_services_per_client", *p.MaxServicesPerClient, 1, 1_000_000)
	}
	if p.AutoDeleteAfterDays != nil {
		input.CheckRange(f, "/policy/auto_delete_after_days", *p.AutoDeleteAfterDays, 1, product.MaxDays)
	}
	if p.ServerChangesPerMonth != nil {
		input.CheckRange(f, "/policy/server_changes_per_month", *p.ServerChangesPerMonth, 0, 1_000_000)
	}
	input.CheckRange(f, "/trial_days", o.TrialDays, 0, product.MaxDays)
	if d := o.Calendar.ProRataDay; d != nil {
		input.CheckRange(f, "/calendar/pro_rata_day", *d, 1, 31)
	}
}

func (s shelf) checkClientGroups(f *fault.Fields, p catalog.Policy) {
	for i, id := range p.ClientGroupIDs {
		place := fmt.Sprintf("/policy/client_group_ids/%d", i)
		if !slices.Contains(s.clientGroups, id) {
			input.Missing(f, place, "client group")
		}
		if slices.Index(p.ClientGroupIDs, id) < i {
			f.Add(place, "duplicate_value", "Each client group stands in the list once.")
		}
	}
}

// checkModules checks that each module exists and makes this product type, and lets its driver judge the settings, once
// per driver.
func (e *Engine) checkModules(f *fault.Fields, t catalog.Tariff, s shelf) error {
	judged := map[string]bool{}
	var found fault.Fields
	for i, id := range t.Offer.ModuleIDs {
		place := fmt.Sprintf("/processing_module_ids/%d", i)
		m, known := s.modules[id]
		if !known {
			input.Missing(f, place, "processing module")
			continue
		}
		if slices.Index(t.Offer.ModuleIDs, id) < i {
			f.Add(place, "duplicate_value", "Each module stands in the list once.")
		}
		if m.ProductType != t.ProductType {
			f.Add(place, "product_type_not_served", "The module makes %s.", m.ProductType)
			continue
		}
		if judged[m.Driver] {
			continue
		}
		judged[m.Driver] = true
		if err := e.checkSettings(&found, m.Driver, t.ProductType, t.Offer.Settings); err != nil {
			return err
		}
	}
	if err := e.checkSettingNames(&found, judged, t.ProductType, t.Offer.Settings); err != nil {
		return err
	}
	for _, x := range found {
		if !slices.Contains(*f, x) {
			*f = append(*f, x)
		}
	}
	return nil
}

// checkSettingNames finds the settings that none of a tariff's drivers knows: a misspelt one would silently do nothing. A driver
// alone cannot tell, as it has to leave the others' settings alone; one that names none of its own takes any.
func (e *Engine) checkSettingNames(f *fault.Fields, drivers map[string]bool, productType string, settings json.RawMessage) error {
	known := map[string]bool{}
	for name := range drivers {
		d, err := e.Drivers.Driver(name)
		if err != nil {
			return fmt.Errorf("a module's driver %q: %w", name, err)
		}
		own, err := input.SchemaMembers(d.Info.TariffSchemaOf(productType))
		if err != nil {
			return fmt.Errorf("tariff schema of %s: %w", name, err)
		}
		if len(own) == 0 {
			return nil
		}
		for _, member := range own {
			known[member] = true
		}
	}
	if len(drivers) == 0 {
		return nil
	}
	for member := range input.Members(settings) {
		if !known[member] {
			input.UnknownSetting(f, "/settings"+input.PointerStep(member))
		}
	}
	return nil
}

// checkSettings judges a tariff's settings by a driver's schema and, where that is content, by the driver itself.
func (e *Engine) checkSettings(f *fault.Fields, driver, productType string, settings json.RawMessage) error {
	d, err := e.Drivers.Driver(driver)
	if err != nil {
		return fmt.Errorf("a module's driver %q: %w", driver, err)
	}
	before := len(*f)
	if err = input.CheckSchema(f, "/settings", d.Info.TariffSchemaOf(productType), settings); err != nil {
		return fmt.Errorf("tariff schema of %s: %w", driver, err)
	}
	p, _ := d.Info.Serves(productType)
	if len(*f) > before || d.CheckTariff == nil || p.TariffSchema != nil {
		return nil
	}
	return f.Merge("", atSettings(d.CheckTariff(settings)))
}

// atSettings gives a driver's refusal that names no place the place of all settings.
func atSettings(err error) error {
	if err == nil {
		return nil
	}
	if x := fault.Of(err); x.Kind == fault.Invalid && len(x.Fields) == 0 {
		return x.At("/settings")
	}
	return err
}
