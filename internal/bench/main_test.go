package bench

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

func TestMain(m *testing.M) {
	if os.Getenv(minimalURL) != "" {
		serveMinimal() // this process is the comparator of another one
		return
	}
	flag.Parse()
	// Every benchmark is one whole measurement with rounds of its own; repeating it is up to whoever calls.
	if err := flag.Set("test.benchtime", "1x"); err != nil {
		panic(err)
	}
	code := m.Run()
	report.print(os.Stdout)
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// built is the folder of the binary, if we made one.
var built string

// binary builds the program once for all benchmarks.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("BENCH_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	dir, err := os.MkdirTemp("", "tariffd-bench-bin-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "tariffd")
	var out bytes.Buffer
	cmd := exec.Command("go", "build", "-o", path, "./cmd/tariffd")
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build ./cmd/tariffd: %w\n%s", err, out.String())
	}
	return path, nil
})

// root is the project's folder, seen from here.
const root = "../.."
