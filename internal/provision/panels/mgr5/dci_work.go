package mgr5

import (
	"fmt"
	"slices"
	"time"
)

// What a server can be at.
const (
	workInstall  = "ostemplate"
	workEnable   = "enable"
	workDisable  = "disable"
	workPowerOn  = "poweron"
	workPowerOff = "poweroff"
	workReboot   = "reboot"
)

// work is one operation on a server.
type work struct {
	ID       int       `json:"id"`
	ServerID int       `json:"server_id"`
	Name     string    `json:"name"`
	Status   string    `json:"status"` // running, ok, failed, canceled
	Started  time.Time `json:"started_at"`
	Done     time.Time `json:"done_at"`
	Fail     bool      `json:"fail,omitempty"`
	Template string    `json:"ostemplate,omitempty"`
	Recipe   string    `json:"recipe,omitempty"`
}

func (d *DCI) running(s *server) *work {
	for i := len(d.st.Work) - 1; i >= 0; i-- {
		if w := d.st.Work[i]; w.ServerID == s.ID && w.Status == "running" {
			return w
		}
	}
	return nil
}

// busy says why nothing may start on the server now, or nil.
func (d *DCI) busy(c *Call, s *server) *Elem {
	if d.running(s) != nil || s.Diagnosing.After(c.Now) {
		return refuse("value", "elid", itoa(s.ID), "An operation is running on the server")
	}
	if s.Blocked {
		return refuse("access", "elid", itoa(s.ID), "The server is blocked")
	}
	return nil
}

func (d *DCI) start(c *Call, s *server, w work) {
	length := d.delay / 10
	if w.Name == workInstall {
		length = d.delay
		s.Failed = false
	}
	w.ID, w.ServerID, w.Status, w.Started, w.Done = d.next("work"), s.ID, "running", c.Now, c.Now.Add(length)
	w.Fail = c.fails()
	d.st.Work = append(d.st.Work, &w)
	c.Changed = true
}

// simple serves the calls that need nothing but the server.
func (d *DCI) simple(name string) func(*Call, *server) *Elem {
	return func(c *Call, s *server) *Elem {
		if bad := d.busy(c, s); bad != nil {
			return bad
		}
		d.start(c, s, work{Name: name})
		return done()
	}
}

// cancel ends an installation, and takes the mark of one that failed away.
func (d *DCI) cancel(c *Call, s *server) *Elem {
	now := d.running(s)
	switch {
	case now != nil && now.Name != workInstall:
		return refuse("value", "elid", itoa(s.ID), "This operation cannot be canceled")
	case now != nil:
		now.Status, now.Done = "canceled", c.Now
	}
	s.Failed, c.Changed = false, true
	return done()
}

func (d *DCI) history(_ *Call, s *server) *Elem {
	out := doc()
	for _, w := range d.st.Work {
		if w.ServerID == s.ID {
			out.add(row("id", itoa(w.ID), "operation", w.Name, "status", w.Status, "date", w.Started.In(d.zone).Format(time.DateTime)))
		}
	}
	return out
}

// Settle finishes what is due, in the order in which it began.
func (d *DCI) Settle(now time.Time) (any bool) {
	for _, w := range d.st.Work {
		if w.Status == "running" && !w.Done.After(now) {
			d.finish(w)
			any = true
		}
	}
	if surplus := len(d.st.Work) - mostWork; any && surplus > 0 {
		d.st.Work = slices.DeleteFunc(d.st.Work, func(w *work) bool {
			surplus--
			return surplus >= 0 && w.Status != "running"
		})
	}
	return any
}

func (d *DCI) finish(w *work) {
	s := d.server(w.ServerID)
	w.Status = "ok"
	if w.Fail {
		w.Status = "failed"
		switch w.Name {
		case workInstall:
			s.Failed = true
		case workPowerOn, workPowerOff, workReboot:
			s.Power = "error"
		}
		return
	}
	switch w.Name {
	case workInstall:
		s.Template, s.Recipe, s.Power = w.Template, w.Recipe, "on"
	case workEnable:
		s.Disabled = false
	case workDisable:
		s.Disabled = true // the port is shut, the machine stays on
	case workPowerOn, workReboot:
		s.Power = "on"
	case workPowerOff:
		s.Power = "off"
	}
}

