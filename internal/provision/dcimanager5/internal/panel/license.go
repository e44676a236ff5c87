package panel

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
)

// LicenseServer sells licenses of control panels.
type LicenseServer struct{ Panel }

// NewLicenseServer makes one; it connects to nothing.
func NewLicenseServer(client *coremgr.Client, dialect Dialect) *LicenseServer {
	return &LicenseServer{Panel{client, dialect}}
}

// License is one row of the list of licenses.
type License struct {
	ID        string
	Name      string
	IP        string
	Pricelist string
	Expires   string // YYYY-MM-DD
	Prolongs  bool   // by itself
	Status    string
}

// Statuses of a license, the vendor's numbers.
const (
	licenseStopped = "3"
	licenseDeleted = "4"
)

// Stopped tells whether the license is suspended.
func (l License) Stopped() bool { return l.Status == licenseStopped }

// Named lists the licenses of a name that were not deleted.
func (l *LicenseServer) Named(ctx context.Context, name string) ([]License, error) {
	doc, err := l.read(ctx, Licenses, nil)
	if err != nil {
		return nil, err
	}
	var out []License
	prolongs := l.dialect.names["autoprolong"]
	for _, row := range doc.All("elem") {
		x := License{
			ID: row.Get("id"), Name: row.Get("licname"), IP: row.Get("ip"), Pricelist: row.Get("pricelist"), Expires: row.Get("expiredate"),
			Prolongs: row.Get(prolongs) != "" && row.Get(prolongs) != "null", Status: row.Get("status"),
		}
		if x.Name == name && x.Status != licenseDeleted {
			out = append(out, x)
		}
	}
	return out, nil
}

// Order buys a license for an address, for months at a time.
func (l *LicenseServer) Order(ctx context.Context, name, ip, pricelist string, months int) error {
	period := strconv.Itoa(months)
	doc, err := l.submit(ctx, LicenseOrder, fields(
		"clicked_button", "finish", "sok", "ok", "skipbasket", "on", "ip", ip, "licname", name, "period", period,
		"pricelist", pricelist, "autoprolong", period, "remoteid", name,
	))
	if err == nil && doc.Get("id") == "" {
		return provision.NewUnavailable(nil, "the license server took an order and does not tell its number")
	}
	return err
}

// Key is a license's key; empty while it is being made.
func (l *LicenseServer) Key(ctx context.Context, id string) (string, error) {
	doc, err := l.read(ctx, LicenseEdit, fields("elid", id))
	return doc.Get("lickey"), err
}

// Move puts a license on another address.
func (l *LicenseServer) Move(ctx context.Context, x License, ip string) error {
	_, err := l.submit(ctx, LicenseEdit, fields("elid", x.ID, "sok", "ok", "ip", ip))
	return err
}

// SetProlongs has a license prolonged by itself, or not any more.
func (l *LicenseServer) SetProlongs(ctx context.Context, x License, months int) error {
	value := "null"
	if months > 0 {
		value = strconv.Itoa(months)
	}
	_, err := l.submit(ctx, LicenseEdit, fields("elid", x.ID, "sok", "ok", l.dialect.names["autoprolong"], value))
	return err
}

// Suspend stops a license.
func (l *LicenseServer) Suspend(ctx context.Context, x License) error {
	_, err := l.submit(ctx, LicenseSuspend, fields("elid", x.ID))
	return err
}

// Resume starts a stopped license.
func (l *LicenseServer) Resume(ctx context.Context, x License) error {
	_, err := l.submit(ctx, LicenseResume, fields("elid", x.ID))
	return err
}

// Prolong pays for more months.
func (l *LicenseServer) Prolong(ctx context.Context, x License, months int) error {
	_, err := l.submit(ctx, LicenseProlong, fields("elid", x.ID, "sok", "ok", "period", strconv.Itoa(months)))
	return err
}
