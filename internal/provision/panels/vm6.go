package panels

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"time"
)

// vm6 plays VMmanager 6.
type vm6 struct {
	delay   time.Duration
	zone    *time.Location
	traffic *trafficBook
	st      vmState

	public, private []isp6Route

	// Derived from st and made anew when it is loaded.
	open    []*vmTask // not over, in order of their start
	used    map[netip.Addr]bool
	takenOf map[int]int // addresses in use by pool
}

// newVM6 begins without a machine: the panel makes them when it is asked to.
func newVM6(delay time.Duration, zone *time.Location, traffic *trafficBook) *vm6 {
	v := &vm6{delay: delay, zone: zone, traffic: traffic, st: newVMState(isp6Sessions{})}
	v.derive()
	v.public = v.st.Sessions.public()
	v.private = append(v.st.Sessions.private(), v.routes()...)
	return v
}

func (v *vm6) routes() []isp6Route {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	return []isp6Route{
		{get, "/vm/v3/host", v.listHosts},
		{post, "/vm/v3/host", v.createHost},
		{get, "/vm/v3/host/{id}", v.onHost(v.shortHost)},
		{post, "/vm/v3/host/{id}", v.onHost(v.editHost)},
		{del, "/vm/v3/host/{id}", v.onHost(v.deleteHost)},
		{post, "/vm/v3/host/{id}/start", v.onHost(v.power(vmStart, "stopped", "crashed"))},
		{post, "/vm/v3/host/{id}/stop", v.onHost(v.stopHost)},
		{post, "/vm/v3/host/{id}/restart", v.onHost(v.power(vmRestart, "active"))},
		{post, "/vm/v3/host/{id}/reinstall", v.onHost(v.reinstallHost)},
		{post, "/vm/v3/host/{id}/resource", v.onHost(v.resizeHost)},
		{post, "/vm/v3/host/{id}/account", v.onHost(v.setAccount)},
		{post, "/vm/v3/host/{id}/disable", v.onHost(v.lock(true))},
		{post, "/vm/v3/host/{id}/enable", v.onHost(v.lock(false))},
		{post, "/vm/v3/host/{id}/ip", v.onHost(v.addIPs)},
		{get, "/vm/v3/host/{id}/ipv4", v.onHost(v.listIPv4)},
		{get, "/vm/v3/host/{id}/ipv6", v.onHost(v.showIPv6)},
		{get, "/vm/v3/host/{id}/history", v.onHost(v.listHistory)},
		{get, "/vm/v3/host/{id}/metrics", v.onHost(v.getMetrics)},
		{post, "/vm/v3/disk/{id}", v.growDisk},
		{del, "/vm/v3/ip/{id}", v.deleteIP},
		{get, "/vm/v3/task", v.listTasks},
		{get, "/vm/v3/cluster", v.listClusters},
		{get, "/vm/v3/node", v.listNodes},
		{get, "/vm/v3/preset", v.listPresets},
		{post, "/vm/v3/preset", v.createPreset},
		{get, "/vm/v3/os", v.listSystems},
		{get, "/vm/v3/recipe", v.listRecipes},
		{get, "/vm/v3/ippool", v.listPools},
		{get, "/vm/v3/account", v.listAccounts},
		{post, "/vm/v3/account", v.createAccount},
		{del, "/vm/v3/user/{id}", v.deleteAccount},
	}
}

// answer lets the login through, asks everyone else for a token, and only
// then tells what exists.
func (v *vm6) answer(c *call) reply {
	if route, _ := isp6Find(v.public, c); route != nil {
		return route.run(c)
	}
	if !v.st.Sessions.enter(c) {
		return isp6Error(http.StatusUnauthorized, codeUnauthorized, "Unauthorized", nil)
	}
	route, missing := isp6Find(v.private, c)
	if route == nil {
		return missing
	}
	rep := route.run(c)
	if c.changed {
		v.st.Revision++
	}
	return rep
}

// onHost resolves the path's machine.
func (v *vm6) onHost(run func(*call, *vmHost) reply) func(*call) reply {
	return func(c *call) reply {
		h := v.st.host(c.id(0))
		if h == nil {
			return isp6NotFound("host", c.args[0])
		}
		return run(c, h)
	}
}

func (v *vm6) moved(now time.Time) {
	v.st.Sessions.moved(now)
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

func (v *vm6) hasServer(id int) bool { return v.st.host(id) != nil }

func (v *vm6) failure(status int, text string) reply { return isp6Failure(status, text) }

func (v *vm6) reset() {
	v.st = newVMState(v.st.Sessions)
	v.derive()
}

func (v *vm6) encode() ([]byte, error) { return json.Marshal(v.st) }

// decode replaces the state but keeps the session map, which the routes hold.
func (v *vm6) decode(data []byte) error {
	var st vmState
	if err := json.Unmarshal(data, &st); err != nil {
		return err
	}
	if st.LastID == nil || len(st.Clusters) == 0 {
		return fmt.Errorf("not the state of a panel")
	}
	sessions := v.st.Sessions
	clear(sessions)
	maps.Copy(sessions, st.Sessions)
	st.Sessions = sessions
	v.st = st
	v.derive()
	return nil
}

// derive rebuilds what is only kept for speed.
func (v *vm6) derive() {
	v.open, v.used, v.takenOf = nil, map[netip.Addr]bool{}, map[int]int{}
	for _, t := range v.st.Tasks {
		if !t.over() {
			v.open = append(v.open, t)
		}
	}
	for _, h := range v.st.Hosts {
		for _, a := range h.Addresses {
			if addr, err := netip.ParseAddr(a.IP); err == nil {
				v.used[addr] = true
				v.takenOf[a.PoolID]++
			}
		}
	}
}
