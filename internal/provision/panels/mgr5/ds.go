package mgr5

import "time"

// DS plays DSmanager, of the fourth generation. It keeps the same racks as DCImanager 5 does, under fewer functions and with
// other rows; nobody has published either.
type DS struct{ *DCI }

// NewDS begins with four servers of type HPCorei5 that have no owner.
func NewDS(delay time.Duration, zone *time.Location) *DS {
	return &DS{NewDCI(delay, zone, func(int, string) Day { return Day{} })}
}

// Functions are the panel's functions.
func (d *DS) Functions() map[string]Function {
	elid := []string{"elid"}
	simple := func(name string) Function {
		return Function{Params: elid, Required: elid, Run: d.on(d.simple(name))}
	}
	return map[string]Function{
		"user":       {Run: d.listUsers},
		"user.edit":  {Params: []string{"name", "passwd", "confirm"}, Required: []string{"name", "passwd", "confirm"}, Form: true, Secret: true, Run: d.addUser},
		"servertype": {Run: d.listTypes},
		"osimage":    {Run: d.listTemplates},
		"server":     {Run: d.listServers},
		"server.edit": {
			Params: []string{"elid", "name", "owner", "hostname"}, Required: elid, Form: true, Run: d.on(d.editServer),
		},
		"server.reinstall": {
			Params: []string{"elid", "osimage", "passwd", "confirm"}, Required: []string{"elid", "osimage", "passwd", "confirm"}, Form: true, Secret: true,
			Run: d.on(d.reinstall),
		},
		"server.history":  {Params: elid, Required: elid, Run: d.on(d.history)},
		"server.enable":   simple(workEnable),
		"server.disable":  simple(workDisable),
		"server.poweron":  simple(workPowerOn),
		"server.poweroff": simple(workPowerOff),
		"server.reboot":   simple(workReboot),
	}
}

// HasServer is false: the panel's statistics are not played.
func (d *DS) HasServer(int) bool { return false }

// listServers shows work on a server as a switch of its row.
func (d *DS) listServers(c *Call) *Elem {
	out := doc()
	for _, s := range d.st.Servers {
		owner := ""
		if u := d.user(s.OwnerID); u != nil {
			owner = u.Name
		}
		r := row("id", itoa(s.ID), "name", s.Name, "hostname", s.Hostname, "owner", owner, "type", s.Type, "ip", s.Main, "os", s.Template)
		r.flag("poweron", s.Power == "on").flag("poweroff", s.Power == "off").flag("powererror", s.Power == "error")
		r.flag("disabled", s.Disabled).flag("blocked", s.Blocked).flag("hwproblem", s.Broken).flag("operation_failed", s.Failed)
		r.flag("func_in_progress", d.running(s) != nil || s.Diagnosing.After(c.Now))
		out.add(r)
	}
	return out
}

func (d *DS) addUser(c *Call) *Elem {
	switch {
	case !c.submitted():
		return doc(row("name", "").kids...)
	case c.get("passwd") != c.get("confirm"):
		return refuse("value", "confirm", "", "The passwords differ")
	case d.userNamed(c.get("name")) != nil:
		return refuse("exists", "name", c.get("name"), "There is such a user")
	}
	id := d.next("user")
	d.st.Users = append(d.st.Users, user{ID: id, Name: c.get("name"), Level: 16})
	c.Changed = true
	return done("id", itoa(id))
}

// editServer changes what is sent; an empty owner makes the server nobody's.
func (d *DS) editServer(c *Call, s *server) *Elem {
	if !c.submitted() {
		owner := ""
		if u := d.user(s.OwnerID); u != nil {
			owner = u.Name
		}
		return doc(row("elid", itoa(s.ID), "name", s.Name, "owner", owner, "hostname", s.Hostname).kids...)
	}
	owner := s.OwnerID
	if c.Form.Has("owner") {
		owner = 0
		if name := c.get("owner"); name != "" {
			u := d.userNamed(name)
			if u == nil {
				return refuse("value", "owner", name, "There is no such user")
			}
			owner = u.ID
		}
	}
	if c.Form.Has("name") && c.get("name") == "" {
		return refuse("value", "name", "", "A server has a name")
	}
	s.OwnerID = owner
	if c.Form.Has("name") {
		s.Name = c.get("name")
	}
	if c.Form.Has("hostname") {
		s.Hostname = c.get("hostname")
	}
	c.Changed = true
	return done("id", itoa(s.ID))
}

func (d *DS) reinstall(c *Call, s *server) *Elem {
	switch {
	case !c.submitted():
		return doc(choices("osimage", templates...))
	case !contains(templates, c.get("osimage")):
		return refuse("value", "osimage", c.get("osimage"), "There is no such image")
	case c.get("passwd") != c.get("confirm"):
		return refuse("value", "confirm", "", "The passwords differ")
	}
	if bad := d.busy(c, s); bad != nil {
		return bad
	}
	d.start(c, s, work{Name: workInstall, Template: c.get("osimage")})
	return done()
}

// generation4 are the numbers that stand for the types of errors.
var generation4 = map[string]string{
	"unexpected_data": "1", "exists": "2", "missed": "3", "value": "4", "limit": "5", "access": "6", "auth": "100",
}

// fourth writes an error as the fourth generation does: a number, the field, and the text.
func fourth(answer *Elem) *Elem {
	for i, kid := range answer.kids {
		if kid.name != "error" {
			continue
		}
		var kind, object, words string
		for at := 0; at+1 < len(kid.attrs); at += 2 {
			switch kid.attrs[at] {
			case "type":
				kind = kid.attrs[at+1]
			case "object":
				object = kid.attrs[at+1]
			}
		}
		for _, part := range kid.kids {
			if part.name == "msg" {
				words = part.text
			}
		}
		answer.kids[i] = el("error", words).attr("code", generation4[kind]).attr("obj", object)
	}
	return answer
}
