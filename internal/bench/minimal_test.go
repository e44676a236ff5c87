package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
)

// What the minimal handler is told by its environment, because it is a process of its own as the program is.
const (
	minimalURL    = "BENCH_MINIMAL_DATABASE"
	minimalListen = "BENCH_MINIMAL_LISTEN"
)

// minimalService is a row as it stands; documents are passed on unread.
type minimalService struct {
	ID            string          `db:"id" json:"id"`
	ClientID      string          `db:"client_id" json:"client_id"`
	ProviderID    string          `db:"provider_id" json:"provider_id"`
	OrderID       string          `db:"order_id" json:"order_id"`
	Status        string          `db:"status" json:"status"`
	Name          string          `db:"name" json:"name"`
	Note          string          `db:"note" json:"note"`
	ProductType   string          `db:"product_type" json:"product_type"`
	TariffID      string          `db:"tariff_id" json:"tariff_id"`
	TariffVersion int             `db:"tariff_version" json:"tariff_version"`
	Period        string          `db:"period" json:"period"`
	Currency      string          `db:"currency" json:"currency"`
	DataCenterID  *string         `db:"data_center_id" json:"data_center_id"`
	ModuleID      *string         `db:"module_id" json:"module_id"`
	ExternalID    *string         `db:"external_id" json:"external_id"`
	Domain        string          `db:"domain" json:"domain"`
	Addresses     json.RawMessage `db:"addresses" json:"addresses"`
	AddOns        json.RawMessage `db:"add_ons" json:"add_ons"`
	Parameters    json.RawMessage `db:"parameters" json:"parameters"`
	StartedAt     *time.Time      `db:"started_at" json:"started_at"`
	PaidUntil     *time.Time      `db:"paid_until" json:"paid_until"`
	AutoRenew     bool            `db:"auto_renew" json:"auto_renew"`
	DeleteAt      *time.Time      `db:"delete_at" json:"delete_at"`
	CreatedAt     time.Time       `db:"created_at" json:"created_at"`
	Version       int64           `db:"version" json:"version"`
}

const minimalSelect = `
SELECT id, client_id, provider_id, order_id, status, name, note, product_type, tariff_id, tariff_version, period, currency, data_center_id,
    module_id, external_id, domain, addresses, add_ons, parameters, started_at, paid_until, auto_renew, delete_at, created_at, version
FROM bench.service WHERE id = $1`

// serveMinimal is what one would write in an afternoon: no key, no check, no ETag, one prepared SELECT and its row as JSON.
func serveMinimal() {
	db := sqlx.MustConnect("postgres", os.Getenv(minimalURL))
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	// Only the tables of the figure that is measured are there.
	if byID, err := db.Preparex(minimalSelect); err == nil {
		e.GET("/services/:id", func(c echo.Context) error {
			var row minimalService
			if err := byID.GetContext(c.Request().Context(), &row, c.Param("id")); err != nil {
				return err
			}
			return c.JSON(http.StatusOK, row)
		})
	}
	if page, err := db.Preparex(minimalServices); err == nil {
		minimalPage[minimalService](e, "/services", page)
	}
	if page, err := db.Preparex(minimalTariffs); err == nil {
		minimalPage[minimalTariff](e, "/tariffs", page)
	}
	minimalQuotes(e)
	e.GET("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	fmt.Fprintln(os.Stderr, e.Start(os.Getenv(minimalListen)))
	os.Exit(1)
}

// startMinimal runs the minimal handler beside the installation, on its database. Its kill needs no order: it only reads.
func (in *installation) startMinimal(b *testing.B) (address string) {
	b.Helper()
	address = freeAddress(b)
	self, err := os.Executable()
	require.NoError(b, err)
	env := []string{"PATH=" + os.Getenv("PATH"), minimalURL + "=" + in.databaseURL(b), minimalListen + "=" + address}
	launch(b, in.dir+".minimal.log", env, self).await(b, "http://"+address+"/healthz")
	return address
}
