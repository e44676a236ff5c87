package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tariffd/tariffd/internal/embedpg"
)

const (
	// urlVariable names a server to use instead of an own one.
	urlVariable = "TARIFFD_TEST_DATABASE_URL"
	// caretakerOf is set for a child that is a caretaker and no test.
	caretakerOf = "PGTEST_CARETAKER_OF"
	// linger is how long an unused server is kept for the next test process,
	// which go test starts a moment after the last.
	linger = 2 * time.Second
)

// Kept for the life of the process: the server's use ends when these close,
// which nobody but the kernel does.
var (
	ownServer *embedpg.Server
	lifeline  io.WriteCloser //nolint:unused // it is enough that it stays open
)

// serverURL is the server named by the environment, or else the one that the
// test processes of this working copy share.
func serverURL(ctx context.Context) (string, error) {
	if url := os.Getenv(urlVariable); url != "" {
		return url, nil
	}
	dir, err := sharedDir()
	if err != nil {
		return "", err
	}
	// The caretaker first: were we killed in between, it would still stop the
	// server that we started.
	if lifeline, err = startCaretaker(dir); err != nil {
		return "", fmt.Errorf("start the server's caretaker: %w", err)
	}
	ownServer, err = embedpg.Start(ctx, embedpg.Options{
		Dir:  dir,
		Fast: true,
		Settings: map[string]string{
			"max_connections": "200",
			"shared_buffers":  "128MB",
			// Its workers would sit in databases that are about to be dropped.
			"autovacuum": "off",
			// The least that can be written for each change, and kept of it.
			"wal_level":       "minimal",
			"max_wal_senders": "0",
			"min_wal_size":    "32MB",
			"max_wal_size":    "256MB",
			// Each test has connections of its own, which would plan most
			// statements anew each time they run.
			"plan_cache_mode": "force_generic_plan",
		},
	})
	if err != nil {
		return "", fmt.Errorf("%w (if its files are damaged, remove %s)", err, dir)
	}
	return ownServer.URL(), nil
}

// sharedDir is one folder per user and working copy, which must be the user's
// because its name can be guessed.
func sharedDir() (string, error) {
	module, err := moduleDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(module))
	name := fmt.Sprintf("tariffd-pgtest-%d-%s", os.Geteuid(), hex.EncodeToString(sum[:4]))
	dir, err := folder(memory, name)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o022 != 0 || !ok || int(owner.Uid) != os.Geteuid() {
		return "", fmt.Errorf("%s belongs to somebody else: remove it", dir)
	}
	return dir, nil
}

const (
	// memory is a file system without a disk, which Linux machines have.
	memory = "/dev/shm"
	// memoryWanted is several times what the server fills while many tests run.
	memoryWanted = 1 << 30
)

// folder is in memory where there is room and one may write, unless TMPDIR
// says otherwise: each test makes and removes the some 600 files of a database,
// which keeps certain disks' file systems busy for longer than the test itself.
func folder(memory, name string) (string, error) {
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= memoryWanted {
		if dir := filepath.Join(memory, name); os.MkdirAll(dir, 0o700) == nil {
			return dir, nil
		}
	}
	dir := filepath.Join(os.TempDir(), name)
	return dir, os.MkdirAll(dir, 0o700)
}

// moduleDir is the folder of go.mod above the package under test, or the
// working directory of a test binary that was carried elsewhere.
func moduleDir() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return here, nil
}

// startCaretaker runs this test binary again as a process that outlives it and
// then stops the server, if it was the last. It notices the end, be it a kill
// or a panic, by its input: the other end closes with this process.
func startCaretaker(dir string) (io.WriteCloser, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = []string{caretakerOf + "=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
	// Out of reach of the terminal's Ctrl-C, which ends the tests.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return input, cmd.Process.Release()
}

// A test binary has no other place, before its tests, where a package that it
// imports can turn it into something else.
func init() {
	if dir := os.Getenv(caretakerOf); dir != "" {
		os.Exit(caretake(dir, os.Stdin))
	}
}

func caretake(dir string, input io.Reader) int {
	_, _ = io.Copy(io.Discard, input)
	<-time.After(linger)
	if err := embedpg.StopUnused(dir); err != nil {
		return 1
	}
	return 0
}
