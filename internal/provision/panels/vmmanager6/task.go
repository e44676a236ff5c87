package vmmanager6

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// The tasks of the vendor's queue that are played.
const (
	vmCreate    = "host_create"
	vmStart     = "host_start"
	vmStop      = "host_stop"
	vmRestart   = "host_restart"
	vmDelete    = "host_delete"
	vmReinstall = "host_reinstall"
	vmResize    = "host_change_params"
	vmDiskSize  = "disk_resize"
	vmIPChange  = "ip_change"
	vmIPAdd     = "ip_allocate"
	vmIPDelete  = "ip_delete"
	vmRunRecipe = "run_recipe"
)

// maxVMTasks is how much history is kept.
const maxVMTasks = 2000

// start queues a task on a machine, to run after the others of the same call.
func (v *vm6) start(c *panel.Call, h *vmHost, t vmTask, after *vmTask) *vmTask {
	length := v.delay / 10
	if t.Name == vmCreate || t.Name == vmReinstall {
		length = v.delay
	}
	t.ID, t.HostID, t.Status, t.QueuedAt, t.StartedAt = v.st.NextID("task"), h.ID, vmTaskRunning, c.Now, c.Now
	if after != nil {
		t.Status, t.StartedAt = vmTaskCreated, after.DoneAt
	}
	t.DoneAt = t.StartedAt.Add(length)
	if t.Deferred {
		t.Status = vmTaskCreated
	}
	t.Fail = c.FailTask != nil && c.FailTask()
	v.st.Tasks = append(v.st.Tasks, &t)
	v.open = append(v.open, &t)
	c.Changed = true
	return &t
}

// vmStarted is the usual answer of a call that began a task: its number in
// the queue, which is not the number of its row.
func vmStarted(id int, t *vmTask) panel.Reply {
	return isp6.OK(map[string]any{"id": id, "task": t.ID + isp6.TaskOffset})
}

// refuse says why nothing may be begun on the machine now, or nil.
func (v *vm6) refuse(h *vmHost) *panel.Reply {
	for _, t := range v.open {
		if t.HostID == h.ID && !t.Deferred {
			rep := isp6.Error(http.StatusConflict, isp6.CodeBusy, "A task is running on the host", map[string]any{"id": h.ID, "name": t.Name})
			return &rep
		}
	}
	return nil
}

// wrongState refuses what a machine in this state cannot do.
func wrongState(h *vmHost) panel.Reply {
	return isp6.Error(http.StatusBadRequest, isp6.CodeWrongState, "The host is "+h.State, map[string]any{"id": h.ID, "state": h.State})
}

// Settle brings tasks on, in the order in which they end.
func (v *vm6) Settle(now time.Time) bool {
	moved := false
	for {
		var next *vmTask
		for _, t := range v.open {
			if !t.Deferred && !t.DoneAt.After(now) && (next == nil || t.DoneAt.Before(next.DoneAt)) {
				next = t
			}
		}
		if next == nil {
			break
		}
		v.open = slices.DeleteFunc(v.open, func(t *vmTask) bool { return t == next })
		v.finish(next)
		moved = true
	}
	for _, t := range v.open {
		if t.Status == vmTaskCreated && !t.Deferred && !t.StartedAt.After(now) {
			t.Status, moved = vmTaskRunning, true
		}
	}
	if moved {
		v.st.Revision++
		v.forgetTasks()
	}
	return moved
}

func (v *vm6) finish(t *vmTask) {
	h := v.st.host(t.HostID)
	t.Status = vmTaskComplete
	if t.Fail {
		t.Status, t.Output = vmTaskFail, "failed by a fault of the simulator"
		v.dropFollowers(t)
	}
	if h == nil {
		return
	}
	if t.Address != 0 {
		v.finishAddress(h, t)
	}
	if t.Fail {
		v.leave(h, t)
		return
	}
	switch t.Name {
	case vmCreate, vmReinstall:
		h.State, h.SystemID = "active", t.System
		for i := range h.Addresses {
			h.Addresses[i].State = isp6.AddressActive
		}
	case vmStart, vmRestart:
		h.State = "active"
	case vmStop:
		h.State = "stopped"
		v.release(h, t.DoneAt)
	case vmDelete:
		v.remove(h)
	case vmResize, vmDiskSize:
		h.Size, h.CPUMode = h.Size.with(t.Size), cmp.Or(t.CPUMode, h.CPUMode)
		h.Next = vmSize{}
	case vmIPChange:
		h.IPv6 = t.IPv6 != nil && *t.IPv6
	case vmRunRecipe:
		h.Recipes = append(h.Recipes, t.Recipe)
	}
}

