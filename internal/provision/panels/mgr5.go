package panels

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/mgr5"
)

// mgr mounts a panel of the fifth generation: one address, functions by name.
type mgr struct {
	path string // below the mount, such as /dcimgr
	m    *mgr5.Manager
}

func newMgr(path string, s mgr5.System) *mgr { return &mgr{path: path, m: mgr5.NewManager(s)} }

func newFourth(path string, s mgr5.System) *mgr { return &mgr{path: path, m: mgr5.NewFourth(s)} }

// form is what a call sends, be it in its address or its body.
func form(c *call) url.Values {
	out := maps.Clone(c.query)
	if strings.HasPrefix(c.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		posted, err := url.ParseQuery(string(c.body))
		if err == nil {
			maps.Copy(out, posted)
		}
	}
	return out
}

// secrets are shown to nobody who looks at the calls.
var mgrSecrets = []string{"authinfo", "auth", "passwd", "confirm", "password", "key"}

// label is a call as faults and the control API name it: by its function, which may be in the body.
func (p *mgr) label(c *call) (path, query string) {
	f := form(c)
	name := f.Get("func")
	for _, secret := range append(slices.Clone(mgrSecrets), "func", "out") {
		delete(f, secret)
	}
	query = "func=" + url.QueryEscape(name)
	if rest := f.Encode(); rest != "" {
		query += "&" + rest
	}
	return c.path, query
}

func (p *mgr) answer(c *call) reply {
	if c.path != p.path {
		return p.failure(http.StatusNotFound, "the panel is at "+p.path)
	}
	f := form(c)
	vendor := &mgr5.Call{Func: f.Get("func"), Form: f, Post: c.method == http.MethodPost, Now: c.now, FailTask: c.failTask}
	answer := p.m.Answer(vendor)
	c.changed = vendor.Changed
	return rendered(http.StatusOK, answer, f.Get("out"))
}

// text is a body that is sent as it is.
type text struct {
	kind string
	data []byte
}

func rendered(status int, answer *mgr5.Elem, format string) reply {
	kind, data := mgr5.Render(answer, format)
	return reply{status, text{kind, data}}
}

func (p *mgr) failure(status int, words string) reply {
	return rendered(status, p.m.Failure(status, words), "xml")
}

func (p *mgr) settle(now time.Time) bool { return p.m.Settle(now) }

func (p *mgr) moved(now time.Time) { p.m.Moved(now) }

func (p *mgr) hasServer(id int) bool { return p.m.HasServer(id) }

func (p *mgr) view(time.Time) map[string]any { return p.m.View() }

func (p *mgr) control(what string, body []byte, now time.Time) (any, error) {
	out, known, err := p.m.Control(what, bytes.Clone(body), now)
	if !known {
		return nil, errNotFound
	}
	return out, err
}

func (p *mgr) reset() { p.m.Reset() }

func (p *mgr) encode() ([]byte, error) { return p.m.Encode() }

func (p *mgr) decode(data []byte) error { return p.m.Decode(data) }

// mountMgrs places DCImanager 5 and the two systems beside it.
func (p *Panels) mountMgrs() {
	o := p.opts
	p.mount("dcimanager5", func(book *trafficBook) panel {
		return newMgr("/dcimgr", mgr5.NewDCI(o.Delay, o.Zone, func(server int, day string) mgr5.Day {
			t := book.day(server, day)
			return mgr5.Day{
				In: strconv.FormatInt(t.In, 10), Out: strconv.FormatInt(t.Out, 10), BurstIn: t.BurstIn.String(), BurstOut: t.BurstOut.String(), Power: t.Power.String(),
			}
		}))
	})
	p.mount("dsmanager", func(*trafficBook) panel { return newFourth("/dsmgr", mgr5.NewDS(o.Delay, o.Zone)) })
	p.mount("ipmanager5", func(*trafficBook) panel { return newMgr("/ipmgr", mgr5.NewIPManager()) })
	p.mount("licenseserver", func(*trafficBook) panel { return newMgr("/billmgr", mgr5.NewLicenseServer(o.Delay)) })
}
