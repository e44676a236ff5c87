package vmmanager6

import (
	"fmt"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// vmStock is what POST /control/vmmanager6/servers takes: a machine that was
// made by somebody else and runs.
type vmStock struct {
	Name       string `json:"name"`
	OwnerEmail string `json:"owner_email"`
	Cluster    string `json:"cluster"`
	Preset     string `json:"preset"`
	OS         string `json:"os"`
	Domain     string `json:"domain"`
	Comment    string `json:"comment"`
	Count      int    `json:"count"`
}

// vmNewPool is what POST /control/vmmanager6/pools takes.
type vmNewPool struct {
	Name      string   `json:"name"`
	Network   string   `json:"network"`
	Clusters  []string `json:"clusters"`
	Interface int      `json:"interface"`
}

func (v *vm6) Control(what string, body []byte, _ time.Time) (any, error) {
	switch what {
	case "servers":
		in := vmStock{Count: 1, Cluster: "KVM", Preset: "Basic", OS: "Debian-12"}
		if err := panel.StrictJSON(body, &in); err != nil {
			return nil, err
		}
		return v.addStock(in)
	case "pools":
		in := vmNewPool{Interface: 1}
		if err := panel.StrictJSON(body, &in); err != nil {
			return nil, err
		}
		return v.addPool(in)
	}
	return nil, panel.ErrNotFound
}

func (v *vm6) addStock(in vmStock) (any, error) {
	cluster := v.clusterNamed(in.Cluster)
	if in.Name == "" || !strings.Contains(in.OwnerEmail, "@") || cluster == nil || in.Count < 1 || in.Count > panel.MaxStock {
		return nil, fmt.Errorf("name, owner_email and a known cluster are needed, count is 1 to %d", panel.MaxStock)
	}
	h := vmHost{Name: in.Name, Comment: in.Comment, Domain: in.Domain, ClusterID: cluster.ID, State: "active", Size: vmPlain}
	for _, p := range v.st.Presets {
		if p.Name == in.Preset && p.Virtualization == cluster.Virtualization {
			h.PresetID, h.Size = p.ID, h.Size.with(p.vmSize)
		}
	}
	for _, s := range v.st.Systems {
		if s.Name == in.OS && s.LXD == (cluster.Virtualization == "lxd") {
			h.SystemID = s.ID
		}
	}
	if a := v.st.Accounts.Of(in.OwnerEmail); a != nil {
		h.AccountID = a.ID
	} else {
		h.AccountID = v.addAccount(isp6.User{Email: in.OwnerEmail, Role: "@user"})
	}
	var list []map[string]any
	for range in.Count {
		one := h
		if bad := v.takeIPs(&one, 1, nil, "eth0", isp6.AddressActive); bad != nil {
			return nil, fmt.Errorf("the pools are empty")
		}
		one.ID = v.st.NextID("host")
		v.st.Hosts = append(v.st.Hosts, &one)
		list = append(list, v.hostView(&one))
	}
	v.st.Revision++
	return map[string]any{"list": list}, nil
}

func (v *vm6) clusterNamed(name string) *vmCluster {
	for i := range v.st.Clusters {
		if strings.EqualFold(v.st.Clusters[i].Name, name) {
			return &v.st.Clusters[i]
		}
	}
	return nil
}

func (v *vm6) addPool(in vmNewPool) (any, error) {
	pool := &vmPool{Pool: isp6.Pool{Name: in.Name, Network: in.Network}, Interface: in.Interface}
	if err := isp6.CheckNetwork(in.Network); err != nil {
		return nil, err
	}
	for _, p := range v.st.Pools {
		if err := pool.Fits(&p.Pool); err != nil {
			return nil, err
		}
	}
	for _, name := range in.Clusters {
		cluster := v.clusterNamed(name)
		if cluster == nil {
			return nil, fmt.Errorf("there is no cluster %q", name)
		}
		pool.Clusters = append(pool.Clusters, cluster.ID)
	}
	if in.Name == "" || len(pool.Clusters) == 0 || in.Interface < 1 {
		return nil, fmt.Errorf("name and clusters are needed, interface is 1 or more")
	}
	pool.ID = v.st.NextID("pool")
	v.st.Pools = append(v.st.Pools, pool)
	v.st.Revision++
	return v.poolRow(pool), nil
}

// hostView is the machine as the control API shows it: what is behind the
// vendor's row, under the names that all panels have there.
func (v *vm6) hostView(h *vmHost) map[string]any {
	var owner, system any
	if a := v.st.Accounts.Find(h.AccountID); a != nil {
		owner = a.Email
	}
	if s := v.st.system(h.SystemID); s != nil {
		system = map[string]any{"id": s.ID, "name": s.Name}
	}
	preset := ""
	if p := v.st.preset(h.PresetID); p != nil {
		preset = p.Name
	}
	addresses := []map[string]any{}
	for _, a := range h.Addresses {
		addresses = append(addresses, map[string]any{"id": a.ID, "name": a.IP, "pool_id": a.PoolID, "interface": a.Interface, "status": a.State})
	}
	return map[string]any{
		"id": h.ID, "name": h.Name, "comment": h.Comment, "domain": h.Domain, "cluster": v.st.cluster(h.ClusterID).Name,
		"owner_id": isp6.IDOrNull(h.AccountID), "owner_email": owner, "preset": preset, "cpu_mode": h.CPUMode, "state": h.State,
		"power": panel.OnOff(h.State == "active"), "disabled": h.Disabled, "os_template": system, "recipes": append([]int{}, h.Recipes...),
		"cpu": h.Size.CPU, "ram_mib": h.Size.RAM, "disk_mib": h.Size.Disk,
		"net_in_mbitps": h.Size.NetIn, "net_out_mbitps": h.Size.NetOut, "ipv6": h.IPv6,
		"ports":     v.hostRow(h)["interfaces"],
		"addresses": addresses,
	}
}

func (v *vm6) View(time.Time) map[string]any {
	servers := make([]map[string]any, 0, len(v.st.Hosts))
	for _, h := range v.st.Hosts {
		servers = append(servers, v.hostView(h))
	}
	operations := make([]map[string]any, 0, len(v.st.Tasks))
	for _, t := range v.st.Tasks {
		operations = append(operations, map[string]any{
			"id": t.ID, "task": t.ID + isp6.TaskOffset, "server_id": t.HostID, "name": t.Name, "status": t.Status, "status_info": t.Output,
			"deferred": t.Deferred, "started_at": t.StartedAt, "done_at": t.DoneAt,
		})
	}
	pools := make([]map[string]any, 0, len(v.st.Pools))
	for _, p := range v.st.Pools {
		row := v.poolRow(p)
		row["network"], row["total"], row["free"] = p.Network, p.Total(), v.inUse.Free(&p.Pool)
		pools = append(pools, row)
	}
	return map[string]any{
		"servers": servers, "operations": operations, "pools": pools,
		"users": append(isp6.Users{}, v.st.Accounts...), "clusters": append([]vmCluster{}, v.st.Clusters...),
		"presets": append([]vmPreset{}, v.st.Presets...),
	}
}
