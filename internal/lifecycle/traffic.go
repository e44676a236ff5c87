package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// reserveServers links the ordered servers to a bandwidth service that is being made: from now on no other one can take
// them. Prices and blocks follow when it becomes active.
func (e *Engine) reserveServers(ctx context.Context, tx Tx, by actor.Actor, s service.Service) error {
	if s.ProductType != product.DedicatedBandwidth {
		return nil
	}
	var servers []service.ID
	if err := json.Unmarshal(s.Parameters["servers"], &servers); err != nil {
		return fmt.Errorf("servers of service %s: %w", s.ID, err)
	}
	return traffic.LinkServers(ctx, tx, e.Zone, by, s, servers)
}

// switched tells the traffic engine that a service was opened, suspended, resumed or closed: a bandwidth service moves
// prices and today's blocks of its servers (D21), a server that is gone leaves its bandwidth service (D22).
func (e *Engine) switched(ctx context.Context, tx Tx, by actor.Actor, s service.Service, cause traffic.Cause) error {
	switch {
	case s.ProductType == product.DedicatedBandwidth:
		return traffic.Switched(ctx, tx, e.Zone, by, s, cause)
	case cause == traffic.Closed:
		return traffic.DetachClosed(ctx, tx, e.Zone, by, s)
	default:
		return nil
	}
}
