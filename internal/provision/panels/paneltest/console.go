package paneltest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panels"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// The passwords of drivers' tests: the administrator's, one that every panel refuses, and the one that a client wants on a machine.
const (
	AdminPassword   = "secret"
	WrongPassword   = "wrong-password-5K"
	MachinePassword = "first-password-7Q"
)

const (
	// ShortDelay is an installation of few looks, so that the calls are few that can fail.
	ShortDelay = 40 * time.Second
	// PatientSeconds is a module's time limit that a busy machine keeps: it is no silent panel.
	PatientSeconds = 60
)

// Epoch is when the clocks of a Console begin.
var Epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// Console steers the simulated panels behind a real HTTP server for the tests of a driver: by their control API alone, as anybody
// may do. Its clock is the business clock, and the panels' goes with it, as the engine's operations ask.
type Console struct {
	*testing.T
	*provisiontest.Engine
	Clock *clock.Fake
	Panel string // the panel that it steers, by its control name

	work   string // how the paths of an operation's own calls begin
	world  *World
	mu     sync.Mutex
	faulty map[string]bool // panels that have faults
}

// NewConsole starts panels that take so long to install something, frozen at Epoch, and steers one of them. Work is how the paths
// of an operation's own calls begin: what Break strikes for a while spares the others, as the login. Empty: it spares none.
func NewConsole(t *testing.T, panel, work string, delay time.Duration) *Console {
	t.Helper()
	world := OpenWorld(t, panels.Options{Delay: delay})
	world.Panel, world.Client.Timeout = panel, 0 // a busy machine is no silent panel
	c := &Console{T: t, Clock: clock.NewFake(Epoch), Panel: panel, work: work, world: world, faulty: map[string]bool{}}
	c.Engine = provisiontest.NewEngine(t, c.Advance)
	c.Advance(0)
	return c
}

// URL is where a panel's path is served.
func (c *Console) URL(panel, path string) string { return c.world.Server.URL + "/" + panel + path }

// Config is a module's way to the panel: the connection, and parameters over a short time limit, of which the last one counts.
func (c *Console) Config(connection map[string]any, parameters ...map[string]any) provision.Config {
	c.Helper()
	chosen := map[string]any{"timeout_seconds": 3} // not less: a busy machine is no silent panel
	for _, more := range parameters {
		maps.Copy(chosen, more)
	}
	return provision.Config{
		Connection: c.encoded(connection), Parameters: c.encoded(chosen),
		Env: provision.Env{Transport: http.DefaultTransport, Now: c.Clock.BusinessNow, UserAgent: "tariffd-test"},
	}
}

// Suite is the panel as the conformance suite has it, but for what the driver's test knows of it: the spec and how objects look.
// A sibling reaches the panel as another process would, and wrong has a password that the panel refuses.
func (c *Console) Suite(config, sibling, wrong provision.Config) provisiontest.World {
	// Below the driver's own time limit, whose unit is a second.
	transport := &http.Transport{ResponseHeaderTimeout: 250 * time.Millisecond}
	c.Cleanup(transport.CloseIdleConnections)
	impatient := config
	impatient.Env.Transport = transport
	return provisiontest.World{
		Config: config, Sibling: &sibling, WrongLogin: &wrong, Impatient: &impatient,
		Advance: c.Advance, Network: c, Secrets: []string{WrongPassword, MachinePassword},
	}
}

// Control makes one call of the control API and decodes its answer, where it is asked for.
func (c *Console) Control(method, path string, body, into any) {
	c.Helper()
	c.call(method, c.world.Server.URL+"/control"+path, "", body, into)
}

// Vendor makes one call of the panel's own interface, which is of the sixth generation, as a person or another process might.
func (c *Console) Vendor(method, path string, body, into any) {
	c.Helper()
	c.world.SignIn()
	c.call(method, c.URL(c.Panel, path), c.world.Token, body, into)
}

