package vmmanager6

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// vmDiskOffset sets the number of a disk apart from that of its machine.
const vmDiskOffset = 500

// hostRow is the machine as the vendor's list shows it.
func (v *vm6) hostRow(h *vmHost) map[string]any {
	next := h.Size.with(h.Next)
	ips := []map[string]any{}
	for _, a := range h.Addresses {
		ips = append(ips, map[string]any{"ip": a.IP, "interface": a.Interface})
	}
	cluster := v.st.cluster(h.ClusterID)
	row := map[string]any{
		"id": h.ID, "internal_name": fmt.Sprintf("%d_%s", h.ID, h.Name), "name": h.Name, "state": h.State,
		"domain": h.Domain, "comment": h.Comment, "ip4": ips, "ip6": []any{},
		"interfaces": []map[string]any{{"host_interface": "eth0", "mac": fmt.Sprintf("52:54:00:00:%02x:%02x", h.ID/256%256, h.ID%256), "node_interface": "vmbr0"}},
		"node":       map[string]any{"id": cluster.ID, "name": "node-" + cluster.Virtualization, "ip_addr": "192.0.2.1"},
		"cluster":    map[string]any{"id": cluster.ID, "name": cluster.Name, "datacenter_type": "common"},
		"account":    nil,
		"disk":       map[string]any{"id": h.ID + vmDiskOffset, "disk_mib": h.Size.Disk, "disk_mib_new": next.Disk},
		"disk_count": 1, "cpu_number": h.Size.CPU, "cpu_number_new": next.CPU, "ram_mib": h.Size.RAM, "ram_mib_new": next.RAM,
		"net_bandwidth_mbitps": isp6.IDOrNull(h.Size.Bandwidth), "net_in_mbitps": isp6.IDOrNull(h.Size.NetIn), "net_out_mbitps": isp6.IDOrNull(h.Size.NetOut),
		"os_name": "", "os_group": "linux", "uptime": 0, "rescue_mode": false, "iso_mounted": false, "disabled": h.Disabled,
		"ip_automation": "", "net_is_synced": true, "tags": []any{}, "firewall_rules": []any{}, "vxlan": []any{},
	}
	if h.IPv6 {
		row["ip6"] = []map[string]any{{"ip": ipv6Of(h), "interface": "eth0"}}
	}
	if h.Bridge != "" {
		row["interfaces"] = append(row["interfaces"].([]map[string]any), map[string]any{"host_interface": "eth1", "mac": "", "node_interface": h.Bridge})
	}
	if a := v.st.Accounts.Find(h.AccountID); a != nil {
		row["account"] = map[string]any{"id": a.ID, "email": a.Email}
	}
	if s := v.st.system(h.SystemID); s != nil {
		row["os_name"] = s.Name
	}
	return row
}

// ipv6Of is the prefix of a machine that has the other family.
func ipv6Of(h *vmHost) any {
	if !h.IPv6 {
		return nil
	}
	return fmt.Sprintf("2001:db8:0:%x::/64", h.ID)
}

func netmask(network string) string {
	return net.IP(net.CIDRMask(netip.MustParsePrefix(network).Bits(), 32)).String()
}

func (v *vm6) listHosts(c *panel.Call) panel.Reply {
	all := v.st.Hosts
	return isp6.ListOf(c, v.st.Revision, isp6.Rows{
		N: len(all), Make: func(i int) map[string]any { return v.hostRow(all[i]) },
		Plain: map[string]func(int) any{
			"id": func(i int) any { return all[i].ID }, "name": func(i int) any { return all[i].Name },
			"comment": func(i int) any { return all[i].Comment }, "state": func(i int) any { return all[i].State },
		},
	})
}

// shortHost is the machine alone, which the vendor shows with few members.
func (v *vm6) shortHost(_ *panel.Call, h *vmHost) panel.Reply {
	return isp6.OK(map[string]any{
		"id": h.ID, "internal_name": fmt.Sprintf("%d_%s", h.ID, h.Name), "node": h.ClusterID, "name": h.Name, "state": h.State,
		"cpu_number": h.Size.CPU, "ram_mib": h.Size.RAM, "expand_part": "", "net_is_synced": true, "ip_automation": "",
	})
}

// sums are the sizes of a cluster's machines.
func (v *vm6) sums(cluster int) (n int, s vmSize) {
	for _, h := range v.st.Hosts {
		if h.ClusterID == cluster {
			n++
			s.CPU, s.RAM, s.Disk = s.CPU+h.Size.CPU, s.RAM+h.Size.RAM, s.Disk+h.Size.Disk
		}
	}
	return n, s
}

func (v *vm6) listClusters(c *panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, x := range v.st.Clusters {
		n, s := v.sums(x.ID)
		rows = append(rows, map[string]any{
			"id": x.ID, "name": x.Name, "comment": "", "virtualization_type": x.Virtualization, "datacenter_type": "common",
			"state": "active", "host_count": n, "node_count": 1, "host_per_node_limit": nil,
			"cpu_number":  map[string]any{"total": 4096, "used": s.CPU},
			"ram_mib":     map[string]any{"total": 1 << 24, "used": s.RAM},
			"storage_mib": map[string]any{"total": 1 << 30, "used": s.Disk},
			"storages":    []any{}, "domain_template": "vm{id}.example.com", "dns_servers": []string{"192.0.2.53"}, "vxlan_mode": "off",
		})
	}
	return isp6.List(c, v.st.Revision, rows)
}

