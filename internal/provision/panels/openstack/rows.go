package openstack

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// novaTime is how Nova writes an instant.
const novaTime = "2006-01-02T15:04:05Z"

// stackPage is how many rows a list shows at once.
const stackPage = 1000

// serverRow is a server as Nova shows it to the version that was asked for.
func (s *stack) serverRow(c *panel.Call, one *stackServer) map[string]any {
	addresses := map[string]any{}
	for _, a := range one.Addresses {
		list, _ := addresses[a.Network].([]any)
		addresses[a.Network] = append(list, map[string]any{
			"version": 4, "addr": a.IP, "OS-EXT-IPS:type": "fixed", "OS-EXT-IPS-MAC:mac_addr": a.MAC,
		})
	}
	groups := []map[string]string{}
	for _, g := range one.Groups {
		groups = append(groups, map[string]string{"name": g})
	}
	row := map[string]any{
		"id": one.ID, "name": one.Name, "status": one.Status, "tenant_id": stackProject, "user_id": "c0ffee",
		"metadata": one.Metadata, "created": one.Created.Format(novaTime), "updated": one.Updated.Format(novaTime),
		"image": map[string]any{"id": one.Image, "links": []any{}}, "flavor": map[string]any{"id": one.Flavor, "links": []any{}},
		"addresses": addresses, "accessIPv4": "", "accessIPv6": "", "links": []any{}, "security_groups": groups,
		"OS-EXT-STS:task_state": textOrNull(one.Task), "OS-EXT-STS:vm_state": stackVMStates[one.Status],
		"OS-EXT-STS:power_state": stackPower(one), "OS-EXT-AZ:availability_zone": one.Zone, "OS-DCF:diskConfig": "MANUAL",
		"hostId": "", "key_name": nil, "config_drive": "", "os-extended-volumes:volumes_attached": []any{},
	}
	const locks = 9 // the first version that tells
	if stackVersion(c) >= locks {
		row["locked"] = one.Locked
	}
	if one.Status == "ERROR" {
		row["fault"] = map[string]any{"code": http.StatusInternalServerError, "message": one.Fault, "created": one.Updated.Format(novaTime)}
	}
	return row
}

var stackVMStates = map[string]string{
	"BUILD": "building", "ACTIVE": "active", "SHUTOFF": "stopped", "SUSPENDED": "suspended", "PAUSED": "paused", "ERROR": "error",
	"RESIZE": "active", "VERIFY_RESIZE": "resized", "REVERT_RESIZE": "resized", "REBUILD": "active", "HARD_REBOOT": "active", "REBOOT": "active",
}

// stackPower is Nova's number: 1 running, 4 shut down, 7 suspended, 0 none.
func stackPower(one *stackServer) int {
	switch one.Status {
	case "SHUTOFF":
		return 4
	case "SUSPENDED":
		return 7
	case "BUILD", "ERROR":
		return 0
	}
	return 1
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (s *stack) showServer(c *panel.Call, one *stackServer) panel.Reply {
	return panel.NewReply(http.StatusOK, map[string]any{"server": s.serverRow(c, one)})
}

// listServers filters by name, a regular expression as Nova's database takes
// it, and by status; the newest come first, a thousand at a time.
func (s *stack) listServers(c *panel.Call) panel.Reply {
	for name := range c.Query {
		if !slices.Contains([]string{"name", "status", "limit", "marker"}, name) {
			return stackError(http.StatusBadRequest, "Additional properties are not allowed ('"+name+"' was unexpected)")
		}
	}
	pattern, err := regexp.Compile(c.Query.Get("name"))
	if err != nil {
		return stackError(http.StatusBadRequest, "Invalid filter field: name.")
	}
	limit := stackPage
	if text := c.Query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return stackError(http.StatusBadRequest, "Invalid input for query parameters limit.")
		}
		limit = min(limit, stackPage)
	}
	marker := c.Query.Get("marker")
	rows := []map[string]any{}
	for _, one := range slices.Backward(s.st.Servers) {
		if marker != "" {
			if one.ID == marker {
				marker = ""
			}
			continue
		}
		if one.Region != c.Args[0] || !pattern.MatchString(one.Name) || c.Query.Get("status") != "" && c.Query.Get("status") != one.Status {
			continue
		}
		if len(rows) == limit {
			next := c.Query
			next.Set("marker", rows[limit-1]["id"].(string))
			href := fmt.Sprintf("http://%s/openstack%s?%s", c.Host, c.Path, next.Encode())
			return panel.NewReply(http.StatusOK, map[string]any{"servers": rows, "servers_links": []any{map[string]string{"rel": "next", "href": href}}})
		}
		rows = append(rows, s.serverRow(c, one))
	}
	if marker != "" {
		return stackError(http.StatusBadRequest, "marker ["+marker+"] not found")
	}
	return panel.NewReply(http.StatusOK, map[string]any{"servers": rows})
}

