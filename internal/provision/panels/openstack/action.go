package openstack

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// stackRule is an action: in which statuses it may be asked for, and what
// goes on then.
type stackRule struct {
	from []string
	job  stackJob
}

// The actions that take time and need no words. The names of the history are
// Nova's own, without "os-".
var stackRules = map[string]stackRule{
	"os-start":     {[]string{"SHUTOFF"}, stackJob{action: "start", task: "powering-on"}},
	"os-stop":      {[]string{"ACTIVE", "RESCUE", "ERROR"}, stackJob{action: "stop", task: "powering-off"}},
	"suspend":      {[]string{"ACTIVE"}, stackJob{action: "suspend", task: "suspending"}},
	"resume":       {[]string{"SUSPENDED"}, stackJob{action: "resume", task: "resuming"}},
	"pause":        {[]string{"ACTIVE"}, stackJob{action: "pause", task: "pausing"}},
	"unpause":      {[]string{"PAUSED"}, stackJob{action: "unpause", task: "unpausing"}},
	"reboot":       {[]string{"ACTIVE", "SHUTOFF", "SUSPENDED", "PAUSED", "ERROR"}, stackJob{action: "reboot", status: "HARD_REBOOT", task: "rebooting_hard"}},
	"rebuild":      {[]string{"ACTIVE", "SHUTOFF", "SUSPENDED", "PAUSED", "ERROR"}, stackJob{action: "rebuild", status: "REBUILD", task: "rebuilding", long: true}},
	"resize":       {[]string{"ACTIVE", "SHUTOFF"}, stackJob{action: "resize", status: "RESIZE", task: "resize_prep"}},
	"revertResize": {[]string{"VERIFY_RESIZE"}, stackJob{action: "revertResize", status: "REVERT_RESIZE", task: "resize_reverting"}},
}

// act carries out POST …/action: an object of one member, the action.
func (s *stack) act(c *panel.Call, one *stackServer) panel.Reply {
	name, words, ok := onlyMember(c.Body)
	if !ok {
		return stackError(http.StatusBadRequest, "There is no such action: "+name)
	}
	switch name {
	case "lock", "unlock":
		one.Locked = name == "lock"
		s.note(c, one, name)
		return panel.NewReply(http.StatusAccepted, nil)
	}
	if rep := lockedOut(one); rep != nil {
		return *rep
	}
	switch name {
	case "confirmResize":
		return s.confirmResize(c, one)
	case "changePassword":
		return s.changePassword(c, one, words)
	}
	rule, known := stackRules[name]
	if !known {
		return stackError(http.StatusBadRequest, "There is no such action: "+name)
	}
	if rep := s.forbidden(one, name, rule.from); rep != nil {
		return *rep
	}
	return s.start(c, one, name, words, rule.job)
}

// forbidden refuses what a server cannot do in its state.
func (s *stack) forbidden(one *stackServer, name string, from []string) *panel.Reply {
	var rep panel.Reply
	switch {
	case one.Task != "":
		rep = stackError(http.StatusConflict, "Cannot '"+name+"' instance "+one.ID+" while it is in task_state "+one.Task)
	case !slices.Contains(from, one.Status):
		rep = stackError(http.StatusConflict, "Cannot '"+name+"' instance "+one.ID+" while it is in vm_state "+stackVMStates[one.Status])
	default:
		return nil
	}
	return &rep
}

// start reads the words of an action and begins it.
func (s *stack) start(c *panel.Call, one *stackServer, name string, words json.RawMessage, j stackJob) panel.Reply {
	var in struct {
		Type     string `json:"type"`
		Image    string `json:"imageRef"`
		Flavor   string `json:"flavorRef"`
		Password string `json:"adminPass"`
	}
	if string(words) != "null" && strings.TrimSpace(string(words)) != "" {
		if err := panel.StrictJSON(words, &in); err != nil {
			return stackError(http.StatusBadRequest, "Invalid input for field/attribute "+name+": "+err.Error())
		}
	}
	switch {
	case name == "reboot" && in.Type != "HARD" && in.Type != "SOFT":
		return stackError(http.StatusBadRequest, "Invalid input for field/attribute type.")
	case name == "reboot" && in.Type == "SOFT" && one.Status != "ACTIVE":
		return *s.forbidden(one, name, nil)
	case name == "rebuild" && s.st.image(in.Image) == nil:
		return stackError(http.StatusBadRequest, "Cannot find image for rebuild")
	case name == "resize" && s.st.flavor(in.Flavor) == nil:
		return stackError(http.StatusBadRequest, "Unable to locate requested flavor.")
	case name == "resize" && in.Flavor == one.Flavor:
		return stackError(http.StatusBadRequest, "When resizing, instances must change flavor!")
	}
	if name == "rebuild" || name == "resize" || name == "reboot" {
		one.OldStatus = one.Status
		if name == "rebuild" && one.Status != "SHUTOFF" {
			one.OldStatus = "ACTIVE"
		}
	}
	s.begin(c, one, j)
	one.Work.Image, one.Work.Flavor = in.Image, in.Flavor
	if name == "rebuild" {
		return panel.NewReply(http.StatusAccepted, map[string]any{"server": s.serverRow(c, one)})
	}
	return panel.NewReply(http.StatusAccepted, nil)
}

func (s *stack) confirmResize(c *panel.Call, one *stackServer) panel.Reply {
	if rep := s.forbidden(one, "confirmResize", []string{"VERIFY_RESIZE"}); rep != nil {
		return *rep
	}
	one.Status, one.OldFlavor, one.Updated = one.OldStatus, "", c.Now
	s.note(c, one, "confirmResize")
	return panel.NewReply(http.StatusNoContent, nil)
}

func (s *stack) changePassword(c *panel.Call, one *stackServer, words json.RawMessage) panel.Reply {
	var in struct {
		Password string `json:"adminPass"`
	}
	if err := panel.StrictJSON(words, &in); err != nil || in.Password == "" {
		return stackError(http.StatusBadRequest, "Invalid input for field/attribute adminPass.")
	}
	if rep := s.forbidden(one, "changePassword", []string{"ACTIVE"}); rep != nil {
		return *rep
	}
	s.note(c, one, "changePassword")
	return panel.NewReply(http.StatusAccepted, nil)
}

// ipv4Network reads a network as the control API takes it.
func ipv4Network(text string) (string, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil || !network.Addr().Is4() || network != network.Masked() || network.Bits() < 8 || network.Bits() > 30 {
		return "", errors.New("no such network")
	}
	return network.String(), nil
}
