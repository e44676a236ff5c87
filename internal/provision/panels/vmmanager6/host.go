package vmmanager6

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// vmNewHost has every property that the vendor's call is known to take; those
// of type RawMessage are accepted and change nothing here.
type vmNewHost struct {
	Name       string        `json:"name"`
	Cluster    int           `json:"cluster"`
	Account    int           `json:"account"`
	Domain     string        `json:"domain"`
	Preset     int           `json:"preset"`
	OS         int           `json:"os"`
	Password   string        `json:"password"`
	IPv4       int           `json:"ipv4_number"`
	IPv4Pool   []int         `json:"ipv4_pool"`
	IPv6       bool          `json:"ipv6_enabled"`
	Recipes    []vmRunThis   `json:"recipe_list"`
	Interfaces []vmInterface `json:"custom_interfaces"`
	Comment    string        `json:"comment"`
	EmailMode  string        `json:"send_email_mode"`
	CPU        int           `json:"cpu_number"`
	RAM        int           `json:"ram_mib"`
	Disk       int           `json:"hdd_mib"`
	NetIn      int           `json:"net_in_mbitps"`
	NetOut     int           `json:"net_out_mbitps"`
	Bandwidth  int           `json:"net_bandwidth_mbitps"`
	CPUMode    string        `json:"cpu_mode"`

	Node           json.RawMessage `json:"node"`
	Storage        json.RawMessage `json:"storage"`
	Disks          json.RawMessage `json:"disks"`
	IPv6Pool       json.RawMessage `json:"ipv6_pool"`
	IPv6Prefix     json.RawMessage `json:"ipv6_prefix"`
	RecipeFilters  json.RawMessage `json:"ignore_recipe_filters"`
	NetWeight      json.RawMessage `json:"net_weight"`
	Nesting        json.RawMessage `json:"nesting"`
	CPUModel       json.RawMessage `json:"cpu_custom_model"`
	CPUWeight      json.RawMessage `json:"cpu_weight"`
	IOWeight       json.RawMessage `json:"io_weight"`
	IORead         json.RawMessage `json:"io_read_mbitps"`
	IOWrite        json.RawMessage `json:"io_write_mbitps"`
	IOReadIOPS     json.RawMessage `json:"io_read_iops"`
	IOWriteIOPS    json.RawMessage `json:"io_write_iops"`
	AntiSpoofing   json.RawMessage `json:"anti_spoofing"`
	ConnectionsIn  json.RawMessage `json:"tcp_connections_in"`
	ConnectionsOut json.RawMessage `json:"tcp_connections_out"`
	Processes      json.RawMessage `json:"process_number"`
	Firewall       json.RawMessage `json:"firewall_rules"`
	ExpandPart     json.RawMessage `json:"expand_part"`
}

type vmRunThis struct {
	Recipe int               `json:"recipe"`
	Params []json.RawMessage `json:"recipe_params"`
}

type vmInterface struct {
	Bridge string `json:"bridge"`
	Pool   int    `json:"ippool"`
	Count  int    `json:"ip_count"`
	IPName string `json:"ip_name"`
}

// The panel's own size of a machine for which neither preset nor values say
// anything.
var vmPlain = vmSize{CPU: 1, RAM: 1024, Disk: 10240}

