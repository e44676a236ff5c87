package dcimanager6

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// dciStock is what POST /control/dcimanager6/servers takes.
type dciStock struct {
	Configuration string `json:"configuration"`
	LocationID    int    `json:"location_id"`
	Rack          string `json:"rack"`
	Count         int    `json:"count"`
	Protected     bool   `json:"protected"`
	IsNew         bool   `json:"is_new"` // still to be diagnosed, which takes a tenth of the delay
}

// dciNewPool is what POST /control/dcimanager6/pools takes.
type dciNewPool struct {
	Name       string `json:"name"`
	Purpose    string `json:"purpose"`
	Network    string `json:"network"`
	LocationID int    `json:"location_id"`
	Rack       string `json:"rack"`
}

// freeDomain is the domain of a server that is nobody's.
const freeDomain = "free.example"

func (d *dci6) Control(what string, body []byte, now time.Time) (any, error) {
	switch what {
	case "servers":
		in := dciStock{Count: 1}
		if err := panel.StrictJSON(body, &in); err != nil {
			return nil, err
		}
		if in.Configuration == "" || in.LocationID < 1 || in.Count < 1 || in.Count > panel.MaxStock {
			return nil, fmt.Errorf("configuration and location_id are needed, count is 1 to %d", panel.MaxStock)
		}
		var list []map[string]any
		for _, srv := range d.addStock(in, now) {
			list = append(list, d.serverView(srv, now))
		}
		return map[string]any{"list": list}, nil
	case "pools":
		var in dciNewPool
		if err := panel.StrictJSON(body, &in); err != nil {
			return nil, err
		}
		return d.addPool(in)
	}
	id, isServer := strings.CutPrefix(what, "servers/")
	switch {
	case what == "settings":
		return d.setTraffic(body)
	case what == "templates":
		return d.addTemplate(body)
	case isServer:
		return d.changeServer(id, body, now)
	}
	return nil, panel.ErrNotFound
}

// recoveryTag is what sets a recovery system apart from the others.
const recoveryTag = "recovery"

// addTemplate takes a template into the list.
func (d *dci6) addTemplate(body []byte) (any, error) {
	var in struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	if err := panel.StrictJSON(body, &in); err != nil {
		return nil, err
	}
	if in.Name == "" {
		return nil, fmt.Errorf("name is needed")
	}
	last := 0
	for _, t := range d.st.Templates {
		last = max(last, t.ID)
	}
	d.st.Templates = append(d.st.Templates, dciNamed{ID: last + 1, Name: in.Name, Tags: in.Tags})
	d.st.Revision++
	return map[string]any{"id": last + 1, "name": in.Name, "tags": append([]string{}, in.Tags...)}, nil
}

// changeServer does what staff do at the rack or in the panel: protect a
// server from operations, press its switch, or give it to somebody.
func (d *dci6) changeServer(id string, body []byte, now time.Time) (any, error) {
	n, err := strconv.Atoi(id)
	srv := d.st.server(n)
	if err != nil || srv == nil {
		return nil, panel.ErrNotFound
	}
	var in struct {
		Protected *bool   `json:"protected"`
		Power     *string `json:"power"`
		Owner     *string `json:"owner_email"` // empty: nobody
	}
	if err := panel.StrictJSON(body, &in); err != nil {
		return nil, err
	}
	if in.Power != nil {
		if *in.Power != "on" && *in.Power != "off" {
			return nil, fmt.Errorf("power is on or off")
		}
		srv.PowerOn = *in.Power == "on"
	}
	if in.Protected != nil {
		srv.Protected = *in.Protected
	}
	if in.Owner != nil {
		srv.OwnerID = d.userOf(*in.Owner)
		srv.PortUp = srv.OwnerID != 0 && !srv.Suspended
	}
	d.st.Revision++
	return d.serverView(srv, now), nil
}

