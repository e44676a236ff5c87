package panel

import (
	"context"
	"maps"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// Host is a row of the panel's list of virtual machines, as far as billing needs it.
type Host struct {
	ID      int     `json:"id"`
	Name    string  `json:"name"`
	State   string  `json:"state"`
	Domain  string  `json:"domain"`
	Comment string  `json:"comment"`
	Cluster Named   `json:"cluster"`
	Account Account `json:"account"`
	OS      string  `json:"os_name"`
	// Disabled is whether the panel itself locks the machine.
	Disabled bool `json:"disabled"`

	CPU          Count `json:"cpu_number"`
	CPUNew       Count `json:"cpu_number_new"` // differs while a change waits for a stop
	RAM          Count `json:"ram_mib"`
	RAMNew       Count `json:"ram_mib_new"`
	NetIn        Count `json:"net_in_mbitps"`
	NetOut       Count `json:"net_out_mbitps"`
	NetBandwidth Count `json:"net_bandwidth_mbitps"`
	Disk         Disk  `json:"disk"`
}

// Disk is a machine's main disk.
type Disk struct {
	ID      int   `json:"id"`
	Size    Count `json:"disk_mib"`
	SizeNew Count `json:"disk_mib_new"`
}

// Account is a customer's account in the panel.
type Account struct {
	ID    int    `json:"id"`
	Email string `json:"email"`
}

// Running tells whether the machine is on. A state that is neither on nor off, named by somebody or not, is a transition.
func (h Host) Running() bool { return h.State == "active" }

// Stopped tells whether the machine is off; a crashed one is.
func (h Host) Stopped() bool { return h.State == "stopped" || h.State == "crashed" }

// Settled tells whether the panel is not at work on the machine's state.
func (h Host) Settled() bool { return h.Running() || h.Stopped() }

// Mark returns the text by which a machine remembers its service.
func (p *Panel) Mark(h Host) string {
	if p.dialect.names["mark"] == "name" {
		return h.Name
	}
	return h.Comment
}

// Hosts lists machines by a filter. Filters on nested members fail in some builds: callers look at those themselves.
func (p *Panel) Hosts(ctx context.Context, where isp6.Cond) ([]Host, error) {
	return list[Host](ctx, p, HostList, nil, where)
}

// MarkedHosts lists the machines that carry a mark, and perhaps others whose mark looks like it.
func (p *Panel) MarkedHosts(ctx context.Context, mark string) ([]Host, error) {
	return p.Hosts(ctx, isp6.Like(p.dialect.names["mark"], "%"+mark+"%"))
}

// Host returns one machine, read through the list: a machine alone is shown in a short form.
func (p *Panel) Host(ctx context.Context, id int) (Host, bool, error) {
	rows, err := p.Hosts(ctx, isp6.Eq("id", id))
	if err != nil {
		return Host{}, false, err
	}
	for _, h := range rows {
		if h.ID == id {
			return h, true, nil
		}
	}
	return Host{}, false, nil
}

// Size is what a machine has; 0 leaves a member to the panel.
type Size struct{ CPU, RAM, Disk, NetIn, NetOut int } // pieces, MiB, MiB, Mbit/s

// NewHost is what a machine is made of.
type NewHost struct {
	Name, Mark, Domain, Password string
	Cluster, Account, Preset, OS int // no preset: 0
	Size                         Size
	Carried                      map[string]any // of a preset that is not named itself
	IPv4                         int
	Pools                        []int
	IPv6                         bool
	Recipes                      []int
	EmailMode                    string
	Interface                    *Interface
}

// Interface is a network interface beside the first.
type Interface struct {
	Bridge string `json:"bridge"`
	Pool   int    `json:"ippool,omitempty"`
	IPs    int    `json:"ip_count,omitempty"`
}

// CreateHost begins the making of a machine.
func (p *Panel) CreateHost(ctx context.Context, n NewHost) (Begun, error) {
	body := map[string]any{}
	for name, value := range n.Carried {
		body[name] = value
	}
	for name, value := range map[string]any{
		"name": n.Name, "comment": n.Mark, "cluster": n.Cluster, "account": n.Account, "domain": n.Domain, "preset": n.Preset,
		"os": n.OS, "password": n.Password, "hdd_mib": n.Size.Disk, "send_email_mode": n.EmailMode,
	} {
		if value != "" && value != 0 {
			body[name] = value
		}
	}
	if p.dialect.names["mark"] == "name" {
		body["name"] = n.Mark
		delete(body, "comment")
	}
	p.sized(body, n.Size)
	if n.IPv4 > 0 {
		body["ipv4_number"], body["ipv4_pool"] = n.IPv4, n.Pools
	}
	if n.IPv6 {
		body["ipv6_enabled"] = true
	}
	recipes(body, n.Recipes)
	if n.Interface != nil {
		body["custom_interfaces"] = []Interface{*n.Interface}
	}
	var begun Begun
	err := p.call(ctx, HostCreate, nil, body, &begun, n.Password)
	return begun, err
}

// sized names processors, memory and speed; the disk has other names in other calls.
func (p *Panel) sized(body map[string]any, s Size) {
	for name, value := range map[string]int{
		"cpu_number": s.CPU, "ram_mib": s.RAM, p.dialect.names["net_in"]: s.NetIn, p.dialect.names["net_out"]: s.NetOut,
	} {
		if value != 0 {
			body[name] = value
		}
	}
}

func recipes(body map[string]any, ids []int) {
	if len(ids) == 0 {
		return
	}
	rows := make([]map[string]any, 0, len(ids))
	for _, id := range ids {
		rows = append(rows, map[string]any{"recipe": id})
	}
	body["recipe_list"] = rows
}

// Rates returns a machine's speed limits by the members that this installation keeps them in.
func (p *Panel) Rates(h Host) (in, out int) {
	byName := map[string]Count{
		"net_in_mbitps": h.NetIn, "net_out_mbitps": h.NetOut, "net_bandwidth_mbitps": h.NetBandwidth,
	}
	return int(byName[p.dialect.names["net_in"]]), int(byName[p.dialect.names["net_out"]])
}

// Resize changes processors, memory and speed, and limits beside them by their names; with later it waits for the machine's next
// stop.
func (p *Panel) Resize(ctx context.Context, id int, s Size, limits map[string]any, later bool) (Begun, error) {
	body := map[string]any{}
	maps.Copy(body, limits)
	p.sized(body, s)
	p.deferred(body, later)
	return p.begin(ctx, HostResource, of(id), body)
}

// GrowDisk enlarges a disk to so many MiB.
func (p *Panel) GrowDisk(ctx context.Context, disk, size int, later bool) (Begun, error) {
	body := map[string]any{"size_mib": size}
	p.deferred(body, later)
	return p.begin(ctx, DiskResize, places{"disk": strconv.Itoa(disk)}, body)
}

func (p *Panel) deferred(body map[string]any, later bool) {
	if later {
		body["defer"] = map[string]any{"action": p.dialect.names["defer_action"]}
	}
}

// Reinstall begins the installation of another system.
func (p *Panel) Reinstall(ctx context.Context, id, os int, password string, scripts []int, emailMode string) (Begun, error) {
	body := map[string]any{"os": os, "password": password}
	if emailMode != "" {
		body["send_email_mode"] = emailMode
	}
	recipes(body, scripts)
	var begun Begun
	err := p.call(ctx, HostReinstall, of(id), body, &begun, password)
	return begun, err
}

// Stop switches a machine off; by force it is not asked to.
func (p *Panel) Stop(ctx context.Context, id int, force bool) (Begun, error) {
	body := map[string]any{}
	if force {
		body["force"] = true
	}
	return p.begin(ctx, HostStop, of(id), body)
}

// Do makes one of the calls that need nothing but the machine: start, restart, delete, disable, enable.
func (p *Panel) Do(ctx context.Context, call Call, id int) (Begun, error) {
	return p.begin(ctx, call, of(id), nil)
}

func (p *Panel) begin(ctx context.Context, call Call, fill places, body any) (Begun, error) {
	var begun Begun
	err := p.call(ctx, call, fill, body, &begun)
	return begun, err
}

// IP is an IPv4 address of a machine.
type IP struct {
	ID      int    `json:"id"`
	Address string `json:"ip_addr"`
	Gateway string `json:"gateway"`
	Network any    `json:"network"` // a number in some builds, a text in others
	Family  ID     `json:"family"`  // 4, "4", "ipv4"
	State   string `json:"state"`
	Host    struct {
		Interface ID `json:"interface"`
	} `json:"host"`
}

// IPs lists a machine's IPv4 addresses.
func (p *Panel) IPs(ctx context.Context, id int) ([]IP, error) {
	return list[IP](ctx, p, HostIPv4, of(id), "")
}

// IPv6 is a machine's share of the other family.
type IPv6 struct {
	Enabled bool   `json:"ipv6_enabled"`
	Prefix  string `json:"ipv6_prefix"`
}

// IPv6 returns what a machine has of the other family.
func (p *Panel) IPv6(ctx context.Context, id int) (IPv6, error) {
	var answer struct {
		Enabled bool `json:"ipv6_enabled"`
		Prefix  ID   `json:"ipv6_prefix"`
	}
	err := p.call(ctx, HostIPv6, of(id), nil, &answer)
	return IPv6{answer.Enabled, string(answer.Prefix)}, err
}

// AddIPs takes more addresses out of the pools: the number is an increment.
func (p *Panel) AddIPs(ctx context.Context, id, more int, pools []int) (Begun, error) {
	return p.begin(ctx, HostAddIP, of(id), map[string]any{"ipv4_number": more, "ipv4_pool": pools})
}

// SwitchIPv6 gives a machine the other family, or takes it away.
func (p *Panel) SwitchIPv6(ctx context.Context, id int, on bool) (Begun, error) {
	return p.begin(ctx, HostAddIP, of(id), map[string]any{"ipv6_enabled": on})
}

// RemoveIP gives an address back.
func (p *Panel) RemoveIP(ctx context.Context, ip int) (Begun, error) {
	return p.begin(ctx, IPDelete, places{"ip": strconv.Itoa(ip)}, nil)
}
