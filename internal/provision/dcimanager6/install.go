package dcimanager6

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/secret"
)

// installation prepares the request for the operating system that was ordered. A server is never issued without one.
func (w *work) installation(ctx context.Context, s panel.Server) (request, error) {
	os, err := w.chosenOS(ctx)
	if err != nil {
		return request{}, err
	}
	script, err := w.chosenScript(ctx)
	if err != nil {
		return request{}, err
	}
	password := w.password()
	return request{
		name: "install",
		do: func(ctx context.Context) error {
			return w.panel.InstallOS(ctx, s.ID, os.ID, script, password)
		},
		seen: func(s panel.Server) bool { return s.OS.ID == os.ID },
	}, nil
}

// password is the machine's first one; the panel asks for one where the client left it open, and he sets his own later.
func (w *work) password() string {
	if w.Op.Spec.Password != "" {
		return w.Op.Spec.Password
	}
	return secret.Throwaway()
}

// chosenOS is the order's, by parameter or add-on, else the tariff's, else the panel's first by name.
func (w *work) chosenOS(ctx context.Context) (panel.OSTemplate, error) {
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil {
		return panel.OSTemplate{}, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	all, err := w.systems(ctx)
	if err != nil {
		return panel.OSTemplate{}, err
	}
	choice := cmp.Or(w.Op.Spec.Parameter("os"), w.Op.Spec.AddOns["os"].Item, t.DefaultOS)
	for _, os := range all {
		if choice == "" || strings.EqualFold(os.Name, choice) || strconv.Itoa(os.ID) == choice {
			return os, nil
		}
	}
	if choice == "" {
		return panel.OSTemplate{}, provision.NewRejected("unknown_os", "the panel has no operating system to install")
	}
	return panel.OSTemplate{}, provision.NewRejected("unknown_os", "the panel has no operating system %q", choice)
}

// systems lists what can be installed, by name; a recovery system is none of it.
func (m *Module) systems(ctx context.Context) ([]panel.OSTemplate, error) {
	all, err := m.panel.OSTemplates(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, m.panel.Recovers)
	slices.SortFunc(all, func(a, b panel.OSTemplate) int { return cmp.Or(strings.Compare(a.Name, b.Name), a.ID-b.ID) })
	return all, nil
}

// recoverySystem is the panel's first recovery template by name; 0 where it has none to choose from, and knows by itself.
func (w *work) recoverySystem(ctx context.Context) (int, error) {
	all, err := w.panel.OSTemplates(ctx)
	if err != nil {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(t panel.OSTemplate) bool { return !w.panel.Recovers(t) })
	if len(all) == 0 {
		return 0, nil
	}
	return slices.MinFunc(all, func(a, b panel.OSTemplate) int { return cmp.Or(strings.Compare(a.Name, b.Name), a.ID-b.ID) }).ID, nil
}

// chosenScript is the ordered script's number; 0 where none was ordered or the module runs none.
func (w *work) chosenScript(ctx context.Context) (int, error) {
	choice := w.Op.Spec.Parameter("recipe")
	if !w.set.UseRecipes || choice == "" {
		return 0, nil
	}
	all, err := w.panel.Scripts(ctx)
	if err != nil {
		return 0, err
	}
	for _, s := range all {
		if s.Public() && (strings.EqualFold(s.Name, choice) || strconv.Itoa(s.ID) == choice) {
			return s.ID, nil
		}
	}
	return 0, provision.NewRejected("unknown_recipe", "the panel has no script %q with access All", choice)
}

// osParameter tells which system was installed where the order left it open.
func osParameter(op provision.Op, s panel.Server) map[string]string {
	if op.Kind != provision.Open && op.Kind != provision.Reinstall || op.Spec.Parameter("os") != "" || s.OS.Name == "" {
		return nil
	}
	return map[string]string{"os": s.OS.Name}
}
