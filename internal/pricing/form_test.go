package pricing

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/product"
)

func monthPrice(amount, setup string) []catalog.AddOnPrice {
	return []catalog.AddOnPrice{{Period: "P1M", Amount: dec(amount), SetupFee: dec(setup)}}
}

func order(code, valueType string) catalog.AddOn {
	return catalog.AddOn{Code: code, AddOn: code, Name: code, ValueType: valueType, Billing: catalog.BillOrder, Enabled: true}
}

// rich is an offer with the forms that server leaves out: an enumeration, a choice with four sorts of children, a manual
// add-on and a scale.
func rich() catalog.Offer {
	os := order("os", product.EnumerationValue)
	os.ItemPrices = []catalog.ItemPrice{
		{Item: "retired", Name: "Retired", Prices: monthPrice("1", "0")},
		{Item: "debian", Name: "Debian 12", Enabled: true},
		{Item: "windows", Name: "Windows", Enabled: true, Prices: monthPrice("20", "5")},
	}
	child := func(a catalog.AddOn) catalog.AddOn { a.Parent = "extra"; return a }
	backup, disk, panel, ram := order("backup", product.BooleanValue), order("disk", product.IntegerValue), order("panel", product.EnumerationValue), order("ram", product.IntegerValue)
	backup.Prices = monthPrice("4", "1")
	disk.Prices, disk.Minimum, disk.Included, disk.Step = monthPrice("0.10", "0"), ptr("100"), ptr("100"), ptr("50")
	panel.ItemPrices = []catalog.ItemPrice{{Item: "isp", Name: "ISP", Enabled: true, Prices: monthPrice("7", "0")}}
	ram.Billing, ram.Included = catalog.BillNone, ptr("32")
	ips := order("ips", product.IntegerValue)
	ips.Included = ptr("1")
	ips.Tiers = &catalog.Tiers{Mode: catalog.TiersGraduated, Steps: []catalog.Tier{
		{UpTo: ptr("4"), Prices: monthPrice("2", "1")}, {UpTo: ptr("8"), Prices: monthPrice("1.5", "0")}, {Prices: monthPrice("1", "0")},
	}}
	care := order("care", product.BooleanValue)
	care.Billing, care.Prices = catalog.BillManual, monthPrice("30", "0")
	return catalog.Offer{
		Name: "Rich", TrialDays: 7, Prices: []catalog.Price{{Period: "P1M", Amount: dec("10")}, {Period: "P3M", Amount: dec("30")}},
		AddOns: []catalog.AddOn{
			os, {Code: "extra", Name: "Extra", Billing: catalog.BillChoice, Enabled: true}, child(backup), child(disk), child(panel), child(ram), ips, care,
		},
	}
}

func TestEnumerationsAreSoldByTheItem(t *testing.T) {
	t.Parallel()
	q := price(t, input(t, rich(), "P1M", "2026-03-01 10:00", `{"os": "windows", "ips": 1}`))
	require.Contains(t, lines(q), "add_on os 1/0 × 20 = 20.00")
	require.Contains(t, lines(q), "setup os 1/0 × 5 = 5.00")
	require.Equal(t, "windows", q.Lines[1].Item)
	require.Equal(t, "os: Windows", q.Lines[1].Name)

	values, err := choose(t, rich(), "P1M", `{}`)
	require.NoError(t, err)
	require.Equal(t, "debian", values["os"].Item, "the first one that is enabled")
	o := rich()
	o.AddOns[0].Default = json.RawMessage(`"windows"`)
	values, err = choose(t, o, "P1M", `{}`)
	require.NoError(t, err)
	require.Equal(t, "windows", values["os"].Item)
	o.AddOns[0].ItemPrices = nil
	values, err = choose(t, o, "P1M", `{}`)
	require.NoError(t, err)
	require.NotContains(t, values, "os", "there is nothing to choose")
}

