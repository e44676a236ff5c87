package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkIdleMemory is what a server keeps that was started, answered some requests and has nothing to do.
func BenchmarkIdleMemory(b *testing.B) {
	const settle, most = 30 * time.Second, 60 // MiB
	in := newInstallation(b, "TARIFFD_SANDBOX=true").start(b)
	newShop(in.admin(b)).sell()
	time.Sleep(settle)
	resident, peak := in.serve.memory(b, "VmRSS"), in.serve.memory(b, "VmHWM")
	report.show(b, figure{
		name: "memory of an idle server", ours: fmt.Sprintf("%.1fMiB", resident), theirs: fmt.Sprintf("%.1fMiB at most so far", peak),
		value: resident, most: true, target: most, unit: "MiB",
	})
}

// memory is a line of the process's own status in MiB: what the system counts as resident, shared pages included.
func (p *process) memory(b *testing.B, line string) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(b, err)
	found := regexp.MustCompile(line + `:\s+(\d+) kB`).FindSubmatch(raw)
	require.NotNil(b, found, "%s", raw)
	kib, err := strconv.ParseFloat(string(found[1]), 64)
	require.NoError(b, err)
	return kib / 1024
}

// BenchmarkWarmRun is how long `make run` takes on data that are there, after the build: PostgreSQL, panels, API.
func BenchmarkWarmRun(b *testing.B) {
	const rounds, most = 3, 2 // seconds
	in := newInstallation(b)
	path, err := binary()
	require.NoError(b, err)
	start, err := filepath.Abs(filepath.Join(root, ".ci", "start"))
	require.NoError(b, err)
	run := func() float64 {
		all := launch(b, in.dir+".run.log", append(without(in.env, "TARIFFD_SECRET_KEY"), "TARIFFD_BIN="+path), start)
		took := all.await(b, "http://"+in.listen+"/readyz")
		all.end(b)
		return took.Seconds()
	}
	cold := run()
	var took []float64
	for range rounds {
		took = append(took, run())
	}
	report.show(b, figure{
		name: "make run until ready, warm", ours: fmt.Sprintf("%.2fs", median(took)), theirs: fmt.Sprintf("%.2fs the first time", cold),
		value: median(took), most: true, target: most, unit: "s",
	})
}
