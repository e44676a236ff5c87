package dcimanager5

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

const (
	licenseMonths = 1                   // a license is bought and prolonged month by month
	nearItsEnd    = 15 * 24 * time.Hour // a renewal pays for a license that ends within this
)

// orderedPanel is the control panel that was ordered; empty: none.
func (w *work) orderedPanel() string {
	item := w.Op.Spec.AddOns["control_panel"].Item
	if nothing[plain(item)] {
		return ""
	}
	return item
}

// sellable refuses a control panel that the license server is not known to sell, before anything is done.
func (w *work) sellable() error {
	item := w.orderedPanel()
	if w.licenses == nil || item == "" {
		return nil
	}
	if _, known := w.pricelist(item); !known {
		return provision.NewRejected("unknown_license", "no price list of the license server is known for %q; name it in the module's parameter licenses", item)
	}
	return nil
}

// licensed gives the service the license of its control panel, and stops others that it had. It is ready when there is a key,
// which becomes the service's.
func (w *work) licensed(ctx context.Context, s panel.Server) (ready bool, err error) {
	_, sold := w.Op.Spec.AddOns["control_panel"]
	if w.licenses == nil || !sold {
		return true, nil
	}
	all, err := w.ownLicenses(ctx)
	if err != nil {
		return false, err
	}
	item := w.orderedPanel()
	if item == "" {
		w.told["license_key"], w.told["license_id"] = "", ""
		return true, w.stop(ctx, all, true)
	}
	if err = w.sellable(); err != nil {
		return false, err
	}
	pricelist, _ := w.pricelist(item)
	var own, others []panel.License
	for _, x := range all {
		if x.Pricelist == pricelist && len(own) == 0 {
			own = append(own, x)
		} else {
			others = append(others, x)
		}
	}
	if err = w.stop(ctx, others, true); err != nil {
		return false, err
	}
	if len(own) == 0 && w.licensedBefore() {
		return true, nil
	}
	if len(own) == 0 {
		return false, w.orderLicense(ctx, s, pricelist)
	}
	return w.keyed(ctx, s, own[0])
}

// licensedBefore tells whether the server came with its control panel when it was taken over: another license is bought only once
// another control panel is ordered.
func (w *work) licensedBefore() bool {
	if w.Op.Spec.Parameter(coremgr.PanelUser) == "" {
		return false
	}
	return w.Op.Spec.Previous == nil || plain(w.Op.Spec.AddOns["control_panel"].Item) == plain(w.former("control_panel").Item)
}

func (w *work) ownLicenses(ctx context.Context) ([]panel.License, error) {
	all, err := w.licenses.Named(ctx, w.mark())
	slices.SortFunc(all, func(a, b panel.License) int {
		x, _ := strconv.Atoi(a.ID)
		y, _ := strconv.Atoi(b.ID)
		return x - y
	})
	return all, err
}

// orderLicense buys one. A refusal counts only where there still is none: another attempt may have been quicker.
func (w *work) orderLicense(ctx context.Context, s panel.Server, pricelist string) error {
	if w.Count("licenses") >= mostTries {
		return provision.NewRejected("license_not_made", "the license server takes orders and makes no license")
	}
	w.Memo["licenses"] = strconv.Itoa(w.Count("licenses") + 1)
	asked := w.licenses.Order(ctx, w.mark(), s.IP, pricelist, licenseMonths)
	if asked == nil || !coremgr.Rejected(asked) {
		return asked
	}
	if all, err := w.ownLicenses(ctx); err != nil || len(all) > 0 {
		return err
	}
	return asked
}

// keyed looks whether the license works for the server's address, and takes its key.
func (w *work) keyed(ctx context.Context, s panel.Server, x panel.License) (ready bool, err error) {
	key, err := w.licenses.Key(ctx, x.ID)
	if err != nil || key == "" {
		return false, err
	}
	if x.IP != s.IP {
		if err = w.licenses.Move(ctx, x, s.IP); err != nil {
			return false, err
		}
	}
	if x.Stopped() {
		if err = w.licenses.Resume(ctx, x); err != nil {
			return false, err
		}
	}
	if !x.Prolongs {
		if err = w.licenses.SetProlongs(ctx, x, licenseMonths); err != nil {
			return false, err
		}
	}
	w.told["license_key"], w.told["license_id"] = key, x.ID
	return true, nil
}

// stop suspends licenses; for good they are not prolonged any more either, for nobody deletes a license.
func (w *work) stop(ctx context.Context, all []panel.License, forGood bool) error {
	for _, x := range all {
		if forGood && x.Prolongs {
			if err := w.licenses.SetProlongs(ctx, x, 0); err != nil {
				return err
			}
		}
		if x.Stopped() {
			continue
		}
		// One that has no key yet is not there to be stopped.
		if key, err := w.licenses.Key(ctx, x.ID); err != nil || key == "" {
			if err == nil {
				err = provision.NewUnavailable(nil, "license %s is still being made", x.ID)
			}
			return err
		}
		if err := w.licenses.Suspend(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// stopLicenses stops all that the service has, if there is a license server.
func (w *work) stopLicenses(ctx context.Context, forGood bool) error {
	if w.licenses == nil {
		return nil
	}
	all, err := w.ownLicenses(ctx)
	if err != nil {
		return err
	}
	return w.stop(ctx, all, forGood)
}

// prolonged pays for a license that ends soon. It goes by the date that it ends, so a repetition pays nothing.
func (w *work) prolonged(ctx context.Context) (ready bool, err error) {
	if w.licenses == nil || w.orderedPanel() == "" {
		return true, nil
	}
	all, err := w.ownLicenses(ctx)
	if err != nil {
		return false, err
	}
	pricelist, _ := w.pricelist(w.orderedPanel())
	for _, x := range all {
		until, unreadable := time.Parse(time.DateOnly, x.Expires)
		if x.Pricelist != pricelist || unreadable != nil || until.After(w.env.Now().Add(nearItsEnd)) {
			continue
		}
		if err = w.licenses.Prolong(ctx, x, licenseMonths); err != nil {
			return false, err
		}
	}
	return true, nil
}