func TestOfAChoiceExactlyOneChildIsTaken(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{}`:                                  "add_on backup 1/0 × 4 = 4.00", // the first one
		`{"extra": "backup"}`:                 "add_on backup 1/0 × 4 = 4.00",
		`{"extra": "disk"}`:                   "add_on disk 100/100 × 0.1 = 0.00",
		`{"extra": "disk", "disk": "150"}`:    "add_on disk 150/100 × 0.1 = 5.00",
		`{"extra": "panel"}`:                  "add_on panel 1/0 × 7 = 7.00",
		`{"extra": "backup", "backup": true}`: "add_on backup 1/0 × 4 = 4.00",
		`{"extra": "ram"}`:                    "",
	} {
		q := price(t, input(t, rich(), "P1M", "2026-03-01 10:00", body))
		var children []string
		for i, l := range q.Lines {
			if a, _ := rich().AddOnOf(l.Code); a.Parent != "" && l.Kind == AddOnLine {
				children = append(children, lines(q)[i])
			}
		}
		if want == "" {
			require.Empty(t, children, body)
		} else {
			require.Equal(t, []string{want}, children, body)
		}
	}
	o := rich()
	o.AddOns[1].Default = json.RawMessage(`"disk"`)
	values, err := choose(t, o, "P1M", `{}`)
	require.NoError(t, err)
	require.Equal(t, "disk", values["extra"].Item)
	for i := range o.AddOns {
		o.AddOns[i].Enabled = o.AddOns[i].Parent == ""
	}
	values, err = choose(t, o, "P1M", `{}`)
	require.NoError(t, err)
	require.NotContains(t, values, "extra", "a choice without children adds nothing")
	_, err = choose(t, o, "P1M", `{"extra": "disk"}`)
	require.Equal(t, []string{"/add_ons/extra not_selectable"}, fields(err))
}

func TestResolveNamesContradictionsOfEveryForm(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"os": "retired"}`:                    {"/add_ons/os unknown_value"},
		`{"os": "nothing"}`:                    {"/add_ons/os unknown_value"},
		`{"os": 5}`:                            {"/add_ons/os wrong_type"},
		`{"os": null}`:                         {"/add_ons/os wrong_type"},
		`{"extra": "nothing"}`:                 {"/add_ons/extra unknown_value"},
		`{"extra": "os"}`:                      {"/add_ons/extra unknown_value"},
		`{"extra": true, "disk": 1}`:           {"/add_ons/extra wrong_type"},
		`{"extra": "backup", "disk": "150"}`:   {"/add_ons/disk not_selectable"},
		`{"backup": true, "disk": "150"}`:      {"/add_ons/disk not_selectable"},
		`{"extra": "disk", "disk": "125"}`:     {"/add_ons/disk step_mismatch"},
		`{"extra": "backup", "backup": false}`: {"/add_ons/backup bad_value"},
		`{"extra": "ram", "ram": "5"}`:         {"/add_ons/ram not_selectable"},
		`{"care": true}`:                       {"/add_ons/care not_selectable"},
	} {
		_, err := choose(t, rich(), "P1M", body)
		require.Equal(t, want, fields(err), body)
	}
}

func TestD13TrialOfItemsAndChildren(t *testing.T) {
	t.Parallel()
	values, err := choose(t, rich(), "trial", `{}`)
	require.NoError(t, err)
	require.Equal(t, "debian", values["os"].Item)
	require.Equal(t, "disk", values["extra"].Item, "a backup is not within what is included")
	for body, want := range map[string]string{
		`{"os": "windows"}`:                "/add_ons/os out_of_range",
		`{"extra": "backup"}`:              "/add_ons/extra out_of_range",
		`{"extra": "panel"}`:               "/add_ons/extra out_of_range",
		`{"extra": "disk", "disk": "150"}`: "/add_ons/disk out_of_range",
	} {
		_, err = choose(t, rich(), "trial", body)
		require.Equal(t, []string{want}, fields(err), body)
	}
	require.True(t, price(t, input(t, rich(), "trial", "2026-03-01 10:00", `{"extra": "ram"}`)).Total.IsZero())
}

