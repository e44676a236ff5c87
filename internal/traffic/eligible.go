package traffic

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
)

// drivers are those whose servers a bandwidth service can carry: both count traffic by whole days on the switch.
var drivers = []string{"dcimanager5", "dcimanager6"}

// Candidate asks whether servers may be carried by a bandwidth service of a client.
type Candidate struct {
	ClientID      actor.ClientID
	ProviderID    actor.ProviderID
	DataCenterIDs []datacenter.ID // of the bandwidth service's tariff
	Servers       []service.ID
	// Bandwidth is the service that asks, whose own links do not count against it; empty: one that is not there yet.
	Bandwidth service.ID
}

// Reason is why a server cannot be taken.
type Reason struct {
	Code   string
	Detail string
}

// Verdict is the answer about one server; without reasons it is eligible.
type Verdict struct {
	Server  service.ID
	Name    string
	Reasons []Reason
}

// Eligible tells whether the server can be taken.
func (v Verdict) Eligible() bool { return len(v.Reasons) == 0 }

// CheckServers answers for each server, in the order asked, all that keeps it from being carried: it must be active, the
// client's own, of a driver that counts its traffic, in a data center of the tariff, and in no other live bandwidth service.
// A foreign server and an unknown one alike are server_not_found.
func CheckServers(ctx context.Context, tx interface {
	Servers(ctx context.Context, ids []service.ID) ([]Server, error)
}, c Candidate,
) ([]Verdict, error) {
	known := make([]service.ID, 0, len(c.Servers))
	for _, id := range c.Servers {
		if uuid.Validate(string(id)) == nil {
			known = append(known, id)
		}
	}
	found, err := tx.Servers(ctx, known)
	if err != nil {
		return nil, err
	}
	byID := make(map[service.ID]Server, len(found))
	for _, s := range found {
		byID[s.ID] = s
	}
	out := make([]Verdict, len(c.Servers))
	for i, id := range c.Servers {
		if s, ok := byID[id]; ok {
			out[i] = c.Judge(s)
		} else {
			out[i] = c.Judge(Server{ID: id})
		}
	}
	return out, nil
}

// Judge is CheckServers for a server that was read already. Pure.
func (c Candidate) Judge(s Server) Verdict {
	v := Verdict{Server: s.ID}
	if s.ClientID != c.ClientID || s.ProviderID != c.ProviderID || s.Status == service.Deleted || s.ProductType == product.DedicatedBandwidth {
		v.refuse("server_not_found", "The client has no such server.")
		return v
	}
	v.Name = s.Name
	if s.Status != service.Active {
		v.refuse("server_not_active", "The server is %s, not active.", s.Status)
	}
	if s.Driver != "" && !slices.Contains(drivers, s.Driver) {
		v.refuse("server_module_unsupported", "The traffic of this sort of server cannot be sold apart.")
	}
	if !slices.Contains(c.DataCenterIDs, s.DataCenterID) {
		v.refuse("server_in_other_data_center", "The tariff is not sold in the server's data center.")
	}
	if s.LinkedTo != "" && s.LinkedTo != c.Bandwidth {
		v.refuse("server_linked", "Another bandwidth service carries this server.")
	}
	return v
}

func (v *Verdict) refuse(code, format string, args ...any) {
	v.Reasons = append(v.Reasons, Reason{code, fmt.Sprintf(format, args...)})
}
