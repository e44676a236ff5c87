package dcimanager6

import (
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
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

type dciUser struct {
	ID       int    `json:"id"`
	Email    string `json:"email"`
	FullName string `json:"full_name"`
	Phone    string `json:"phone_number"`
	Role     string `json:"role"`
}

// dciNamed is a place, a template or a script: an id with a name. Access is a
// script's, LocationID a rack's, Tags a template's.
type dciNamed struct {
	ID         int      `json:"id"`
	Name       string   `json:"name"`
	Access     string   `json:"access,omitempty"`
	LocationID int      `json:"location_id,omitempty"`
	Tags       []string `json:"tags,omitempty"` // of a template
}

// dciPool gives IPv4 addresses of one network.
type dciPool struct {
	ID         int    `json:"id"`
	Name       string `json:"name"`
	Purpose    string `json:"purpose"`
	Network    string `json:"network"`
	LocationID int    `json:"location_id"` // 0: of none
	RackID     int    `json:"rack_id"`     // 0: of none
	Last       string `json:"last"`        // the address handed out last
}

// Purposes of a pool: for servers that are issued, and for those released.
const (
	poolAllocation   = "allocation"
	poolDeallocation = "deallocation"
)

type dciState struct {
	Revision   int             `json:"revision"`
	Traffic    string          `json:"traffic,omitempty"` // how it is told; empty: by days
	LastID     map[string]int  `json:"last_id"`
	Locations  []dciNamed      `json:"locations"`
	Racks      []dciNamed      `json:"racks"`
	Templates  []dciNamed      `json:"templates"`
	Scripts    []dciNamed      `json:"scripts"`
	Pools      []*dciPool      `json:"pools"`
	Users      []dciUser       `json:"users"`
	Servers    []*dciServer    `json:"servers"`
	Operations []*dciOperation `json:"operations"`
	Sessions   isp6.Sessions   `json:"sessions"`
}

// dciRoles are the roles that a user can have.
var dciRoles = []dciNamed{{ID: 1, Name: "@admin"}, {ID: 2, Name: "@user"}}

// newDCIState is the panel as it is sold: places, pools, templates, scripts
// and its administrator, but no server.
func newDCIState(sessions isp6.Sessions) dciState {
	clear(sessions)
	return dciState{
		LastID:    map[string]int{"user": isp6.AdminID, "pool": 2},
		Locations: []dciNamed{{ID: 3, Name: "Frankfurt"}, {ID: 4, Name: "Amsterdam"}},
		Templates: []dciNamed{{ID: 1, Name: "Debian-12"}, {ID: 2, Name: "Ubuntu-24.04"}},
		Scripts: []dciNamed{
			{ID: 1, Name: "docker", Access: "all"},
			{ID: 2, Name: "burn-in", Access: "admin"},
		},
		Pools: []*dciPool{
			{ID: 1, Name: "Frankfurt public", Purpose: poolAllocation, Network: "198.18.0.0/18", LocationID: 3},
			{ID: 2, Name: "Free servers", Purpose: poolDeallocation, Network: "10.90.0.0/18"},
		},
		Users:    []dciUser{{ID: isp6.AdminID, Email: isp6.AdminEmail, FullName: "Administrator", Role: "@admin"}},
		Sessions: sessions,
	}
}

// nextID counts one kind of object on.
func (s *dciState) nextID(kind string) int {
	s.LastID[kind]++
	return s.LastID[kind]
}

func (s *dciState) server(id int) *dciServer {
	// Ids count from 1 and servers are never taken away.
	if id < 1 || id > len(s.Servers) {
		return nil
	}
	return s.Servers[id-1]
}

func (s *dciState) user(id int) *dciUser {
	for i := range s.Users {
		if s.Users[i].ID == id {
			return &s.Users[i]
		}
	}
	return nil
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
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}

// rack finds a rack of a location by name and places it where there is none.
func (s *dciState) rack(location int, name string) int {
	for _, r := range s.Racks {
		if r.LocationID == location && r.Name == name {
			return r.ID
		}
	}
	id := s.nextID("rack")
	s.Racks = append(s.Racks, dciNamed{ID: id, Name: name, LocationID: location})
	return id
}

// location makes sure that a location exists.
func (s *dciState) location(id int) {
	if named(s.Locations, id) == nil {
		s.Locations = append(s.Locations, dciNamed{ID: id, Name: fmt.Sprintf("Location %d", id)})
	}
}
