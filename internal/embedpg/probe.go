package embedpg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/lib/pq"
)

// state is what a server said to an attempt to connect.
type state int

const (
	// silent: nobody listens.
	silent state = iota
	// busy: a server is there but starting, recovering or stopping.
	busy
	answers
	// answersWithoutDatabase: up, but the program's database is not there yet.
	answersWithoutDatabase
)

// probeLimit is how long one attempt may take before it counts as busy.
const probeLimit = 5 * time.Second

// probe tries to connect. It fails only where a server refuses for a reason
// that waiting will not mend.
func probe(ctx context.Context, at address) (state, error) {
	// Cheaper than a refused connection while a server is coming up.
	if _, err := os.Stat(filepath.Join(at.socketDir, socketName+strconv.Itoa(at.port))); err != nil {
		return silent, nil
	}
	db, err := sql.Open("postgres", at.url(databaseName))
	if err != nil {
		return silent, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	err = db.PingContext(ctx)
	if err == nil {
		return answers, nil
	}
	var refused *pq.Error
	if !errors.As(err, &refused) {
		if errors.Is(err, context.DeadlineExceeded) {
			return busy, nil
		}
		return silent, nil
	}
	switch refused.Code {
	case "57P03", "57P01", "57P02": // starting up, shutting down, crashed
		return busy, nil
	case "3D000": // no such database
		return answersWithoutDatabase, nil
	case "53300": // too many connections: very much alive
		return answers, nil
	default:
		return silent, fmt.Errorf("embedded PostgreSQL: connect: %w", err)
	}
}

// createDatabase makes the program's database; the start lock keeps a second
// maker away.
func createDatabase(ctx context.Context, at address) error {
	db, err := sql.Open("postgres", at.url("postgres"))
	if err != nil {
		return fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(databaseName)); err != nil {
		return fmt.Errorf("embedded PostgreSQL: create database %s: %w", databaseName, err)
	}
	return nil
}
