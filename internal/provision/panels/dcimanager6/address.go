package dcimanager6

import (
	"net/http"
	"slices"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// addAddresses takes addresses of a pool. They are in the server's row at
// once, as allocating, and active when the task is done.
func (d *dci6) addAddresses(c *panel.Call, srv *dciServer) panel.Reply {
	in := struct {
		Pool   int    `json:"pool"`
		Count  int    `json:"count"`
		Family string `json:"family"`
	}{Count: 1, Family: "ipv4"}
	if _, bad := isp6.Body(c, &in, "pool"); bad != nil {
		return *bad
	}
	pool := d.st.pool(in.Pool)
	switch {
	case pool == nil:
		return isp6.BadValue("pool", "names no pool")
	case in.Count < 1 || in.Count > isp6.MaxAddresses:
		return isp6.BadValue("count", "is out of range")
	case in.Family != "ipv4" && in.Family != "ipv6":
		return isp6.BadValue("family", "is neither ipv4 nor ipv6")
	case srv.Protected:
		return *d.refuse(srv)
	}
	if in.Family == "ipv6" || d.inUse.Free(&pool.Pool) < in.Count {
		return isp6.Error(http.StatusBadRequest, isp6.CodePoolEmpty, "Not enough free addresses in the pool",
			map[string]any{"pool": pool.ID, "family": in.Family, "count": in.Count})
	}
	var op *dciOperation
	for range in.Count {
		a := d.takeAddress(pool, srv, isp6.AddressAllocating)
		op = d.start(c, srv, dciOperation{Name: opAddressAdd, Address: a})
	}
	return started(srv, op)
}

// deleteAddress gives an address back; it stays in the row until the task is
// done. Asking again for one that is going is no error.
func (d *dci6) deleteAddress(c *panel.Call, srv *dciServer) panel.Reply {
	id := c.ID(1)
	i := slices.IndexFunc(srv.Addresses, func(a dciAddress) bool { return a.ID == id })
	if i < 0 {
		return isp6.NotFound("address", c.Args[1])
	}
	if srv.Protected {
		return *d.refuse(srv)
	}
	for _, op := range d.running {
		if op.Address == id && op.Name == opAddressDel {
			return started(srv, op)
		}
	}
	srv.Addresses[i].Status = isp6.AddressDeleting
	return started(srv, d.start(c, srv, dciOperation{Name: opAddressDel, Address: id}))
}

// finishAddress ends the work on one address. An allocation that ends after
// the deletion began changes nothing any more.
func (d *dci6) finishAddress(srv *dciServer, op *dciOperation) {
	i := slices.IndexFunc(srv.Addresses, func(a dciAddress) bool { return a.ID == op.Address })
	if i < 0 {
		return
	}
	a := &srv.Addresses[i]
	switch {
	case op.Name == opAddressAdd && a.Status == isp6.AddressAllocating:
		a.Status = isp6.AddressActive
		if op.Fail {
			a.Status = isp6.AddressFailed
		}
	case op.Name == opAddressDel && op.Fail:
		a.Status = isp6.AddressActive
	case op.Name == opAddressDel:
		d.inUse.Remove(a.PoolID, a.Name)
		srv.Addresses = slices.Delete(srv.Addresses, i, i+1)
	}
}

// takeAddress gives the server an address of a pool that has one.
func (d *dci6) takeAddress(pool *dciPool, srv *dciServer, status string) (id int) {
	ip, gateway := d.inUse.Take(&pool.Pool)
	id = d.st.NextID("address")
	srv.Addresses = append(srv.Addresses, dciAddress{
		ID: id, PoolID: pool.ID, Name: ip, Gateway: gateway, Network: pool.Network, Domain: srv.Domain, Status: status,
	})
	return id
}
