package openstack

import (
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// What the cloud holds. The types are the kept file's form; what a client
// sees is made from them in rows.go.

// stackProject is the id of the one project.
const stackProject = "5ac0000000000000000000000000admn"

type stackServer struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Region    string            `json:"region"`
	Image     string            `json:"image"`
	Flavor    string            `json:"flavor"`
	Zone      string            `json:"zone"`
	Groups    []string          `json:"groups"`
	Metadata  map[string]string `json:"metadata"`
	Status    string            `json:"status"`
	Task      string            `json:"task"`
	Locked    bool              `json:"locked"`
	Fault     string            `json:"fault"`
	Created   time.Time         `json:"created"`
	Updated   time.Time         `json:"updated"`
	Addresses []stackAddress    `json:"addresses"`
	Actions   []stackAction     `json:"actions"` // the oldest first
	// What a resize goes back to.
	OldFlavor string `json:"old_flavor"`
	OldStatus string `json:"old_status"`

	Work *stackWork `json:"work"`
}

type stackAddress struct {
	Network string `json:"network"` // name
	IP      string `json:"ip"`
	MAC     string `json:"mac"`
}

// stackAction is one entry of a server's history.
type stackAction struct {
	Request string    `json:"request_id"`
	Action  string    `json:"action"`
	Message string    `json:"message"` // empty: nothing went wrong
	Started time.Time `json:"started"`
}

// stackWork is what is being done with a server.
type stackWork struct {
	Name      string    `json:"name"`
	StartedAt time.Time `json:"started_at"`
	DoneAt    time.Time `json:"done_at"`
	Fail      bool      `json:"fail"`
	Image     string    `json:"image,omitempty"`
	Flavor    string    `json:"flavor,omitempty"`
	Network   string    `json:"network,omitempty"`
}

type stackFlavor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	CPU  int    `json:"vcpus"`
	RAM  int    `json:"ram"`  // MiB
	Disk int    `json:"disk"` // GiB
}

type stackImage struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Status string   `json:"status"`
	Tags   []string `json:"tags"`
}

type stackNetwork struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	CIDR string `json:"cidr"`
	Last string `json:"last"` // the address handed out last
}

type stackState struct {
	LastID    int                  `json:"last_id"`
	LastToken int                  `json:"last_token"`
	Flavors   []stackFlavor        `json:"flavors"`
	Images    []stackImage         `json:"images"`
	Networks  []*stackNetwork      `json:"networks"`
	Servers   []*stackServer       `json:"servers"`
	Tokens    map[string]time.Time `json:"tokens"` // until when
}

// newStackState is the cloud before anybody made a server.
func newStackState() stackState {
	return stackState{
		Flavors: []stackFlavor{
			{"1", "m1.tiny", 1, 512, 1}, {"2", "m1.small", 1, 2048, 20}, {"3", "m1.medium", 2, 4096, 40}, {"4", "m1.large", 4, 8192, 80},
		},
		Images: []stackImage{
			{stackID('1', 1), "Debian-12", "active", []string{"linux"}},
			{stackID('1', 2), "Ubuntu-24.04", "active", []string{"linux"}},
			{stackID('1', 3), "Debian-13-rc", "queued", nil},
		},
		Networks: []*stackNetwork{
			{ID: stackID('2', 1), Name: "public", CIDR: "198.51.0.0/16"}, {ID: stackID('2', 2), Name: "private", CIDR: "10.92.0.0/16"},
		},
		Tokens: map[string]time.Time{},
	}
}

// stackID looks like the ids that the cloud makes; the first character tells
// what it is of.
func stackID(of byte, n int) string { return fmt.Sprintf("%c0000000-0000-4000-8000-%012x", of, n) }

func (s *stackState) flavor(id string) *stackFlavor {
	return panel.ByID(s.Flavors, id, func(f *stackFlavor) string { return f.ID })
}

func (s *stackState) image(id string) *stackImage {
	return panel.ByID(s.Images, id, func(i *stackImage) string { return i.ID })
}

func (s *stackState) network(id string) *stackNetwork {
	for _, n := range s.Networks {
		if n.ID == id {
			return n
		}
	}
	return nil
}