func TestScales(t *testing.T) {
	t.Parallel()
	steps := []catalog.Tier{{UpTo: ptr("10"), Price: ptr("2")}, {UpTo: ptr("20"), Price: ptr("1.5")}, {Price: ptr("1")}}
	of := func(s catalog.Tier) decimal.Decimal { return *s.Price }
	for mode, want := range map[string]map[string]string{
		catalog.TiersFlat:      {"0": "0", "0.5": "2", "10": "2", "10.01": "1.5", "20": "1.5", "100": "1"},
		catalog.TiersVolume:    {"0": "0", "0.5": "1", "10": "20", "11": "16.5", "20": "30", "100": "100"},
		catalog.TiersGraduated: {"0": "0", "0.5": "1", "10": "20", "11": "21.5", "20": "35", "100": "115"},
	} {
		for over, cost := range want {
			require.Equal(t, cost, ScalePrice(catalog.Tiers{Mode: mode, Steps: steps}, dec(over), of).String(), "%s of %s", mode, over)
		}
	}
}

func TestALineHasAUnitPriceWhereThereIsOne(t *testing.T) {
	t.Parallel()
	o := rich()
	line := func(body string) string {
		for _, l := range lines(price(t, input(t, o, "P1M", "2026-03-01 10:00", body))) {
			if l[:10] == "add_on ips" {
				return l
			}
		}
		return ""
	}
	require.Equal(t, "add_on ips 3/1 × 2 = 4.00", line(`{"ips": 3}`))
	require.Equal(t, "add_on ips 7/1 × <nil> = 11.00", line(`{"ips": 7}`), "4 × 2 and 2 × 1.5")
	require.Equal(t, "add_on ips 1/1 × <nil> = 0.00", line(`{"ips": 1}`))
	o.AddOns[6].Tiers.Mode = catalog.TiersVolume
	require.Equal(t, "add_on ips 7/1 × 1.5 = 9.00", line(`{"ips": 7}`))
	o.AddOns[6].Tiers.Mode = catalog.TiersFlat
	require.Equal(t, "add_on ips 7/1 × <nil> = 1.50", line(`{"ips": 7}`))
	in := input(t, o, "P1M", "2026-03-01 10:00", `{"ips": 7}`)
	in.Renewal, in.Special = true, []SpecialPrice{{Item: "ips", Amount: ptr("3")}}
	require.Contains(t, lines(price(t, in)), "add_on ips 7/1 × 3 = 18.00", "a special price goes before a scale")
}

func TestD4D7ScalesAndItemsGoByTheirSpanAsOthers(t *testing.T) {
	t.Parallel()
	o := rich()
	o.Calendar.Enabled = true
	q := price(t, input(t, o, "P1M", "2026-07-12 16:00", `{"os": "windows", "ips": 7, "extra": "ram"}`))
	require.Contains(t, lines(q), "add_on os 1/0 × 20 = 12.90", "20 of 31 days")
	require.Contains(t, lines(q), "add_on ips 7/1 × <nil> = 7.10")
	require.Contains(t, lines(q), "setup ips 7/1 × <nil> = 4.00", "setup fees are whole, by the same scale")
	q = price(t, input(t, o, "P1D", "2026-07-12 16:00", `{"os": "windows", "ips": 7, "extra": "ram"}`))
	require.Contains(t, lines(q), "add_on os 1/0 × 20 = 0.65", "a day of 31")
	require.Contains(t, lines(q), "add_on ips 7/1 × <nil> = 0.35")
}

func held(t *testing.T, body string) (out map[string]json.RawMessage) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	return out
}

