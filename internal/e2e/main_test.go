package e2e

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// worldsAtOnce is how many installations may live beside each other. They wait for leases and processes more than they
// compute, so it is more than there are cores.
const worldsAtOnce = "16"

func TestMain(m *testing.M) {
	flag.Parse()
	if !isSet("test.parallel") {
		if err := flag.Set("test.parallel", worldsAtOnce); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	for _, dir := range made {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// ground is where worlds keep their data: in memory where there is room for all of them and one may write, unless TMPDIR says
// otherwise. Nothing can be run from there on some machines, so programs have folders elsewhere.
func ground() string {
	const memory, wanted = "/dev/shm", 4 << 30
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= wanted {
		if tried, err := os.MkdirTemp(memory, "tariffd-e2e-"); err == nil && os.Remove(tried) == nil {
			return memory
		}
	}
	return os.TempDir()
}

// made are the folders that all tests share.
var made []string

// share makes a folder that is open to every user, for the test that gives up being root.
func share(in, name string) (string, error) {
	dir, err := os.MkdirTemp(in, "tariffd-e2e-"+name+"-")
	if err != nil {
		return "", err
	}
	made = append(made, dir)
	return dir, os.Chmod(dir, 0o755)
}

// binary builds the program once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("E2E_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	dir, err := share("", "bin")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tariffd")
	var out bytes.Buffer
	cmd := exec.Command("go", "build", "-o", path, "./cmd/tariffd")
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join("..", ".."), &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build ./cmd/tariffd: %w\n%s", err, out.String())
	}
	return path, nil
})

// prototype is a data directory with an empty, current database, which worlds copy instead of making their own.
var prototype = sync.OnceValues(func() (string, error) {
	path, err := binary()
	if err != nil {
		return "", err
	}
	dir, err := share(ground(), "new")
	if err != nil {
		return "", err
	}
	cmd := exec.Command(path, "migrate", "up")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TARIFFD_SANDBOX=true", "TARIFFD_DATA_DIR=" + dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("tariffd migrate up: %w\n%s", err, out)
	}
	place := filepath.Join(dir, "postgres")
	settings, err := os.OpenFile(filepath.Join(place, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	_, err = settings.WriteString(hasty)
	return place, errors.Join(err, settings.Close())
})

// hasty are settings of worlds' databases. Processes are killed here but never the machine, so nothing need wait for the disk;
// and statements that each connection of each world plans anew are planned once there, not up to six times.
const hasty = "\nfsync = off\nfull_page_writes = off\nmin_wal_size = 32MB\nmax_wal_size = 64MB\nplan_cache_mode = force_generic_plan\n"
