package dcimanager6

import (
	"context"
	"sort"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
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
	password := w.op.Spec.Password
	if password == "" {
		password = randomPassword() // the panel asks for one; the client sets his own later
	}
	return request{
		name: "install",
		do: func(ctx context.Context) error {
			return w.panel.InstallOS(ctx, s.ID, os.ID, script, password)
		},
		seen: func(s panel.Server) bool { return s.OS.ID == os.ID },
	}, nil
}

// chosenOS is the order's, else the tariff's, else the panel's first by name.
func (w *work) chosenOS(ctx context.Context) (panel.OSTemplate, error) {
	t, err := provision.DecodeTariff[Tariff](w.op.Spec.Settings)
	if err != nil {
		return panel.OSTemplate{}, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	all, err := w.panel.OSTemplates(ctx)
	if err != nil {
		return panel.OSTemplate{}, err
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	choice := w.op.Spec.Parameter("os")
	if choice == "" {
		choice = t.DefaultOS
	}
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

// chosenScript is the ordered script's number; 0 where none was ordered or the module runs none.
func (w *work) chosenScript(ctx context.Context) (int, error) {
	choice := w.op.Spec.Parameter("recipe")
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
