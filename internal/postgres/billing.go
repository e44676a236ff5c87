package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/billing"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
)

// billingStore serves the daily run.
type billingStore struct{ conn }

const holdClients = `
SELECT client.id, client.billed_through
FROM client JOIN unnest($1::uuid[], $2::bigint[]) AS claim (id, no) ON claim.id = client.id AND claim.no = client.claim_no
ORDER BY client.id FOR UPDATE OF client`

// HoldClients locks clients in order of their ids and leaves out those whose claim was lost.
func (s billingStore) HoldClients(ctx context.Context, claims []billing.Claim) ([]billing.Behind, error) {
	ids, nos := make([]actor.ClientID, len(claims)), make([]int64, len(claims))
	for i, c := range claims {
		ids[i], nos[i] = c.Client, c.No
	}
	var rows []struct {
		ID            actor.ClientID `db:"id"`
		BilledThrough calendar.Day   `db:"billed_through"`
	}
	if err := s.all(ctx, &rows, holdClients, texts(ids), pq.Array(nos)); err != nil {
		return nil, fmt.Errorf("hold clients: %w", err)
	}
	out := make([]billing.Behind, 0, len(rows))
	for _, r := range rows {
		c, err := clientStore{s.conn}.ClientByID(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, billing.Behind{Client: c, BilledThrough: r.BilledThrough})
	}
	return out, nil
}

const dueServices = `
SELECT ` + serviceColumns + ` FROM service s
WHERE client_id = ANY ($1::uuid[]) AND status IN ('active', 'suspended') AND (paid_until < $2 OR status = 'suspended')
  AND ` + notClosing + `
ORDER BY client_id, paid_until, id FOR UPDATE`

// DueServices are the services for which the daily run may have something to do, the first to end first; those whose deletion
// is under way have nothing to be charged for any more.
func (s billingStore) DueServices(ctx context.Context, clients []actor.ClientID, before time.Time) ([]service.Service, error) {
	return s.manyServices(ctx, dueServices, texts(clients), before)
}

const advanceClients = `
UPDATE client SET billed_through = $2, next_run_at = $3, parked_reason = NULL, claim_no = claim_no + 1, lease_until = NULL WHERE id = ANY ($1::uuid[])`

// AdvanceClients notes through which day clients are billed and gives the claims back. The version stays: nothing that the
// client's readers see has changed.
func (s billingStore) AdvanceClients(ctx context.Context, clients []actor.ClientID, through calendar.Day, next time.Time) error {
	if _, err := s.exec(ctx, advanceClients, texts(clients), through, next); err != nil {
		return fmt.Errorf("advance clients: %w", err)
	}
	return nil
}

const parkClient = `
UPDATE client SET parked_reason = $3, next_run_at = $4, claim_no = claim_no + 1, lease_until = NULL WHERE id = $1 AND claim_no = $2`

// ParkClient puts a client off until an instant, with the reason.
func (s billingStore) ParkClient(ctx context.Context, id actor.ClientID, claimNo int64, reason string, until time.Time) error {
	if _, err := s.exec(ctx, parkClient, id, claimNo, reason, until); err != nil {
		return fmt.Errorf("park client: %w", err)
	}
	return nil
}

const moneyFreed = `
UPDATE client SET resume_at = $2
WHERE id = ANY ($1::uuid[]) AND resume_at IS NULL AND EXISTS (SELECT FROM service s WHERE s.client_id = client.id AND ` + waitsForMoney + `)`

// MoneyFreed makes those of the clients due that have services which wait for money.
func (s billingStore) MoneyFreed(ctx context.Context, clients []actor.ClientID, at time.Time) error {
	if _, err := s.exec(ctx, moneyFreed, texts(clients), at); err != nil {
		return fmt.Errorf("mark clients with free money: %w", err)
	}
	return nil
}

const holdResumption = `SELECT id FROM client WHERE id = $1 AND claim_no = $2 FOR UPDATE`

// HoldResumption locks a client that the caller claimed.
func (s billingStore) HoldResumption(ctx context.Context, id actor.ClientID, claimNo int64) error {
	var found string
	err := s.get(ctx, &found, holdResumption, id, claimNo)
	if isNoRows(err) {
		return errClaimLost
	}
	return wrap("hold a client", err)
}

const endResumption = `UPDATE client SET resume_at = NULL, claim_no = claim_no + 1, lease_until = NULL WHERE id = $1`

// EndResumption notes that a client's money was put to work, and gives the claim back.
func (s billingStore) EndResumption(ctx context.Context, id actor.ClientID) error {
	_, err := s.exec(ctx, endResumption, id)
	return wrap("end a resumption", err)
}
