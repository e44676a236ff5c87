package mgr5

import "time"

// listServers shows each server with its switches, which are there or not.
func (d *DCI) listServers(c *Call) *Elem {
	out := doc()
	for _, s := range d.st.Servers {
		owner := ""
		if u := d.user(s.OwnerID); u != nil {
			owner = u.Name
		}
		now := d.running(s)
		r := row(
			"id", itoa(s.ID), "name", s.Name, "hostname", s.Hostname, "owner", owner, "type", s.Type, "chassis_templ", s.Type,
			"gen_chassis_name", s.Rack+"-"+itoa(s.ID), "ip", s.Main, "mac", s.MAC, "rack", s.Rack,
		)
		r.flag("poweron", s.Power == "on").flag("poweroff", s.Power == "off").flag("powererror", s.Power == "error")
		r.flag("blocked", s.Blocked).flag("disabled", s.Disabled).flag("hwproblem", s.Broken)
		r.flag("diag_in_progress", s.Diagnosing.After(c.Now))
		r.flag("install_in_progress", now != nil && now.Name == workInstall)
		r.flag("operation_failed", s.Failed)
		out.add(r)
	}
	return out
}

func (d *DCI) editServer(c *Call, s *server) *Elem {
	if !c.submitted() {
		owner := noOwner
		if s.OwnerID != 0 {
			owner = itoa(s.OwnerID)
		}
		form := doc(row("elid", itoa(s.ID), "mac", s.MAC, "name", s.Name, "notes", s.Notes, "type", s.Type,
			"hostname", s.Hostname, "owner", owner, "ip", s.Main).kids...)
		owners := []string{noOwner}
		for _, u := range d.st.Users {
			owners = append(owners, itoa(u.ID))
		}
		return form.add(choices("owner", owners...))
	}
	owner := s.OwnerID
	switch given := c.get("owner"); {
	case given == noOwner:
		owner = 0
	case given != "" && d.user(number(given)) == nil:
		return refuse("value", "owner", given, "There is no such user")
	case given != "":
		owner = number(given)
	}
	if ip := c.get("ip"); ip != "" && s.address(ip) == nil {
		return refuse("value", "ip", ip, "The server has no such address")
	} else if ip != "" {
		s.Main = ip
	}
	// What a form does not send is empty: notes that are not sent again are lost.
	s.OwnerID, s.MAC, s.Name, s.Type, s.Notes = owner, c.get("mac"), c.get("name"), c.get("type"), c.get("notes")
	if c.Form.Has("hostname") {
		s.Hostname = c.get("hostname")
	}
	c.Changed = true
	return done("id", itoa(s.ID))
}

func (d *DCI) operations(c *Call, s *server) *Elem {
	if !c.submitted() {
		form := doc(row("elid", itoa(s.ID), "ostemplate", s.Template).kids...)
		return form.add(choices("operation", "ostemplate"), choices("ostemplate", templates...), choices("recipe", append([]string{"null"}, recipes...)...))
	}
	recipe := c.get("recipe")
	switch {
	case c.get("operation") != "ostemplate":
		return refuse("value", "operation", c.get("operation"), "There is no such operation")
	case !contains(templates, c.get("ostemplate")):
		return refuse("value", "ostemplate", c.get("ostemplate"), "There is no such template")
	case recipe != "" && recipe != "null" && !contains(recipes, recipe):
		return refuse("value", "recipe", recipe, "There is no such recipe")
	case c.get("passwd") != c.get("confirm"):
		return refuse("value", "confirm", "", "The passwords differ")
	}
	if bad := d.busy(c, s); bad != nil {
		return bad
	}
	if recipe == "null" {
		recipe = "" // the vendor's word for none
	}
	d.start(c, s, work{Name: workInstall, Template: c.get("ostemplate"), Recipe: recipe})
	return done()
}

func contains(all []string, one string) bool {
	for _, x := range all {
		if x == one {
			return true
		}
	}
	return false
}

// connections shows the port at the switch; it is at work while the server is enabled or disabled.
func (d *DCI) connections(_ *Call, s *server) *Elem {
	now := d.running(s)
	port := row("id", itoa(s.ID*10+1), "type", "Switch")
	port.flag("func_in_progress", now != nil && (now.Name == workEnable || now.Name == workDisable))
	return doc(port, row("id", itoa(s.ID*10+2), "type", "IPMI"))
}

func (s *server) address(ip string) *address {
	for i := range s.Addresses {
		if s.Addresses[i].IP == ip {
			return &s.Addresses[i]
		}
	}
	return nil
}

