package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/service"
)

// orderStore keeps orders.
type orderStore struct{ conn }

const insertOrder = `
INSERT INTO client_order (id, client_id, provider_id, status, pay, total, tax, currency, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

// InsertOrder writes an order; its items are the services that refer to it.
func (s orderStore) InsertOrder(ctx context.Context, o order.Order) error {
	_, err := s.exec(ctx, insertOrder, o.ID, o.ClientID, o.ProviderID, o.Status, o.Pay, o.Total.Decimal(), o.Tax.Decimal(),
		o.Total.Currency(), o.ExpiresAt, o.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert order: %w", err)
	}
	return nil
}

const orderColumns = `
id, client_id, provider_id, status, pay, total, tax, currency, expires_at, paid_at, claim_no, created_at, version`

const orderByID = `SELECT ` + orderColumns + ` FROM client_order WHERE id = $1`

// OrderByID reads an order with its items, without a lock.
func (s orderStore) OrderByID(ctx context.Context, id order.ID) (order.Order, error) {
	o, _, err := s.one(ctx, orderByID, id)
	return o, err
}

const lockOrder = `SELECT ` + orderColumns + ` FROM client_order WHERE id = $1 FOR UPDATE`

// LockOrder reads and locks; the client must be locked before.
func (s orderStore) LockOrder(ctx context.Context, id order.ID) (order.Order, error) {
	o, _, err := s.one(ctx, lockOrder, id)
	return o, err
}

// HoldOrder locks an order that the caller claimed.
func (s orderStore) HoldOrder(ctx context.Context, id order.ID, claimNo int64) (order.Order, error) {
	o, have, err := s.one(ctx, lockOrder, id)
	if err == nil && have != claimNo {
		err = errClaimLost
	}
	return o, err
}

func (s orderStore) one(ctx context.Context, query string, id order.ID) (order.Order, int64, error) {
	var row orderRow
	err := s.get(ctx, &row, query, id)
	if isNoRows(err) {
		return order.Order{}, 0, fault.Missing("order")
	}
	if err != nil {
		return order.Order{}, 0, fmt.Errorf("read order: %w", err)
	}
	list := []order.Order{row.toOrder()}
	return list[0], row.ClaimNo, s.fillItems(ctx, list)
}

const orderItems = `
SELECT s.order_id, s.id, s.status, s.started_at IS NOT NULL AS made, s.tariff_id, s.tariff_version,
       coalesce(s.data_center_id::text, '') AS data_center_id, s.period, s.quote,
       coalesce((SELECT o.id::text FROM operation o WHERE o.service_id = s.id AND o.kind = 'open' ORDER BY o.id DESC LIMIT 1), '') AS operation_id
