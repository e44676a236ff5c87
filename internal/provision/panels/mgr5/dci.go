package mgr5

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Day is what a server used on one day: KiB, Mbit/s and W, as texts.
type Day struct{ In, Out, BurstIn, BurstOut, Power string }

// DCI plays DCImanager 5.
type DCI struct {
	delay time.Duration
	zone  *time.Location
	day   func(server int, day string) Day
	st    dciState
}

type dciState struct {
	LastID   map[string]int `json:"last_id"`
	Types    []string       `json:"types"`
	Networks []*network     `json:"networks"`
	Users    []user         `json:"users"`
	Servers  []*server      `json:"servers"`
	Work     []*work        `json:"work"`
}

type user struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Level int    `json:"level"`
	Email string `json:"email"` // of one that was there before; empty: its row has no such column
}

type server struct {
	ID         int       `json:"id"`
	Name       string    `json:"name"`
	Hostname   string    `json:"hostname"`
	Notes      string    `json:"notes"`
	MAC        string    `json:"mac"`
	Rack       string    `json:"rack"`
	Type       string    `json:"type"`
	OwnerID    int       `json:"owner_id"` // 0: nobody
	Main       string    `json:"ip"`
	Power      string    `json:"power"` // on, off, error
	Disabled   bool      `json:"disabled"`
	Blocked    bool      `json:"blocked"`
	Broken     bool      `json:"hwproblem"`
	Failed     bool      `json:"operation_failed"`
	Template   string    `json:"ostemplate"`
	Recipe     string    `json:"recipe"`
	Addresses  []address `json:"addresses"`
	Diagnosing time.Time `json:"diagnosed_at"` // until when
}

type address struct {
	ID     int    `json:"id"`
	IP     string `json:"ip"`
	Domain string `json:"domain"`
	Type   string `json:"type"`
}

// The words of a free server.
const (
	freeHostname = "free.ds"
	noOwner      = "no_owner"
)

// mostWork is how much history is kept.
const mostWork = 500

var (
	templates = []string{"Debian-12", "Ubuntu-24.04"}
	recipes   = []string{"docker", "lamp"}
)

// NewDCI begins with four free servers of type HPCorei5. An installation takes the delay, other work a tenth of it.
func NewDCI(delay time.Duration, zone *time.Location, day func(int, string) Day) *DCI {
	d := &DCI{delay: delay, zone: zone, day: day}
	d.Reset()
	d.stock("HPCorei5", 4)
	return d
}

func (d *DCI) stock(kind string, count int) (made []*server) {
	if !slices.Contains(d.st.Types, kind) {
		d.st.Types = append(d.st.Types, kind)
	}
	for range count {
		id := d.next("server")
		s := &server{
			ID: id, Name: fmt.Sprintf("Srv-%d", id), Hostname: freeHostname, MAC: fmt.Sprintf("52:54:00:05:%02x:%02x", id>>8, id&255),
			Rack: "R1", Type: kind, Power: "off",
		}
		if ip, bad := d.give(s, "", "public", "ipv4", freeHostname); bad == nil {
			s.Main = ip
		}
		d.st.Servers = append(d.st.Servers, s)
		made = append(made, s)
	}
	return made
}

func (d *DCI) next(kind string) int {
	d.st.LastID[kind]++
	return d.st.LastID[kind]
}

// Functions are the panel's functions.
func (d *DCI) Functions() map[string]Function {
	elid := []string{"elid"}
	report := Function{Params: []string{"periodstart", "periodend"}, Required: []string{"periodstart", "periodend"}}
	traffic, burst, power := report, report, report
	traffic.Run, burst.Run, power.Run = d.report(d.trafficRow), d.report(d.burstRow), d.report(d.powerRow)
	return map[string]Function{
		"user":      {Run: d.listUsers},
		"user.edit": {Params: []string{"elid", "name", "passwd", "level"}, Required: []string{"name", "passwd", "level"}, Form: true, Secret: true, Run: d.editUser},

		"chassistempl": {Run: d.listTypes},
		"osmgr":        {Run: d.listTemplates},
		"server":       {Run: d.listServers},
		"server.edit": {
			Params: []string{"elid", "mac", "name", "notes", "type", "owner", "hostname", "ip"}, Required: []string{"elid", "mac", "name", "type"},
			Form: true, Run: d.on(d.editServer),
		},
		"server.operations": {
			Params:   []string{"elid", "operation", "ostemplate", "passwd", "confirm", "checkpasswd", "recipe"},
			Required: []string{"elid", "operation", "ostemplate", "passwd", "confirm"}, Form: true, Secret: true, Run: d.on(d.operations),
		},
		"server.opercancel": {Params: elid, Required: elid, Run: d.on(d.cancel)},
		"server.history":    {Params: elid, Required: elid, Run: d.on(d.history)},
		"server.enable":     {Params: elid, Required: elid, Run: d.on(d.simple(workEnable))},
		"server.disable":    {Params: elid, Required: elid, Run: d.on(d.simple(workDisable))},
		"server.poweron":    {Params: elid, Required: elid, Run: d.on(d.simple(workPowerOn))},
		"server.poweroff":   {Params: elid, Required: elid, Run: d.on(d.simple(workPowerOff))},
		"server.reboot":     {Params: elid, Required: elid, Run: d.on(d.simple(workReboot))},
		"server.connection": {Params: elid, Required: elid, Run: d.on(d.connections)},

		"iplist": {Params: elid, Required: elid, Run: d.on(d.listAddresses)},
		"iplist.edit": {
			Params: []string{"elid", "plid", "domain", "iptype", "ip", "family"}, Required: []string{"plid"}, Form: true, Run: d.onParent(d.editAddress),
		},
		"iplist.delete": {Params: []string{"elid", "plid"}, Required: []string{"elid", "plid"}, Run: d.onParent(d.deleteAddress)},

		"traffic": traffic, "trafficburstable": burst, "powerusage": power,
	}
}

