package dcimanager5

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/license"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/secret"
)

// installation prepares the request for the operating system that was ordered. A server is never issued without one.
func (w *work) installation(ctx context.Context, s panel.Server) (request, error) {
	offer, err := w.panel.Offered(ctx, s.ID)
	if err != nil {
		return request{}, err
	}
	os, err := w.chosenOS(offer)
	if err != nil {
		return request{}, err
	}
	recipe, err := w.chosenRecipe(offer)
	if err != nil {
		return request{}, err
	}
	password := w.Op.Spec.Password
	if password == "" {
		password = secret.Throwaway() // the panel asks for one; the client sets his own later
	}
	if w.Op.Spec.Parameter("os") == "" {
		w.told["os"] = os // which one was installed where the order left it open
	}
	return request{name: "install", do: func(ctx context.Context) error {
		return w.panel.Install(ctx, s.ID, os, recipe, password)
	}}, nil
}

// chosenOS is the order's, as a parameter or as an add-on's item, else the tariff's, else the first by name.
func (w *work) chosenOS(offer panel.Offer) (string, error) {
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil {
		return "", provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	choice := w.Op.Spec.Parameter("os")
	for _, other := range []string{w.Op.Spec.AddOns["os"].Item, t.DefaultOS} {
		if choice == "" {
			choice = other
		}
	}
	slices.Sort(offer.Templates)
	for _, os := range offer.Templates {
		if choice == "" || strings.EqualFold(os, choice) {
			return os, nil
		}
	}
	if choice == "" {
		return "", provision.NewRejected("unknown_os", "the panel has no operating system to install")
	}
	return "", provision.NewRejected("unknown_os", "the panel has no operating system %q for this server", choice)
}

// chosenRecipe is the ordered script, else one that is called as the ordered control panel.
func (w *work) chosenRecipe(offer panel.Offer) (string, error) {
	choice := w.Op.Spec.Parameter("recipe")
	for _, r := range offer.Recipes {
		if choice != "" && strings.EqualFold(r, choice) || choice == "" && r == w.Op.Spec.AddOns["control_panel"].Item {
			return r, nil
		}
	}
	if choice == "" {
		return "", nil
	}
	return "", provision.NewRejected("unknown_recipe", "the panel has no recipe %q for this server", choice)
}

func (w *work) license() license.Service { return w.licenses.For(&w.Attempt) }

// licensed gets the service the license of its control panel, whose key becomes the service's. It is ready when there is one.
func (w *work) licensed(ctx context.Context, s panel.Server) (ready bool, err error) {
	parameters, ready, err := w.license().Give(ctx, s.IP)
	maps.Copy(w.told, parameters)
	return ready, err
}
