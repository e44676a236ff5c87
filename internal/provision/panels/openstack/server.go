package openstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// createServer begins a server. Its addresses are taken when it is built, so
// that a network without any leaves it in ERROR.
func (s *stack) createServer(c *panel.Call) panel.Reply {
	var in struct {
		Server struct {
			Name      string            `json:"name"`
			Image     string            `json:"imageRef"`
			Flavor    string            `json:"flavorRef"`
			Password  string            `json:"adminPass"`
			Zone      string            `json:"availability_zone"`
			Metadata  map[string]string `json:"metadata"`
			KeyName   string            `json:"key_name"`
			UserData  string            `json:"user_data"`
			Min       int               `json:"min_count"`
			Max       int               `json:"max_count"`
			Networks  []stackPort       `json:"networks"`
			Groups    []stackGroup      `json:"security_groups"`
			DriveWish *bool             `json:"config_drive"`
		} `json:"server"`
	}
	if err := panel.StrictJSON(c.Body, &in); err != nil {
		return stackError(http.StatusBadRequest, "Invalid input: "+err.Error())
	}
	n := in.Server
	network, bad := s.wantedNetwork(n.Networks)
	switch {
	case n.Name == "" || len(n.Name) > 255 || n.Min > 1 || n.Max > 1:
		return stackError(http.StatusBadRequest, "Invalid input for field/attribute server.")
	case s.st.image(n.Image) == nil:
		return stackError(http.StatusBadRequest, "Can not find requested image")
	case s.st.image(n.Image).Status != "active":
		return stackError(http.StatusBadRequest, "Image "+n.Image+" is not active.")
	case s.st.flavor(n.Flavor) == nil:
		return stackError(http.StatusBadRequest, "Flavor "+n.Flavor+" could not be found.")
	case n.Zone != "" && n.Zone != "nova":
		return stackError(http.StatusBadRequest, "The requested availability zone is not available")
	case bad != nil:
		return *bad
	}
	one := s.newServer(c.Now, c.Args[0], n.Name, n.Image, n.Flavor)
	one.Metadata, one.Groups = n.Metadata, []string{"default"}
	if len(n.Groups) > 0 {
		one.Groups = nil
		for _, g := range n.Groups {
			one.Groups = append(one.Groups, g.Name)
		}
	}
	s.begin(c, one, stackJob{action: "create", status: "BUILD", task: "spawning", long: true})
	one.Work.Network = network
	password := n.Password
	if password == "" {
		password = fmt.Sprintf("made-%d", s.st.LastID)
	}
	return panel.NewReply(http.StatusAccepted, map[string]any{"server": map[string]any{
		"id": one.ID, "adminPass": password, "links": []any{}, "OS-DCF:diskConfig": "MANUAL", "security_groups": n.Groups,
	}})
}

type stackGroup struct {
	Name string `json:"name"`
}

type stackPort struct {
	UUID string `json:"uuid"`
}

// wantedNetwork is the one that is named, or the only one.
func (s *stack) wantedNetwork(wanted []stackPort) (string, *panel.Reply) {
	var bad panel.Reply
	switch {
	case len(wanted) > 1:
		bad = stackError(http.StatusBadRequest, "The simulator makes servers in one network.")
	case len(wanted) == 1 && s.st.network(wanted[0].UUID) != nil:
		return wanted[0].UUID, nil
	case len(wanted) == 1:
		bad = stackError(http.StatusBadRequest, "Network "+wanted[0].UUID+" could not be found.")
	case len(s.st.Networks) == 1:
		return s.st.Networks[0].ID, nil
	default:
		bad = stackError(http.StatusConflict, "Multiple possible networks found, use a Network ID to be more specific.")
	}
	return "", &bad
}

func (s *stack) newServer(now time.Time, region, name, image, flavor string) *stackServer {
	s.st.LastID++
	one := &stackServer{
		ID: stackID('a', s.st.LastID), Name: name, Region: region, Image: image, Flavor: flavor, Zone: "nova",
		Metadata: map[string]string{}, Created: now, Updated: now,
	}
	s.st.Servers = append(s.st.Servers, one)
	s.byID[one.ID] = one
	return one
}

