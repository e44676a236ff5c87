package panel

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Server is a row of the panel's server list, as far as billing needs it.
type Server struct {
	ID            int        `json:"id"`
	Name          string     `json:"name"`
	Domain        string     `json:"domain"`
	LocationID    int        `json:"location_id"`
	Rack          Named      `json:"rack"`
	Configuration string     `json:"configuration"`
	State         string     `json:"state"`
	Operation     *Operation `json:"operation"`
	OS            Named      `json:"os_template"`
	IPs           []IP       `json:"ip"`
	Ports         []Port     `json:"switch_connection"`
	OwnerEmail    string     `json:"owner_email"` // empty: nobody's
	IsNew         bool       `json:"is_new"`      // diagnostics are not finished
	PowerStatus   string     `json:"power_status"`
}

// Operation is the last thing the panel did, or is doing, with a server.
type Operation struct {
	ID         int    `json:"id"`
	Status     string `json:"status"`
	StatusInfo Text   `json:"status_info"`
}

// IP is one address of a server.
type IP struct {
	ID      int    `json:"id"`
	Address string `json:"name"`
	Family  string `json:"family"`
	Gateway string `json:"gateway"`
	Network string `json:"network"`
	Status  string `json:"status"`
	PoolID  int    `json:"pool_id"` // 0: the build does not tell
}

// Port is a connection to a switch.
type Port struct {
	AdminStatus string `json:"admin_status"`
	IsIPMI      bool   `json:"is_ipmi_connection"`
}

// Named is a reference to another object: its number, or an object with number and name, or null.
type Named struct {
	ID   int
	Name string
}

// UnmarshalJSON reads any of the three forms.
func (n *Named) UnmarshalJSON(data []byte) error {
	*n = Named{}
	switch data = bytes.TrimSpace(data); {
	case bytes.Equal(data, []byte("null")):
		return nil
	case len(data) > 0 && data[0] == '{':
		var object struct {
			ID   int    `json:"id"`
			Name string `json:"name"`
		}
		err := json.Unmarshal(data, &object)
		*n = Named{object.ID, object.Name}
		return err
	}
	return json.Unmarshal(data, &n.ID)
}

// Text is a member that some builds fill with text and others with an object; it is only shown to people.
type Text string

// UnmarshalJSON keeps a text as it is and anything else as JSON.
func (t *Text) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*t = Text(text)
		return nil
	}
	*t = Text(data)
	return nil
}

// OperationID returns the last operation's number; 0 where there was none.
func (s Server) OperationID() int {
	if s.Operation == nil {
		return 0
	}
	return s.Operation.ID
}

// Failed tells whether the last operation did not come to its end.
func (s Server) Failed() bool {
	if s.Operation == nil {
		return false
	}
	switch s.Operation.Status {
	case "failed", "fail", "error", "canceled", "cancelled":
		return true
	}
	return false
}

// Broken tells whether the last operation left the server in doubt. A cancelled one does not.
func (s Server) Broken() bool {
	return s.Failed() && !strings.HasPrefix(s.Operation.Status, "cancel")
}

// Busy tells whether the panel is still at work on the server. A status that nobody has named is taken for work.
func (s Server) Busy() bool {
	if s.Operation != nil && s.Operation.Status != "" && s.Operation.Status != "ok" && !s.Failed() {
		return true
	}
	switch s.State {
	case "suspending", "resuming", "installing", "processing", "creating", "deleting", "rebooting":
		return true
	}
	for _, ip := range s.IPs {
		switch ip.Status {
		case "allocating", "deleting", "releasing", "removing":
			return true
		}
	}
	return false
}

// Suspended tells whether the server is cut off: by its state, or by its ports where the state does not say so.
func (s Server) Suspended() bool {
	if s.State == "suspended" {
		return true
	}
	down, up := 0, 0
	for _, p := range s.Ports {
		switch {
		case p.IsIPMI:
		case p.AdminStatus == "down":
			down++
		default:
			up++
		}
	}
	return down > 0 && up == 0
}

// Free tells whether the server can be given away: nobody's, known to the panel, idle, sound and not in maintenance.
func (s Server) Free() bool {
	switch s.State {
	case "maintenance", "fault", "broken", "error", "failed", "disabled":
		return false
	}
	return s.OwnerEmail == "" && !s.IsNew && s.Configuration != "" && !s.Busy() && !s.Broken()
}