// listActions is a server's history, the last first.
func (s *stack) listActions(_ *panel.Call, one *stackServer) panel.Reply {
	rows := []map[string]any{}
	for _, a := range slices.Backward(one.Actions) {
		rows = append(rows, map[string]any{
			"action": a.Action, "instance_uuid": one.ID, "message": textOrNull(a.Message), "project_id": stackProject,
			"request_id": a.Request, "start_time": a.Started.Format("2006-01-02T15:04:05.000000"), "user_id": "c0ffee",
		})
	}
	return panel.NewReply(http.StatusOK, map[string]any{"instanceActions": rows})
}

func (s *stack) listFlavors(*panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, f := range s.st.Flavors {
		rows = append(rows, map[string]any{
			"id": f.ID, "name": f.Name, "vcpus": f.CPU, "ram": f.RAM, "disk": f.Disk, "swap": "", "rxtx_factor": 1.0,
			"OS-FLV-EXT-DATA:ephemeral": 0, "os-flavor-access:is_public": true, "links": []any{},
		})
	}
	return panel.NewReply(http.StatusOK, map[string]any{"flavors": rows})
}

// listImages filters by status, as Glance does.
func (s *stack) listImages(c *panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, i := range s.st.Images {
		if want := c.Query.Get("status"); want == "" || want == i.Status {
			rows = append(rows, map[string]any{
				"id": i.ID, "name": i.Name, "status": i.Status, "tags": append([]string{}, i.Tags...), "visibility": "public",
				"min_disk": 1, "min_ram": 0, "disk_format": "qcow2", "container_format": "bare", "protected": false,
				"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
			})
		}
	}
	return panel.NewReply(http.StatusOK, map[string]any{"images": rows, "first": "/v2/images", "schema": "/v2/schemas/images"})
}

func (s *stack) listNetworks(*panel.Call) panel.Reply {
	rows := []map[string]any{}
	for _, n := range s.st.Networks {
		rows = append(rows, map[string]any{
			"id": n.ID, "name": n.Name, "status": "ACTIVE", "admin_state_up": true, "shared": true, "subnets": []any{},
			"tenant_id": stackProject, "project_id": stackProject, "tags": []any{},
		})
	}
	return panel.NewReply(http.StatusOK, map[string]any{"networks": rows})
}

// View is what the control API shows.
func (s *stack) View(time.Time) map[string]any {
	servers := make([]map[string]any, 0, len(s.st.Servers))
	var operations []map[string]any
	for _, one := range s.st.Servers {
		servers = append(servers, s.serverView(one))
		for _, a := range one.Actions {
			operations = append(operations, map[string]any{"server_id": one.ID, "name": a.Action, "status_info": a.Message, "started_at": a.Started})
		}
	}
	const most = 500
	pools := []map[string]any{}
	for _, n := range s.st.Networks {
		pools = append(pools, map[string]any{"id": n.ID, "name": n.Name, "network": n.CIDR})
	}
	return map[string]any{
		"servers": servers, "operations": operations[max(0, len(operations)-most):], "pools": pools, "locations": stackRegions,
		"users": []map[string]string{{"name": "admin", "project": "admin", "domain": "Default"}},
	}
}

// serverView is a server under the names that all panels have in the control
// API.
func (s *stack) serverView(one *stackServer) map[string]any {
	flavor, image := "", ""
	if f := s.st.flavor(one.Flavor); f != nil {
		flavor = f.Name
	}
	if i := s.st.image(one.Image); i != nil {
		image = i.Name
	}
	return map[string]any{
		"id": one.ID, "name": one.Name, "location": one.Region, "status": one.Status, "task": one.Task, "power": panel.OnOff(stackPower(one) == 1),
		"locked": one.Locked, "configuration": flavor, "os_template": image, "metadata": one.Metadata, "fault": one.Fault,
		"addresses": append([]stackAddress{}, one.Addresses...), "security_groups": append([]string{}, one.Groups...), "zone": one.Zone,
	}
}
