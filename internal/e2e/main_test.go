package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// worldsAtOnce is how many installations may live beside each other. They wait for leases and processes more than they
// compute, so it is more than there are cores.
const worldsAtOnce = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	if !isSet("test.parallel") {
		if err := flag.Set("test.parallel", worldsAtOnce); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// built is the folder of the binary, if we made one.
var built string

// binary builds the program once for all tests. Its folder is open to every user, for the test that gives up being root.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("E2E_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	dir, err := os.MkdirTemp("", "tariffd-e2e-bin-")
	if err != nil {
		return "", err
	}
	built = dir
	if err := os.Chmod(dir, 0o755); err != nil {
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
