package dcimanager6

import (
	"fmt"
	"net/http"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// available is the vendor's rule for a server that may be issued: nobody's,
// diagnosed, and its last operation ended well.
func (d *dci6) available(srv *dciServer) bool {
	op := d.operation(srv.OperationID)
	return srv.OwnerID == 0 && !srv.IsNew &&
		(op == nil || op.Status == operationOK || op.Status == operationCanceled)
}

func (d *dci6) listConfigurations(c *panel.Call) panel.Reply {
	var rows []map[string]any
	place := map[string]int{}
	for _, srv := range d.st.Servers {
		i, known := place[srv.Configuration]
		if !known {
			i = len(rows)
			place[srv.Configuration] = i
			rows = append(rows, map[string]any{"configuration": srv.Configuration, "free_server_count": 0})
		}
		if d.available(srv) {
			rows[i]["free_server_count"] = rows[i]["free_server_count"].(int) + 1
		}
	}
	return isp6.List(c, d.st.Revision, rows)
}

func (d *dci6) listServers(c *panel.Call) panel.Reply {
	all := d.st.Servers
	return isp6.ListOf(c, d.st.Revision, isp6.Rows{
		N: len(all), Make: func(i int) map[string]any { return d.serverRow(all[i], c.Now) },
		Plain: map[string]func(int) any{
			"id":            func(i int) any { return all[i].ID },
			"name":          func(i int) any { return all[i].Name },
			"configuration": func(i int) any { return all[i].Configuration },
			"location_id":   func(i int) any { return all[i].LocationID },
			"owner_email":   func(i int) any { return d.ownerEmail(all[i]) },
		},
	})
}

func (d *dci6) getServer(c *panel.Call, srv *dciServer) panel.Reply {
	return isp6.OK(d.serverRow(srv, c.Now))
}

func (d *dci6) editServer(c *panel.Call, srv *dciServer) panel.Reply {
	var in struct {
		Name   string `json:"name"`
		Domain string `json:"domain"`
	}
	sent, bad := isp6.Body(c, &in)
	if bad != nil {
		return *bad
	}
	if sent["name"] {
		srv.Name = in.Name
	}
	if sent["domain"] {
		srv.Domain = in.Domain
	}
	c.Changed = true
	return isp6.OK(map[string]any{"id": srv.ID})
}

// setOwner gives the server to a user or takes it back. The port follows the
// owner — a server of nobody is not on the network — unless the server is
// suspended, which only resume ends. Nothing is wiped.
func (d *dci6) setOwner(c *panel.Call, srv *dciServer) panel.Reply {
	var in struct {
		Owner *int `json:"owner"`
	}
	if _, bad := isp6.Body(c, &in, "owner"); bad != nil {
		return *bad
	}
	owner := 0
	if in.Owner != nil {
		if d.st.Users.Find(*in.Owner) == nil {
			return isp6.BadValue("owner", "names no user")
		}
		owner = *in.Owner
	}
	if srv.Protected && owner != srv.OwnerID {
		return *d.refuse(srv)
	}
	srv.OwnerID = owner
	srv.PortUp = owner != 0 && !srv.Suspended
	c.Changed = true
	return isp6.OK(map[string]any{"id": srv.ID})
}

// getTraffic answers whole days for every day that [from, to) touches. Both
// are days or instants; set days and made-up days look the same. Where the
// panel tells samples, those of [from, to) come beside the days.
func (d *dci6) getTraffic(c *panel.Call, srv *dciServer) panel.Reply {
	from, err1 := d.instant(c.Query.Get("from"))
	to, err2 := d.instant(c.Query.Get("to"))
	if err1 != nil || err2 != nil || !from.Before(to) {
		return isp6.Error(http.StatusBadRequest, isp6.CodeBadQuery, "from and to must be days or instants, from before to", nil)
	}
	var rows []map[string]any
	// Counted by civil days: a day is not always 24 hours long.
	for day := d.midnight(from, 0); day.Before(to); day = d.midnight(day, 1) {
		if len(rows) == panel.MaxTrafficDays {
			return isp6.Error(http.StatusBadRequest, isp6.CodeBadQuery, fmt.Sprintf("more than %d days", panel.MaxTrafficDays), nil)
		}
		name := day.Format(panel.DayLayout)
		t := d.traffic.Day(srv.ID, name)
		row := map[string]any{
			"day": name, "in": t.In, "out": t.Out,
			"burst_in_day": t.BurstIn, "burst_out_day": t.BurstOut, "power": t.Power,
		}
		if d.st.Traffic == trafficSeries {
			row["burst_in_day"], row["burst_out_day"] = nil, nil
		}
		rows = append(rows, row)
	}
	answer := isp6.List(c, d.st.Revision, rows)
	if body, ok := answer.Body.(map[string]any); ok && d.st.Traffic == trafficSeries {
		body["metrics"] = d.metrics(srv.ID, from, to)
	}
	return answer
}

// midnight is the beginning of the day that lies so many days after t's.
func (d *dci6) midnight(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, d.zone)
}

// instant reads a day as its beginning in the panels' zone, or an instant.
func (d *dci6) instant(text string) (time.Time, error) {
	if t, err := time.ParseInLocation(panel.DayLayout, text, d.zone); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.In(d.zone), err
}
