// Package embedpg runs the program's own PostgreSQL below a data directory.
//
// It owns the folder "postgres" and the files "postgres.*" of that directory:
// making the cluster, starting, adopting, recovering and stopping its server.
// It does not own the schema, the connection pool or anything said in SQL
// after the empty database exists.
//
// Invariants:
//   - One data directory has at most one server, whoever starts and however
//     many start at once: everything that may start or stop one holds the
//     start lock.
//   - A server is stopped only when no process uses it any more. Use is a lock
//     that the kernel releases, so a killed process counts as gone.
//   - The folder "postgres" is either absent or a whole cluster: it appears by
//     one rename.
package embedpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The one role and the one database of an embedded server.
const (
	roleName     = "tariffd"
	databaseName = "tariffd"
)

const (
	// startLimit bounds a start whose caller set no deadline; recovery of a
	// killed server replays at most a few minutes of writes.
	startLimit = 2 * time.Minute
	// stopLimit bounds an orderly stop before the server is told to give up.
	stopLimit = 30 * time.Second
)

// Options say where the server lives and how careful it is.
type Options struct {
	// Dir is the data directory; the cluster is Dir/postgres, its log
	// Dir/postgres.log.
	Dir string
	// Port is a TCP port on 127.0.0.1; 0 means the Unix socket alone. Over TCP
	// a password is asked for, and the role has none until someone sets it.
	Port int
	// Fast gives up durability for speed. For tests only.
	Fast bool
	// Log receives what happened to the server; nil is silent.
	Log *slog.Logger
	// Settings override single server settings, by their PostgreSQL names.
	Settings map[string]string

	// withoutNamespace makes root take the second way of not being root.
	withoutNamespace bool
}

// Server is this process's use of a running PostgreSQL.
type Server struct {
	cluster *cluster
	users   *fileLock
	at      address
	adopted bool

	closing sync.Mutex
	closed  bool
}

// Start answers with a running server on o.Dir: it adopts a live one, recovers
// one that was killed, and makes a new cluster where there is none. Every
// successful Start must be paired with a Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	c, err := newCluster(o)
	if err != nil {
		return nil, err
	}
	starting, err := lockFile(ctx, c.startLock(), unix.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: waiting for another start: %w", err)
	}
	defer starting.release()
	// Whoever holds this one exclusively also holds the start lock, so it is
	// free for sharing now.
	users, err := lockFile(ctx, c.usersLock(), unix.LOCK_SH)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: joining its users: %w", err)
	}
	s := &Server{cluster: c, users: users}
	if s.at, s.adopted, err = c.ensure(ctx); err != nil {
		users.release()
		// A server that came up but is of no use must not stay behind.
		return nil, errors.Join(err, c.stopIfUnused())
	}
	return s, nil
}

// URL is the address of the empty database, in the form lib/pq reads. It goes
// over a Unix socket in a directory that only the owner can enter, which is
// the whole of the authentication.
func (s *Server) URL() string { return s.at.url(databaseName) }

// Ensure brings the server back at the same address after it was killed; it
// does nothing to one that answers.
func (s *Server) Ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	starting, err := lockFile(ctx, s.cluster.startLock(), unix.LOCK_EX)
	if err != nil {
		return fmt.Errorf("embedded PostgreSQL: waiting for another start: %w", err)
	}
	defer starting.release()
	_, _, err = s.cluster.ensure(ctx)
	return err
}

// Close ends this process's use and stops the server when it was the last.
// A second Close does nothing.
func (s *Server) Close() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.cluster.leave(s.users)
}

// StopUnused stops the server on dir if no process uses it: for a caretaker
// of processes that may die without a Close.
func StopUnused(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, clusterFolder)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	c, err := newCluster(Options{Dir: dir})
	if err != nil {
		return err
	}
	return c.leave(nil)
}

// address is where a server listens: the directory of its socket and the port
// number that names the socket there.
type address struct {
	socketDir string
	port      int
}

func (a address) url(database string) string {
	q := url.Values{}
	q.Set("host", a.socketDir)
	q.Set("port", fmt.Sprint(a.port))
	q.Set("sslmode", "disable")
	u := url.URL{Scheme: "postgres", User: url.User(roleName), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}