// addStock mounts servers, each with an address of the deallocation pool as
// long as that has one, its port closed and its power off.
func (d *dci6) addStock(in dciStock, now time.Time) []*dciServer {
	d.st.location(in.LocationID)
	var made []*dciServer
	for range in.Count {
		id := d.st.NextID("server")
		srv := &dciServer{
			ID: id, Name: fmt.Sprintf("Srv-%d", id), Domain: freeDomain, Configuration: in.Configuration,
			LocationID: in.LocationID, Protected: in.Protected, IsNew: true,
		}
		if in.Rack != "" {
			srv.RackID = d.st.rack(in.LocationID, in.Rack)
		}
		for _, pool := range d.st.Pools {
			if pool.Purpose == poolDeallocation && d.inUse.Free(&pool.Pool) > 0 {
				d.takeAddress(pool, srv, isp6.AddressActive)
				break
			}
		}
		d.st.Servers = append(d.st.Servers, srv)
		op := d.start(&panel.Call{Now: now}, srv, dciOperation{Name: opDiagnose})
		if !in.IsNew {
			op.DoneAt = now
		}
		made = append(made, srv)
	}
	d.Settle(now)
	return made
}

func (d *dci6) addPool(in dciNewPool) (any, error) {
	pool := &dciPool{Pool: isp6.Pool{Name: in.Name, Network: in.Network}, Purpose: in.Purpose, LocationID: in.LocationID}
	if err := isp6.CheckNetwork(in.Network); err != nil {
		return nil, err
	}
	for _, p := range d.st.Pools {
		if err := pool.Fits(&p.Pool); err != nil {
			return nil, err
		}
	}
	if pool.Purpose == "" {
		pool.Purpose = poolAllocation
	}
	if in.Name == "" || (pool.Purpose != poolAllocation && pool.Purpose != poolDeallocation) {
		return nil, fmt.Errorf("name is needed, purpose is %q or %q", poolAllocation, poolDeallocation)
	}
	if in.Rack != "" && in.LocationID == 0 {
		return nil, fmt.Errorf("a rack is named together with its location_id")
	}
	if in.LocationID != 0 {
		d.st.location(in.LocationID)
	}
	if in.Rack != "" {
		// The pool is the rack's alone; otherwise it would serve the whole place.
		pool.RackID, pool.LocationID = d.st.rack(in.LocationID, in.Rack), 0
	}
	pool.ID = d.st.NextID("pool")
	d.st.Pools = append(d.st.Pools, pool)
	d.st.Revision++
	return d.poolView(pool), nil
}

func (d *dci6) poolView(p *dciPool) map[string]any {
	return map[string]any{
		"id": p.ID, "name": p.Name, "purpose": p.Purpose, "network": p.Network,
		"location_id": isp6.IDOrNull(p.LocationID), "rack_id": isp6.IDOrNull(p.RackID),
		"total": p.Total(), "free": d.inUse.Free(&p.Pool),
	}
}

// serverView is the server as the control API shows it: what is behind the
// vendor's row.
func (d *dci6) serverView(srv *dciServer, now time.Time) map[string]any {
	return map[string]any{
		"id": srv.ID, "name": srv.Name, "domain": srv.Domain, "configuration": srv.Configuration,
		"location_id": srv.LocationID, "rack": nameRow(d.st.Racks, srv.RackID),
		"owner_id": isp6.IDOrNull(srv.OwnerID), "owner_email": d.ownerEmail(srv),
		"state": d.state(srv), "power": panel.OnOff(srv.PowerOn), "suspended": srv.Suspended,
		"protected": srv.Protected, "recovery": srv.Recovery, "is_new": srv.IsNew, "os_template": d.templateRow(srv.TemplateID),
		"ports":     []map[string]any{{"id": srv.ID, "switch": "sw-1", "admin_status": upDown(srv.PortUp)}},
		"addresses": addressRows(srv),
		"operation": operationRow(d.operation(srv.OperationID), now),
	}
}

func (d *dci6) View(now time.Time) map[string]any {
	servers := make([]map[string]any, 0, len(d.st.Servers))
	for _, srv := range d.st.Servers {
		servers = append(servers, d.serverView(srv, now))
	}
	operations := make([]dciOperation, 0, len(d.st.Operations))
	for _, op := range d.st.Operations {
		operations = append(operations, *op)
	}
	pools := make([]map[string]any, 0, len(d.st.Pools))
	for _, p := range d.st.Pools {
		pools = append(pools, d.poolView(p))
	}
	return map[string]any{
		"servers": servers, "operations": operations, "pools": pools,
		"users":     append(isp6.Users{}, d.st.Users...),
		"locations": append([]dciNamed{}, d.st.Locations...),
	}
}
