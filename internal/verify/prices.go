package verify

import (
	"context"
	"fmt"

	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// priceLot is how many services' prices are looked at together.
const priceLot = 1000

// prices looks at the special prices that links set (invariant 7).
func (r *run) prices(ctx context.Context) error {
	for after := (traffic.Point{}); ; {
		lot, err := r.snap.NextPriced(ctx, after, priceLot)
		if err != nil || len(lot) == 0 {
			return err
		}
		points := make([]traffic.Point, len(lot))
		for i, p := range lot {
			points[i] = p.Point
		}
		clients, services := split(points)
		terms, err := r.snap.OpenTermsOf(ctx, clients, services)
		if err != nil {
			return err
		}
		byService := map[service.ID][]service.TermRow{}
		for _, t := range terms {
			byService[t.ServiceID] = append(byService[t.ServiceID], t)
		}
		for _, p := range lot {
			for _, f := range pricesOf(p, byService[p.Server]) {
				r.add(f)
			}
		}
		after = points[len(points)-1]
	}
}

// pricesOf tells what is wrong with one service's open special prices: each traffic add-on of a server that an active
// bandwidth service carries has ours or staff's, and ours stands nowhere else. Staff may set one for each period. Pure.
func pricesOf(p Priced, open []service.TermRow) []Finding {
	var out []Finding
	say := func(format string, args ...any) {
		out = append(out, Finding{7, "service", string(p.Server), fmt.Sprintf(format, args...)})
	}
	ours, staff, carried := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, t := range open {
		switch {
		case traffic.Carries(t):
			carried[t.Item] = true
		case t.Source == service.FromStaff:
			staff[t.Item]++
		}
	}
	for _, t := range open {
		if t.Source != service.FromBandwidth {
			continue
		}
		ours[t.Item]++
		switch {
		case p.Carrier == "":
			say("The price of %s is one of a bandwidth service, but no active one carries this server.", t.Item)
		case t.BandwidthServiceID != p.Carrier:
			say("The price of %s is one of bandwidth service %s, but %s carries this server.", t.Item, t.BandwidthServiceID, p.Carrier)
		case !carried[t.Item]:
			say("The price of %s is one of a bandwidth service, but this is no traffic add-on of the server.", t.Item)
		case !free(t):
			say("The price that the bandwidth service set for %s is not zero for all periods.", t.Item)
		}
	}
	if p.Carrier == "" {
		return out
	}
	for _, t := range open {
		if item := t.Item; traffic.Carries(t) {
			switch {
			case ours[item] == 0 && staff[item] == 0:
				say("Bandwidth service %s is active and carries this server, but %s has no special price.", p.Carrier, item)
			case ours[item] > 1, ours[item] > 0 && staff[item] > 0:
				say("The add-on %s has %d prices of the bandwidth service beside %d of staff; exactly one is expected.", item, ours[item], staff[item])
			}
		}
	}
	return out
}

func free(t service.TermRow) bool {
	return t.Period == "" && t.Term.Price != nil && t.Term.Price.IsZero() && t.Term.OveragePrice != nil && t.Term.OveragePrice.IsZero()
}
