package module

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/provision"
)

// How old an answer of a panel about what is free may be, in real time, and how long a panel that does not answer holds up
// those who ask. What stands in the way of an order is never said from memory alone.
const (
	StockAge     = 5 * time.Second
	stockTimeout = 3 * time.Second
)

// Seen is what one module's panel told of what is free.
type Seen struct {
	// Step was taken before the panel was asked: what operations took in later steps may still be among the free ones.
	Step int64
	Free map[string]int // by sort of object

	keyOf, exactOf func(tariffCode string, settings json.RawMessage) string
}

// Key names the sort of object that a tariff of this code takes by its settings; empty: any.
func (s Seen) Key(tariffCode string, settings json.RawMessage) string {
	return s.keyOf(tariffCode, settings)
}

// ExactKey is Key for the machines of the tariff's own sort only, without those that people would have to choose among.
func (s Seen) ExactKey(tariffCode string, settings json.RawMessage) string {
	return s.exactOf(tariffCode, settings)
}

// Sight is what the panels of some modules told. A module without stock, or whose panel does not answer, is not in it: it
// does not stand in the way of an order, which waits for it.
type Sight map[provision.ModuleID]Seen

// Modules are the modules whose stock is known, in one order for all who lock them.
func (s Sight) Modules() []provision.ModuleID { return slices.Sorted(maps.Keys(s)) }

// Sold is how many objects of each sort were sold on a module and are still among the free ones that its panel told.
type Sold map[provision.ModuleID]map[string]int

// Left is how many objects of a sort are left when some were sold. What takes any sort and was sold lessens every sort only where
// it must.
func (s Seen) Left(key string, sold map[string]int) int {
	total := 0
	for _, n := range s.Free {
		total += n
	}
	for _, n := range sold {
		total -= n
	}
	if key != "" {
		total = min(total, s.Free[key]-sold[key])
	}
	return max(total, 0)
}

// Stock asks panels what is free, outside any transaction, and remembers the answers for moments. It is made by NewStock.
type Stock struct {
	engine *Engine
	wall   clock.Wall

	mu    sync.Mutex
	last  map[provision.ModuleID]*asking
	plain map[counted]bool // what has no stock
}

// counted is what decides whether modules have stock: one driver may sell what it counts and what it does not.
type counted struct{ driver, productType string }

// asking is one question to a panel; what was answered may be read when done is closed.
type asking struct {
	at   time.Time
	done chan struct{}
	seen Seen
	told bool
}

// NewStock remembers what the panels of an engine's modules tell.
func NewStock(e *Engine, wall clock.Wall) *Stock {
	return &Stock{engine: e, wall: wall, last: map[provision.ModuleID]*asking{}, plain: map[counted]bool{}}
}

// Look answers what is free on the enabled ones of some modules by answers that are younger than age, which all who look share;
// age 0 asks anew. A nil Stock knows of nothing.
func (s *Stock) Look(ctx context.Context, modules []Module, age time.Duration) Sight {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	now := s.wall.WallNow()
	waits := make(map[provision.ModuleID]*asking, len(modules))
	for _, m := range modules {
		if !m.Enabled || s.plain[counted{m.Driver, m.ProductType}] {
			continue
		}
		a, ok := s.last[m.ID]
		if !ok || now.Sub(a.at) >= age {
			a = &asking{at: now, done: make(chan struct{})}
			s.last[m.ID] = a
			go s.ask(context.WithoutCancel(ctx), m, a)
		}
		waits[m.ID] = a
	}
	s.mu.Unlock()
	return gather(ctx, waits)
}

// Known is what memory holds of some modules, for those who cannot wait for a panel; it may be twice as old.
func (s *Stock) Known(ctx context.Context, modules []Module) Sight {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	now := s.wall.WallNow()
	held := map[provision.ModuleID]*asking{}
	for _, m := range modules {
		if a, ok := s.last[m.ID]; ok && m.Enabled && now.Sub(a.at) < 2*StockAge {
			select {
			case <-a.done:
				held[m.ID] = a
			default:
			}
		}
	}
	s.mu.Unlock()
	return gather(ctx, held)
}

func gather(ctx context.Context, waits map[provision.ModuleID]*asking) Sight {
	out := Sight{}
	for id, a := range waits {
		select {
		case <-a.done:
		case <-ctx.Done():
			return out
		}
		if a.told {
			out[id] = a.seen
		}
	}
	return out
}

func (s *Stock) ask(ctx context.Context, m Module, a *asking) {
	defer close(a.done)
	ctx, cancel := context.WithTimeout(ctx, stockTimeout)
	defer cancel()
	stocker, step, err := s.engine.stocker(ctx, m.ID)
	if err != nil {
		return
	}
	if stocker == nil {
		s.mu.Lock()
		s.plain[counted{m.Driver, m.ProductType}] = true
		s.mu.Unlock()
		return
	}
	list, err := stocker.Stock(ctx)
	if err != nil {
		return
	}
	a.seen, a.told = Seen{Step: step, Free: map[string]int{}, keyOf: stocker.StockKey, exactOf: stocker.StockKey}, true
	if loose, some := stocker.(provision.Approximate); some {
		a.seen.exactOf = loose.ExactKey
	}
	for _, x := range list {
		a.seen.Free[x.Key] += x.Free
	}
}

// stocker makes a module live and takes a step of its stock; nil where its driver knows no stock.
func (e *Engine) stocker(ctx context.Context, id provision.ModuleID) (live provision.Stocker, step int64, err error) {
	_, module, err := e.open(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	live, ok := module.(provision.Stocker)
	if !ok {
		return nil, 0, nil
	}
	err = e.InTx(ctx, func(tx Tx) error {
		step, err = tx.StockStep(ctx)
		return err
	})
	return live, step, err
}