func (c *Console) call(method, url, token string, body, into any) {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), method, url, bytes.NewReader(c.encoded(body)))
	require.NoError(c, err)
	req.Header.Set("X-Xsrf-Token", token)
	status, answer, err := c.world.Send(req)
	require.NoError(c, err)
	require.Less(c, status, 300, answer)
	if into != nil {
		require.NoError(c, json.Unmarshal([]byte(answer), into), answer)
	}
}

func (c *Console) encoded(v any) json.RawMessage {
	c.Helper()
	raw, err := json.Marshal(v)
	require.NoError(c, err)
	return raw
}

// Advance moves the business clock and the panels'.
func (c *Console) Advance(d time.Duration) {
	c.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Clock.Advance(d)
	c.Control("PUT", "/clock", map[string]any{"now": c.Clock.BusinessNow(), "mode": "frozen"}, nil)
}

// Passed is how long ago Epoch is.
func (c *Console) Passed() time.Duration { return c.Clock.BusinessNow().Sub(Epoch) }

// Break and Mend are the suite's way to the control API's faults. What strikes for a while spares the login, for the suite counts
// the calls of an operation; silence without end strikes all.
func (c *Console) Break(f provisiontest.Fault) {
	c.Helper()
	path := c.work
	if f.Times == 0 && (f.Kind == "hold" || f.Kind == "timeout") {
		path = ""
	}
	c.Fault(f.Kind, f.Method, path, f.Times, f.After)
}

// Fault makes so many calls of the panel fail, after so many that get through; 0 times: until mended.
func (c *Console) Fault(kind, method, path string, times, after int) {
	c.Helper()
	c.FaultOf(c.Panel, kind, method, path, times, after)
}

// FaultOf is Fault for any of the panels.
func (c *Console) FaultOf(panel, kind, method, path string, times, after int) {
	c.Helper()
	c.faulty[panel] = true
	c.Control("POST", "/"+panel+"/faults", map[string]any{
		"method": method, "path": path, "kind": kind, "times": times, "after": after,
	}, nil)
}

// Mend ends the faults of all panels, lets held calls go and tells how many calls were struck.
func (c *Console) Mend() (struck int) {
	c.Helper()
	for panel := range c.faulty {
		var faults struct {
			List []struct{ Fired int }
		}
		c.Control("GET", "/"+panel+"/faults", nil, &faults)
		c.Control("DELETE", "/"+panel+"/faults", nil, nil)
		for _, f := range faults.List {
			struck += f.Fired
		}
	}
	return struck
}

// Calls counts the calls that the panel got at a path.
func (c *Console) Calls(path string) (n int) {
	c.Helper()
	var view struct {
		Calls []struct{ Path string }
	}
	c.Control("GET", "/"+c.Panel, nil, &view)
	for _, call := range view.Calls {
		if call.Path == path {
			n++
		}
	}
	return n
}

// Find is the one of what a panel shows that a test asks for; it must be there.
func Find[Shown any](tb testing.TB, all []Shown, is func(Shown) bool) Shown {
	tb.Helper()
	i := slices.IndexFunc(all, is)
	require.GreaterOrEqual(tb, i, 0, "the panel has no such object")
	return all[i]
}

// Result is what one call of Apply came back with.
type Result struct {
	Out provision.Outcome
	Err error
}

// Held starts a call of Apply whose request the panel keeps, and returns when it does. Mend lets it go.
func (c *Console) Held(m provision.Module, op provision.Op, method, path string) <-chan Result {
	c.Helper()
	c.Fault("hold", method, path, 1, 0)
	back := make(chan Result, 1)
	go func() {
		out, err := m.Apply(c.Context(), op)
		back <- Result{out, err}
	}()
	require.Eventually(c, func() bool {
		var view struct{ Held int }
		c.Control("GET", "/"+c.Panel, nil, &view)
		return view.Held == 1
	}, time.Minute, time.Millisecond)
	return back
}
