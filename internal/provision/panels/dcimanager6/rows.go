package dcimanager6

import (
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// serverRow is the server as the vendor shows it, with every field that its
// pages name; pool_id of an address and protected of the settings are ours.
func (d *dci6) serverRow(srv *dciServer, now time.Time) map[string]any {
	return map[string]any{
		"id": srv.ID, "name": srv.Name, "domain": srv.Domain,
		"location_id": srv.LocationID, "rack": nameRow(d.st.Racks, srv.RackID),
		"unit": srv.ID % 40, "size": 1, "barcode": fmt.Sprintf("SRV%06d", srv.ID),
		"configuration": srv.Configuration,
		"state":         d.state(srv), "state_info": "",
		"operation":     operationRow(d.operation(srv.OperationID), now),
		"os_template":   d.templateRow(srv.TemplateID),
		"hardware_info": map[string]any{"motherboard": map[string]any{"model": "Simulated " + srv.Configuration}},
		"perform_info":  map[string]any{},
		"settings":      map[string]any{"efi": false, "protected": srv.Protected},
		"ip":            addressRows(srv),
		"switch_connection": []map[string]any{{
			"id": srv.ID, "switch": map[string]any{"id": 1, "name": "sw-1"}, "connection_id": srv.ID,
			"description": fmt.Sprintf("Gi0/%d", srv.ID), "admin_status": upDown(srv.PortUp),
			"oper_status": upDown(srv.PortUp && srv.PowerOn), "do_not_collect_traffic": false, "is_ipmi_connection": false,
		}},
		"pdu_connection": map[string]any{
			"port_id": srv.ID, "port_identity": fmt.Sprint(srv.ID), "pdu_id": 1, "pdu_name": "pdu-1",
			"connection_id": srv.ID, "power": 0,
		},
		"owner_email": d.ownerEmail(srv), "is_new": srv.IsNew, "power_status": panel.OnOff(srv.PowerOn),
	}
}

// state is what the server's resource is going through.
func (d *dci6) state(srv *dciServer) string {
	if op := d.operation(srv.OperationID); op != nil && op.Status == operationRunning {
		switch op.Name {
		case opSuspend:
			return "suspending"
		case opResume:
			return "resuming"
		case opInstall:
			return "installing"
		}
	}
	if srv.Suspended {
		return "suspended"
	}
	return "active"
}

func operationRow(op *dciOperation, now time.Time) map[string]any {
	if op == nil {
		return nil
	}
	progress := []map[string]any{}
	if op.Status == operationRunning {
		percent := 0
		if length := op.DoneAt.Sub(op.StartedAt); length > 0 {
			percent = int(100 * max(0, now.Sub(op.StartedAt)) / length)
		}
		progress = append(progress, map[string]any{"name": op.Name, "progress": percent})
	}
	return map[string]any{
		"id": op.ID, "name": op.Name, "status": op.Status, "status_info": op.Info, "progress_info": progress,
	}
}

func addressRows(srv *dciServer) []map[string]any {
	rows := make([]map[string]any, 0, len(srv.Addresses))
	for _, a := range srv.Addresses {
		rows = append(rows, map[string]any{
			"id": a.ID, "name": a.Name, "domain": a.Domain, "family": "ipv4", "gateway": a.Gateway,
			"network": a.Network, "status": a.Status, "status_info": "", "pool_id": a.PoolID,
		})
	}
	return rows
}

// ownerEmail is the owner's address, or nil: an any that holds an empty text
// would not be null to a where clause.
func (d *dci6) ownerEmail(srv *dciServer) any {
	if u := d.st.Users.Find(srv.OwnerID); u != nil {
		return u.Email
	}
	return nil
}

func (d *dci6) templateRow(id int) any {
	if t := named(d.st.Templates, id); t != nil {
		return map[string]any{"id": t.ID, "name": t.Name, "tags": append([]string{}, t.Tags...)}
	}
	return nil
}

func nameRow(list []dciNamed, id int) any {
	if n := named(list, id); n != nil {
		return map[string]any{"id": n.ID, "name": n.Name}
	}
	return nil
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// listNamed answers a plain list, each row completed by more.
func (d *dci6) listNamed(c *panel.Call, list []dciNamed, more func(n dciNamed, row map[string]any)) panel.Reply {
	rows := make([]map[string]any, 0, len(list))
	for _, n := range list {
		row := map[string]any{"id": n.ID, "name": n.Name}
		more(n, row)
		rows = append(rows, row)
	}
	return isp6.List(c, d.st.Revision, rows)
}

func (d *dci6) listTemplates(c *panel.Call) panel.Reply {
	return d.listNamed(c, d.st.Templates, func(n dciNamed, row map[string]any) { row["tags"] = append([]string{}, n.Tags...) })
}

func (d *dci6) listScripts(c *panel.Call) panel.Reply {
	return d.listNamed(c, d.st.Scripts, func(n dciNamed, row map[string]any) { row["access"] = n.Access })
}

func (d *dci6) listLocations(c *panel.Call) panel.Reply {
	return d.listNamed(c, d.st.Locations, func(n dciNamed, row map[string]any) {
		count := 0
		for _, srv := range d.st.Servers {
			if srv.LocationID == n.ID {
				count++
			}
		}
		row["server_count"] = count
	})
}

func (d *dci6) listRacks(c *panel.Call) panel.Reply {
	return d.listNamed(c, d.st.Racks, func(n dciNamed, row map[string]any) {
		count := 0
		for _, srv := range d.st.Servers {
			if srv.RackID == n.ID {
				count++
			}
		}
		row["location_id"], row["device_count"] = n.LocationID, count
	})
}

func (d *dci6) listRoles(c *panel.Call) panel.Reply {
	return d.listNamed(c, dciRoles, func(dciNamed, map[string]any) {})
}

func (d *dci6) listPools(c *panel.Call) panel.Reply {
	rows := make([]map[string]any, 0, len(d.st.Pools))
	for _, p := range d.st.Pools {
		rows = append(rows, map[string]any{
			"id": p.ID, "name": p.Name, "purpose": p.Purpose,
			"location_id": isp6.IDOrNull(p.LocationID), "rack_id": isp6.IDOrNull(p.RackID),
			"ipv4": map[string]any{"total": p.Total(), "free": d.inUse.Free(&p.Pool)},
			"ipv6": map[string]any{"total": 0, "free": 0},
		})
	}
	return isp6.List(c, d.st.Revision, rows)
}

func (d *dci6) listAddresses(c *panel.Call) panel.Reply {
	var rows []map[string]any
	for _, srv := range d.st.Servers {
		for _, row := range addressRows(srv) {
			row["server_id"] = srv.ID
			rows = append(rows, row)
		}
	}
	return isp6.List(c, d.st.Revision, rows)
}

// listTasks is the queue by task number: consul_id, not id, is what calls
// answer as task.
func (d *dci6) listTasks(c *panel.Call) panel.Reply {
	words := map[string]string{operationRunning: "running", operationOK: "complete", operationFailed: "fail"}
	rows := make([]map[string]any, 0, len(d.st.Operations))
	for _, op := range d.st.Operations {
		rows = append(rows, map[string]any{
			"id": op.ID, "consul_id": op.ID + isp6.TaskOffset, "name": op.Name,
			"status": words[op.Status], "defer_reason": nil, "output": op.Info,
		})
	}
	return isp6.List(c, d.st.Revision, rows)
}
