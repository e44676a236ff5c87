package dcimanager6

import (
	"encoding/json"
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
	inUse   isp6.InUse
}

// New begins with the stock that the contract names.
func New(s panel.Setup) panel.Panel {
	d := &dci6{delay: s.Delay, zone: s.Zone, traffic: s.Traffic, st: newDCIState()}
	d.derive()
	d.addStock(dciStock{Configuration: "E3-1230-16GB", LocationID: 3, Rack: "A1", Count: 4}, s.Now)
	d.addStock(dciStock{Configuration: "i9-9900K-64GB", LocationID: 3, Rack: "A2", Count: 2}, s.Now)
	d.calls = d.routes()
	return d
}

func (d *dci6) routes() panel.Routes {
	onServer := isp6.On("server", d.st.server)
	return panel.Routes{
		"GET /dci/v3/server/configuration":     d.listConfigurations,
		"GET /dci/v3/server":                   d.listServers,
		"GET /dci/v3/server/{id}":              onServer(d.getServer),
		"POST /dci/v3/server/{id}":             onServer(d.editServer),
		"POST /dci/v3/server/{id}/owner":       onServer(d.setOwner),
		"POST /dci/v3/server/{id}/os":          onServer(d.installOS),
		"POST /dci/v3/server/{id}/recovery":    onServer(d.startRecovery),
		"POST /dci/v3/server/{id}/suspend":     onServer(d.simple(opSuspend)),
		"POST /dci/v3/server/{id}/resume":      onServer(d.simple(opResume)),
		"POST /dci/v3/server/{id}/power_on":    onServer(d.simple(opPowerOn)),
		"POST /dci/v3/server/{id}/power_off":   onServer(d.simple(opPowerOff)),
		"POST /dci/v3/server/{id}/power_reset": onServer(d.simple(opPowerReset)),
		"POST /dci/v3/server/{id}/ip":          onServer(d.addAddresses),
		"DELETE /dci/v3/server/{id}/ip/{ip}":   onServer(d.deleteAddress),
		"GET /dci/v3/server/{id}/traffic":      onServer(d.getTraffic),
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

func (d *dci6) Answer(c *panel.Call) panel.Reply { return d.st.Answer(c, d.calls) }

func (d *dci6) Moved(now time.Time) {
	d.st.Moved(now)
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
	d.st = newDCIState()
	d.derive()
}

func (d *dci6) Encode() ([]byte, error) { return json.Marshal(d.st) }

func (d *dci6) Decode(data []byte) error {
	var st dciState
	if err := isp6.Load(data, &st, &st.State, &st.Users); err != nil {
		return err
	}
	d.st = st
	d.derive()
	return nil
}

// derive rebuilds what is only kept for speed.
func (d *dci6) derive() {
	d.running, d.ops = nil, map[int]*dciOperation{}
	d.inUse = isp6.NewInUse()
	for _, op := range d.st.Operations {
		d.ops[op.ID] = op
		if op.Status == operationRunning {
			d.running = append(d.running, op)
		}
	}
	for _, srv := range d.st.Servers {
		for _, a := range srv.Addresses {
			d.inUse.Add(a.PoolID, a.Name)
		}
	}
}
