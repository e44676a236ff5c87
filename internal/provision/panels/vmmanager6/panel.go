package vmmanager6

import (
	"encoding/json"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// vm6 plays VMmanager 6.
type vm6 struct {
	delay   time.Duration
	zone    *time.Location
	traffic *panel.Traffic
	st      vmState

	calls panel.Routes

	// Derived from st and made anew when it is loaded.
	open  []*vmTask // not over, in order of their start
	inUse isp6.InUse
}

// New begins without a machine: the panel makes them when it is asked to.
func New(s panel.Setup) panel.Panel {
	v := &vm6{delay: s.Delay, zone: s.Zone, traffic: s.Traffic, st: newVMState()}
	v.derive()
	v.calls = v.routes()
	return v
}

func (v *vm6) routes() panel.Routes {
	onHost := isp6.On("host", v.st.host)
	return panel.Routes{
		"GET /vm/v3/host":                 v.listHosts,
		"POST /vm/v3/host":                v.createHost,
		"GET /vm/v3/host/{id}":            onHost(v.shortHost),
		"POST /vm/v3/host/{id}":           onHost(v.editHost),
		"DELETE /vm/v3/host/{id}":         onHost(v.deleteHost),
		"POST /vm/v3/host/{id}/start":     onHost(v.power(vmStart, "stopped", "crashed")),
		"POST /vm/v3/host/{id}/stop":      onHost(v.stopHost),
		"POST /vm/v3/host/{id}/restart":   onHost(v.power(vmRestart, "active")),
		"POST /vm/v3/host/{id}/reinstall": onHost(v.reinstallHost),
		"POST /vm/v3/host/{id}/resource":  onHost(v.resizeHost),
		"POST /vm/v3/host/{id}/account":   onHost(v.setAccount),
		"POST /vm/v3/host/{id}/disable":   onHost(v.lock(true)),
		"POST /vm/v3/host/{id}/enable":    onHost(v.lock(false)),
		"POST /vm/v3/host/{id}/ip":        onHost(v.addIPs),
		"GET /vm/v3/host/{id}/ipv4":       onHost(v.listIPv4),
		"GET /vm/v3/host/{id}/ipv6":       onHost(v.showIPv6),
		"GET /vm/v3/host/{id}/history":    onHost(v.listHistory),
		"GET /vm/v3/host/{id}/metrics":    onHost(v.getMetrics),
		"POST /vm/v3/disk/{id}":           v.growDisk,
		"DELETE /vm/v3/ip/{id}":           v.deleteIP,
		"GET /vm/v3/task":                 v.listTasks,
		"GET /vm/v3/cluster":              v.listClusters,
		"GET /vm/v3/node":                 v.listNodes,
		"GET /vm/v3/preset":               v.listPresets,
		"POST /vm/v3/preset":              v.createPreset,
		"GET /vm/v3/os":                   v.listSystems,
		"GET /vm/v3/recipe":               v.listRecipes,
		"GET /vm/v3/ippool":               v.listPools,
		"GET /vm/v3/account":              v.listAccounts,
		"POST /vm/v3/account":             v.createAccount,
		"DELETE /vm/v3/user/{id}":         v.deleteAccount,
	}
}

func (v *vm6) Answer(c *panel.Call) panel.Reply { return v.st.Answer(c, v.calls) }

func (v *vm6) Moved(now time.Time) {
	v.st.Moved(now)
	// Work in progress keeps its length and its distance to what follows it.
	var early time.Duration
	for _, t := range v.open {
		if t.Status == vmTaskRunning {
			early = max(early, t.StartedAt.Sub(now))
		}
	}
	if early <= 0 {
		return
	}
	for _, t := range v.open {
		t.StartedAt, t.DoneAt = t.StartedAt.Add(-early), t.DoneAt.Add(-early)
	}
}

func (v *vm6) HasServer(id int) bool { return v.st.host(id) != nil }

func (v *vm6) Failure(status int, text string) panel.Reply { return isp6.Failure(status, text) }

func (v *vm6) Reset() {
	v.st = newVMState()
	v.derive()
}

func (v *vm6) Encode() ([]byte, error) { return json.Marshal(v.st) }

func (v *vm6) Decode(data []byte) error {
	var st vmState
	if err := isp6.Load(data, &st, &st.State, &st.Accounts); err != nil {
		return err
	}
	v.st = st
	v.derive()
	return nil
}

// derive rebuilds what is only kept for speed.
func (v *vm6) derive() {
	v.open, v.inUse = nil, isp6.NewInUse()
	for _, t := range v.st.Tasks {
		if !t.over() {
			v.open = append(v.open, t)
		}
	}
	for _, h := range v.st.Hosts {
		for _, a := range h.Addresses {
			v.inUse.Add(a.PoolID, a.IP)
		}
	}
}
