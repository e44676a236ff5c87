package traffic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// world is a database with one provider, data center and module per driver, and a clock that the test moves.
type world struct {
	testing.TB
	pool     *sqlx.DB
	db       *postgres.DB
	clock    *clock.Fake
	engine   *traffic.Engine
	provider actor.ProviderID
	place    datacenter.ID
	modules  map[string]provision.ModuleID
	tariff   catalog.TariffID
	n        int
}

var (
	admin   = actor.Actor{Role: actor.Admin}
	program = actor.Program("test")
)

func newWorld(t testing.TB) *world {
	pool := pgtest.New(t)
	fake := clock.NewFake(at("2026-03-01 00:00"))
	db := postgres.New(pool, postgres.Options{Prepare: true, Clock: fake, Wall: fake})
	w := &world{TB: t, pool: pool, db: db, clock: fake, modules: map[string]provision.ModuleID{}}
	w.engine = &traffic.Engine{
		Zone: time.UTC,
		InTx: func(ctx context.Context, fn func(traffic.Tx) error) error {
			return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
		},
	}
	require.NoError(t, pool.Get(&w.provider, `SELECT id FROM provider`))
	w.place = datacenter.ID(w.insert(`INSERT INTO data_center (id, name, created_at) VALUES ($1, 'Frankfurt', $2)`, w.now()))
	w.exec(`INSERT INTO product_type (code, name, periods, created_at) VALUES ('dedicated_bandwidth', 'Bandwidth', '{P1M}', now())`)
	for _, driver := range []string{"dcimanager6", "vmmanager6", "none"} {
		id := w.insert(`INSERT INTO processing_module (id, driver, product_type, name, data_center_id, created_at) VALUES ($1, $2, 'dedicated', $2, $3, $4)`,
			driver, w.place, w.now())
		w.modules[driver] = provision.ModuleID(id)
	}
	w.tariff = w.newTariff(catalog.Offer{DataCenterIDs: []datacenter.ID{w.place}})
	return w
}

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func day(s string) calendar.Day {
	d, err := calendar.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

func (w *world) now() time.Time { return w.clock.BusinessNow() }

func (w *world) go_(s string) { w.clock.Set(at(s)) }

func (w *world) exec(query string, args ...any) {
	w.Helper()
	_, err := w.pool.Exec(query, args...)
	require.NoError(w, err)
}

func (w *world) insert(query string, args ...any) string {
	w.Helper()
	id := actor.NewID()
	w.exec(query, append([]any{id}, args...)...)
	return id
}

func (w *world) tx(fn func(ctx context.Context, tx traffic.Tx) error) {
	w.Helper()
	require.NoError(w, w.engine.InTx(context.Background(), func(tx traffic.Tx) error { return fn(context.Background(), tx) }))
}

func (w *world) newTariff(o catalog.Offer) catalog.TariffID {
	w.Helper()
	w.n++
	raw, err := json.Marshal(o)
	require.NoError(w, err)
	id := w.insert(`INSERT INTO tariff (id, provider_id, product_type, code, name, status, created_at) VALUES ($1, $2, 'dedicated_bandwidth', $3, 'x', 'active', $4)`,
		w.provider, fmt.Sprint("t", w.n), w.now())
	w.exec(`INSERT INTO tariff_version (tariff_id, number, offer, created_at) VALUES ($1, 1, $2, $3)`, id, raw, w.now())
	return catalog.TariffID(id)
}

func (w *world) newClient() actor.ClientID {
	w.Helper()
	w.n++
	return actor.ClientID(w.insert(`INSERT INTO client (id, provider_id, email, billed_through, next_run_at, created_at) VALUES ($1, $2, $3, '2026-02-28', $4, $4)`,
		w.provider, fmt.Sprintf("c%d@example.com", w.n), w.now()))
}

// newService adds a service that is active from now on; its activity is for the caller to write.
func (w *world) newService(c actor.ClientID, productType, driver string) service.ID {
	w.Helper()
	order := w.insert(`INSERT INTO client_order (id, client_id, provider_id, status, pay, total, currency, created_at) VALUES ($1, $2, $3, 'completed', 'balance', 0, 'EUR', $4)`,
		c, w.provider, w.now())
	w.n++
	id := w.insert(`INSERT INTO service (id, client_id, provider_id, order_id, position, status, product_type, tariff_id, tariff_version, period, currency,
			data_center_id, module_id, external_id, quote, started_at, created_at)
		VALUES ($1, $2, $3, $4, 0, 'active', $5, $6, 1, 'P1M', 'EUR', $7, $8, $9, '{}', $10, $10)`,
		c, w.provider, order, productType, w.tariff, w.place, w.modules[driver], fmt.Sprint(w.n), w.now())
	return service.ID(id)
}

// newServer adds an active dedicated server with the traffic add-ons `traffic` and `burst`, and one that is none of them.
func (w *world) newServer(c actor.ClientID) service.ID {
	w.Helper()
	id := w.newService(c, "dedicated", "dcimanager6")
	price := decimal.RequireFromString("0.02")
	w.tx(func(ctx context.Context, tx traffic.Tx) error {
		var rows []service.TermRow
		for item, content := range map[string]string{"traffic": "traffic", "burst": "burst_in_day", "ram": "ram"} {
			rows = append(rows, service.TermRow{
				ID: actor.NewID(), ClientID: c, ServiceID: id, Item: item, Source: service.FromTariff, From: w.now(), TariffVersion: 1,
				Term: service.Term{Billing: catalog.BillStatistics, ContentCode: content, OveragePrice: &price, Unit: "GiB"},
			})
		}
		if err := tx.InsertActivity(ctx, c, service.ActivityRow{ServiceID: id, From: w.now(), Cause: "opened"}); err != nil {
			return err
		}
		return tx.InsertTerms(ctx, rows)
	})
	return id
}

// newBandwidth adds an active bandwidth service that carries servers from now on.
func (w *world) newBandwidth(c actor.ClientID, servers ...service.ID) service.ID {
	w.Helper()
	id := w.newService(c, product.DedicatedBandwidth, "none")
	w.tx(func(ctx context.Context, tx traffic.Tx) error {
		s, err := tx.ServiceByID(ctx, id)
		if err != nil {
			return err
		}
		if err := traffic.LinkServers(ctx, tx, time.UTC, program, s, servers); err != nil {
			return err
		}
		if err := tx.InsertActivity(ctx, c, service.ActivityRow{ServiceID: id, From: w.now(), Cause: "opened"}); err != nil {
			return err
		}
		return traffic.Switched(ctx, tx, time.UTC, program, s, traffic.Opened)
	})
	return id
}

// turn switches a bandwidth service as lifecycle does.
func (w *world) turn(id service.ID, status service.Status, cause traffic.Cause) {
	w.Helper()
	w.tx(func(ctx context.Context, tx traffic.Tx) error {
		s, err := tx.ServiceByID(ctx, id)
		if err != nil {
			return err
		}
		if _, err = tx.LockBlockClients(ctx, []actor.ClientID{s.ClientID}); err != nil {
			return err
		}
		s.Status, s.SuspendReasons = status, nil
		now := w.now()
		switch status {
		case service.Active:
			err = tx.InsertActivity(ctx, s.ClientID, service.ActivityRow{ServiceID: id, From: now, Cause: string(cause)})
		case service.Suspended:
			s.SuspendReasons = []service.Reason{service.ByClient}
			err = tx.EndActivity(ctx, s.ClientID, id, now, string(cause))
		default:
			s.DeletedAt = &now
			err = tx.EndActivity(ctx, s.ClientID, id, now, string(cause))
		}
		if err != nil {
			return err
		}
		if err = tx.UpdateService(ctx, s); err != nil {
			return err
		}
		if s.ProductType == product.DedicatedBandwidth {
			return traffic.Switched(ctx, tx, time.UTC, program, s, cause)
		}
		return traffic.DetachClosed(ctx, tx, time.UTC, program, s)
	})
}

func (w *world) push(reports ...traffic.Report) traffic.Outcome {
	w.Helper()
	return w.store(traffic.Lot{Reports: reports, Source: traffic.Push})
}

func (w *world) store(lot traffic.Lot) traffic.Outcome {
	w.Helper()
	out, err := w.engine.Store(context.Background(), admin, lot)
	require.NoError(w, err)
	return out
}

func gib(in, out string) traffic.Values {
	return traffic.Values{
		traffic.ParamIn:  {Value: decimal.RequireFromString(in), Unit: "GiB"},
		traffic.ParamOut: {Value: decimal.RequireFromString(out), Unit: "GiB"},
	}
}

func report(s service.ID, on string, values traffic.Values) traffic.Report {
	return traffic.Report{Server: s, Day: day(on), Values: values}
}

// owners returns the owner of each stored day of a server.
func (w *world) owners(s service.ID) map[string]service.ID {
	w.Helper()
	var rows []struct {
		Day   calendar.Day `db:"day"`
		Owner service.ID   `db:"owner_service_id"`
	}
	require.NoError(w, w.pool.Select(&rows, `SELECT day, owner_service_id FROM traffic_block WHERE server_service_id = $1`, s))
	out := map[string]service.ID{}
	for _, r := range rows {
		out[r.Day.String()] = r.Owner
	}
	return out
}

// told returns the rows that tell a server's reassignments, in order.
func (w *world) told(s service.ID) []string {
	w.Helper()
	var out []string
	require.NoError(w, w.pool.Select(&out, `
		SELECT first_day || '..' || last_day || ' ' || CASE WHEN from_service_id = server_service_id THEN 'server' ELSE 'bandwidth' END || '→'
			|| CASE WHEN to_service_id = server_service_id THEN 'server' ELSE 'bandwidth' END || ' ' || cause
		FROM traffic_reassignment WHERE server_service_id = $1 ORDER BY id`, s))
	return out
}

// prices returns the open special prices of a service as "item source".
func (w *world) prices(s service.ID) []string {
	w.Helper()
	var out []string
	require.NoError(w, w.pool.Select(&out, `
		SELECT item || ' ' || source FROM service_term WHERE service_id = $1 AND source <> 'tariff' AND to_at IS NULL ORDER BY 1`, s))
	return out
}

func (w *world) staffPrice(s service.ID, item string) {
	w.Helper()
	price := decimal.RequireFromString("0.01")
	w.tx(func(ctx context.Context, tx traffic.Tx) error {
		v, err := tx.ServiceByID(ctx, s)
		if err != nil {
			return err
		}
		return traffic.PutSpecialPrice(ctx, tx, admin, v, traffic.SpecialPrice{Item: item, OveragePrice: &price})
	})
}

func (w *world) setServers(bandwidth service.ID, servers ...service.ID) error {
	_, err := w.engine.SetServers(context.Background(), admin, traffic.SetServersInput{ServiceID: bandwidth, Servers: servers})
	return err
}

func (w *world) count(query string, args ...any) int {
	w.Helper()
	var n int
	require.NoError(w, w.pool.Get(&n, query, args...))
	return n
}

func requireCode(t testing.TB, err error, code string) {
	t.Helper()
	require.Error(t, err)
	require.True(t, fault.Has(err, code), "%v", err)
}

// fakeSource is a module that counts; what it says is up to the test.
type fakeSource struct {
	provision.Module
	usage func(ref provision.Ref, on calendar.Day) (provision.Usage, bool, error)
	calls int
}

func (f *fakeSource) DailyUsage(_ context.Context, refs []provision.Ref, on calendar.Day, _ *time.Location) ([]provision.Usage, error) {
	f.calls++
	var out []provision.Usage
	for _, ref := range refs {
		u, ok, err := f.usage(ref, on)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, u)
		}
	}
	return out, nil
}
