package panel

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// AccountByEmail finds a customer's account.
func (p *Panel) AccountByEmail(ctx context.Context, email string) (Account, bool, error) {
	rows, err := list[Account](ctx, p, Accounts, nil, isp6.Eq("email", email))
	if err != nil {
		return Account{}, false, err
	}
	for _, a := range rows {
		if strings.EqualFold(a.Email, email) {
			return a, true, nil
		}
	}
	return Account{}, false, nil
}

// NewAccount is what an account is made of.
type NewAccount struct{ Email, FullName, Phone, Password string }

// CreateAccount makes an account with the rights of a customer.
func (p *Panel) CreateAccount(ctx context.Context, n NewAccount) (int, error) {
	body := map[string]any{"email": n.Email, "password": n.Password, "role": p.dialect.names["user_role"]}
	if n.FullName != "" {
		body["full_name"] = n.FullName
	}
	if n.Phone != "" {
		body["phone_number"] = n.Phone
	}
	var begun Begun
	err := p.call(ctx, AccountCreate, nil, body, &begun, n.Password)
	return begun.ID, err
}

// Cluster is a set of nodes with one kind of virtualization.
type Cluster struct {
	ID             int    `json:"id"`
	Name           string `json:"name"`
	Virtualization string `json:"virtualization_type"` // kvm, lxd
}

// Clusters lists the clusters.
func (p *Panel) Clusters(ctx context.Context) ([]Cluster, error) {
	return list[Cluster](ctx, p, Clusters, nil, "")
}

// Preset is a configuration of machines.
type Preset struct {
	ID             int
	Name           string
	Virtualization string
	Size           Size
	members        map[string]any
}

// UnmarshalJSON keeps the members that a machine can be made with, so that one of them can be changed.
func (x *Preset) UnmarshalJSON(data []byte) error {
	var row struct {
		ID             int    `json:"id"`
		Name           string `json:"name"`
		Virtualization string `json:"virtualization_type"`
		CPU            Count  `json:"cpu_number"`
		RAM            Count  `json:"ram_mib"`
		Disk           Count  `json:"hdd_mib"`
		NetIn          Count  `json:"net_in_mbitps"`
		NetOut         Count  `json:"net_out_mbitps"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*x = Preset{ID: row.ID, Name: row.Name, Virtualization: row.Virtualization}
	x.Size = Size{int(row.CPU), int(row.RAM), int(row.Disk), int(row.NetIn), int(row.NetOut)}
	return json.Unmarshal(data, &x.members)
}

// carried are the members of a preset that the making of a machine takes under the same name, beside its size.
var carried = []string{
	"cpu_mode", "nesting", "cpu_weight", "io_weight", "io_read_mbitps", "io_write_mbitps", "io_read_iops", "io_write_iops",
	"anti_spoofing", "tcp_connections_in", "tcp_connections_out", "process_number", "firewall_rules",
}

// Carried returns what else the preset says of a machine; what it leaves open is not in it.
func (x Preset) Carried() map[string]any {
	out := map[string]any{}
	for _, name := range carried {
		switch v := x.members[name].(type) {
		case nil:
		case []any:
			if len(v) > 0 {
				out[name] = v
			}
		default:
			out[name] = v
		}
	}
	return out
}

// changeable are those of them that a machine's change takes.
var changeable = []string{
	"cpu_mode", "nesting", "io_weight", "io_read_mbitps", "io_write_mbitps", "io_read_iops", "io_write_iops", "firewall_rules",
}

// Limits are what this preset says beside the size and otherwise than another, and a machine's change takes.
func (x Preset) Limits(other Preset) map[string]any {
	own, out := x.Carried(), map[string]any{}
	for _, name := range changeable {
		if v, said := own[name]; said && !reflect.DeepEqual(v, other.members[name]) {
			out[name] = v
		}
	}
	return out
}

// Presets lists the configurations.
func (p *Panel) Presets(ctx context.Context) ([]Preset, error) {
	return list[Preset](ctx, p, Presets, nil, "")
}

// OSTemplate is an operating system that the panel installs.
type OSTemplate struct {
	ID        int      `json:"id"`
	Name      string   `json:"name"`
	AdminOnly bool     `json:"adminonly"`
	LXD       bool     `json:"is_lxd_image"`
	Clusters  []Named  `json:"clusters"` // none: of all
	Tags      []string `json:"tags"`
}

// Serves tells whether a customer may have the system in the cluster.
func (o OSTemplate) Serves(c Cluster) bool {
	return !o.AdminOnly && o.LXD == (c.Virtualization == "lxd") && holds(o.Clusters, c)
}

func holds(all []Named, c Cluster) bool {
	for _, n := range all {
		if n.ID == c.ID {
			return true
		}
	}
	return len(all) == 0
}

// OSTemplates lists the operating systems.
func (p *Panel) OSTemplates(ctx context.Context) ([]OSTemplate, error) {
	return list[OSTemplate](ctx, p, OSTemplates, nil, "")
}

// Recipe is a script that can run after an installation.
type Recipe struct {
	ID     int      `json:"id"`
	Name   string   `json:"name"`
	Access string   `json:"access"`
	Tags   []string `json:"tags"`
}

// Recipes lists the scripts that customers may order.
func (p *Panel) Recipes(ctx context.Context) ([]Recipe, error) {
	all, err := list[Recipe](ctx, p, Recipes, nil, "")
	if err != nil {
		return nil, err
	}
	public := all[:0]
	for _, r := range all {
		if r.Access == "" || strings.EqualFold(r.Access, p.dialect.names["recipe_access"]) {
			public = append(public, r)
		}
	}
	return public, nil
}

// Pool is a set of addresses.
type Pool struct {
	ID       int
	Name     string
	IPv4     bool // it has addresses of this family
	Left     int  // of IPv4
	Clusters []PoolCluster
}

// PoolCluster is a cluster that a pool serves, and the network interface there.
type PoolCluster struct {
	ID        Count `json:"id"`
	Interface Count `json:"interface"`
}

// UnmarshalJSON reads rows of new builds and of old ones, which write their numbers as text and name no cluster.
func (x *Pool) UnmarshalJSON(data []byte) error {
	var row struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
		IPv4 *struct {
			Total Count  `json:"total"`
			Used  Count  `json:"used"`
			Free  *Count `json:"free"`
		} `json:"ipv4"`
		Total    Count         `json:"total_ip"`
		Using    Count         `json:"using_ip"`
		Clusters []PoolCluster `json:"clusters"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*x = Pool{ID: row.ID, Name: row.Name, IPv4: row.Total > 0, Left: int(row.Total - row.Using), Clusters: row.Clusters}
	if row.IPv4 != nil {
		x.IPv4, x.Left = row.IPv4.Total > 0, int(row.IPv4.Total-row.IPv4.Used)
		if row.IPv4.Free != nil {
			x.Left = int(*row.IPv4.Free)
		}
	}
	return nil
}

// At tells whether the pool serves a cluster, and by which interface; 0 is one that is not told.
func (x Pool) At(c Cluster) (iface int, serves bool) {
	for _, at := range x.Clusters {
		if int(at.ID) == c.ID {
			return int(at.Interface), true
		}
	}
	return 0, len(x.Clusters) == 0
}

// Pools lists the pools of addresses.
func (p *Panel) Pools(ctx context.Context) ([]Pool, error) {
	return list[Pool](ctx, p, Pools, nil, "")
}
