package openstack

import (
	"cmp"
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// named finds what goes by a name or an id that people wrote. The fault code, such as unknown_os, says what it is.
func named(all []panel.Named, wanted, code string) (panel.Named, error) {
	for _, n := range all {
		if n.ID == wanted {
			return n, nil
		}
	}
	for _, n := range all {
		if strings.EqualFold(n.Name, wanted) {
			return n, nil
		}
	}
	return panel.Named{}, provision.NewRejected(code, "the cloud has no %s %q", strings.TrimPrefix(code, "unknown_"), wanted)
}

func (w *work) tariff() (Tariff, error) {
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil {
		return t, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	return t, nil
}

// flavor is the tariff's, or the smallest one that has just what was ordered where the tariff's has not.
func (w *work) flavor(ctx context.Context) (panel.Flavor, error) {
	t, err := w.tariff()
	if err != nil {
		return panel.Flavor{}, err
	}
	all, err := w.panel.Flavors(ctx)
	if err != nil {
		return panel.Flavor{}, err
	}
	names := make([]panel.Named, 0, len(all))
	for _, f := range all {
		names = append(names, f.Named)
	}
	chosen, err := named(names, t.Flavor, "unknown_flavor")
	if err != nil {
		return panel.Flavor{}, err
	}
	var want panel.Flavor
	for _, f := range all {
		if f.ID == chosen.ID {
			want = f
		}
	}
	if err := w.ordered(&want); err != nil {
		return panel.Flavor{}, err
	}
	var fits *panel.Flavor
	for i, f := range all {
		if f.CPU != want.CPU || f.RAM != want.RAM || f.Disk != want.Disk {
			continue
		}
		if f.ID == chosen.ID {
			return f, nil
		}
		if fits == nil {
			fits = &all[i]
		}
	}
	if fits == nil {
		return panel.Flavor{}, provision.NewRejected("unknown_flavor",
			"the cloud has no flavor with %d processors, %d MiB of memory and %d GiB of disk", want.CPU, want.RAM, want.Disk)
	}
	return *fits, nil
}

// ordered puts the add-ons' values over a flavor's.
func (w *work) ordered(f *panel.Flavor) error {
	if n, said := w.amount("cpu"); said {
		f.CPU = int(n.Ceil().IntPart())
	}
	for code, into := range map[string]struct {
		value *int
		unit  string
	}{"ram": {&f.RAM, "MiB"}, "disk": {&f.Disk, "GiB"}} {
		n, said := w.amount(code)
		if !said {
			continue
		}
		unit := w.Op.Spec.AddOns[code].Unit
		if unit == "" {
			unit = "GiB"
		}
		size, known := units[unit]
		if !known {
			return provision.NewRejected("bad_unit", "%s is sold in %q, which is no size of memory", code, unit)
		}
		*into.value = int(n.Mul(decimal.NewFromInt(size)).Div(decimal.NewFromInt(units[into.unit])).Ceil().IntPart())
	}
	return nil
}

// units are the sizes of what memory is sold by, in B.
var units = map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}

// amount is an ordered quantity.
func (w *work) amount(code string) (decimal.Decimal, bool) {
	a, ordered := w.Op.Spec.AddOns[code]
	if !ordered || a.Amount == nil || !a.Amount.IsPositive() {
		return decimal.Decimal{}, false
	}
	return *a.Amount, true
}

// image is the order's, as a parameter or as an add-on's item, else the tariff's, else the first by name.
func (w *work) image(ctx context.Context) (panel.Named, error) {
	t, err := w.tariff()
	if err != nil {
		return panel.Named{}, err
	}
	all, err := w.panel.Images(ctx)
	if err != nil {
		return panel.Named{}, err
	}
	choice := cmp.Or(w.Op.Spec.Parameter("os"), w.Op.Spec.AddOns["os"].Item, t.DefaultOS)
	if choice == "" && len(all) > 0 {
		return all[0], nil
	}
	return named(all, choice, "unknown_os")
}

// network is the tariff's, else the module's; empty: the cloud takes the project's only one.
func (w *work) network(ctx context.Context) (string, error) {
	t, err := w.tariff()
	if err != nil {
		return "", err
	}
	choice := cmp.Or(t.Network, w.set.Network)
	if choice == "" {
		return "", nil
	}
	all, err := w.panel.Networks(ctx)
	if err != nil {
		return "", err
	}
	n, err := named(all, choice, "unknown_network")
	return n.ID, err
}