// stackJob is how an action is begun.
type stackJob struct {
	action string // in the history
	status string // meanwhile; empty: as it is
	task   string
	long   bool // takes the whole delay
}

// begin puts a server to work.
func (s *stack) begin(c *panel.Call, one *stackServer, j stackJob) {
	length := s.delay / 10
	if j.long {
		length = s.delay
	}
	s.note(c, one, j.action)
	one.Task, one.Updated = j.task, c.Now
	one.Work = &stackWork{Name: j.action, StartedAt: c.Now, DoneAt: c.Now.Add(length), Fail: c.FailTask()}
	if j.status != "" {
		one.Status = j.status
	}
	s.open = append(s.open, one)
	c.Changed = true
}

// note writes an action into the server's history.
func (s *stack) note(c *panel.Call, one *stackServer, action string) {
	const most = 100
	one.Actions = append(one.Actions, stackAction{Request: fmt.Sprintf("req-%s-%d", one.ID, len(one.Actions)+1), Action: action, Started: c.Now})
	one.Actions = one.Actions[max(0, len(one.Actions)-most):]
	c.Changed = true
}

// Settle finishes what is due.
func (s *stack) Settle(now time.Time) bool {
	before := len(s.open)
	s.open = slices.DeleteFunc(s.open, func(one *stackServer) bool {
		if one.Work.DoneAt.After(now) {
			return false
		}
		w := *one.Work
		one.Task, one.Work, one.Updated = "", nil, w.DoneAt
		s.finish(one, w)
		return true
	})
	return len(s.open) != before
}

// finish gives work its effect, or none and a message in the history.
func (s *stack) finish(one *stackServer, w stackWork) {
	if w.Fail {
		s.fail(one, w.Name, "failed by a fault of the simulator")
		return
	}
	switch w.Name {
	case "create":
		s.built(one, w)
	case "delete":
		s.drop(one)
	case "start", "resume", "unpause", "reboot":
		one.Status = "ACTIVE"
	case "stop":
		one.Status = "SHUTOFF"
	case "suspend":
		one.Status = "SUSPENDED"
	case "pause":
		one.Status = "PAUSED"
	case "rebuild":
		one.Status, one.Image, one.Fault = one.OldStatus, w.Image, ""
	case "resize":
		if s.st.flavor(w.Flavor).Disk < s.st.flavor(one.Flavor).Disk {
			s.fail(one, "resize", "Resize error: Unable to resize disk down.")
			return
		}
		one.Status, one.OldFlavor, one.Flavor = "VERIFY_RESIZE", one.Flavor, w.Flavor
	case "revertResize":
		one.Status, one.Flavor = one.OldStatus, one.OldFlavor
	}
}

// built gives a new server its address.
func (s *stack) built(one *stackServer, w stackWork) {
	network := s.st.network(w.Network)
	if network == nil {
		s.fail(one, "create", "Network "+w.Network+" could not be found.")
		return
	}
	ip := s.address(network)
	if ip == "" {
		s.fail(one, "create", "Build of instance "+one.ID+" aborted: No more IP addresses available on network "+network.ID+".")
		return
	}
	mac := "fa:16:3e:" + one.ID[30:32] + ":" + one.ID[32:34] + ":" + one.ID[34:36]
	one.Status = "ACTIVE"
	one.Addresses = append(one.Addresses, stackAddress{Network: network.Name, IP: ip, MAC: mac})
}

// fail ends work that went wrong: what is built or deleted is broken then,
// anything else is as it was.
func (s *stack) fail(one *stackServer, name, why string) {
	if len(one.Actions) > 0 {
		one.Actions[len(one.Actions)-1].Message = "Error"
	}
	switch name {
	case "create", "delete", "rebuild":
		one.Status, one.Fault = "ERROR", why
	case "resize", "reboot":
		one.Status = one.OldStatus
	case "revertResize":
		one.Status = "VERIFY_RESIZE"
	}
}