// createHost makes a machine: its row is there at once, in creation.
func (v *vm6) createHost(c *panel.Call) panel.Reply {
	var in vmNewHost
	sent, bad := isp6.Body(c, &in, "name", "cluster", "account", "os", "password")
	if bad != nil {
		return *bad
	}
	cluster := v.st.cluster(in.Cluster)
	if why := v.misfit(in, cluster, sent); why != nil {
		return *why
	}
	h := &vmHost{
		Name: in.Name, Comment: in.Comment, Domain: in.Domain, ClusterID: in.Cluster, AccountID: in.Account,
		PresetID: in.Preset, State: "creating", IPv6: in.IPv6, Size: vmPlain, CPUMode: in.CPUMode,
	}
	if p := v.st.preset(in.Preset); p != nil {
		h.Size, h.CPUMode = h.Size.with(p.vmSize), p.CPUMode
	}
	h.Size = h.Size.with(vmSize{in.CPU, in.RAM, in.Disk, in.NetIn, in.NetOut, in.Bandwidth})
	if bad := v.takeIPs(h, in.IPv4, in.IPv4Pool, "eth0", isp6.AddressAllocating); bad != nil {
		return *bad
	}
	for _, more := range in.Interfaces {
		h.Bridge = more.Bridge
		if bad := v.takeIPs(h, more.Count, []int{more.Pool}, "eth1", isp6.AddressAllocating); bad != nil {
			for _, a := range h.Addresses {
				v.inUse.Remove(a.PoolID, a.IP)
			}
			return *bad
		}
	}
	h.ID = v.st.NextID("host")
	if h.Domain == "" {
		h.Domain = fmt.Sprintf("vm%d.example.com", h.ID)
	}
	v.st.Hosts = append(v.st.Hosts, h)
	first := v.start(c, h, vmTask{Name: vmCreate, System: in.OS}, nil)
	return v.withRecipes(c, h, first, in.Recipes)
}

// misfit says what in the body is not possible, or nil.
func (v *vm6) misfit(in vmNewHost, cluster *vmCluster, sent map[string]bool) *panel.Reply {
	bad := func(field, why string) *panel.Reply {
		rep := isp6.BadValue(field, why)
		return &rep
	}
	system, preset := v.st.system(in.OS), v.st.preset(in.Preset)
	switch {
	case in.Name == "":
		return bad("name", "is empty")
	case cluster == nil:
		return bad("cluster", "names no cluster")
	case v.st.Accounts.Find(in.Account) == nil:
		return bad("account", "names no account")
	case system == nil || system.LXD != (cluster.Virtualization == "lxd"):
		return bad("os", "names no system of the cluster")
	case in.Password == "":
		return bad("password", "is empty")
	case sent["preset"] && (preset == nil || preset.Virtualization != cluster.Virtualization):
		return bad("preset", "names no configuration of the cluster's virtualization")
	case sent["preset"] && (sent["cpu_number"] || sent["ram_mib"] || sent["hdd_mib"] || sent["cpu_mode"]):
		return bad("preset", "excludes cpu_number, ram_mib, hdd_mib and cpu_mode")
	case min(in.CPU, in.RAM, in.Disk, in.NetIn, in.NetOut, in.Bandwidth) < 0:
		return bad("cpu_number", "and other sizes must not be negative")
	case in.IPv4 < 0 || in.IPv4 > isp6.MaxAddresses:
		return bad("ipv4_number", "is out of range")
	case in.EmailMode != "" && in.EmailMode != "default" && in.EmailMode != "saas_only":
		return bad("send_email_mode", "is not a mode")
	case !v.knowsRecipes(in.Recipes):
		return bad("recipe_list", "names no recipe")
	}
	return v.misplaced(in, cluster, bad)
}

// misplaced says which pool or interface is not the cluster's, or nil.
func (v *vm6) misplaced(in vmNewHost, cluster *vmCluster, bad func(field, why string) *panel.Reply) *panel.Reply {
	for _, id := range slices.Concat(in.IPv4Pool, poolsOf(in.Interfaces)) {
		if p := v.st.pool(id); p == nil || !slices.Contains(p.Clusters, cluster.ID) {
			return bad("ipv4_pool", "names no pool of the cluster")
		}
	}
	for _, more := range in.Interfaces {
		if more.Bridge == "" || more.Count < 0 || more.Count > isp6.MaxAddresses {
			return bad("custom_interfaces", "has no bridge or too many addresses")
		}
	}
	return nil
}

func poolsOf(all []vmInterface) (ids []int) {
	for _, i := range all {
		if i.Count > 0 {
			ids = append(ids, i.Pool)
		}
	}
	return ids
}

func (v *vm6) knowsRecipes(all []vmRunThis) bool {
	return !slices.ContainsFunc(all, func(r vmRunThis) bool { return v.st.recipe(r.Recipe) == nil })
}

