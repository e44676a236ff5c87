// Package license gets services the licenses of their control panels at the vendor's license server.
//
// It owns which price list a control panel is sold by, and when a license is bought, moved to another address, stopped and prolonged.
// It owns neither the functions of the license server (package panel) nor any server (the driver).
//
// Invariants: a license bears its service's mark as its name, and a service has one that is not stopped at the most; what is bought is
// looked for first, so that a repetition buys nothing; nobody deletes a license.
package license

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/item"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/mark"
)

const (
	months     = 1                   // a license is bought and prolonged month by month
	nearItsEnd = 15 * 24 * time.Hour // a renewal pays for a license that ends within this
	mostOrders = 5                   // of one operation
)

// Shop is the license server that a module buys at; nil: people see to licenses.
type Shop struct {
	Server *panel.LicenseServer
	lists  map[string]string
	now    func() time.Time
}

// New makes a shop; lists are price lists by the codes of control panels' items, before those that are known.
func New(server *panel.LicenseServer, lists map[string]string, now func() time.Time) *Shop {
	return &Shop{Server: server, lists: lists, now: now}
}

// Service is one service at a shop, in one attempt.
type Service struct {
	*Shop
	at *attempt.Attempt
}

// For is the attempt's service at the shop.
func (s *Shop) For(at *attempt.Attempt) Service { return Service{s, at} }

// addOn is the element that control panels are sold as.
const addOn = "control_panel"

// Ordered is the control panel that was ordered; empty: none.
func (s Service) Ordered() string {
	code := s.at.Op.Spec.AddOns[addOn].Item
	if item.None(code) {
		return ""
	}
	return code
}

// former is the item before a change of terms.
func (s Service) former() string {
	if s.at.Op.Spec.Previous == nil {
		return ""
	}
	return s.at.Op.Spec.Previous.AddOns[addOn].Item
}

// CarriedOut tells whether nothing is left to people: there is a shop, or no control panel was ordered or has to go.
func (s Service) CarriedOut() bool {
	return s.Shop != nil || s.Ordered() == "" && item.None(s.former())
}

// Sellable refuses a control panel that the license server is not known to sell, before anything is done.
func (s Service) Sellable() error {
	ordered := s.Ordered()
	if s.Shop == nil || ordered == "" {
		return nil
	}
	if _, known := s.pricelist(ordered); !known {
		return provision.NewRejected("unknown_license", "no price list of the license server is known for %q; name it in the module's parameter licenses", ordered)
	}
	return nil
}

// Give gets the service the license of its control panel for its server's address, and stops others that it had. It is ready when
// there is a key, which the parameters tell.
func (s Service) Give(ctx context.Context, ip string) (parameters map[string]string, ready bool, err error) {
	_, sold := s.at.Op.Spec.AddOns[addOn]
	if s.Shop == nil || !sold {
		return nil, true, nil
	}
	all, err := s.own(ctx)
	if err != nil {
		return nil, false, err
	}
	ordered := s.Ordered()
	if ordered == "" {
		return told("", ""), true, s.stop(ctx, all, true)
	}
	if err = s.Sellable(); err != nil {
		return nil, false, err
	}
	pricelist, _ := s.pricelist(ordered)
	var own, others []panel.License
	for _, x := range all {
		if x.Pricelist == pricelist && len(own) == 0 {
			own = append(own, x)
		} else {
			others = append(others, x)
		}
	}
	switch err = s.stop(ctx, others, true); {
	case err != nil:
		return nil, false, err
	case len(own) > 0:
		return s.keyed(ctx, ip, own[0])
	case s.licensedBefore():
		return nil, true, nil
	}
	return nil, false, s.order(ctx, ip, pricelist)
}

// told are the parameters by which a service tells of its license.
func told(key, id string) map[string]string {
	return map[string]string{"license_key": key, "license_id": id}
}

// licensedBefore tells whether the server came with its control panel when it was taken over: another license is bought only once
// another control panel is ordered.
func (s Service) licensedBefore() bool {
	spec := s.at.Op.Spec
	if spec.Parameter(coremgr.PanelUser) == "" {
		return false
	}
	return spec.Previous == nil || item.Plain(spec.AddOns[addOn].Item) == item.Plain(s.former())
}

func (s Service) own(ctx context.Context) ([]panel.License, error) {
	all, err := s.Server.Named(ctx, mark.Of(s.at.Op.ServiceID))
	slices.SortFunc(all, func(a, b panel.License) int {
		x, _ := strconv.Atoi(a.ID)
		y, _ := strconv.Atoi(b.ID)
		return x - y
	})
	return all, err
}

// order buys one. A refusal counts only where there still is none: another attempt may have been quicker.
func (s Service) order(ctx context.Context, ip, pricelist string) error {
	if s.at.Count("licenses") >= mostOrders {
		return provision.NewRejected("license_not_made", "the license server takes orders and makes no license")
	}
	s.at.Memo["licenses"] = strconv.Itoa(s.at.Count("licenses") + 1)
	asked := s.Server.Order(ctx, mark.Of(s.at.Op.ServiceID), ip, pricelist, months)
	if asked == nil || !coremgr.Rejected(asked) {
		return asked
	}
	if all, err := s.own(ctx); err != nil || len(all) > 0 {
		return err
	}
	return asked
}

// keyed looks whether the license works for the server's address, and takes its key.
func (s Service) keyed(ctx context.Context, ip string, x panel.License) (parameters map[string]string, ready bool, err error) {
	key, err := s.Server.Key(ctx, x.ID)
	if err != nil || key == "" {
		return nil, false, err
	}
	if x.IP != ip {
		if err = s.Server.Move(ctx, x, ip); err != nil {
			return nil, false, err
		}
	}
	if x.Stopped() {
		if err = s.Server.Resume(ctx, x); err != nil {
			return nil, false, err
		}
	}
	if !x.Prolongs {
		if err = s.Server.SetProlongs(ctx, x, months); err != nil {
			return nil, false, err
		}
	}
	return told(key, x.ID), true, nil
}

// stop suspends licenses; for good they are not prolonged any more either, for nobody deletes a license.
func (s Service) stop(ctx context.Context, all []panel.License, forGood bool) error {
	for _, x := range all {
		if forGood && x.Prolongs {
			if err := s.Server.SetProlongs(ctx, x, 0); err != nil {
				return err
			}
		}
		if x.Stopped() {
			continue
		}
		// One that has no key yet is not there to be stopped.
		if key, err := s.Server.Key(ctx, x.ID); err != nil || key == "" {
			if err == nil {
				err = provision.NewUnavailable(nil, "license %s is still being made", x.ID)
			}
			return err
		}
		if err := s.Server.Suspend(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// Stop stops all that the service has, if there is a shop.
func (s Service) Stop(ctx context.Context, forGood bool) error {
	if s.Shop == nil {
		return nil
	}
	all, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.stop(ctx, all, forGood)
}

// Prolong pays for a license that ends soon. It goes by the date that it ends, so a repetition pays nothing.
func (s Service) Prolong(ctx context.Context) error {
	ordered := s.Ordered()
	if s.Shop == nil || ordered == "" {
		return nil
	}
	all, err := s.own(ctx)
	if err != nil {
		return err
	}
	pricelist, _ := s.pricelist(ordered)
	for _, x := range all {
		until, unreadable := time.Parse(time.DateOnly, x.Expires)
		if x.Pricelist != pricelist || unreadable != nil || until.After(s.now().Add(nearItsEnd)) {
			continue
		}
		if err = s.Server.Prolong(ctx, x, months); err != nil {
			return err
		}
	}
	return nil
}