func (v *vm6) listNodes(c *panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, x := range v.st.Clusters {
		n, s := v.sums(x.ID)
		rows = append(rows, map[string]any{
			"id": x.ID, "name": "node-" + x.Virtualization, "cluster": map[string]any{"id": x.ID, "name": x.Name}, "ip": "192.0.2.1",
			"state": "active", "host_count": n, "host_limit": nil, "cpu_number": 64,
			"storage_mib":           map[string]any{"total": 1 << 30, "used": s.Disk},
			"ram_mib":               map[string]any{"total": 1 << 24, "used": s.RAM},
			"host_creation_blocked": false, "maintenance_mode": false,
		})
	}
	return isp6.List(c, v.st.Revision, rows)
}

func (v *vm6) listPresets(c *panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, p := range v.st.Presets {
		rows = append(rows, map[string]any{
			"id": p.ID, "name": p.Name, "virtualization_type": p.Virtualization, "cpu_number": p.CPU, "ram_mib": p.RAM,
			"hdd_mib": p.Disk, "disks": []any{}, "cpu_mode": p.CPUMode, "nesting": false,
			"net_in_mbitps": isp6.IDOrNull(p.NetIn), "net_out_mbitps": isp6.IDOrNull(p.NetOut), "cpu_weight": nil, "io_weight": nil,
			"anti_spoofing": true, "tcp_connections_in": nil, "tcp_connections_out": nil, "process_number": nil, "firewall_rules": []any{},
		})
	}
	return isp6.List(c, v.st.Revision, rows)
}

func (v *vm6) createPreset(c *panel.Call) panel.Reply {
	var in struct {
		Name           string `json:"name"`
		Virtualization string `json:"virtualization_type"`
		CPU            int    `json:"cpu_number"`
		RAM            int    `json:"ram_mib"`
		Disk           int    `json:"hdd_mib"`
		CPUMode        string `json:"cpu_mode"`
		NetIn          int    `json:"net_in_mbitps"`
		NetOut         int    `json:"net_out_mbitps"`
	}
	if _, bad := isp6.Body(c, &in, "name", "virtualization_type", "cpu_number", "ram_mib"); bad != nil {
		return *bad
	}
	if in.Name == "" || in.CPU < 1 || in.RAM < 1 || in.Virtualization != "kvm" && in.Virtualization != "lxd" {
		return isp6.BadValue("name", "or another one is not possible")
	}
	p := vmPreset{
		ID: v.st.NextID("preset"), Name: in.Name, Virtualization: in.Virtualization, CPUMode: in.CPUMode,
		vmSize: vmSize{CPU: in.CPU, RAM: in.RAM, Disk: in.Disk, NetIn: in.NetIn, NetOut: in.NetOut},
	}
	v.st.Presets = append(v.st.Presets, p)
	c.Changed = true
	return isp6.OK(map[string]any{"id": p.ID})
}

func (v *vm6) listSystems(c *panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, s := range v.st.Systems {
		rows = append(rows, map[string]any{
			"id": s.ID, "name": s.Name, "os_group": "linux", "state": "active", "adminonly": s.AdminOnly, "repository": "main",
			"tags": []string{}, "clusters": v.clusterRows(s.Clusters, 0), "nodes": []any{}, "kms_supported": false, "is_lxd_image": s.LXD,
		})
	}
	return isp6.List(c, v.st.Revision, rows)
}

func (v *vm6) clusterRows(ids []int, iface int) []map[string]any {
	rows := []map[string]any{}
	for _, x := range v.st.Clusters {
		if !slices.Contains(ids, x.ID) {
			continue
		}
		row := map[string]any{"id": x.ID, "name": x.Name}
		if iface != 0 {
			row["interface"] = iface
		}
		rows = append(rows, row)
	}
	return rows
}

func (v *vm6) listRecipes(c *panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, r := range v.st.Recipes {
		rows = append(rows, map[string]any{
			"id": r.ID, "name": r.Name, "repository": "main", "tags": []string{}, "has_email": false, "access": r.Access, "params_count": 0,
		})
	}
	return isp6.List(c, v.st.Revision, rows)
}

func (v *vm6) poolRow(p *vmPool) map[string]any {
	return map[string]any{
		"id": p.ID, "name": p.Name, "ipv4": map[string]any{"total": p.Total(), "used": v.inUse.Of(&p.Pool)},
		"ipv6": map[string]any{"total": 0, "used": 0}, "clusters": v.clusterRows(p.Clusters, p.Interface),
	}
}

func (v *vm6) listPools(c *panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, p := range v.st.Pools {
		rows = append(rows, v.poolRow(p))
	}
	return isp6.List(c, v.st.Revision, rows)
}
