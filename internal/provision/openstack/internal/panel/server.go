package panel

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/instanceactions"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/pagination"
)

// Server is what matters of a server.
type Server struct {
	ID        string
	Name      string
	Status    string
	Task      string // what Nova is doing with it; empty: nothing
	Mark      string // what the metadata says of our service
	Flavor    string // id
	Image     string // id; empty where it was made from a volume
	Locked    bool
	Created   time.Time
	Fault     string // why it is in ERROR
	Addresses []Address
}

// Address is one of a server's addresses.
type Address struct {
	IP       string
	Family   string // ipv4, ipv6
	Floating bool
}

// The statuses that the driver tells apart.
const (
	Active       = "ACTIVE"
	ShutOff      = "SHUTOFF"
	Suspended    = "SUSPENDED"
	Paused       = "PAUSED"
	Rescued      = "RESCUE"
	VerifyResize = "VERIFY_RESIZE"
	Broken       = "ERROR"
)

// working are the statuses of a server that Nova is at work on, also where it shows no task.
var working = []string{"BUILD", "REBUILD", "RESIZE", "REVERT_RESIZE", "REBOOT", "HARD_REBOOT", "PASSWORD", "MIGRATING"}

// Settled tells whether nothing is being done with the server.
func (s Server) Settled() bool { return s.Task == "" && !slices.Contains(working, s.Status) }

// Gone tells whether the server was deleted, be it that the cloud still remembers it.
func (s Server) Gone() bool { return s.Status == "DELETED" || s.Status == "SOFT_DELETED" }

// Running tells whether the machine works.
func (s Server) Running() bool { return s.Status == Active || s.Status == Rescued }

// NewServer is what a server is made of.
type NewServer struct {
	Name, Mark, Image, Flavor, Network, Password, Zone string
	SecurityGroups                                     []string
}

// CreateServer has a server made and returns its id.
func (p *Panel) CreateServer(ctx context.Context, n NewServer) (string, error) {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return "", err
	}
	o := servers.CreateOpts{
		Name: n.Name, ImageRef: n.Image, FlavorRef: n.Flavor, AdminPass: n.Password, AvailabilityZone: n.Zone,
		SecurityGroups: n.SecurityGroups, Metadata: map[string]string{p.o.MarkKey: n.Mark},
	}
	if n.Network != "" {
		o.Networks = []servers.Network{{UUID: n.Network}}
	}
	made, err := servers.Create(ctx, client, o, nil).Extract()
	if err := p.failed(http.MethodPost, "servers", err); err != nil {
		return "", err
	}
	return made.ID, nil
}

// Server reads one server; not found where the cloud has none.
func (p *Panel) Server(ctx context.Context, id string) (_ Server, found bool, err error) {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return Server{}, false, err
	}
	row, err := servers.Get(ctx, client, id).Extract()
	if err := p.failed(http.MethodGet, "servers/"+id, err); Missing(err) || err != nil {
		return Server{}, false, unlessMissing(err)
	}
	s := p.read(*row)
	return s, !s.Gone(), nil
}

func unlessMissing(err error) error {
	if Missing(err) {
		return nil
	}
	return err
}

// MarkedServers returns the servers of a name that carry a mark. The cloud filters by name alone.
func (p *Panel) MarkedServers(ctx context.Context, name, mark string) ([]Server, error) {
	all, err := p.list(ctx, servers.ListOpts{Name: "^" + regexp.QuoteMeta(name) + "$"})
	return slices.DeleteFunc(all, func(s Server) bool { return s.Mark != mark }), err
}

// Servers returns all servers of the project in the region.
func (p *Panel) Servers(ctx context.Context) ([]Server, error) {
	return p.list(ctx, servers.ListOpts{})
}

func (p *Panel) list(ctx context.Context, which servers.ListOpts) ([]Server, error) {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return nil, err
	}
	rows, err := everyPage(ctx, servers.List(client, which), servers.ExtractServers)
	if err := p.failed(http.MethodGet, "servers/detail", err); err != nil {
		return nil, err
	}
	var out []Server
	for _, row := range rows {
		if s := p.read(row); !s.Gone() {
			out = append(out, s)
		}
	}
	return out, nil
}

// everyPage collects the rows of a list that comes in pages.
func everyPage[Row any](ctx context.Context, pager pagination.Pager, extract func(pagination.Page) ([]Row, error)) (out []Row, err error) {
	err = pager.EachPage(ctx, func(_ context.Context, page pagination.Page) (bool, error) {
		rows, err := extract(page)
		out = append(out, rows...)
		return true, err
	})
	return out, err
}