func (s *stack) drop(one *stackServer) {
	delete(s.byID, one.ID)
	s.st.Servers = slices.DeleteFunc(s.st.Servers, func(o *stackServer) bool { return o == one })
	for _, a := range one.Addresses {
		delete(s.used, a.IP)
	}
}

// deleteServer may be repeated while it works.
func (s *stack) deleteServer(c *panel.Call, one *stackServer) panel.Reply {
	if rep := lockedOut(one); rep != nil {
		return *rep
	}
	if one.Task == "deleting" {
		return panel.NewReply(http.StatusNoContent, nil)
	}
	s.open = slices.DeleteFunc(s.open, func(o *stackServer) bool { return o == one })
	s.begin(c, one, stackJob{action: "delete", task: "deleting"})
	return panel.NewReply(http.StatusNoContent, nil)
}

// lockedOut refuses what a lock forbids everybody but administrators of the
// cloud; the one user here is none.
func lockedOut(one *stackServer) *panel.Reply {
	if !one.Locked {
		return nil
	}
	rep := stackError(http.StatusConflict, "Instance "+one.ID+" is locked")
	return &rep
}

// stackStock is what POST /control/openstack/servers takes: a running server
// that somebody else made.
type stackStock struct {
	Name     string            `json:"name"`
	Region   string            `json:"region"`
	Flavor   string            `json:"flavor"`
	Image    string            `json:"image"`
	Metadata map[string]string `json:"metadata"`
	Count    int               `json:"count"`
}

func (s *stack) Control(what string, body []byte, now time.Time) (any, error) {
	switch what {
	case "servers":
		in := stackStock{Region: stackRegions[0], Flavor: "m1.small", Image: "Debian-12", Count: 1}
		if err := panel.StrictJSON(body, &in); err != nil {
			return nil, err
		}
		return s.addStock(in, now)
	case "pools":
		var in struct {
			Name    string `json:"name"`
			Network string `json:"network"`
		}
		if err := panel.StrictJSON(body, &in); err != nil {
			return nil, err
		}
		return s.addNetwork(in.Name, in.Network)
	}
	return nil, panel.ErrNotFound
}

func (s *stack) addStock(in stackStock, now time.Time) (any, error) {
	flavor := slices.IndexFunc(s.st.Flavors, func(f stackFlavor) bool { return f.Name == in.Flavor })
	image := slices.IndexFunc(s.st.Images, func(i stackImage) bool { return i.Name == in.Image })
	if in.Name == "" || flavor < 0 || image < 0 || !slices.Contains(stackRegions, in.Region) || in.Count < 1 || in.Count > panel.MaxStock {
		return nil, fmt.Errorf("name and a known region, flavor and image are needed, count is 1 to %d", panel.MaxStock)
	}
	var list []map[string]any
	for range in.Count {
		one := s.newServer(now, in.Region, in.Name, s.st.Images[image].ID, s.st.Flavors[flavor].ID)
		if in.Metadata != nil {
			one.Metadata = in.Metadata
		}
		s.built(one, stackWork{Network: s.st.Networks[0].ID})
		list = append(list, s.serverView(one))
	}
	return map[string]any{"list": list}, nil
}

func (s *stack) addNetwork(name, cidr string) (any, error) {
	network, err := ipv4Network(cidr)
	if err != nil || name == "" {
		return nil, fmt.Errorf("name and network are needed, an IPv4 network between /8 and /30, like 192.0.2.0/29")
	}
	n := &stackNetwork{ID: stackID('2', len(s.st.Networks)+1), Name: name, CIDR: network}
	s.st.Networks = append(s.st.Networks, n)
	return map[string]any{"id": n.ID, "name": n.Name, "network": n.CIDR}, nil
}

// onlyMember is an action's name and its words.
func onlyMember(body []byte) (name string, words json.RawMessage, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || len(members) != 1 {
		return "", nil, false
	}
	for name, words = range members {
	}
	return name, words, strings.TrimSpace(name) != ""
}
