package postgres

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/service"
)

// challengeStore keeps what is to be confirmed with a code.
type challengeStore struct{ conn }

const liveChallenge = `
SELECT id, service_id, hash, attempts, expires_at, created_at FROM deletion_challenge WHERE service_id = $1 AND ended_at IS NULL`

// LiveChallenge answers the challenge of a service that has not ended; none: a zero one.
func (s challengeStore) LiveChallenge(ctx context.Context, id service.ID) (lifecycle.Challenge, error) {
	var r struct {
		ID        string     `db:"id"`
		ServiceID service.ID `db:"service_id"`
		Hash      []byte     `db:"hash"`
		Attempts  int        `db:"attempts"`
		ExpiresAt time.Time  `db:"expires_at"`
		CreatedAt time.Time  `db:"created_at"`
	}
	err := s.get(ctx, &r, liveChallenge, id)
	if isNoRows(err) {
		return lifecycle.Challenge{}, nil
	}
	return lifecycle.Challenge{
		ID: r.ID, ServiceID: r.ServiceID, Hash: r.Hash, Attempts: r.Attempts, ExpiresAt: r.ExpiresAt.UTC(), CreatedAt: r.CreatedAt.UTC(),
	}, wrap("read a challenge", err)
}

const insertChallenge = `
INSERT INTO deletion_challenge (id, service_id, hash, attempts, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)`

// InsertChallenge adds a challenge.
func (s challengeStore) InsertChallenge(ctx context.Context, c lifecycle.Challenge) error {
	_, err := s.exec(ctx, insertChallenge, c.ID, c.ServiceID, c.Hash, c.Attempts, c.ExpiresAt, c.CreatedAt)
	return wrap("insert a challenge", err)
}

const updateChallenge = `UPDATE deletion_challenge SET attempts = $2, ended_at = $3 WHERE id = $1`

// UpdateChallenge counts a guess, or ends a challenge.
func (s challengeStore) UpdateChallenge(ctx context.Context, c lifecycle.Challenge) error {
	_, err := s.exec(ctx, updateChallenge, c.ID, c.Attempts, c.EndedAt)
	return wrap("update a challenge", err)
}