// listAddresses shows groups of addresses as well, which are none.
func (d *DCI) listAddresses(_ *Call, s *server) *Elem {
	out := doc(row("id", "g1", "ip", "Networks", "domain", "", "type", "group"))
	for _, a := range s.Addresses {
		out.add(row("id", itoa(a.ID), "ip", a.IP, "domain", a.Domain, "type", a.Type))
	}
	return out
}

func (d *DCI) editAddress(c *Call, s *server) *Elem {
	if !c.submitted() {
		return doc(choices("family", "ipv4", "ipv6"), choices("iptype", "public", "private", "parking"))
	}
	if elid := c.get("elid"); elid != "" {
		for i := range s.Addresses {
			if a := &s.Addresses[i]; itoa(a.ID) == elid {
				a.Domain = c.get("domain")
				c.Changed = true
				return done("id", elid, "ip", a.IP)
			}
		}
		return refuse("missed", "elid", elid, "The server has no such address")
	}
	kind := c.get("iptype")
	if kind == "" {
		kind = "public"
	}
	ip, bad := d.give(s, c.get("ip"), kind, c.get("family"), c.get("domain"))
	if bad != nil {
		return bad
	}
	c.Changed = true
	return done("id", itoa(s.address(ip).ID), "ip", ip)
}

func (d *DCI) deleteAddress(c *Call, s *server) *Elem {
	for i, a := range s.Addresses {
		if itoa(a.ID) != c.get("elid") {
			continue
		}
		if a.IP == s.Main {
			return refuse("value", "elid", a.IP, "The main address of a server is not deleted")
		}
		s.Addresses = append(s.Addresses[:i:i], s.Addresses[i+1:]...)
		c.Changed = true
		return done()
	}
	return refuse("missed", "elid", c.get("elid"), "The server has no such address")
}

// give adds an address to a server: the one that is named, else the next one of the panel's own networks.
func (d *DCI) give(s *server, ip, kind, family, domain string) (string, *Elem) {
	taken := func(ip string) bool {
		for _, other := range d.st.Servers {
			if other.address(ip) != nil {
				return true
			}
		}
		return s.address(ip) != nil
	}
	switch {
	case family != "ipv4" && family != "ipv6":
		return "", refuse("value", "family", family, "The family is ipv4 or ipv6")
	case ip != "" && taken(ip):
		return "", refuse("exists", "ip", ip, "A server has this address")
	case ip == "":
		next, bad := allocate(d.st.Networks, kind, family, taken)
		if bad != nil {
			return "", bad
		}
		ip = next
	}
	s.Addresses = append(s.Addresses, address{ID: d.next("address"), IP: ip, Domain: domain, Type: kind})
	return ip, nil
}

// report makes one of the reports over days, of which the last is counted as well.
func (d *DCI) report(line func(*server, []Day) *Elem) func(*Call) *Elem {
	return func(c *Call) *Elem {
		from, err1 := time.ParseInLocation(dateLayout, c.get("periodstart"), d.zone)
		to, err2 := time.ParseInLocation(dateLayout, c.get("periodend"), d.zone)
		if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) > 400*24*time.Hour {
			return refuse("value", "periodstart", c.get("periodstart"), "The period is two days such as 2026-03-05")
		}
		table := el("traff", "")
		for _, s := range d.st.Servers {
			var days []Day
			for at := from; !at.After(to); at = at.AddDate(0, 0, 1) {
				days = append(days, d.day(s.ID, at.Format(dateLayout)))
			}
			table.add(line(s, days))
		}
		return doc(el("reportdata", "", table))
	}
}

func (d *DCI) trafficRow(s *server, days []Day) *Elem {
	in, out := 0, 0
	for _, day := range days {
		in, out = in+number(day.In), out+number(day.Out)
	}
	return row("id", itoa(s.ID), "hostname", s.Hostname, "in", itoa(in), "out", itoa(out))
}

// burstRow and powerRow tell the last day's: a percentile of a percentile would be none.
func (d *DCI) burstRow(s *server, days []Day) *Elem {
	day := days[len(days)-1]
	return row("id", itoa(s.ID), "hostname", s.Hostname, "burst", day.BurstOut, "burst_in", day.BurstIn, "burst_out", day.BurstOut)
}

func (d *DCI) powerRow(s *server, days []Day) *Elem {
	return row("id", itoa(s.ID), "hostname", s.Hostname, "power", days[len(days)-1].Power)
}
