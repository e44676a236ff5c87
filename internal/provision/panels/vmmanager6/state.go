package vmmanager6

import (
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// What VMmanager 6 holds. The types are the kept file's form; what a client
// sees is made from them in rows.go.

type vmHost struct {
	ID        int         `json:"id"`
	Name      string      `json:"name"`
	Comment   string      `json:"comment"`
	Domain    string      `json:"domain"`
	ClusterID int         `json:"cluster_id"`
	AccountID int         `json:"account_id"`
	PresetID  int         `json:"preset_id"` // 0: made of values
	SystemID  int         `json:"os_id"`
	State     string      `json:"state"`
	Disabled  bool        `json:"disabled"`
	Size      vmSize      `json:"size"`
	CPUMode   string      `json:"cpu_mode"`
	Next      vmSize      `json:"next"` // what waits for a stop; 0: nothing
	IPv6      bool        `json:"ipv6"`
	Bridge    string      `json:"bridge"` // of the additional interface; "": it has none
	Recipes   []int       `json:"recipes"`
	Addresses []vmAddress `json:"addresses"`
}

// vmSize is what a machine has; 0 is no limit.
type vmSize struct {
	CPU       int `json:"cpu_number"`
	RAM       int `json:"ram_mib"`
	Disk      int `json:"hdd_mib"`
	NetIn     int `json:"net_in_mbitps"`
	NetOut    int `json:"net_out_mbitps"`
	Bandwidth int `json:"net_bandwidth_mbitps"`
}

type vmAddress struct {
	ID        int    `json:"id"`
	PoolID    int    `json:"pool_id"`
	IP        string `json:"ip"`
	Gateway   string `json:"gateway"`
	Network   string `json:"network"`
	Interface string `json:"interface"`
	State     string `json:"state"` // allocating, active, deleting
}

// States of a task, the vendor's words.
const (
	vmTaskCreated  = "created"
	vmTaskRunning  = "running"
	vmTaskComplete = "complete"
	vmTaskFail     = "fail"
)

// vmTask is one piece of work in time. A deferred one has no time until the
// machine stops.
type vmTask struct {
	ID        int       `json:"id"`
	HostID    int       `json:"host_id"`
	Name      string    `json:"name"`
	Status    string    `json:"status"`
	Output    string    `json:"output"`
	Deferred  bool      `json:"deferred,omitempty"`
	QueuedAt  time.Time `json:"queued_at"`
	StartedAt time.Time `json:"started_at"`
	DoneAt    time.Time `json:"done_at"`
	Fail      bool      `json:"fail,omitempty"`
	System    int       `json:"os_id,omitempty"`
	Recipe    int       `json:"recipe_id,omitempty"`
	Size      vmSize    `json:"size"`
	CPUMode   string    `json:"cpu_mode,omitempty"`
	Address   int       `json:"address_id,omitempty"`
	IPv6      *bool     `json:"ipv6,omitempty"`
}

func (t *vmTask) over() bool { return t.Status == vmTaskComplete || t.Status == vmTaskFail }

type vmCluster struct {
	ID             int    `json:"id"`
	Name           string `json:"name"`
	Virtualization string `json:"virtualization_type"`
}

type vmPreset struct {
	ID             int    `json:"id"`
	Name           string `json:"name"`
	Virtualization string `json:"virtualization_type"`
	CPUMode        string `json:"cpu_mode"`
	vmSize
}

type vmSystem struct {
	ID        int    `json:"id"`
	Name      string `json:"name"`
	AdminOnly bool   `json:"adminonly"`
	Clusters  []int  `json:"clusters"`
	LXD       bool   `json:"is_lxd_image"`
}

type vmRecipe struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Access string `json:"access"`
}

// vmPool is a pool of clusters; where one is tied to another interface it
// serves additional ones only.
type vmPool struct {
	isp6.Pool
	Clusters  []int `json:"clusters"`
	Interface int   `json:"interface"`
}