FROM service s WHERE s.order_id = ANY ($1::uuid[]) ORDER BY s.order_id, s.position`

// fillItems reads the items of orders in one statement.
func (c conn) fillItems(ctx context.Context, list []order.Order) error {
	ids := make([]order.ID, len(list))
	at := map[order.ID]int{}
	for i, o := range list {
		ids[i], at[o.ID] = o.ID, i
	}
	var rows []orderItemRow
	if err := c.all(ctx, &rows, orderItems, texts(ids)); err != nil {
		return fmt.Errorf("read order items: %w", err)
	}
	for _, r := range rows {
		it := order.Item{
			ServiceID: r.ID, OperationID: r.OperationID, Status: r.Status, Made: r.Made, TariffID: r.TariffID,
			TariffVersion: r.TariffVersion, DataCenterID: r.DataCenterID, Period: r.Period,
		}
		if err := unmarshalAll([][]byte{r.Quote}, &it.Quote); err != nil {
			return err
		}
		o := &list[at[r.OrderID]]
		o.Items = append(o.Items, it)
	}
	return nil
}

type orderItemRow struct {
	OrderID       order.ID         `db:"order_id"`
	ID            service.ID       `db:"id"`
	Status        service.Status   `db:"status"`
	Made          bool             `db:"made"`
	TariffID      catalog.TariffID `db:"tariff_id"`
	TariffVersion int              `db:"tariff_version"`
	DataCenterID  datacenter.ID    `db:"data_center_id"`
	Period        calendar.Period  `db:"period"`
	Quote         []byte           `db:"quote"`
	OperationID   operation.ID     `db:"operation_id"`
}

const updateOrder = `
UPDATE client_order SET status = $2, expires_at = $3, paid_at = $4, claim_no = claim_no + 1, lease_until = NULL, version = version + 1 WHERE id = $1`

// UpdateOrder writes status and expiry, raises the version and gives a claim back.
func (s orderStore) UpdateOrder(ctx context.Context, o order.Order) error {
	_, err := s.exec(ctx, updateOrder, o.ID, o.Status, o.ExpiresAt, o.PaidAt)
	if err != nil {
		return fmt.Errorf("update order: %w", err)
	}
	return nil
}

const lockBalances = `SELECT kind, amount FROM account WHERE client_id = $1 ORDER BY kind FOR UPDATE`

// LockBalances reads and locks a client's two accounts.
func (s orderStore) LockBalances(ctx context.Context, c client.Client) (balance, held money.Amount, err error) {
	var rows []struct {
		Kind   string          `db:"kind"`
		Amount decimal.Decimal `db:"amount"`
	}
	if err = s.all(ctx, &rows, lockBalances, c.ID); err != nil {
		return balance, held, fmt.Errorf("lock accounts: %w", err)
	}
	balance, held = money.Zero(c.Currency), money.Zero(c.Currency)
	for _, r := range rows {
		if r.Kind == "held" {
			held = money.New(r.Amount, c.Currency)
		} else {
			balance = money.New(r.Amount, c.Currency)
		}
	}
	return balance, held, nil
}

// waitsForMoney is about service s.
const waitsForMoney = `s.status = 'suspended' AND 'unpaid' = ANY (s.suspend_reasons) AND s.delete_at IS NULL AND ` + notClosing

// notClosing leaves out services whose deletion is under way.
const notClosing = `NOT EXISTS (SELECT FROM operation o
    WHERE o.service_id = s.id AND o.kind = 'close' AND o.status IN ('queued', 'running', 'waiting', 'manual'))`

const servicesToResume = `
SELECT ` + serviceColumns + ` FROM service s WHERE client_id = $1 AND ` + waitsForMoney + ` ORDER BY paid_until, id FOR UPDATE`

// ServicesToResume are a client's services suspended for money that may renew, the oldest paid_until first. It does not ask
// again where the statement just before has seen that there is none.
func (s orderStore) ServicesToResume(ctx context.Context, c actor.ClientID) ([]service.Service, error) {
	if s.late.nothingWaits == c {
		return nil, nil
	}
	return s.manyServices(ctx, servicesToResume, c)
}

type orderRow struct {
	ID         order.ID         `db:"id"`
	ClientID   actor.ClientID   `db:"client_id"`
	ProviderID actor.ProviderID `db:"provider_id"`
	Status     order.Status     `db:"status"`
	Pay        string           `db:"pay"`
	Total      decimal.Decimal  `db:"total"`
	Tax        decimal.Decimal  `db:"tax"`
	Currency   string           `db:"currency"`
	ExpiresAt  *time.Time       `db:"expires_at"`
	PaidAt     *time.Time       `db:"paid_at"`
	ClaimNo    int64            `db:"claim_no"`
	CreatedAt  time.Time        `db:"created_at"`
	Version    int64            `db:"version"`
}

func (r orderRow) toOrder() order.Order {
	return order.Order{
		ID: r.ID, ClientID: r.ClientID, ProviderID: r.ProviderID, Status: r.Status, Pay: r.Pay, Total: money.New(r.Total, r.Currency),
		Tax: money.New(r.Tax, r.Currency), ExpiresAt: utc(r.ExpiresAt), PaidAt: utc(r.PaidAt), CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}