func TestKeptValuesFollowTheOffer(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"os": "windows", "ips": "7", "extra": "disk", "disk": "150", "care": true}`: `{"os": "windows", "ips": "7", "extra": "disk", "disk": "150", "care": true}`,
		`{"os": "retired"}`:                  `{"os": "retired"}`, // it is still sold to those who have it
		`{"os": "gone"}`:                     `{"os": "debian"}`,
		`{"os": true, "ips": "debian"}`:      `{"os": "debian", "ips": "1"}`,
		`{"extra": "gone", "disk": "150"}`:   `{"extra": "backup", "backup": true}`,
		`{"extra": "disk"}`:                  `{"extra": "disk", "disk": "100"}`,
		`{"extra": "backup", "backup": "4"}`: `{"extra": "backup", "backup": true}`,
		`{"disk": "150"}`:                    `{"extra": "disk", "disk": "150"}`, // it was ordered before there was the choice
		`{"care": "4", "dropped": "1"}`:      `{}`,
		`{"ips": "1000"}`:                    `{"ips": "1000"}`,
	} {
		raw, err := json.Marshal(Kept(rich(), held(t, body), "P1M"))
		require.NoError(t, err)
		require.JSONEq(t, want, string(raw), body)
	}
}

func TestHeldTellsWhatIsIncluded(t *testing.T) {
	t.Parallel()
	o := rich()
	free := order("free", product.EnumerationValue)
	free.Billing, free.ItemPrices, free.Default = catalog.BillNone, []catalog.ItemPrice{{Item: "a", Enabled: true}, {Item: "b", Enabled: true}}, json.RawMessage(`"b"`)
	traffic := order("traffic", product.IntegerValue)
	traffic.Billing = catalog.BillStatistics
	o.AddOns = append(o.AddOns, free, traffic)
	raw, err := json.Marshal(Held(o, held(t, `{"os": "windows", "extra": "ram"}`), "P1M"))
	require.NoError(t, err)
	require.JSONEq(t, `{"os": "windows", "extra": "ram", "ram": "32", "ips": "1", "free": "b", "traffic": null}`, string(raw))
}

func TestChangeOfValues(t *testing.T) {
	t.Parallel()
	const has = `{"os": "retired", "ips": "1000", "extra": "disk", "disk": "150", "care": true}`
	for _, c := range []struct {
		change string
		staff  bool
		want   string
		faults []string
	}{
		{change: `{}`, want: has},
		{change: `{"ips": 5}`, want: `{"os": "retired", "ips": "5", "extra": "disk", "disk": "150", "care": true}`},
		{change: `{"ips": null, "os": null}`, want: `{"os": "debian", "ips": "1", "extra": "disk", "disk": "150", "care": true}`},
		{change: `{"disk": "200"}`, want: `{"os": "retired", "ips": "1000", "extra": "disk", "disk": "200", "care": true}`},
		{change: `{"extra": "backup"}`, want: `{"os": "retired", "ips": "1000", "extra": "backup", "backup": true, "care": true}`},
		{change: `{"extra": "disk"}`, want: has},
		{change: `{"extra": null}`, want: `{"os": "retired", "ips": "1000", "extra": "backup", "backup": true, "care": true}`},
		{change: `{"care": null}`, staff: true, want: `{"os": "retired", "ips": "1000", "extra": "disk", "disk": "150"}`},
		{change: `{"care": false}`, staff: true, want: `{"os": "retired", "ips": "1000", "extra": "disk", "disk": "150", "care": false}`},
		{change: `{"care": false}`, faults: []string{"/add_ons/care not_selectable"}},
		{change: `{"care": null}`, faults: []string{"/add_ons/care not_selectable"}},
		{change: `{"extra": "backup", "disk": 200}`, faults: []string{"/add_ons/disk not_selectable"}},
		{change: `{"os": "retired", "nothing": 1}`, faults: []string{"/add_ons/nothing unknown_field", "/add_ons/os unknown_value"}},
	} {
		values, err := Change(ChangeInput{Offer: rich(), Period: "P1M", Held: held(t, has), Change: held(t, c.change), Staff: c.staff})
		if c.faults != nil {
			require.Equal(t, c.faults, fields(err), c.change)
			continue
		}
		require.NoError(t, err, c.change)
		raw, err := json.Marshal(values)
		require.NoError(t, err)
		require.JSONEq(t, c.want, string(raw), c.change)
	}
	values, err := Change(ChangeInput{Offer: rich(), Period: "P1M", Held: held(t, `{"ips": "2"}`), Change: held(t, `{"ips": 3}`)})
	require.NoError(t, err)
	require.Len(t, values, 1, "a change gives nobody what they never had")
}

// Graduated against volume: where prices fall from step to step, the first is never cheaper; where they rise, never dearer.
func TestScaleProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		falling := rapid.Bool().Draw(t, "falling")
		scale := catalog.Tiers{}
		bound, amount := decimal.Zero, decimal.NewFromInt(rapid.Int64Range(500, 1000).Draw(t, "first"))
		for i := range rapid.IntRange(1, 5).Draw(t, "steps") {
			by := decimal.NewFromInt(rapid.Int64Range(0, 90).Draw(t, "by"))
			if i > 0 && falling {
				by = by.Neg()
			}
			amount = decimal.Max(decimal.Zero, amount.Add(by))
			bound = bound.Add(decimal.New(rapid.Int64Range(1, 500).Draw(t, "wide"), -1))
			most, own := bound, amount
			scale.Steps = append(scale.Steps, catalog.Tier{UpTo: &most, Price: &own})
		}
		scale.Steps[len(scale.Steps)-1].UpTo = nil
		of := func(s catalog.Tier) decimal.Decimal { return *s.Price }
		cost := func(mode string, over decimal.Decimal) decimal.Decimal {
			scale.Mode = mode
			return ScalePrice(scale, over, of)
		}
		over := decimal.New(rapid.Int64Range(0, 4000).Draw(t, "over"), -1)
		graduated, volume, flat := cost(catalog.TiersGraduated, over), cost(catalog.TiersVolume, over), cost(catalog.TiersFlat, over)
		if falling {
			require.True(t, graduated.GreaterThanOrEqual(volume))
		} else {
			require.True(t, graduated.LessThanOrEqual(volume))
		}
		require.True(t, flat.Mul(over).Equal(volume), "flat is the price of one unit by volume")
		more := over.Add(decimal.New(rapid.Int64Range(0, 900).Draw(t, "more"), -1))
		require.True(t, cost(catalog.TiersGraduated, more).GreaterThanOrEqual(graduated), "more never costs less by graduation")
		if !over.IsZero() && over.LessThanOrEqual(orZero(scale.Steps[0].UpTo)) {
			require.True(t, graduated.Equal(volume), "on the first step they are the same")
		}
	})
}

// A random offer of every form and a random valid selection: the total is the sum of the lines, of each choice one child is
// paid for, the same input gives the same quote, and what a service keeps under the same offer costs the same again.
func TestQuotesOfEveryForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawOffer(t)
		sel := drawSelection(t, o)
		period := rapid.SampledFrom([]calendar.Period{"P1M", "P3M", "P1D"}).Draw(t, "period")
		values, err := Resolve(o, Selection{Period: period, AddOns: sel})
		require.NoError(t, err)
		in := Input{Offer: o, Currency: "EUR", PricesIncludeTax: true, Period: period, Values: values, Start: drawStart(t), Zone: zone}
		q, err := Price(in)
		require.NoError(t, err)
		sum := decimal.Zero
		children := map[string]map[string]bool{}
		for _, l := range q.Lines {
			sum = sum.Add(l.Amount.Decimal())
			require.False(t, l.Amount.Sign() < 0)
			if l.UnitPrice != nil && l.Kind == SetupLine {
				require.True(t, billed(l).Mul(*l.UnitPrice).Sub(l.Amount.Decimal()).Abs().LessThanOrEqual(dec("0.005")))
			}
			if a, _ := o.AddOnOf(l.Code); a.Parent != "" {
				if children[a.Parent] == nil {
					children[a.Parent] = map[string]bool{}
				}
				children[a.Parent][l.Code] = true
			}
		}
		require.True(t, sum.Equal(q.Total.Decimal()))
		for _, paid := range children {
			require.Len(t, paid, 1)
		}
		again, err := Price(in)
		require.NoError(t, err)
		require.Equal(t, q, again)

		stored := map[string]json.RawMessage{}
		for code, v := range values {
			stored[code], err = json.Marshal(v)
			require.NoError(t, err)
		}
		in.Values = Kept(o, stored, period)
		kept, err := Price(in)
		require.NoError(t, err)
		require.Equal(t, lines(q), lines(kept))
		changed, err := Change(ChangeInput{Offer: o, Period: period, Held: stored})
		require.NoError(t, err)
		require.Equal(t, in.Values, changed, "a change of nothing changes nothing")
	})
}