// withRecipes queues recipes behind an installation and answers both.
func (v *vm6) withRecipes(c *panel.Call, h *vmHost, first *vmTask, recipes []vmRunThis) panel.Reply {
	body := map[string]any{"id": h.ID, "task": first.ID + isp6.TaskOffset}
	list, last := []int{}, first
	for _, r := range recipes {
		last = v.start(c, h, vmTask{Name: vmRunRecipe, Recipe: r.Recipe}, last)
		list = append(list, last.ID+isp6.TaskOffset)
	}
	if body["recipe_task_list"] = list; len(list) > 0 {
		body["recipe_task"] = list[0]
	}
	return isp6.OK(body)
}

func (v *vm6) editHost(c *panel.Call, h *vmHost) panel.Reply {
	var in struct {
		Name    string `json:"name"`
		Comment string `json:"comment"`
	}
	sent, bad := isp6.Body(c, &in)
	if bad != nil {
		return *bad
	}
	if sent["name"] {
		h.Name = in.Name
	}
	if sent["comment"] {
		h.Comment = in.Comment
	}
	c.Changed = true
	return isp6.OK(map[string]any{"id": h.ID})
}

func (v *vm6) setAccount(c *panel.Call, h *vmHost) panel.Reply {
	var in struct {
		Account int `json:"account"`
	}
	if _, bad := isp6.Body(c, &in, "account"); bad != nil {
		return *bad
	}
	if v.st.Accounts.Find(in.Account) == nil {
		return isp6.BadValue("account", "names no account")
	}
	h.AccountID, c.Changed = in.Account, true
	return isp6.OK(map[string]any{"id": h.ID})
}

// deleteHost begins a deletion; asking again for one that goes is no error.
func (v *vm6) deleteHost(c *panel.Call, h *vmHost) panel.Reply {
	for _, t := range v.open {
		if t.HostID == h.ID && t.Name == vmDelete {
			return vmStarted(h.ID, t)
		}
	}
	if bad := v.refuse(h); bad != nil {
		return *bad
	}
	h.State = "deleting"
	return vmStarted(h.ID, v.start(c, h, vmTask{Name: vmDelete}, nil))
}

// power serves the calls that need a machine in one of the given states.
func (v *vm6) power(name string, from ...string) func(*panel.Call, *vmHost) panel.Reply {
	return func(c *panel.Call, h *vmHost) panel.Reply {
		if _, bad := isp6.Body(c, &struct{}{}); bad != nil {
			return *bad
		}
		if bad := v.refuse(h); bad != nil {
			return *bad
		}
		if !slices.Contains(from, h.State) || h.Disabled {
			return wrongState(h)
		}
		return vmStarted(h.ID, v.start(c, h, vmTask{Name: name}, nil))
	}
}

func (v *vm6) stopHost(c *panel.Call, h *vmHost) panel.Reply {
	var in struct {
		Force bool `json:"force"`
	}
	if _, bad := isp6.Body(c, &in); bad != nil {
		return *bad
	}
	if bad := v.refuse(h); bad != nil {
		return *bad
	}
	if h.State != "active" {
		return wrongState(h)
	}
	return vmStarted(h.ID, v.start(c, h, vmTask{Name: vmStop}, nil))
}

func (v *vm6) reinstallHost(c *panel.Call, h *vmHost) panel.Reply {
	var in struct {
		OS            int             `json:"os"`
		Password      string          `json:"password"`
		Recipes       []vmRunThis     `json:"recipe_list"`
		EmailMode     string          `json:"send_email_mode"`
		RecipeFilters json.RawMessage `json:"ignore_recipe_filters"`
	}
	if _, bad := isp6.Body(c, &in, "os", "password"); bad != nil {
		return *bad
	}
	system := v.st.system(in.OS)
	switch {
	case system == nil || !slices.Contains(system.Clusters, h.ClusterID):
		return isp6.BadValue("os", "names no system of the cluster")
	case in.Password == "":
		return isp6.BadValue("password", "is empty")
	case !v.knowsRecipes(in.Recipes):
		return isp6.BadValue("recipe_list", "names no recipe")
	}
	if bad := v.refuse(h); bad != nil {
		return *bad
	}
	if h.Disabled || h.State == "creating" {
		return wrongState(h)
	}
	return v.withRecipes(c, h, v.start(c, h, vmTask{Name: vmReinstall, System: in.OS}, nil), in.Recipes)
}

