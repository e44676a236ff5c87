package dcimanager6

import (
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// What DCImanager 6 holds. The types are the kept file's form; what a client
// sees is made from them in rows.go.

type dciServer struct {
	ID            int          `json:"id"`
	Name          string       `json:"name"`
	Domain        string       `json:"domain"`
	Configuration string       `json:"configuration"`
	LocationID    int          `json:"location_id"`
	RackID        int          `json:"rack_id"` // 0: in none
	OwnerID       int          `json:"owner_id"`
	IsNew         bool         `json:"is_new"` // not yet diagnosed
	Protected     bool         `json:"protected"`
	Recovery      bool         `json:"recovery,omitempty"` // it runs a recovery system
	PowerOn       bool         `json:"power_on"`
	Suspended     bool         `json:"suspended"`
	PortUp        bool         `json:"port_up"`
	TemplateID    int          `json:"template_id"` // 0: no OS
	OperationID   int          `json:"operation_id"`
	Addresses     []dciAddress `json:"addresses"`
}

type dciAddress struct {
	ID      int    `json:"id"`
	PoolID  int    `json:"pool_id"`
	Name    string `json:"name"`
	Gateway string `json:"gateway"`
	Network string `json:"network"`
	Domain  string `json:"domain"`
	Status  string `json:"status"`
}

// dciOperation is one piece of work in time. It is done when the clock says
// so; Status is written then.
type dciOperation struct {
	ID        int       `json:"id"`
	ServerID  int       `json:"server_id"`
	Name      string    `json:"name"`
	Status    string    `json:"status"`
	Info      string    `json:"status_info"`
	StartedAt time.Time `json:"started_at"`
	DoneAt    time.Time `json:"done_at"`
	Fail      bool      `json:"fail,omitempty"`
	Template  int       `json:"template_id,omitempty"`
	Address   int       `json:"address_id,omitempty"`
}

// States of an operation, the vendor's words.
const (
	operationRunning  = "running"
	operationOK       = "ok"
	operationFailed   = "failed"
	operationCanceled = "canceled"
)

// dciNamed is a place, a template or a script: an id with a name. Access is a
// script's, LocationID a rack's, Tags a template's.
type dciNamed struct {
	ID         int      `json:"id"`
	Name       string   `json:"name"`
	Access     string   `json:"access,omitempty"`
	LocationID int      `json:"location_id,omitempty"`
	Tags       []string `json:"tags,omitempty"` // of a template
}

// dciPool is a pool of a location or of a rack.
type dciPool struct {
	isp6.Pool
	Purpose    string `json:"purpose"`
	LocationID int    `json:"location_id"` // 0: of none
	RackID     int    `json:"rack_id"`     // 0: of none
}

// Purposes of a pool: for servers that are issued, and for those released.
const (
	poolAllocation   = "allocation"
	poolDeallocation = "deallocation"
)

type dciState struct {
	isp6.State
	Traffic    string          `json:"traffic,omitempty"` // how it is told; empty: by days
	Locations  []dciNamed      `json:"locations"`
	Racks      []dciNamed      `json:"racks"`
	Templates  []dciNamed      `json:"templates"`
	Scripts    []dciNamed      `json:"scripts"`
	Pools      []*dciPool      `json:"pools"`
	Users      isp6.Users      `json:"users"`
	Servers    []*dciServer    `json:"servers"`
	Operations []*dciOperation `json:"operations"`
}

// dciRoles are the roles that a user can have.
var dciRoles = []dciNamed{{ID: 1, Name: "@admin"}, {ID: 2, Name: "@user"}}

// newDCIState is the panel as it is sold: places, pools, templates, scripts
// and its administrator, but no server.
func newDCIState() dciState {
	return dciState{
		State:     isp6.NewState(map[string]int{"user": isp6.AdminID, "pool": 2}),
		Locations: []dciNamed{{ID: 3, Name: "Frankfurt"}, {ID: 4, Name: "Amsterdam"}},
		Templates: []dciNamed{{ID: 1, Name: "Debian-12"}, {ID: 2, Name: "Ubuntu-24.04"}},
		Scripts: []dciNamed{
			{ID: 1, Name: "docker", Access: "all"},
			{ID: 2, Name: "burn-in", Access: "admin"},
		},
		Pools: []*dciPool{
			{Pool: isp6.Pool{ID: 1, Name: "Frankfurt public", Network: "198.18.0.0/18"}, Purpose: poolAllocation, LocationID: 3},
			{Pool: isp6.Pool{ID: 2, Name: "Free servers", Network: "10.90.0.0/18"}, Purpose: poolDeallocation},
		},
		Users: isp6.FirstUsers(),
	}
}

func (s *dciState) server(id int) *dciServer {
	// Ids count from 1 and servers are never taken away.
	if id < 1 || id > len(s.Servers) {
		return nil
	}
	return s.Servers[id-1]
}

func (s *dciState) pool(id int) *dciPool {
	for _, p := range s.Pools {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// named finds an entry by its id.
func named(list []dciNamed, id int) *dciNamed {
	return panel.ByID(list, id, func(n *dciNamed) int { return n.ID })
}

// rack finds a rack of a location by name and places it where there is none.
func (s *dciState) rack(location int, name string) int {
	for _, r := range s.Racks {
		if r.LocationID == location && r.Name == name {
			return r.ID
		}
	}
	id := s.NextID("rack")
	s.Racks = append(s.Racks, dciNamed{ID: id, Name: name, LocationID: location})
	return id
}

// location makes sure that a location exists.
func (s *dciState) location(id int) {
	if named(s.Locations, id) == nil {
		s.Locations = append(s.Locations, dciNamed{ID: id, Name: fmt.Sprintf("Location %d", id)})
	}
}
