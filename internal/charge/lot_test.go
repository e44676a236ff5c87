package charge_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/service"
)

// sibling is a further service of the house's client, alike in everything.
func (h *house) sibling(t *testing.T) *house {
	s := *h
	s.service = actor.ServiceID(actor.NewID())
	h.run(t, `INSERT INTO service SELECT copy.* FROM service s, jsonb_populate_record(s, jsonb_build_object('id', $2::uuid, 'position', 1)) AS copy WHERE s.id = $1`, h.service, s.service)
	h.run(t, `INSERT INTO service_term SELECT copy.* FROM service_term s, jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'service_id', $2::uuid)) AS copy WHERE s.service_id = $1`, h.service, s.service)
	return &s
}

func (h *house) claim(t *testing.T) []charge.Claim {
	got, err := h.db.Due("overage").Claim(context.Background(), h.clock.BusinessNow(), 10)
	require.NoError(t, err)
	out := make([]charge.Claim, len(got))
	for i, c := range got {
		out[i] = charge.Claim(c)
	}
	return out
}

func TestMonthsOfOneClientAreOneTransaction(t *testing.T) {
	t.Parallel()
	a := newHouse(t, "0", "1")
	b := a.sibling(t)
	a.used(t, on(1), 1)
	b.used(t, on(1), 2)
	a.clock.Set(on(2).Start(time.UTC))
	claims := a.claim(t)
	require.Len(t, claims, 2)
	begun := 0
	e := a.engine()
	e.InTx = func(ctx context.Context, fn func(charge.OverageTx) error) error {
		begun++
		return a.db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
	}
	require.NoError(t, e.RunLot(context.Background(), claims))
	require.Equal(t, 2, begun, "one to learn whose they are, one for the client")
	require.Equal(t, "-6.00", a.balance(t))
	require.Empty(t, a.column(t, `SELECT id FROM overage_due`))
}

// One month that cannot be charged keeps neither its siblings from being charged nor their marks.
func TestAMonthThatFailsStandsAlone(t *testing.T) {
	t.Parallel()
	a := newHouse(t, "0", "1")
	b := a.sibling(t)
	a.used(t, on(1), 1)
	b.used(t, on(1), 2)
	a.clock.Set(on(2).Start(time.UTC))
	a.run(t, `UPDATE service_term SET term = term || '{"overage_price": 7, "unit": "no such unit"}' WHERE service_id = $1`, b.service)
	require.Error(t, a.engine().RunLot(context.Background(), a.claim(t)))
	require.Equal(t, "-2.00", a.balance(t))
	require.Equal(t, []string{string(b.service)}, a.column(t, `SELECT service_id FROM overage_due`))
}

// What is lost of a lot is left to others, the rest is done.
func TestALotDoesWhatIsStillItsOwn(t *testing.T) {
	t.Parallel()
	a := newHouse(t, "0", "1")
	b := a.sibling(t)
	a.used(t, on(1), 1)
	b.used(t, on(1), 2)
	a.clock.Set(on(2).Start(time.UTC))
	claims := a.claim(t)
	a.run(t, `UPDATE overage_due SET claim_no = claim_no + 1 WHERE service_id = $1`, b.service)
	require.NoError(t, a.engine().RunLot(context.Background(), claims))
	require.Equal(t, "-2.00", a.balance(t))
	require.Equal(t, []string{string(b.service)}, a.column(t, `SELECT service_id FROM overage_due`))
}

// What a running recomputation marks is charged when it has ended; one that only looks holds nothing up.
func TestOverageWaitsForARecomputation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "0", "1")
	h.used(t, on(1), 1)
	h.clock.Set(on(2).Start(time.UTC))
	for _, preview := range []bool{true, false} {
		h.run(t, `INSERT INTO recomputation (id, first_day, last_day, preview, status, due_at, actor, created_at)
			VALUES ($1, '2026-03-01', '2026-03-01', $2, 'running', now(), '{}', now())`, service.ID(actor.NewID()), preview)
		_, some, err := h.db.Due("overage").Next(context.Background())
		require.NoError(t, err)
		require.Equal(t, preview, some)
	}
	require.Empty(t, h.claim(t))
	h.run(t, `UPDATE recomputation SET status = 'done'`)
	require.NoError(t, h.engine().RunLot(context.Background(), h.claim(t)))
	require.Equal(t, "-2.00", h.balance(t))
}