// leave is what a failed task leaves: a machine that was never made stays in
// creation, others are as before.
func (v *vm6) leave(h *vmHost, t *vmTask) {
	switch t.Name {
	case vmDelete, vmReinstall:
		h.State = "active"
	case vmResize, vmDiskSize:
		h.Next = vmSize{}
	}
}

// dropFollowers fails what was to run after a failed task.
func (v *vm6) dropFollowers(failed *vmTask) {
	v.open = slices.DeleteFunc(v.open, func(t *vmTask) bool {
		if t.HostID != failed.HostID || t.Status != vmTaskCreated || t.Deferred {
			return false
		}
		t.Status, t.Output = vmTaskFail, "what it waited for failed"
		return true
	})
}

// release lets what waited for the stop of a machine run.
func (v *vm6) release(h *vmHost, now time.Time) {
	for _, t := range v.open {
		if t.HostID == h.ID && t.Deferred {
			t.Deferred, t.Status, t.StartedAt, t.DoneAt = false, vmTaskRunning, now, now.Add(v.delay/10)
		}
	}
}

// with puts the named values of another size over this one.
func (s vmSize) with(o vmSize) vmSize {
	for _, p := range []struct{ now, next *int }{
		{&s.CPU, &o.CPU},
		{&s.RAM, &o.RAM},
		{&s.Disk, &o.Disk},
		{&s.NetIn, &o.NetIn},
		{&s.NetOut, &o.NetOut},
		{&s.Bandwidth, &o.Bandwidth},
	} {
		if *p.next != 0 {
			*p.now = *p.next
		}
	}
	return s
}

// remove takes a machine and its addresses away.
func (v *vm6) remove(h *vmHost) {
	for _, a := range h.Addresses {
		v.inUse.Remove(a.PoolID, a.IP)
	}
	v.st.Hosts = slices.DeleteFunc(v.st.Hosts, func(x *vmHost) bool { return x == h })
	v.open = slices.DeleteFunc(v.open, func(t *vmTask) bool {
		if t.HostID != h.ID {
			return false
		}
		t.Status, t.Output = vmTaskFail, "the host was deleted"
		return true
	})
}

// forgetTasks drops the oldest finished ones.
func (v *vm6) forgetTasks() {
	surplus := len(v.st.Tasks) - maxVMTasks
	v.st.Tasks = slices.DeleteFunc(v.st.Tasks, func(t *vmTask) bool {
		if surplus <= 0 || !t.over() {
			return false
		}
		surplus--
		return true
	})
}

// listTasks is the queue: consul_id, not id, is what calls answer as task.
func (v *vm6) listTasks(c *panel.Call) panel.Reply {
	all := v.st.Tasks
	row := func(i int) map[string]any {
		t := all[i]
		row := map[string]any{
			"id": t.ID, "consul_id": t.ID + isp6.TaskOffset, "name": t.Name, "status": t.Status, "defer_reason": nil, "output": t.Output,
		}
		if t.Deferred {
			row["defer_reason"] = vmStop
		}
		return row
	}
	return isp6.ListOf(c, v.st.Revision, isp6.Rows{
		N: len(all), Make: row, Plain: map[string]func(int) any{
			"id": func(i int) any { return all[i].ID }, "consul_id": func(i int) any { return all[i].ID + isp6.TaskOffset },
		},
	})
}

// listHistory is what has been begun on one machine.
func (v *vm6) listHistory(c *panel.Call, h *vmHost) panel.Reply {
	rows := []map[string]any{}
	for _, t := range v.st.Tasks {
		if t.HostID == h.ID && !t.Deferred {
			rows = append(rows, map[string]any{
				"id": t.ID, "name": t.Name, "date_create": t.QueuedAt.Format(isp6.TimeLayout), "state": t.Status,
				"params": map[string]any{}, "user": isp6.AdminEmail,
			})
		}
	}
	return isp6.List(c, v.st.Revision, rows)
}
