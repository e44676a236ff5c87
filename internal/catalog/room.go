package catalog

import (
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// Stocks is how many machines for a tariff are free on its modules, as far as their panels told.
type Stocks map[provision.ModuleID]int

// Room is what is left of panels' stock while an order or a quote is made up. The zero Room knows of nothing.
type Room struct {
	Sight module.Sight
	Sold  module.Sold
}

// Knows tells whether the stock of any module is known.
func (r *Room) Knows() bool { return r != nil && len(r.Sight) > 0 }

// Left is how many machines for an offer of the tariff of this code are left on each of its modules of which the stock is known.
func (r *Room) Left(tariffCode string, o Offer) Stocks {
	return r.left(o, func(s module.Seen) string { return s.Key(tariffCode, o.Settings) })
}

// Exact is Left without the machines of another sort than the tariff's own, which people would have to choose.
func (r *Room) Exact(tariffCode string, o Offer) Stocks {
	return r.left(o, func(s module.Seen) string { return s.ExactKey(tariffCode, o.Settings) })
}

func (r *Room) left(o Offer, key func(module.Seen) string) Stocks {
	if !r.Knows() {
		return nil
	}
	out := Stocks{}
	for _, id := range o.ModuleIDs {
		if seen, ok := r.Sight[id]; ok {
			out[id] = seen.Left(key(seen), r.Sold[id])
		}
	}
	return out
}

// Take notes that one machine for an offer of the tariff of this code is to come from a module, and answers the sort that it is of; nil:
// the module's stock is not known. Where any sort will do the module takes the tariff's own first, as long as there is one.
func (r *Room) Take(tariffCode string, o Offer, id provision.ModuleID) (key *string) {
	if r == nil {
		return nil
	}
	seen, ok := r.Sight[id]
	if !ok {
		return nil
	}
	if r.Sold == nil {
		r.Sold = module.Sold{}
	}
	if r.Sold[id] == nil {
		r.Sold[id] = map[string]int{}
	}
	k := seen.Key(tariffCode, o.Settings)
	if own := seen.ExactKey(tariffCode, o.Settings); seen.Left(own, r.Sold[id]) > 0 {
		k = own
	}
	r.Sold[id][k]++
	return &k
}
