package operation

import (
	"slices"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// Lane is what the choice of a module goes by.
type Lane struct {
	Module       module.Module
	Problems     int // open ones
	RunningOpens int
	RunningQueue int // operations of any kind that run under the module's queue key
}

// InStock leaves out the lanes of modules of which it is known that nothing is left for an open (D23).
func InStock(lanes []Lane, left catalog.Stocks) []Lane {
	return slices.DeleteFunc(slices.Clone(lanes), func(l Lane) bool {
		n, known := left[l.Module.ID]
		return known && n == 0
	})
}

// Exactly leaves out the lanes of modules that have something like what is asked for alone, where one that was not tried has the thing
// itself: stock is that of what was ordered, as long as there is any (D23).
func Exactly(lanes []Lane, exact catalog.Stocks, tried []provision.ModuleID) []Lane {
	if !slices.ContainsFunc(lanes, func(l Lane) bool { return l.Module.Enabled && exact[l.Module.ID] > 0 && !contains(tried, l.Module.ID) }) {
		return lanes
	}
	return InStock(lanes, exact)
}

// full tells whether the module takes no further operation of this kind now.
func (l Lane) full(kind provision.Kind) bool {
	if kind == provision.Open && l.Module.MaxRunningOpens > 0 && l.RunningOpens >= l.Module.MaxRunningOpens {
		return true
	}
	return l.Module.Queue.Enabled && l.RunningQueue >= l.Module.Queue.Workers
}

// Choice is the result of choosing a module.
type Choice int

// The results of choosing.
const (
	Chosen   Choice = iota
	NoLane          // candidates exist, all are at their limits: wait
	NoModule        // no candidate is left: people must do it
)

// Choose picks a module for an operation (D23). Candidates are enabled ones that were not tried. Order: no open problem
// first, then below the limit of running opens, then the lowest sort order, then the oldest. At the limit of the best one
// the operation waits, unless a module without problems has a free lane; the answer then is the module that it waits for.
func Choose(kind provision.Kind, lanes []Lane, tried []provision.ModuleID) (module.Module, Choice) {
	var left []Lane
	for _, l := range lanes {
		if l.Module.Enabled && !contains(tried, l.Module.ID) {
			left = append(left, l)
		}
	}
	if len(left) == 0 {
		return module.Module{}, NoModule
	}
	sort.SliceStable(left, func(i, j int) bool { return before(kind, left[i], left[j]) })
	if left[0].full(kind) {
		return left[0].Module, NoLane
	}
	return left[0].Module, Chosen
}

func before(kind provision.Kind, a, b Lane) bool {
	if pa, pb := a.Problems > 0, b.Problems > 0; pa != pb {
		return !pa
	}
	if fa, fb := a.full(kind), b.full(kind); fa != fb {
		return !fa
	}
	if a.Module.SortOrder != b.Module.SortOrder {
		return a.Module.SortOrder < b.Module.SortOrder
	}
	return older(a.Module.CreatedAt, b.Module.CreatedAt, a.Module.ID < b.Module.ID)
}

func older(a, b time.Time, tie bool) bool {
	if a.Equal(b) {
		return tie
	}
	return a.Before(b)
}

func contains(ids []provision.ModuleID, id provision.ModuleID) bool {
	for _, x := range ids {
		if x == id {
			return true
		}
	}
	return false
}
