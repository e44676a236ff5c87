package bench

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"github.com/tariffd/tariffd/api"
)

const minimalServices = `
SELECT id, client_id, provider_id, order_id, status, name, note, product_type, tariff_id, tariff_version, period, currency, data_center_id,
    module_id, external_id, domain, addresses, add_ons, parameters, started_at, paid_until, auto_renew, delete_at, created_at, version
FROM bench.service WHERE id > coalesce(nullif($1, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 51`

const minimalTariffs = `
SELECT t.id, t.provider_id, t.product_type, t.code, t.status, t.current_version, v.offer, t.created_at, t.version
FROM bench.tariff t JOIN bench.tariff_version v ON v.tariff_id = t.id AND v.number = t.current_version
WHERE t.id > coalesce(nullif($1, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY t.id LIMIT 51`

// minimalTariff is a row as it stands; the offer is passed on unread.
type minimalTariff struct {
	ID          string          `db:"id" json:"id"`
	ProviderID  string          `db:"provider_id" json:"provider_id"`
	ProductType string          `db:"product_type" json:"product_type"`
	Code        string          `db:"code" json:"code"`
	Status      string          `db:"status" json:"status"`
	Number      int             `db:"current_version" json:"number"`
	Offer       json.RawMessage `db:"offer" json:"offer"`
	CreatedAt   time.Time       `db:"created_at" json:"created_at"`
	Version     int64           `db:"version" json:"version"`
}

// minimalPage serves one page of rows, with nothing around it.
func minimalPage[T any](e *echo.Echo, path string, query *sqlx.Stmt) {
	e.GET(path, func(c echo.Context) error {
		rows := []T{}
		if err := query.SelectContext(c.Request().Context(), &rows, c.QueryParam("after")); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]any{"data": rows[:min(50, len(rows))]})
	})
}

// minimalQuotes reads a wish and writes an answer that was given to it before, both in the types of the contract.
func minimalQuotes(e *echo.Echo) {
	var answer api.Quote
	e.PUT("/quotes", func(c echo.Context) error {
		if err := c.Bind(&answer); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, answer)
	})
	e.POST("/quotes", func(c echo.Context) error {
		var wish api.QuoteCreate
		if err := c.Bind(&wish); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, answer)
	})
}