// vmDefer is how a change waits.
type vmDefer struct {
	Action string `json:"action"`
}

func (v *vm6) resizeHost(c *panel.Call, h *vmHost) panel.Reply {
	in := struct {
		CPU       int             `json:"cpu_number"`
		RAM       int             `json:"ram_mib"`
		NetIn     int             `json:"net_in_mbitps"`
		NetOut    int             `json:"net_out_mbitps"`
		Bandwidth int             `json:"net_bandwidth_mbitps"`
		CPUMode   string          `json:"cpu_mode"`
		Nesting   json.RawMessage `json:"nesting"`
		IOWeight  json.RawMessage `json:"io_weight"`
		IORead    json.RawMessage `json:"io_read_mbitps"`
		IOWrite   json.RawMessage `json:"io_write_mbitps"`
		IOReads   json.RawMessage `json:"io_read_iops"`
		IOWrites  json.RawMessage `json:"io_write_iops"`
		Firewall  json.RawMessage `json:"firewall_rules"`
		Defer     *vmDefer        `json:"defer"`
	}{}
	sent, bad := isp6.Body(c, &in)
	if bad != nil {
		return *bad
	}
	for field, value := range map[string]int{
		"cpu_number": in.CPU, "ram_mib": in.RAM, "net_in_mbitps": in.NetIn, "net_out_mbitps": in.NetOut, "net_bandwidth_mbitps": in.Bandwidth,
	} {
		if value < 0 || sent[field] && value == 0 {
			return isp6.BadValue(field, "is not positive")
		}
	}
	return v.change(c, h, h.ID, vmTask{Name: vmResize, CPUMode: in.CPUMode, Size: vmSize{
		CPU: in.CPU, RAM: in.RAM, NetIn: in.NetIn, NetOut: in.NetOut, Bandwidth: in.Bandwidth,
	}}, in.Defer)
}

// growDisk enlarges a machine's disk, whose number is the machine's here.
func (v *vm6) growDisk(c *panel.Call) panel.Reply {
	h := v.st.host(c.ID(0) - vmDiskOffset)
	if h == nil {
		return isp6.NotFound("disk", c.Args[0])
	}
	var in struct {
		Size  int      `json:"size_mib"`
		Defer *vmDefer `json:"defer"`
	}
	if _, bad := isp6.Body(c, &in, "size_mib"); bad != nil {
		return *bad
	}
	if in.Size <= h.Size.Disk {
		return isp6.BadValue("size_mib", "is not more than the disk has")
	}
	return v.change(c, h, h.ID+vmDiskOffset, vmTask{Name: vmDiskSize, Size: vmSize{Disk: in.Size}}, in.Defer)
}

// change begins a change of size on a stopped machine, or lets it wait for
// the next stop where the caller asks for that.
func (v *vm6) change(c *panel.Call, h *vmHost, id int, t vmTask, later *vmDefer) panel.Reply {
	if later != nil && later.Action != vmStop {
		return isp6.BadValue("defer", "is no action")
	}
	if bad := v.refuse(h); bad != nil {
		return *bad
	}
	switch {
	case h.State == "stopped":
	case h.State == "active" && later != nil:
		t.Deferred = true
	default:
		return wrongState(h)
	}
	h.Next = h.Next.with(t.Size)
	return vmStarted(id, v.start(c, h, t, nil))
}

// lock sets the panel's own lock; nobody's text shows this call.
func (v *vm6) lock(on bool) func(*panel.Call, *vmHost) panel.Reply {
	return func(c *panel.Call, h *vmHost) panel.Reply {
		if _, bad := isp6.Body(c, &struct{}{}); bad != nil {
			return *bad
		}
		if bad := v.refuse(h); bad != nil {
			return *bad
		}
		h.Disabled, c.Changed = on, true
		return panel.NewReply(http.StatusOK, map[string]any{"id": h.ID})
	}
}
