package dcimanager6

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// release makes a server anybody's: ports as the panel wants them, its addresses returned and one for parking taken (D30),
// power off, and at last owner, mark and domain cleared.
func (w *work) release(ctx context.Context, s panel.Server) (ready bool, err error) {
	p, err := w.loadPools(ctx)
	if err != nil {
		return false, err
	}
	_, ready, err = w.follow(ctx, s, func(s panel.Server) *step {
		if s.OwnerEmail == "" {
			return w.handBack(s) // only the mark is left of it
		}
		if s.Suspended() {
			return w.call("ports up", panel.ResumeServer, s)
		}
		if exchange := w.parking(s, p); exchange != nil {
			return exchange
		}
		if s.PowerStatus == "on" {
			return w.call("power off", panel.PowerOff, s)
		}
		return w.handBack(s)
	})
	return ready, err
}

func (w *work) handBack(s panel.Server) *step {
	return &step{"hand back", func(ctx context.Context) error { return w.panel.Unassign(ctx, s.ID, plainName(s)) }}
}

// parking is the step that returns a server's addresses and takes one for the time that it is nobody's, where the panel has
// pools for that. The pool is asked first: where it is empty nothing is taken from the server.
func (w *work) parking(s panel.Server, p pools) *step {
	var drop []panel.IP
	parked, untold := false, false
	for _, ip := range s.IPs {
		switch {
		case p.parksOn(ip.PoolID) && !parked && ip.Status != "failed":
			parked = true
		default:
			drop = append(drop, ip)
			untold = untold || ip.PoolID == 0
		}
	}
	needs := len(p.release) > 0 && !parked
	exchanged := "exchanged_" + strconv.Itoa(s.ID)
	// A build that does not tell an address's pool cannot show that the exchange was made; the memo does.
	if !needs && len(drop) == 0 || untold && w.Memo[exchanged] != "" {
		return nil
	}
	return &step{"parking address", func(ctx context.Context) error {
		if needs {
			pool, err := p.parked()
			if err != nil {
				return err
			}
			if err := w.panel.AddIPs(ctx, s.ID, pool.ID, 1, "ipv4"); err != nil {
				return err
			}
		}
		if err := w.remove(ctx, s, drop); err != nil {
			return err
		}
		w.Memo[exchanged] = "yes"
		return nil
	}}
}
