package dcimanager6

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// What a server's operation can be.
const (
	opDiagnose   = "diagnostics"
	opInstall    = "os_install"
	opRecover    = "recovery"
	opSuspend    = "suspend"
	opResume     = "resume"
	opPowerOn    = "power_on"
	opPowerOff   = "power_off"
	opPowerReset = "power_reset"
	opAddressAdd = "ip_allocate"
	opAddressDel = "ip_delete"
)

// maxOperations is how much history is kept.
const maxOperations = 500

// start begins an operation on a server. Work on an address runs beside the
// server's own operation; everything else is the server's operation until the
// next one.
func (d *dci6) start(c *panel.Call, srv *dciServer, op dciOperation) *dciOperation {
	length := d.delay / 10
	if op.Name == opInstall {
		length = d.delay
	}
	op.ID, op.ServerID, op.Status = d.st.NextID("operation"), srv.ID, operationRunning
	op.StartedAt, op.DoneAt = c.Now, c.Now.Add(length)
	op.Fail = c.FailTask != nil && c.FailTask()
	if op.Address == 0 {
		srv.OperationID = op.ID
	}
	d.st.Operations = append(d.st.Operations, &op)
	d.running = append(d.running, &op)
	d.ops[op.ID] = &op
	c.Changed = true
	return &op
}

func (d *dci6) operation(id int) *dciOperation { return d.ops[id] }

// started is the usual answer of a call that began an operation.
func started(srv *dciServer, op *dciOperation) panel.Reply {
	return isp6.OK(map[string]any{"id": srv.ID, "task": op.ID + isp6.TaskOffset})
}

// refuse says why no operation may start on the server now, or nil.
func (d *dci6) refuse(srv *dciServer) *panel.Reply {
	if srv.Protected {
		rep := isp6.Error(http.StatusBadRequest, isp6.CodeProtected, "The server is protected from operations", map[string]any{"id": srv.ID})
		return &rep
	}
	if op := d.operation(srv.OperationID); op != nil && op.Status == operationRunning {
		rep := isp6.Error(http.StatusConflict, isp6.CodeBusy, "An operation is running on the server",
			map[string]any{"id": srv.ID, "operation": op.ID, "name": op.Name})
		return &rep
	}
	return nil
}

// simple serves the calls that have no parameters.
func (d *dci6) simple(name string) func(*panel.Call, *dciServer) panel.Reply {
	return func(c *panel.Call, srv *dciServer) panel.Reply {
		if _, bad := isp6.Body(c, &struct{}{}); bad != nil {
			return *bad
		}
		if bad := d.refuse(srv); bad != nil {
			return *bad
		}
		return started(srv, d.start(c, srv, dciOperation{Name: name}))
	}
}

// installOS wipes the server and puts a template on it. The old template
// stays in the row until the new one is there.
func (d *dci6) installOS(c *panel.Call, srv *dciServer) panel.Reply {
	var in struct {
		Template int    `json:"os_template"`
		Password string `json:"password"`
		Recipe   *int   `json:"recipe"`
	}
	if _, bad := isp6.Body(c, &in, "os_template", "password"); bad != nil {
		return *bad
	}
	if t := named(d.st.Templates, in.Template); t == nil || slices.Contains(t.Tags, recoveryTag) {
		return isp6.BadValue("os_template", "names no template")
	}
	if in.Password == "" {
		return isp6.BadValue("password", "is empty")
	}
	if in.Recipe != nil && named(d.st.Scripts, *in.Recipe) == nil {
		return isp6.BadValue("recipe", "names no script")
	}
	if bad := d.refuse(srv); bad != nil {
		return *bad
	}
	return started(srv, d.start(c, srv, dciOperation{Name: opInstall, Template: in.Template}))
}

// startRecovery starts the server from a recovery system: the named template, or
// one of the panel's own. The next start is from the disks again.
func (d *dci6) startRecovery(c *panel.Call, srv *dciServer) panel.Reply {
	var in struct {
		Template *int   `json:"os_template"`
		Password string `json:"password"`
	}
	if _, bad := isp6.Body(c, &in, "password"); bad != nil {
		return *bad
	}
	if in.Password == "" {
		return isp6.BadValue("password", "is empty")
	}
	if in.Template != nil {
		if t := named(d.st.Templates, *in.Template); t == nil || !slices.Contains(t.Tags, recoveryTag) {
			return isp6.BadValue("os_template", "names no recovery template")
		}
	}
	if bad := d.refuse(srv); bad != nil {
		return *bad
	}
	return started(srv, d.start(c, srv, dciOperation{Name: opRecover}))
}

// Settle finishes what is due, in the order in which it ended.
func (d *dci6) Settle(now time.Time) bool {
	var due []*dciOperation
	d.running = slices.DeleteFunc(d.running, func(op *dciOperation) bool {
		if op.DoneAt.After(now) {
			return false
		}
		due = append(due, op)
		return true
	})
	slices.SortStableFunc(due, func(a, b *dciOperation) int {
		return cmp.Or(a.DoneAt.Compare(b.DoneAt), a.ID-b.ID)
	})
	for _, op := range due {
		d.finish(op)
	}
	if len(due) > 0 {
		d.st.Revision++
		d.forgetOperations()
	}
	return len(due) > 0
}

func (d *dci6) finish(op *dciOperation) {
	srv := d.st.server(op.ServerID)
	if op.Address != 0 {
		d.finishAddress(srv, op)
	}
	if op.Fail {
		op.Status, op.Info = operationFailed, "failed by a fault of the simulator"
		return
	}
	op.Status = operationOK
	switch op.Name {
	case opDiagnose:
		srv.IsNew = false
	case opInstall:
		srv.TemplateID, srv.PowerOn, srv.Recovery = op.Template, true, false
	case opRecover: // the disks stay as they are
		srv.PowerOn, srv.Recovery = true, true
	case opPowerReset:
		srv.Recovery = false
	case opSuspend:
		srv.Suspended, srv.PortUp = true, false // the machine itself stays on
	case opResume:
		srv.Suspended, srv.PortUp = false, true
	case opPowerOn:
		srv.PowerOn = true
	case opPowerOff:
		srv.PowerOn, srv.Recovery = false, false
	}
}

// forgetOperations drops the oldest finished ones that no server refers to.
func (d *dci6) forgetOperations() {
	surplus := len(d.st.Operations) - maxOperations
	if surplus <= 0 {
		return
	}
	current := map[int]bool{}
	for _, srv := range d.st.Servers {
		current[srv.OperationID] = true
	}
	d.st.Operations = slices.DeleteFunc(d.st.Operations, func(op *dciOperation) bool {
		if surplus <= 0 || op.Status == operationRunning || current[op.ID] {
			return false
		}
		surplus--
		delete(d.ops, op.ID)
		return true
	})
}
