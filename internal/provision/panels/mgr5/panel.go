package mgr5

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// mounted is a panel of this manner at its one address, such as /dcimgr.
type mounted struct {
	path string
	m    *Manager
}

// BeginDCImanager5 hosts it with the stock of NewDCI.
func BeginDCImanager5(s panel.Setup) panel.Panel {
	return &mounted{"/dcimgr", NewManager(NewDCI(s.Delay, s.Zone, func(server int, day string) Day {
		t := s.Traffic.Day(server, day)
		return Day{
			In: strconv.FormatInt(t.In, 10), Out: strconv.FormatInt(t.Out, 10), BurstIn: t.BurstIn.String(), BurstOut: t.BurstOut.String(), Power: t.Power.String(),
		}
	}))}
}

// BeginDSmanager hosts it with the stock of NewDS.
func BeginDSmanager(s panel.Setup) panel.Panel {
	return &mounted{"/dsmgr", NewFourth(NewDS(s.Delay, s.Zone))}
}

// BeginIPmanager5 hosts it with the pools of NewIPManager.
func BeginIPmanager5(panel.Setup) panel.Panel { return &mounted{"/ipmgr", NewManager(NewIPManager())} }

// BeginLicenseServer hosts it without a license.
func BeginLicenseServer(s panel.Setup) panel.Panel {
	return &mounted{"/billmgr", NewManager(NewLicenseServer(s.Delay))}
}

// form is what a call sends, be it in its address or its body.
func form(c *panel.Call) url.Values {
	out := maps.Clone(c.Query)
	if strings.HasPrefix(c.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		posted, err := url.ParseQuery(string(c.Body))
		if err == nil {
			maps.Copy(out, posted)
		}
	}
	return out
}

// secrets are shown to nobody who looks at the calls.
var secrets = []string{"authinfo", "auth", "passwd", "confirm", "password", "key"}

// Label is a call as faults and the control API name it: by its function, which may be in the body.
func (p *mounted) Label(c *panel.Call) (path, query string) {
	f := form(c)
	name := f.Get("func")
	for _, secret := range append(slices.Clone(secrets), "func", "out") {
		delete(f, secret)
	}
	query = "func=" + url.QueryEscape(name)
	if rest := f.Encode(); rest != "" {
		query += "&" + rest
	}
	return c.Path, query
}

func (p *mounted) Answer(c *panel.Call) panel.Reply {
	if c.Path != p.path {
		return p.Failure(http.StatusNotFound, "the panel is at "+p.path)
	}
	f := form(c)
	vendor := &Call{Func: f.Get("func"), Form: f, Post: c.Method == http.MethodPost, Now: c.Now, FailTask: c.FailTask}
	answer := p.m.Answer(vendor)
	c.Changed = vendor.Changed
	return rendered(http.StatusOK, answer, f.Get("out"))
}

func rendered(status int, answer *Elem, format string) panel.Reply {
	kind, data := Render(answer, format)
	return panel.NewReply(status, panel.Text{Kind: kind, Data: data})
}

func (p *mounted) Failure(status int, words string) panel.Reply {
	return rendered(status, p.m.Failure(status, words), "xml")
}

func (p *mounted) Settle(now time.Time) bool { return p.m.Settle(now) }

func (p *mounted) Moved(now time.Time) { p.m.Moved(now) }

func (p *mounted) HasServer(id int) bool { return p.m.HasServer(id) }

func (p *mounted) View(time.Time) map[string]any { return p.m.View() }

func (p *mounted) Control(what string, body []byte, now time.Time) (any, error) {
	out, known, err := p.m.Control(what, bytes.Clone(body), now)
	if !known {
		return nil, panel.ErrNotFound
	}
	return out, err
}

func (p *mounted) Reset() { p.m.Reset() }

func (p *mounted) Encode() ([]byte, error) { return p.m.Encode() }

func (p *mounted) Decode(data []byte) error { return p.m.Decode(data) }
