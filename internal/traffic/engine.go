package traffic

import (
	"context"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
)

// Engine holds the use-cases of traffic.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
	Zone *time.Location // of billing and statistics days
	// Drivers tells which modules count; Connect opens one of them for a collection, outside any transaction.
	Drivers *provision.Registry
	Connect func(ctx context.Context, id provision.ModuleID) (provision.Module, error)
	// Asked is told, in the transaction that ends a collection, how the module's panel answered: nil, or why it did not. May
	// be nil.
	Asked func(ctx context.Context, tx Tx, id provision.ModuleID, failure error) error

	made months
}

// months remembers the months whose partitions are known to be there.
type months struct {
	mu  sync.Mutex
	all map[calendar.Month]bool
}

func (m *months) has(x calendar.Month) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[x]
}

func (m *months) add(list []calendar.Month) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[calendar.Month]bool{}
	}
	for _, x := range list {
		m.all[x] = true
	}
}