type vmState struct {
	isp6.State
	Clusters []vmCluster `json:"clusters"`
	Presets  []vmPreset  `json:"presets"`
	Systems  []vmSystem  `json:"systems"`
	Recipes  []vmRecipe  `json:"recipes"`
	Pools    []*vmPool   `json:"pools"`
	Accounts isp6.Users  `json:"accounts"`
	Hosts    []*vmHost   `json:"hosts"`
	Tasks    []*vmTask   `json:"tasks"`
}

// newVMState is the panel as the contract names it: a KVM and an LXD cluster
// and preset Basic in both, systems, recipes and pools, and no machine.
func newVMState() vmState {
	basic := vmSize{CPU: 1, RAM: 2048, Disk: 20480, NetIn: 100, NetOut: 100}
	return vmState{
		State: isp6.NewState(map[string]int{"account": isp6.AdminID, "preset": 4, "pool": 3}),
		Clusters: []vmCluster{
			{ID: 1, Name: "KVM", Virtualization: "kvm"},
			{ID: 2, Name: "LXD", Virtualization: "lxd"},
		},
		Presets: []vmPreset{
			{ID: 1, Name: "Basic", Virtualization: "kvm", CPUMode: "default", vmSize: basic},
			{ID: 2, Name: "Basic", Virtualization: "lxd", CPUMode: "default", vmSize: basic},
			{ID: 3, Name: "Large", Virtualization: "kvm", CPUMode: "host-model", vmSize: vmSize{CPU: 4, RAM: 8192, Disk: 81920, NetIn: 1000, NetOut: 1000}},
			{ID: 4, Name: "Large", Virtualization: "lxd", CPUMode: "default", vmSize: vmSize{CPU: 4, RAM: 8192, Disk: 81920, NetIn: 1000, NetOut: 1000}},
		},
		Systems: []vmSystem{
			{ID: 1, Name: "Debian-12", Clusters: []int{1}},
			{ID: 2, Name: "Ubuntu-24.04", Clusters: []int{1}},
			{ID: 3, Name: "Debian-12", Clusters: []int{2}, LXD: true},
			{ID: 4, Name: "Ubuntu-24.04", Clusters: []int{2}, LXD: true},
			{ID: 5, Name: "Almighty rescue", Clusters: []int{1}, AdminOnly: true},
		},
		Recipes: []vmRecipe{{ID: 1, Name: "docker", Access: "all"}, {ID: 2, Name: "lamp", Access: "all"}, {ID: 3, Name: "burn-in", Access: "admin"}},
		Pools: []*vmPool{
			{Pool: isp6.Pool{ID: 1, Name: "Public", Network: "198.19.0.0/24"}, Clusters: []int{1, 2}, Interface: 1},
			{Pool: isp6.Pool{ID: 2, Name: "Public two", Network: "198.19.64.0/18"}, Clusters: []int{1, 2}, Interface: 1},
			{Pool: isp6.Pool{ID: 3, Name: "Private", Network: "10.91.0.0/18"}, Clusters: []int{1, 2}, Interface: 2},
		},
		Accounts: isp6.FirstUsers(),
	}
}

func (s *vmState) host(id int) *vmHost {
	for _, h := range s.Hosts {
		if h.ID == id {
			return h
		}
	}
	return nil
}

func (s *vmState) pool(id int) *vmPool {
	for _, p := range s.Pools {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (s *vmState) cluster(id int) *vmCluster {
	return panel.ByID(s.Clusters, id, func(c *vmCluster) int { return c.ID })
}

func (s *vmState) preset(id int) *vmPreset {
	return panel.ByID(s.Presets, id, func(p *vmPreset) int { return p.ID })
}

func (s *vmState) system(id int) *vmSystem {
	return panel.ByID(s.Systems, id, func(o *vmSystem) int { return o.ID })
}

func (s *vmState) recipe(id int) *vmRecipe {
	return panel.ByID(s.Recipes, id, func(r *vmRecipe) int { return r.ID })
}