// Moved keeps what is in progress at its length.
func (d *DCI) Moved(now time.Time) {
	for _, w := range d.st.Work {
		if w.Status == "running" && w.Started.After(now) {
			w.Started, w.Done = now, now.Add(w.Done.Sub(w.Started))
		}
	}
}

// View is what the control API shows.
func (d *DCI) View() map[string]any {
	servers := make([]map[string]any, 0, len(d.st.Servers))
	for _, s := range d.st.Servers {
		servers = append(servers, d.shown(s))
	}
	pools := make([]map[string]any, 0, len(d.st.Networks))
	for _, n := range d.st.Networks {
		pools = append(pools, map[string]any{"id": n.ID, "name": n.Name, "iptype": n.Type, "network": n.Prefix})
	}
	return map[string]any{
		"servers": servers, "users": slices.Clone(d.st.Users), "pools": pools, "operations": copies(d.st.Work),
	}
}

func (d *DCI) shown(s *server) map[string]any {
	var owner, operation any
	if u := d.user(s.OwnerID); u != nil {
		owner = u.Name
	}
	if w := d.running(s); w != nil {
		operation = w.Name
	}
	port := "up"
	if s.Disabled {
		port = "down"
	}
	return map[string]any{
		"id": s.ID, "name": s.Name, "hostname": s.Hostname, "type": s.Type, "owner": owner, "power": s.Power, "disabled": s.Disabled,
		"ports": []map[string]any{{"type": "Switch", "admin_status": port}},
		"ip":    s.Main, "addresses": append([]address{}, s.Addresses...), "ostemplate": s.Template, "recipe": s.Recipe, "operation": operation,
		"operation_failed": s.Failed, "hwproblem": s.Broken, "blocked": s.Blocked,
	}
}

// stock is what POST /control/dcimanager5/servers takes.
type stockServer struct {
	Type    string `json:"type"`
	Count   int    `json:"count"`
	Broken  bool   `json:"hwproblem"`
	Blocked bool   `json:"blocked"`
	IsNew   bool   `json:"is_new"`
}

// Control adds servers and networks of addresses.
func (d *DCI) Control(what string, body []byte, now time.Time) (any, bool, error) {
	switch what {
	case "servers":
		in := stockServer{Type: "HPCorei5", Count: 1}
		if err := strict(body, &in); err != nil {
			return nil, true, err
		}
		if in.Type == "" || in.Count < 1 || in.Count > 2000 {
			return nil, true, fmt.Errorf("a type and a count of 1 to 2000 are needed")
		}
		list := make([]map[string]any, 0, in.Count)
		for _, s := range d.stock(in.Type, in.Count) {
			s.Broken, s.Blocked = in.Broken, in.Blocked
			if in.IsNew {
				s.Diagnosing = now.Add(d.delay / 10)
			}
			list = append(list, d.shown(s))
		}
		return map[string]any{"list": list}, true, nil
	case "users":
		return d.addClient(body)
	case "pools":
		n, err := newNetwork(d.next("network"), body)
		if err != nil {
			return nil, true, err
		}
		d.st.Networks = append(d.st.Networks, n)
		return *n, true, nil
	}
	return nil, false, nil
}

// addClient adds a user that somebody else made, with the servers that it was given.
func (d *DCI) addClient(body []byte) (any, bool, error) {
	var in struct {
		Name    string `json:"name"`
		Email   string `json:"email"`
		Servers []int  `json:"servers"`
	}
	if err := strict(body, &in); err != nil {
		return nil, true, err
	}
	if in.Name == "" || d.userNamed(in.Name) != nil {
		return nil, true, fmt.Errorf("a name that no user has is needed")
	}
	u := user{ID: d.next("user"), Name: in.Name, Level: 16, Email: in.Email}
	for _, id := range in.Servers {
		s := d.server(id)
		if s == nil {
			return nil, true, fmt.Errorf("there is no server %d", id)
		}
		s.OwnerID, s.Hostname, s.Power = u.ID, fmt.Sprintf("s%d.%s.example", id, in.Name), "on"
	}
	d.st.Users = append(d.st.Users, u)
	return u, true, nil
}
