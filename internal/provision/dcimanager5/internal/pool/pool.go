// Package pool gets servers addresses of an IPmanager.
//
// It owns that nobody is given what another service has, and that nothing is left given for nothing. It owns neither the functions of
// IPmanager (package panel) nor which addresses a server should have (the driver).
//
// Invariants: what was given before an answer was lost is used before more is asked for; an address that another service has by our
// own books is put aside for a person to look at.
package pool

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// Taken tells whether another service than this one has an address by our own books; nil: nobody can tell.
type Taken func(ctx context.Context, ip string, except actor.ServiceID) (bool, error)

// Pool is the IPmanager of a module.
type Pool struct {
	*panel.IPManager
	taken Taken
}

// New makes a pool; it connects to nothing.
func New(manager *panel.IPManager, taken Taken) *Pool { return &Pool{manager, taken} }

// mostTaken is how many addresses in a row may turn out to be somebody else's.
const mostTaken = 20

// Wish is an address that is wanted: of which sort, for which service, and what IPmanager remembers of it.
type Wish struct {
	Family, Type string
	Service      actor.ServiceID
	Mark, Domain string
}

// Get gets an address that no server and no other service has: one that was given for this mark and not used yet, as after a lost
// answer, else a new one. What another service has by our own books is put aside, and another one asked for.
func (p *Pool) Get(ctx context.Context, want Wish, used map[string]bool, given []panel.Given) (string, error) {
	for _, x := range given {
		if x.Mark != want.Mark || x.Family() != want.Family || x.Type != want.Type || used[x.IP] || p.Taken(x) {
			continue
		}
		if free, err := p.putAsideTaken(ctx, x.IP, want.Service); err != nil || free {
			return x.IP, err
		}
	}
	for range mostTaken {
		ip, err := p.Allocate(ctx, want.Type, want.Family, want.Domain, want.Mark)
		if err != nil {
			return "", err
		}
		if free, err := p.putAsideTaken(ctx, ip, want.Service); err != nil || free {
			return ip, err
		}
	}
	return "", provision.NewRejected("addresses_taken", "the last %d addresses of type %q that IPmanager gave belong to other services", mostTaken, want.Type)
}

// putAsideTaken looks into our own books.
func (p *Pool) putAsideTaken(ctx context.Context, ip string, service actor.ServiceID) (free bool, err error) {
	if p.taken == nil {
		return true, nil
	}
	taken, err := p.taken(ctx, ip, service)
	if err != nil {
		return false, provision.NewUnavailable(err, "it cannot be told whose address %s is", ip)
	}
	if !taken {
		return true, nil
	}
	return false, p.PutAside(ctx, ip)
}

// ReleaseStrays gives back what was given for a mark and is on no server, as after a lost answer.
func (p *Pool) ReleaseStrays(ctx context.Context, mark string, used map[string]bool) error {
	given, err := p.Given(ctx)
	if err != nil {
		return err
	}
	for _, x := range given {
		if x.Mark == mark && !used[x.IP] && !p.Taken(x) {
			if err := p.Release(ctx, x.IP); err != nil {
				return err
			}
		}
	}
	return nil
}
