package dcimanager6

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// dci6 plays DCImanager 6.
type dci6 struct {
	delay   time.Duration
	zone    *time.Location
	traffic *panel.Traffic
	st      dciState

	calls panel.Routes

	// Derived from st and made anew when it is loaded.
	running []*dciOperation
	ops     map[int]*dciOperation
	used    map[netip.Addr]bool
	taken   map[int]int // addresses in use by pool
}

// New begins with the stock that the contract names.
func New(s panel.Setup) panel.Panel {
	d := &dci6{delay: s.Delay, zone: s.Zone, traffic: s.Traffic, st: newDCIState(isp6.Sessions{})}
	d.derive()
	d.addStock(dciStock{Configuration: "E3-1230-16GB", LocationID: 3, Rack: "A1", Count: 4}, s.Now)
	d.addStock(dciStock{Configuration: "i9-9900K-64GB", LocationID: 3, Rack: "A2", Count: 2}, s.Now)
	d.calls = d.routes()
	return d
}

func (d *dci6) routes() panel.Routes {
	return panel.Routes{
		"GET /dci/v3/server/configuration":     d.listConfigurations,
		"GET /dci/v3/server":                   d.listServers,
		"GET /dci/v3/server/{id}":              d.onServer(d.getServer),
		"POST /dci/v3/server/{id}":             d.onServer(d.editServer),
		"POST /dci/v3/server/{id}/owner":       d.onServer(d.setOwner),
		"POST /dci/v3/server/{id}/os":          d.onServer(d.installOS),
		"POST /dci/v3/server/{id}/recovery":    d.onServer(d.startRecovery),
		"POST /dci/v3/server/{id}/suspend":     d.onServer(d.simple(opSuspend)),
		"POST /dci/v3/server/{id}/resume":      d.onServer(d.simple(opResume)),
		"POST /dci/v3/server/{id}/power_on":    d.onServer(d.simple(opPowerOn)),
		"POST /dci/v3/server/{id}/power_off":   d.onServer(d.simple(opPowerOff)),
		"POST /dci/v3/server/{id}/power_reset": d.onServer(d.simple(opPowerReset)),
		"POST /dci/v3/server/{id}/ip":          d.onServer(d.addAddresses),
		"DELETE /dci/v3/server/{id}/ip/{ip}":   d.onServer(d.deleteAddress),
		"GET /dci/v3/server/{id}/traffic":      d.onServer(d.getTraffic),
		"GET /dci/v3/task":                     d.listTasks,
		"GET /dci/v3/os_template":              d.listTemplates,
		"GET /dci/v3/script":                   d.listScripts,
		"GET /dci/v3/location":                 d.listLocations,
		"GET /dci/v3/rack":                     d.listRacks,
		"GET /dci/v3/role":                     d.listRoles,
		"GET /dci/v3/user":                     d.listUsers,
		"POST /dci/v3/user":                    d.createUser,
		"DELETE /dci/v3/user/{id}":             d.deleteUser,
		"GET /ip/v3/ippool":                    d.listPools,
		"GET /ip/v3/ip":                        d.listAddresses,
	}
}

func (d *dci6) Answer(c *panel.Call) panel.Reply {
	rep := d.st.Sessions.Answer(c, d.calls)
	if c.Changed {
		d.st.Revision++
	}
	return rep
}

// onServer resolves the path's server.
func (d *dci6) onServer(run func(*panel.Call, *dciServer) panel.Reply) func(*panel.Call) panel.Reply {
	return func(c *panel.Call) panel.Reply {
		srv := d.st.server(c.ID(0))
		if srv == nil {
			return isp6.NotFound("server", c.Args[0])
		}
		return run(c, srv)
	}
}

func (d *dci6) Moved(now time.Time) {
	d.st.Sessions.Moved(now)
	// Work in progress keeps its length: it began now at the latest.
	for _, op := range d.running {
		if early := op.StartedAt.Sub(now); early > 0 {
			op.StartedAt, op.DoneAt = op.StartedAt.Add(-early), op.DoneAt.Add(-early)
		}
	}
}

func (d *dci6) HasServer(id int) bool { return d.st.server(id) != nil }

func (d *dci6) Failure(status int, text string) panel.Reply { return isp6.Failure(status, text) }

func (d *dci6) Reset() {
	d.st = newDCIState(d.st.Sessions)
	d.derive()
}

func (d *dci6) Encode() ([]byte, error) { return json.Marshal(d.st) }

// Decode replaces the state but keeps the session map, which the routes hold.
func (d *dci6) Decode(data []byte) error {
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
