package panels

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"time"
)

// dci6 plays DCImanager 6.
type dci6 struct {
	delay   time.Duration
	zone    *time.Location
	traffic *trafficBook
	st      dciState

	public, private []isp6Route

	// Derived from st and made anew when it is loaded.
	running []*dciOperation
	ops     map[int]*dciOperation
	used    map[netip.Addr]bool
	taken   map[int]int // addresses in use by pool
}

// newDCI6 begins with the stock that the contract names.
func newDCI6(delay time.Duration, zone *time.Location, traffic *trafficBook, now time.Time) *dci6 {
	d := &dci6{delay: delay, zone: zone, traffic: traffic, st: newDCIState(isp6Sessions{})}
	d.derive()
	d.addStock(dciStock{Configuration: "E3-1230-16GB", LocationID: 3, Rack: "A1", Count: 4}, now)
	d.addStock(dciStock{Configuration: "i9-9900K-64GB", LocationID: 3, Rack: "A2", Count: 2}, now)
	d.public = d.st.Sessions.public()
	d.private = append(d.st.Sessions.private(), d.routes()...)
	return d
}

func (d *dci6) routes() []isp6Route {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	return []isp6Route{
		{get, "/dci/v3/server/configuration", d.listConfigurations},
		{get, "/dci/v3/server", d.listServers},
		{get, "/dci/v3/server/{id}", d.onServer(d.getServer)},
		{post, "/dci/v3/server/{id}", d.onServer(d.editServer)},
		{post, "/dci/v3/server/{id}/owner", d.onServer(d.setOwner)},
		{post, "/dci/v3/server/{id}/os", d.onServer(d.installOS)},
		{post, "/dci/v3/server/{id}/suspend", d.onServer(d.simple(opSuspend))},
		{post, "/dci/v3/server/{id}/resume", d.onServer(d.simple(opResume))},
		{post, "/dci/v3/server/{id}/power_on", d.onServer(d.simple(opPowerOn))},
		{post, "/dci/v3/server/{id}/power_off", d.onServer(d.simple(opPowerOff))},
		{post, "/dci/v3/server/{id}/power_reset", d.onServer(d.simple(opPowerReset))},
		{post, "/dci/v3/server/{id}/ip", d.onServer(d.addAddresses)},
		{del, "/dci/v3/server/{id}/ip/{ip}", d.onServer(d.deleteAddress)},
		{get, "/dci/v3/server/{id}/traffic", d.onServer(d.getTraffic)},
		{get, "/dci/v3/task", d.listTasks},
		{get, "/dci/v3/os_template", d.listTemplates},
		{get, "/dci/v3/script", d.listScripts},
		{get, "/dci/v3/location", d.listLocations},
		{get, "/dci/v3/rack", d.listRacks},
		{get, "/dci/v3/role", d.listRoles},
		{get, "/dci/v3/user", d.listUsers},
		{post, "/dci/v3/user", d.createUser},
		{del, "/dci/v3/user/{id}", d.deleteUser},
		{get, "/ip/v3/ippool", d.listPools},
		{get, "/ip/v3/ip", d.listAddresses},
	}
}

// answer lets the login through, asks everyone else for a token, and only
// then tells what exists.
func (d *dci6) answer(c *call) reply {
	if route, _ := isp6Find(d.public, c); route != nil {
		return route.run(c)
	}
	if !d.st.Sessions.enter(c) {
		return isp6Error(http.StatusUnauthorized, codeUnauthorized, "Unauthorized", nil)
	}
	route, missing := isp6Find(d.private, c)
	if route == nil {
		return missing
	}
	rep := route.run(c)
	if c.changed {
		d.st.Revision++
	}
	return rep
}

// onServer resolves the path's server.
func (d *dci6) onServer(run func(*call, *dciServer) reply) func(*call) reply {
	return func(c *call) reply {
		srv := d.st.server(c.id(0))
		if srv == nil {
			return isp6NotFound("server", c.args[0])
		}
		return run(c, srv)
	}
}

func (d *dci6) moved(now time.Time) {
	d.st.Sessions.moved(now)
	// Work in progress keeps its length: it began now at the latest.
	for _, op := range d.running {
		if early := op.StartedAt.Sub(now); early > 0 {
			op.StartedAt, op.DoneAt = op.StartedAt.Add(-early), op.DoneAt.Add(-early)
		}
	}
}

func (d *dci6) hasServer(id int) bool { return d.st.server(id) != nil }

func (d *dci6) failure(status int, text string) reply { return isp6Failure(status, text) }

func (d *dci6) reset() {
	d.st = newDCIState(d.st.Sessions)
	d.derive()
}

func (d *dci6) encode() ([]byte, error) { return json.Marshal(d.st) }

// decode replaces the state but keeps the session map, which the routes hold.
func (d *dci6) decode(data []byte) error {
	var st dciState
	if err := json.Unmarshal(data, &st); err != nil {
		return err
	}
	if st.LastID == nil || len(st.Users) == 0 {
		return fmt.Errorf("not the state of a panel")
	}
	sessions := d.st.Sessions
	clear(sessions)
	maps.Copy(sessions, st.Sessions)
	st.Sessions = sessions
	d.st = st
	d.derive()
	return nil
}

// derive rebuilds what is only kept for speed.
func (d *dci6) derive() {
	d.running, d.ops = nil, map[int]*dciOperation{}
	d.used, d.taken = map[netip.Addr]bool{}, map[int]int{}
	for _, op := range d.st.Operations {
		d.ops[op.ID] = op
		if op.Status == operationRunning {
			d.running = append(d.running, op)
		}
	}
	for _, srv := range d.st.Servers {
		for _, a := range srv.Addresses {
			if addr, err := netip.ParseAddr(a.Name); err == nil {
				d.used[addr] = true
				d.taken[a.PoolID]++
			}
		}
	}
}
