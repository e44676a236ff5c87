package embedpg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	clusterFolder = "postgres"
	// newFolders is where a cluster is made before it gets its name.
	newFolders = "postgres.new-"
	// socketName is what PostgreSQL calls its socket, without the port.
	socketName = ".s.PGSQL."
	// defaultPort names the socket where there is no TCP.
	defaultPort = 5432
	// socketPathLimit keeps below the 104 bytes of the smallest sockaddr_un.
	socketPathLimit = 100
)

// cluster is one data directory, with or without a server on it.
type cluster struct {
	o   Options
	log *slog.Logger
	// dir has no symbolic links, so that all who come by another name agree
	// on the socket's place.
	dir string
	// find is the search for binaries; a field so that tests can point it
	// elsewhere.
	find finder
}

func newCluster(o Options) (*cluster, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: data directory: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: data directory: %w", err)
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &cluster{o: o, log: log, dir: dir, find: machineFinder(dir)}, nil
}

func (c *cluster) data() string      { return filepath.Join(c.dir, clusterFolder) }
func (c *cluster) logFile() string   { return filepath.Join(c.dir, "postgres.log") }
func (c *cluster) startLock() string { return filepath.Join(c.dir, "postgres.lock") }
func (c *cluster) usersLock() string { return filepath.Join(c.dir, "postgres.users") }

// address is where a server started from here will listen.
func (c *cluster) address() address {
	port := c.o.Port
	if port == 0 {
		port = defaultPort
	}
	return address{socketDir: c.socketDir(port), port: port}
}

// socketDir is the cluster's own folder, or a short one named after it when a
// socket there could not be bound.
func (c *cluster) socketDir(port int) string {
	if len(c.data())+len(fmt.Sprintf("/%s%d", socketName, port)) <= socketPathLimit {
		return c.data()
	}
	sum := sha256.Sum256([]byte(c.dir))
	return filepath.Join(os.TempDir(), "tariffd-"+hex.EncodeToString(sum[:8]))
}

// ensure needs the start lock. It answers where the server listens and whether
// it was found running.
func (c *cluster) ensure(ctx context.Context) (address, bool, error) {
	at, missing, err := c.findLive(ctx)
	if err != nil {
		return address{}, false, err
	}
	adopted := at != nil
	if adopted {
		c.log.Info("embedded PostgreSQL adopted", "dir", c.data())
	} else if at, missing, err = c.start(ctx); err != nil {
		return address{}, false, err
	}
	if missing {
		if err := createDatabase(ctx, *at); err != nil {
			return address{}, false, err
		}
	}
	return *at, adopted, nil
}

// findLive answers the address of a running server, or nil where there is none
// or a dead one. It waits for one that is coming up or going down: a process
// killed in the middle of a start or a stop leaves such a server.
func (c *cluster) findLive(ctx context.Context) (*address, bool, error) {
	for {
		pid, at, found := readPidFile(c.data())
		if !found {
			at = c.address()
		}
		switch st, err := probe(ctx, at); {
		case err != nil:
			return nil, false, err
		case st == answers, st == answersWithoutDatabase:
			return &at, st == answersWithoutDatabase, nil
		case st == silent && !serves(pid, c.data()):
			return nil, false, nil
		}
		if err := pause(ctx, tick); err != nil {
			return nil, false, fmt.Errorf("embedded PostgreSQL: process %d on %s does not answer: %w", pid, c.data(), err)
		}
	}
}

// start makes the cluster where there is none and starts a server on it.
func (c *cluster) start(ctx context.Context) (*address, bool, error) {
	bin, err := c.find.binaries(ctx, c.data())
	if err != nil {
		return nil, false, err
	}
	who, err := c.account(bin)
	if err != nil {
		return nil, false, err
	}
	at := c.address()
	if err := c.prepare(ctx, bin, who); err != nil {
		return nil, false, err
	}
	if err := prepareSocketDir(at, c.data(), who); err != nil {
		return nil, false, err
	}
	missing, err := c.launch(ctx, bin, who, at)
	if err != nil {
		return nil, false, err
	}
	return &at, missing, nil
}

// prepare leaves a whole cluster that belongs to the account.
func (c *cluster) prepare(ctx context.Context, bin binaries, who account) error {
	// Leftovers of a start that was killed half-way; the start lock says that
	// nobody is at work on them.
	old, _ := filepath.Glob(filepath.Join(c.dir, newFolders+"*"))
	for _, dir := range old {
		_ = os.RemoveAll(dir)
	}
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); err == nil {
		if err := who.own(c.data()); err != nil {
			return err
		}
		return c.disownStalePid()
	}
	if err := c.initialise(ctx, bin, who); err != nil {
		return fmt.Errorf("embedded PostgreSQL: make the cluster: %w", err)
	}
	return nil
}

// initialise makes the cluster in a folder beside and renames it, so that a
// kill in the middle leaves nothing that looks like a cluster.
func (c *cluster) initialise(ctx context.Context, bin binaries, who account) (err error) {
	fresh, err := os.MkdirTemp(c.dir, newFolders)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(fresh)
		}
	}()
	if err := who.own(fresh); err != nil {
		return err
	}
	args := []string{
		"-D", fresh, "-U", roleName, "-E", "UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--no-instructions",
	}
	out, err := who.run(ctx, bin.initdb(), args...)
	if err != nil && strings.Contains(out, "invalid locale") {
		// Machines without that locale get plain C: letters beyond ASCII are
		// then compared as they are.
		out, err = who.run(ctx, bin.initdb(), append(args, "--lc-ctype=C")...)
	}
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(out))
	}
	if !c.o.Fast {
		// One pass at the end is far cheaper than a sync after every file.
		if out, err := who.run(ctx, bin.initdb(), "-D", fresh, "--sync-only"); err != nil {
			return fmt.Errorf("initdb --sync-only: %w: %s", err, strings.TrimSpace(out))
		}
	}
	// An empty folder of that name is no cluster and may be in the way; a full
	// one is not ours to remove.
	if err := os.Remove(c.data()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s holds no cluster but other files: %w", c.data(), err)
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return err
	}
	c.log.Info("embedded PostgreSQL cluster made", "dir", c.data(), "version", bin.major, "as", who.name)
	return syncDir(c.dir)
}

// leave gives up own use, nil where there is none, and stops an unused server.
func (c *cluster) leave(own *fileLock) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	starting, err := lockFile(ctx, c.startLock(), unix.LOCK_EX)
	// The use ends even where the lock cannot be had: then the next user that
	// leaves will stop the server.
	own.release()
	if err != nil {
		return fmt.Errorf("embedded PostgreSQL: stop: %w", err)
	}
	defer starting.release()
	return c.stopIfUnused()
}

// stopIfUnused needs the start lock, which keeps new users away.
func (c *cluster) stopIfUnused() error {
	last, err := tryLockFile(c.usersLock(), unix.LOCK_EX)
	if err != nil {
		return fmt.Errorf("embedded PostgreSQL: stop: %w", err)
	}
	if last == nil {
		return nil
	}
	defer last.release()
	return c.stop()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