func (p *Panel) read(row servers.Server) Server {
	s := Server{
		ID: row.ID, Name: row.Name, Status: row.Status, Task: row.TaskState, Mark: row.Metadata[p.o.MarkKey],
		Flavor: idIn(row.Flavor), Image: idIn(row.Image), Locked: row.Locked != nil && *row.Locked, Created: row.Created,
	}
	if row.Status == Broken {
		s.Fault = row.Fault.Message
	}
	for _, network := range slices.Sorted(maps.Keys(row.Addresses)) {
		list, _ := row.Addresses[network].([]any)
		for _, member := range list {
			if a, ok := addressOf(member); ok {
				s.Addresses = append(s.Addresses, a)
			}
		}
	}
	return s
}

func idIn(reference map[string]any) string {
	id, _ := reference["id"].(string)
	return id
}

func addressOf(member any) (Address, bool) {
	row, _ := member.(map[string]any)
	ip, ok := row["addr"].(string)
	a := Address{IP: ip, Family: "ipv4", Floating: row["OS-EXT-IPS:type"] == "floating"}
	if fmt.Sprint(row["version"]) == "6" {
		a.Family = "ipv6"
	}
	return a, ok
}

// Action is something to do with a server that needs no word beside its name.
type Action string

// The actions, by Nova's names.
const (
	Start         Action = "os-start"
	Stop          Action = "os-stop"
	Suspend       Action = "suspend"
	Resume        Action = "resume"
	Unpause       Action = "unpause"
	Lock          Action = "lock"
	Unlock        Action = "unlock"
	Reboot        Action = "reboot"
	ConfirmResize Action = "confirmResize"
	RevertResize  Action = "revertResize"
	Delete        Action = "delete"
)

// Do asks for an action.
func (p *Panel) Do(ctx context.Context, a Action, id string) error {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return err
	}
	return p.failed(http.MethodPost, "servers/"+id+"/action "+string(a), do(ctx, client, a, id))
}

func do(ctx context.Context, client *gophercloud.ServiceClient, a Action, id string) error {
	switch a {
	case Start:
		return servers.Start(ctx, client, id).ExtractErr()
	case Stop:
		return servers.Stop(ctx, client, id).ExtractErr()
	case Suspend:
		return servers.Suspend(ctx, client, id).ExtractErr()
	case Resume:
		return servers.Resume(ctx, client, id).ExtractErr()
	case Unpause:
		return servers.Unpause(ctx, client, id).ExtractErr()
	case Lock:
		return servers.Lock(ctx, client, id).ExtractErr()
	case Unlock:
		return servers.Unlock(ctx, client, id).ExtractErr()
	case Reboot:
		return servers.Reboot(ctx, client, id, servers.RebootOpts{Type: servers.HardReboot}).ExtractErr()
	case ConfirmResize:
		return servers.ConfirmResize(ctx, client, id).ExtractErr()
	case RevertResize:
		return servers.RevertResize(ctx, client, id).ExtractErr()
	case Delete:
		return servers.Delete(ctx, client, id).ExtractErr()
	}
	return fmt.Errorf("no action %q", a)
}

// Resize asks for another flavor.
func (p *Panel) Resize(ctx context.Context, id, flavor string) error {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return err
	}
	return p.failed(http.MethodPost, "servers/"+id+"/action resize", servers.Resize(ctx, client, id, servers.ResizeOpts{FlavorRef: flavor}).ExtractErr())
}

// Rebuild puts an image on a server anew; an empty password lets the cloud make one.
func (p *Panel) Rebuild(ctx context.Context, id, image, password string) error {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return err
	}
	answer := servers.Rebuild(ctx, client, id, servers.RebuildOpts{ImageRef: image, AdminPass: password})
	return p.failed(http.MethodPost, "servers/"+id+"/action rebuild", answer.Err)
}

// History is what Nova wrote down of a server, the last first.
type History []instanceactions.InstanceAction

// History reads it.
func (p *Panel) History(ctx context.Context, id string) (History, error) {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return nil, err
	}
	rows, err := everyPage(ctx, instanceactions.List(client, id, nil), instanceactions.ExtractInstanceActions)
	if err := p.failed(http.MethodGet, "servers/"+id+"/os-instance-actions", err); err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(a, b instanceactions.InstanceAction) int { return b.StartTime.Compare(a.StartTime) })
	return rows, nil
}

// Times is how often an action was begun.
func (h History) Times(name string) (n int) {
	for _, a := range h {
		if a.Action == name {
			n++
		}
	}
	return n
}

// Failed returns why the last action of a name went wrong; empty where it did not.
func (h History) Failed(name string) string {
	for _, a := range h {
		if a.Action == name {
			return a.Message
		}
	}
	return ""
}
