package mgr5

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// LicenseServer plays the vendor's BILLmanager as far as it sells licenses.
type LicenseServer struct {
	delay time.Duration
	st    licenseState
}

type licenseState struct {
	LastID   int        `json:"last_id"`
	Licenses []*license `json:"licenses"`
}

// Statuses of a license, the vendor's numbers.
const (
	licenseOrdered = 1
	licenseActive  = 2
	licenseStopped = 3
	licenseDeleted = 4
)

type license struct {
	ID          int       `json:"id"`
	Name        string    `json:"licname"`
	IP          string    `json:"ip"`
	Pricelist   int       `json:"pricelist"`
	Period      int       `json:"period"`
	AutoProlong string    `json:"autoprolong"`
	RemoteID    string    `json:"remoteid"`
	Key         string    `json:"lickey"`
	Status      int       `json:"status"`
	Created     time.Time `json:"created_at"`
	Ready       time.Time `json:"ready_at"`
	Expires     string    `json:"expiredate"`
	Fail        bool      `json:"fail,omitempty"`
}

// pricelists are what is sold.
var pricelists = map[int]string{
	55227: "ISPmanager 6 Lite", 55228: "ISPmanager 6 Pro", 55229: "ISPmanager 6 Host", 55230: "ISPmanager 6 Business",
	3541: "ISPmanager 5 Lite", 4601: "ISPmanager 5 Business",
}

const dateLayout = "2006-01-02"

// NewLicenseServer begins without a license. A key takes a tenth of the delay.
func NewLicenseServer(delay time.Duration) *LicenseServer { return &LicenseServer{delay: delay / 10} }

// Functions are the panel's functions.
func (l *LicenseServer) Functions() map[string]Function {
	return map[string]Function{
		"soft": {Run: l.list},
		"soft.order.param": {
			Params: []string{
				"clicked_button", "skipbasket", "ip", "licname", "period", "pricelist", "autoprolong", "remoteid", "project", "pid",
			},
			Required: []string{"clicked_button", "skipbasket", "ip", "licname", "period", "pricelist"}, Run: l.order,
		},
		"soft.edit":       {Params: []string{"elid", "ip", "licname", "remoteid", "autoprolong"}, Required: []string{"elid"}, Form: true, Run: l.on(l.edit)},
		"soft.suspend":    {Params: []string{"elid"}, Required: []string{"elid"}, Run: l.on(l.turn(licenseStopped))},
		"soft.resume":     {Params: []string{"elid"}, Required: []string{"elid"}, Run: l.on(l.turn(licenseActive))},
		"service.prolong": {Params: []string{"elid", "period"}, Required: []string{"elid", "period"}, Run: l.on(l.prolong)},
	}
}

func (l *LicenseServer) on(run func(*Call, *license) *Elem) func(*Call) *Elem {
	return func(c *Call) *Elem {
		for _, x := range l.st.Licenses {
			if x.ID == c.elid() {
				return run(c, x)
			}
		}
		return refuse("missed", "elid", c.get("elid"), "There is no such license")
	}
}

func (l *LicenseServer) list(*Call) *Elem {
	out := doc()
	for _, x := range l.st.Licenses {
		out.add(row(
			"id", itoa(x.ID), "licname", x.Name, "ip", x.IP, "period", itoa(x.Period), "expiredate", x.Expires, "pricelist", itoa(x.Pricelist),
			"createdate", x.Created.Format(dateLayout), "autoprolong", x.AutoProlong, "status", itoa(x.Status),
		))
	}
	return out
}

func (l *LicenseServer) order(c *Call) *Elem {
	if !c.submitted() || c.get("clicked_button") != "finish" {
		return refuse("value", "clicked_button", c.get("clicked_button"), "The order was not finished")
	}
	pricelist, period := number(c.get("pricelist")), number(c.get("period"))
	if pricelists[pricelist] == "" {
		return refuse("missed", "pricelist", c.get("pricelist"), "There is no such price list")
	}
	if period != 1 && period != 12 {
		return refuse("value", "period", c.get("period"), "The period is 1 or 12 months")
	}
	if bad := autoProlong(c); bad != nil {
		return bad
	}
	if _, err := netip.ParseAddr(c.get("ip")); err != nil {
		return refuse("value", "ip", c.get("ip"), "This is no address")
	}
	for _, x := range l.st.Licenses {
		if x.IP == c.get("ip") && x.Pricelist == pricelist && x.Status != licenseStopped && x.Status != licenseDeleted {
			return refuse("exists", "ip", x.IP, "The address has such a license")
		}
	}
	l.st.LastID++
	x := &license{
		ID: l.st.LastID, Name: c.get("licname"), IP: c.get("ip"), Pricelist: pricelist, Period: period, AutoProlong: c.get("autoprolong"),
		RemoteID: c.get("remoteid"), Status: licenseOrdered, Created: c.Now, Ready: c.Now.Add(l.delay),
		Expires: c.Now.AddDate(0, period, 0).Format(dateLayout), Fail: c.fails(),
	}
	l.st.Licenses = append(l.st.Licenses, x)
	c.Changed = true
	return done("id", itoa(x.ID))
}