func (d *DCI) on(run func(*Call, *server) *Elem) func(*Call) *Elem { return d.onParam("elid", run) }

func (d *DCI) onParent(run func(*Call, *server) *Elem) func(*Call) *Elem {
	return d.onParam("plid", run)
}

func (d *DCI) onParam(name string, run func(*Call, *server) *Elem) func(*Call) *Elem {
	return func(c *Call) *Elem {
		s := d.server(number(c.get(name)))
		if s == nil {
			return refuse("missed", name, c.get(name), "There is no such server")
		}
		return run(c, s)
	}
}

func (d *DCI) server(id int) *server {
	for _, s := range d.st.Servers {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (d *DCI) userNamed(name string) *user {
	for i := range d.st.Users {
		if strings.EqualFold(d.st.Users[i].Name, name) {
			return &d.st.Users[i]
		}
	}
	return nil
}

func (d *DCI) user(id int) *user {
	for i := range d.st.Users {
		if d.st.Users[i].ID == id {
			return &d.st.Users[i]
		}
	}
	return nil
}

func (d *DCI) listUsers(*Call) *Elem {
	out := doc()
	for _, u := range d.st.Users {
		cells := []string{"id", itoa(u.ID), "name", u.Name, "level", itoa(u.Level)}
		if u.Email != "" {
			cells = append(cells, "email", u.Email)
		}
		out.add(row(cells...))
	}
	return out
}

func (d *DCI) editUser(c *Call) *Elem {
	if !c.submitted() {
		return doc(choices("level", "lvUser", "lvAdmin"))
	}
	name := c.get("name")
	switch {
	case c.get("elid") != "":
		return refuse("value", "elid", c.get("elid"), "Users are only made here")
	case c.get("level") != "lvUser":
		return refuse("value", "level", c.get("level"), "The level is lvUser")
	case d.userNamed(name) != nil:
		return refuse("exists", "name", name, "There is such a user")
	}
	id := d.next("user")
	d.st.Users = append(d.st.Users, user{ID: id, Name: name, Level: 16})
	c.Changed = true
	return done("id", itoa(id))
}

func (d *DCI) listTypes(*Call) *Elem {
	out := doc()
	for i, t := range d.st.Types {
		out.add(row("id", itoa(i+1), "name", t))
	}
	return out
}

func (d *DCI) listTemplates(*Call) *Elem {
	out := doc()
	for i, t := range templates {
		out.add(row("id", itoa(i+1), "name", t))
	}
	return out
}

// HasServer tells whether traffic can be set for the id.
func (d *DCI) HasServer(id int) bool { return d.server(id) != nil }

// Reset empties the panel; types, networks and templates remain.
func (d *DCI) Reset() {
	d.st = dciState{
		LastID: map[string]int{"user": 1, "network": 4}, Types: []string{"HPCorei5"}, Users: []user{{ID: 1, Name: adminUser, Level: 29}},
		Networks: []*network{
			{ID: 1, Name: "Public", Type: "public", Prefix: "198.18.192.0/20"},
			{ID: 2, Name: "Private", Type: "private", Prefix: "10.93.0.0/16"},
			{ID: 3, Name: "Parking", Type: "parking", Prefix: "10.94.0.0/16"},
			{ID: 4, Name: "Public IPv6", Type: "public", Prefix: "2001:db8:15::/64"},
		},
	}
}

// Encode is the kept form.
func (d *DCI) Encode() ([]byte, error) { return json.Marshal(d.st) }

// Decode reads the kept form.
func (d *DCI) Decode(data []byte) error {
	var st dciState
	if err := json.Unmarshal(data, &st); err != nil {
		return err
	}
	if st.LastID == nil {
		return fmt.Errorf("not the state of a panel")
	}
	d.st = st
	return nil
}
