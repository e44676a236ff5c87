package dcimanager5

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// mostTaken is how many addresses in a row may turn out to be somebody else's.
const mostTaken = 20

// fromPool gets an address that no server and no other service has: one that was given for this mark and not used yet, as after
// a lost answer, else a new one. What another service has by our own books is put aside, and another one asked for.
func (w *work) fromPool(ctx context.Context, g group, mark, domain string, used map[string]bool, given []panel.Given) (string, error) {
	for _, x := range given {
		if x.Mark != mark || x.Family() != g.family || x.Type != g.kind || used[x.IP] || w.pool.Taken(x) {
			continue
		}
		if free, err := w.putAsideTaken(ctx, x.IP); err != nil || free {
			return x.IP, err
		}
	}
	for range mostTaken {
		ip, err := w.pool.Allocate(ctx, g.kind, g.family, domain, mark)
		if err != nil {
			return "", err
		}
		if free, err := w.putAsideTaken(ctx, ip); err != nil || free {
			return ip, err
		}
	}
	return "", provision.NewRejected("addresses_taken", "the last %d addresses of type %q that IPmanager gave belong to other services", mostTaken, g.kind)
}

// putAsideTaken looks into our own books.
func (w *work) putAsideTaken(ctx context.Context, ip string) (free bool, err error) {
	if w.env.AddressTaken == nil {
		return true, nil
	}
	taken, err := w.env.AddressTaken(ctx, ip, w.Op.ServiceID)
	if err != nil {
		return false, provision.NewUnavailable(err, "it cannot be told whose address %s is", ip)
	}
	if !taken {
		return true, nil
	}
	return false, w.pool.PutAside(ctx, ip)
}

// releaseStrays gives back to IPmanager what was given for the service and is on no server, as after a lost answer.
func (w *work) releaseStrays(ctx context.Context, s panel.Server) error {
	if w.pool == nil {
		return nil
	}
	has := map[string]bool{}
	if s.ID != 0 {
		ips, err := w.panel.IPs(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, ip := range ips {
			has[ip.IP] = true
		}
	}
	given, err := w.pool.Given(ctx)
	if err != nil {
		return err
	}
	for _, x := range given {
		if x.Mark == w.mark() && !has[x.IP] && !w.pool.Taken(x) {
			if err := w.pool.Release(ctx, x.IP); err != nil {
				return err
			}
		}
	}
	return nil
}