func autoProlong(c *Call) *Elem {
	if given := c.get("autoprolong"); !slices.Contains([]string{"", "null", "1", "12"}, given) {
		return refuse("value", "autoprolong", given, "Prolonged by 1 or 12 months, or null")
	}
	return nil
}

func (l *LicenseServer) edit(c *Call, x *license) *Elem {
	if !c.submitted() {
		return doc(row("elid", itoa(x.ID), "lickey", x.Key, "expiredate", x.Expires, "ip", x.IP, "licname", x.Name, "remoteid", x.RemoteID).kids...)
	}
	if bad := autoProlong(c); bad != nil {
		return bad
	}
	for field, into := range map[string]*string{"ip": &x.IP, "licname": &x.Name, "remoteid": &x.RemoteID, "autoprolong": &x.AutoProlong} {
		if c.Form.Has(field) {
			*into = c.get(field)
		}
	}
	c.Changed = true
	return done("id", itoa(x.ID))
}

// turn stops or starts a license that was made.
func (l *LicenseServer) turn(status int) func(*Call, *license) *Elem {
	return func(c *Call, x *license) *Elem {
		if x.Key == "" {
			return refuse("value", "status", itoa(x.Status), "The license is being made")
		}
		x.Status = status
		c.Changed = true
		return done()
	}
}

func (l *LicenseServer) prolong(c *Call, x *license) *Elem {
	months := number(c.get("period"))
	until, err := time.Parse(dateLayout, x.Expires)
	if !c.submitted() || err != nil || months < 1 || months > 12 {
		return refuse("value", "period", c.get("period"), "The period is a number of months")
	}
	if until.Before(c.Now.Truncate(24 * time.Hour)) {
		until = c.Now
	}
	x.Expires = until.AddDate(0, months, 0).Format(dateLayout)
	c.Changed = true
	return done("newexpiredate", x.Expires)
}

// Settle gives out the keys that are due. A license that cannot be made is deleted.
func (l *LicenseServer) Settle(now time.Time) (any bool) {
	for _, x := range l.st.Licenses {
		if x.Status == licenseOrdered && !x.Ready.After(now) {
			any = true
			if x.Fail {
				x.Status = licenseDeleted
				continue
			}
			x.Status, x.Key = licenseActive, fmt.Sprintf("LIC-%06d-%d", x.ID, x.Pricelist)
		}
		today := now.Format(dateLayout)
		for x.Status == licenseActive && x.AutoProlong != "" && x.AutoProlong != "null" && x.Expires < today {
			until, err := time.Parse(dateLayout, x.Expires)
			if err != nil {
				break
			}
			x.Expires, any = until.AddDate(0, max(number(x.AutoProlong), 1), 0).Format(dateLayout), true
		}
	}
	return any
}

// Moved keeps what is in progress at its length.
func (l *LicenseServer) Moved(now time.Time) {
	for _, x := range l.st.Licenses {
		if x.Status == licenseOrdered && x.Created.After(now) {
			x.Ready = now.Add(x.Ready.Sub(x.Created))
			x.Created = now
		}
	}
}

// HasServer is false: licenses count no traffic.
func (l *LicenseServer) HasServer(int) bool { return false }

// View is what the control API shows.
func (l *LicenseServer) View() map[string]any {
	return map[string]any{"servers": []any{}, "licenses": copies(l.st.Licenses)}
}

// Control adds nothing here.
func (l *LicenseServer) Control(string, []byte, time.Time) (any, bool, error) { return nil, false, nil }

// Reset forgets every license.
func (l *LicenseServer) Reset() { l.st = licenseState{} }

// Encode is the kept form.
func (l *LicenseServer) Encode() ([]byte, error) { return json.Marshal(l.st) }

// Decode reads the kept form.
func (l *LicenseServer) Decode(data []byte) error { return json.Unmarshal(data, &l.st) }
