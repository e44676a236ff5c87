package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
)

// taxStore writes tax rules.
type taxStore struct{ conn }

type taxRuleRow struct {
	ID          client.TaxRuleID `db:"id"`
	ProviderID  actor.ProviderID `db:"provider_id"`
	Country     string           `db:"country"`
	Region      string           `db:"region"`
	ProductType string           `db:"product_type"`
	Rate        decimal.Decimal  `db:"rate"`
	From        string           `db:"valid_from"`
	Until       string           `db:"valid_until"`
	CreatedAt   time.Time        `db:"created_at"`
	Version     int64            `db:"version"`
}

func (r taxRuleRow) toTaxRule() (client.TaxRule, error) {
	out := client.TaxRule{
		ID: r.ID, ProviderID: r.ProviderID, Country: r.Country, Region: r.Region, ProductType: r.ProductType, Rate: r.Rate,
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
	var err error
	if out.From, err = dayOrNone(r.From); err == nil {
		out.Until, err = dayOrNone(r.Until)
	}
	return out, err
}

func dayOrNone(text string) (calendar.Day, error) {
	if text == "" {
		return calendar.Day{}, nil
	}
	return calendar.ParseDay(text)
}

func dayOrNull(d calendar.Day) any {
	if d.IsZero() {
		return nil
	}
	return d
}

const taxRuleColumns = `
SELECT id, provider_id, coalesce(country, '') AS country, coalesce(region, '') AS region, coalesce(product_type, '') AS product_type,
       rate, coalesce(valid_from::text, '') AS valid_from, coalesce(valid_until::text, '') AS valid_until, created_at, version
FROM tax_rule `

// taxRuleText is a rule as a short text for a list within another row, in the order that toTaxRules reads; tabs are in no
// member.
const taxRuleText = `concat_ws(E'\t', r.id, r.rate, coalesce(r.country, ''), coalesce(r.product_type, ''), coalesce(r.valid_from::text, ''),
    coalesce(r.valid_until::text, ''), translate(coalesce(r.region, ''), E'\t', ' '))`

// taxPlace is the text array of where taxes of the service of c and p are due: the client's country and region, and the
// provider's country.
const taxPlace = `ARRAY[coalesce(c.country, ''), coalesce(c.region, ''), coalesce(p.country, '')]`

// toTaxpayer reads a taxPlace.
func toTaxpayer(place []string) client.Taxpayer {
	if len(place) != 3 {
		return client.Taxpayer{}
	}
	return client.Provider{Country: place[2]}.Taxpayer(&client.Client{Country: place[0], Region: place[1]})
}

// rulesOfProvider is the text array of the rules of the provider p.
const rulesOfProvider = `ARRAY(SELECT ` + taxRuleText + ` FROM tax_rule r WHERE r.provider_id = p.id ORDER BY r.id)`

// switchesOfProvider are the changes of the way in which prices are read, each "<day> <whether they included tax until then>".
const switchesOfProvider = `ARRAY(SELECT w.until_day || ' ' || w.prices_include_tax FROM provider_tax_switch w WHERE w.provider_id = p.id ORDER BY w.until_day)`

// toTaxSwitches reads what switchesOfProvider wrote.
func toTaxSwitches(texts []string) ([]client.TaxSwitch, error) {
	var out []client.TaxSwitch
	for _, text := range texts {
		day, included, _ := strings.Cut(text, " ")
		until, err := calendar.ParseDay(day)
		if err != nil {
			return nil, fmt.Errorf("read a tax switch: %w", err)
		}
		out = append(out, client.TaxSwitch{Until: until, Included: included == "true"})
	}
	return out, nil
}

// toTaxRules reads what taxRuleText wrote: what a rate depends on, and nothing more.
func toTaxRules(of actor.ProviderID, texts []string) ([]client.TaxRule, error) {
	out := make([]client.TaxRule, len(texts))
	for i, text := range texts {
		f := strings.Split(text, "\t")
		if len(f) != 7 {
			return nil, fmt.Errorf("read a tax rule: %q", text)
		}
		rate, err := decimal.NewFromString(f[1])
		if err != nil {
			return nil, fmt.Errorf("read a tax rule: %w", err)
		}
		row := taxRuleRow{
			ID: client.TaxRuleID(f[0]), ProviderID: of, Rate: rate, Country: f[2], ProductType: f[3], From: f[4], Until: f[5], Region: f[6],
		}
		if out[i], err = row.toTaxRule(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const taxRuleByID = taxRuleColumns + `WHERE id = $1`

// TaxRuleByID reads a rule; the lock of its provider keeps it.
func (s taxStore) TaxRuleByID(ctx context.Context, id client.TaxRuleID) (client.TaxRule, error) {
	return s.taxRule(ctx, id)
}

func (c conn) taxRule(ctx context.Context, id client.TaxRuleID) (client.TaxRule, error) {
	var r taxRuleRow
	if err := c.get(ctx, &r, taxRuleByID, id); err != nil {
		return client.TaxRule{}, missing(err, client.ErrNoTaxRule, "read tax rule")
	}
	return r.toTaxRule()
}

const insertTaxRule = `
INSERT INTO tax_rule (id, provider_id, country, region, product_type, rate, valid_from, valid_until, created_at)
VALUES ($1, $2, nullif($3, ''), nullif($4, ''), nullif($5, ''), $6, $7, $8, $9)`

// InsertTaxRule adds a rule.
func (s taxStore) InsertTaxRule(ctx context.Context, r client.TaxRule) error {
	_, err := s.exec(ctx, insertTaxRule, r.ID, r.ProviderID, r.Country, r.Region, r.ProductType, r.Rate, dayOrNull(r.From), dayOrNull(r.Until),
		r.CreatedAt)
	return wrap("insert tax rule", err)
}

const updateTaxRule = `
UPDATE tax_rule SET country = nullif($2, ''), region = nullif($3, ''), product_type = nullif($4, ''), rate = $5, valid_from = $6,
       valid_until = $7, version = version + 1
WHERE id = $1`

// UpdateTaxRule writes a rule back.
func (s taxStore) UpdateTaxRule(ctx context.Context, r client.TaxRule) error {
	_, err := s.exec(ctx, updateTaxRule, r.ID, r.Country, r.Region, r.ProductType, r.Rate, dayOrNull(r.From), dayOrNull(r.Until))
	return wrap("update tax rule", err)
}

const deleteTaxRule = `DELETE FROM tax_rule WHERE id = $1`

// DeleteTaxRule removes a rule.
func (s taxStore) DeleteTaxRule(ctx context.Context, id client.TaxRuleID) error {
	_, err := s.exec(ctx, deleteTaxRule, id)
	return wrap("delete tax rule", err)
}

const productTypeKnown = `SELECT code FROM product_type WHERE code = $1 FOR KEY SHARE`

// ProductTypeKnown tells whether there is such a product type, and keeps it.
func (s taxStore) ProductTypeKnown(ctx context.Context, code string) (bool, error) {
	var found string
	err := s.get(ctx, &found, productTypeKnown, code)
	if isNoRows(err) {
		return false, nil
	}
	return err == nil, wrap("look for a product type", err)
}

// TaxRule reads a tax rule. The edge lets only staff ask.
func (r *Reader) TaxRule(ctx context.Context, _ actor.Scope, id client.TaxRuleID) (client.TaxRule, error) {
	rule, err := r.taxRule(ctx, id)
	return rule, fromConstraint(err)
}

const listTaxRules = taxRuleColumns + `
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) AND ($3::uuid IS NULL OR provider_id = $3) ORDER BY id {order} LIMIT $2`

// TaxRules lists tax rules in order of creation, of one provider where of is not empty.
func (r *Reader) TaxRules(ctx context.Context, _ actor.Scope, of actor.ProviderID, p actor.Page) ([]client.TaxRule, error) {
	var rows []taxRuleRow
	if err := r.all(ctx, &rows, inOrder(listTaxRules, p.Desc), p.After, p.Rows(), nullable(of)); err != nil {
		return nil, fromConstraint(wrap("list tax rules", err))
	}
	out := make([]client.TaxRule, len(rows))
	for i, row := range rows {
		var err error
		if out[i], err = row.toTaxRule(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
