package vmmanager6

import (
	"net/http"
	"slices"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// takeIPs gives a machine addresses, out of the named pools in their order or
// out of all of its cluster's; all of them or none.
func (v *vm6) takeIPs(h *vmHost, count int, from []int, iface, state string) *panel.Reply {
	if len(from) == 0 {
		for _, p := range v.st.Pools {
			if slices.Contains(p.Clusters, h.ClusterID) && p.Interface == 1 {
				from = append(from, p.ID)
			}
		}
	}
	left := 0
	for _, id := range from {
		left += v.inUse.Free(&v.st.pool(id).Pool)
	}
	if left < count {
		rep := isp6.Error(http.StatusBadRequest, isp6.CodePoolEmpty, "Not enough free addresses in the pools",
			map[string]any{"ipv4_pool": from, "count": count})
		return &rep
	}
	for _, id := range from {
		p := v.st.pool(id)
		for count > 0 && v.inUse.Free(&p.Pool) > 0 {
			v.takeIP(h, p, iface, state)
			count--
		}
	}
	return nil
}

// takeIP gives a machine an address of a pool that has one.
func (v *vm6) takeIP(h *vmHost, p *vmPool, iface, state string) {
	ip, gateway := v.inUse.Take(&p.Pool)
	h.Addresses = append(h.Addresses, vmAddress{
		ID: v.st.NextID("ip"), PoolID: p.ID, IP: ip, Gateway: gateway, Network: p.Network, Interface: iface, State: state,
	})
}

// addIPs takes more addresses, or switches the other family.
func (v *vm6) addIPs(c *panel.Call, h *vmHost) panel.Reply {
	var in struct {
		Number int   `json:"ipv4_number"`
		Pool   []int `json:"ipv4_pool"`
		IPv6   *bool `json:"ipv6_enabled"`
	}
	sent, bad := isp6.Body(c, &in)
	if bad != nil {
		return *bad
	}
	for _, id := range in.Pool {
		if p := v.st.pool(id); p == nil || !slices.Contains(p.Clusters, h.ClusterID) {
			return isp6.BadValue("ipv4_pool", "names no pool of the cluster")
		}
	}
	if sent["ipv4_number"] && (in.Number < 1 || in.Number > isp6.MaxAddresses) || !sent["ipv4_number"] && in.IPv6 == nil {
		return isp6.BadValue("ipv4_number", "is out of range")
	}
	if bad := v.refuse(h); bad != nil {
		return *bad
	}
	before := len(h.Addresses)
	if bad := v.takeIPs(h, in.Number, in.Pool, "eth0", isp6.AddressAllocating); bad != nil {
		return *bad
	}
	var last *vmTask
	for _, a := range h.Addresses[before:] {
		last = v.start(c, h, vmTask{Name: vmIPAdd, Address: a.ID}, nil)
	}
	if in.IPv6 != nil {
		last = v.start(c, h, vmTask{Name: vmIPChange, IPv6: in.IPv6}, nil)
	}
	return vmStarted(h.ID, last)
}

// deleteIP gives an address back; asking again for one that goes is no error.
func (v *vm6) deleteIP(c *panel.Call) panel.Reply {
	for _, h := range v.st.Hosts {
		i := slices.IndexFunc(h.Addresses, func(a vmAddress) bool { return a.ID == c.ID(0) })
		if i < 0 {
			continue
		}
		for _, t := range v.open {
			if t.Name == vmIPDelete && t.Address == h.Addresses[i].ID {
				return vmStarted(t.Address, t)
			}
		}
		if bad := v.refuse(h); bad != nil {
			return *bad
		}
		h.Addresses[i].State = isp6.AddressDeleting
		return vmStarted(h.Addresses[i].ID, v.start(c, h, vmTask{Name: vmIPDelete, Address: h.Addresses[i].ID}, nil))
	}
	return isp6.NotFound("ip", c.Args[0])
}

// finishAddress ends the work on one address; one whose allocation failed is
// taken away again.
func (v *vm6) finishAddress(h *vmHost, t *vmTask) {
	i := slices.IndexFunc(h.Addresses, func(a vmAddress) bool { return a.ID == t.Address })
	switch {
	case i < 0:
	case (t.Name == vmIPAdd) == t.Fail:
		v.inUse.Remove(h.Addresses[i].PoolID, h.Addresses[i].IP)
		h.Addresses = slices.Delete(h.Addresses, i, i+1)
	default:
		h.Addresses[i].State = isp6.AddressActive
	}
}

func (v *vm6) listIPv4(c *panel.Call, h *vmHost) panel.Reply {
	rows := []map[string]any{}
	for _, a := range h.Addresses {
		rows = append(rows, map[string]any{
			"id": a.ID, "ip_addr": a.IP, "domain": h.Domain, "gateway": a.Gateway,
			"mask": netmask(a.Network), "state": a.State, "family": 4, "ippool": a.PoolID, "network": a.Network,
			"host": map[string]any{"id": h.ID, "name": h.Name, "interface": a.Interface},
		})
	}
	return isp6.List(c, v.st.Revision, rows)
}

func (v *vm6) showIPv6(_ *panel.Call, h *vmHost) panel.Reply {
	return isp6.OK(map[string]any{"ipv6_enabled": h.IPv6, "ipv6_prefix": ipv6Of(h), "ipv6_ptr_enabled": false})
}
