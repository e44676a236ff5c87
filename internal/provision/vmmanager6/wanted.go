package vmmanager6

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/secret"
)

// wanted is what a machine should be.
type wanted struct {
	preset panel.Preset // its ID is 0 where the tariff names none, or one that the panel does not know
	asked  panel.Size   // by add-ons; 0: not said
	ipv4   *int         // nil: as it is
	ipv6   *bool
	limits map[string]any // beside the size, where a change names another preset
}

// size is the preset's with the add-ons' values over it.
func (x wanted) size() panel.Size {
	over := func(asked, preset int) int {
		if asked != 0 {
			return asked
		}
		return preset
	}
	p := x.preset.Size
	return panel.Size{
		CPU: over(x.asked.CPU, p.CPU), RAM: over(x.asked.RAM, p.RAM), Disk: over(x.asked.Disk, p.Disk),
		NetIn: over(x.asked.NetIn, p.NetIn), NetOut: over(x.asked.NetOut, p.NetOut),
	}
}

// wanted reads tariff and add-ons. A template's values hold only where the tariff's add-ons say nothing.
func (w *work) wanted(ctx context.Context, cluster panel.Cluster) (wanted, error) {
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil {
		return wanted{}, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	var x wanted
	if t.Template != "" {
		all, err := w.panel.Presets(ctx)
		if err != nil {
			return wanted{}, err
		}
		slices.SortFunc(all, func(a, b panel.Preset) int { return a.ID - b.ID })
		for _, p := range all {
			if strings.EqualFold(p.Name, t.Template) && (p.Virtualization == "" || p.Virtualization == cluster.Virtualization) {
				x.preset = p
				break
			}
		}
	}
	if x.asked, err = w.asked(); err != nil {
		return wanted{}, err
	}
	if n, said := w.amount("ipv4"); said {
		count := max(int(n.IntPart()), 1)
		x.ipv4 = &count
	}
	if n, said := w.amount("ipv6"); said {
		on := n.IsPositive()
		x.ipv6 = &on
	}
	return x, nil
}

func (w *work) asked() (s panel.Size, err error) {
	if n, said := w.amount("cpu"); said {
		s.CPU = int(n.Ceil().IntPart())
	}
	if n, said := w.amount("port_speed"); said {
		s.NetIn = int(n.Ceil().IntPart())
		s.NetOut = s.NetIn
	}
	if s.RAM, err = w.mebibytes("ram"); err != nil {
		return s, err
	}
	s.Disk, err = w.mebibytes("disk")
	return s, err
}

// amount is an ordered quantity.
func (w *work) amount(code string) (decimal.Decimal, bool) {
	a, ordered := w.Op.Spec.AddOns[code]
	if !ordered || a.Amount == nil || a.Amount.IsNegative() {
		return decimal.Decimal{}, false
	}
	return *a.Amount, true
}

// units are the sizes of what memory is sold by, in B.
var units = map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}

// mebibytes is an ordered size in the panel's unit, rounded up to a whole one; 0 where nothing is said.
func (w *work) mebibytes(code string) (int, error) {
	n, said := w.amount(code)
	if !said {
		return 0, nil
	}
	unit := w.Op.Spec.AddOns[code].Unit
	if unit == "" {
		unit = "GiB"
	}
	size, known := units[unit]
	if !known {
		return 0, provision.NewRejected("bad_unit", "%s is sold in %q, which is no size of memory", code, unit)
	}
	return int(n.Mul(decimal.NewFromInt(size)).Div(decimal.NewFromInt(1 << 20)).Ceil().IntPart()), nil
}

// chosenOS is the order's, as a parameter or as an add-on's item, else the tariff's, else the first by name of those that the cluster has.
func (w *work) chosenOS(ctx context.Context, cluster panel.Cluster) (panel.OSTemplate, error) {
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil {
		return panel.OSTemplate{}, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	all, err := w.systems(ctx, cluster)
	if err != nil {
		return panel.OSTemplate{}, err
	}
	choice := cmp.Or(w.Op.Spec.Parameter("os"), w.Op.Spec.AddOns["os"].Item, t.DefaultOS)
	for _, os := range all {
		if choice == "" || called(os.ID, os.Name, choice) {
			return os, nil
		}
	}
	if choice == "" {
		return panel.OSTemplate{}, provision.NewRejected("unknown_os", "cluster %q has no operating system to install", cluster.Name)
	}
	return panel.OSTemplate{}, provision.NewRejected("unknown_os", "cluster %q has no operating system %q", cluster.Name, choice)
}

// systems lists what customers may have in a cluster, by name.
func (m *Module) systems(ctx context.Context, cluster panel.Cluster) ([]panel.OSTemplate, error) {
	all, err := m.panel.OSTemplates(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(o panel.OSTemplate) bool { return !o.Serves(cluster) })
	slices.SortStableFunc(all, func(a, b panel.OSTemplate) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// chosenRecipes are the ordered script's number and that of the ordered control panel; none where the module runs none.
func (w *work) chosenRecipes(ctx context.Context) ([]int, error) {
	choices := []string{w.orderedPanel(), w.Op.Spec.Parameter("recipe")}
	choices = slices.DeleteFunc(choices, func(c string) bool { return c == "" })
	if !w.set.UseRecipes || len(choices) == 0 {
		return nil, nil
	}
	all, err := w.panel.Recipes(ctx)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, choice := range choices {
		i := slices.IndexFunc(all, func(r panel.Recipe) bool { return called(r.ID, r.Name, choice) })
		if i < 0 {
			return nil, provision.NewRejected("unknown_recipe", "the panel has no recipe %q that customers may order", choice)
		}
		if !slices.Contains(out, all[i].ID) {
			out = append(out, all[i].ID)
		}
	}
	return out, nil
}

// password is the machine's first one; the panel asks for one where the client left it open, and he sets his own later.
func (w *work) password() string {
	if w.Op.Spec.Password != "" {
		return w.Op.Spec.Password
	}
	return secret.Throwaway()
}

func (m *Module) emailMode() string {
	if m.set.SendEmailMode == "" {
		return "saas_only" // the client gets our letters
	}
	return m.set.SendEmailMode
}
