package embedpg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStartMakesServesAndKeepsData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "var")
	s := start(t, Options{Dir: dir, Settings: map[string]string{"work_mem": "5MB"}})
	require.False(t, s.adopted)
	require.Equal(t, "tariffd tariffd", ask(t, s.URL(), `SELECT current_database() || ' ' || current_user`))
	require.Equal(t, "5MB", ask(t, s.URL(), `SHOW work_mem`))
	require.Equal(t, "off", ask(t, s.URL(), `SHOW fsync`))
	require.Empty(t, ask(t, s.URL(), `SHOW listen_addresses`))
	require.Equal(t, "ÄÖ", ask(t, s.URL(), `SELECT upper('äö')`))
	tell(t, s.URL(), `CREATE TABLE kept AS SELECT 'still here'::text AS v`)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "a second Close does nothing")
	require.False(t, running(t, dir))

	again := start(t, Options{Dir: dir})
	require.False(t, again.adopted)
	require.Equal(t, s.URL(), again.URL())
	require.Equal(t, "still here", ask(t, again.URL(), `SELECT v FROM kept`))
	info, err := os.Stat(filepath.Join(dir, "postgres"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), "the folder's mode is the whole authentication")
}

func TestDurableUnlessFast(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{Dir: tempDir(t)})
	require.NoError(t, err)
	defer s.Close()
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		require.Equal(t, "on", ask(t, s.URL(), `SHOW `+setting))
	}
}

func TestSecondProcessAdoptsAndTheLastStops(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	first := startUser(t, dir)
	require.False(t, first.adopted)
	second := startUser(t, dir)
	require.True(t, second.adopted)
	require.Equal(t, first.url, second.url)

	first.leave(t)
	require.True(t, running(t, dir))
	require.Equal(t, "1", ask(t, second.url, `SELECT 1`))
	second.leave(t)
	require.False(t, running(t, dir))
}

func TestKilledUserCountsAsGoneAndItsServerIsAdopted(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	first := startUser(t, dir)
	pid := postmaster(t, dir)
	first.kill(t)
	require.True(t, running(t, dir), "the server outlives its starter")

	second := startUser(t, dir)
	require.True(t, second.adopted)
	require.Equal(t, pid, postmaster(t, dir))
	second.leave(t)
	require.False(t, running(t, dir), "the killed user holds nothing back")
}

func TestStopUnusedStopsWhatAKilledUserLeft(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	first, second := startUser(t, dir), startUser(t, dir)
	first.kill(t)
	require.NoError(t, StopUnused(dir))
	require.True(t, running(t, dir), "there is still a user")
	second.kill(t)
	require.NoError(t, StopUnused(dir))
	require.False(t, running(t, dir))
	require.NoError(t, StopUnused(dir))
	require.NoError(t, StopUnused(filepath.Join(dir, "nothing")))
}

func TestKilledServerIsRecovered(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, Options{Dir: dir})
	tell(t, s.URL(), `CREATE TABLE kept AS SELECT 'still here'::text AS v`)
	tell(t, s.URL(), `CHECKPOINT`)
	require.NoError(t, syscall.Kill(postmaster(t, dir), syscall.SIGKILL))

	again := start(t, Options{Dir: dir})
	require.False(t, again.adopted)
	require.Equal(t, "still here", ask(t, s.URL(), `SELECT v FROM kept`), "at the same address")

	require.NoError(t, syscall.Kill(postmaster(t, dir), syscall.SIGKILL))
	require.NoError(t, s.Ensure(t.Context()))
	require.Equal(t, "still here", ask(t, s.URL(), `SELECT v FROM kept`))
	pid := postmaster(t, dir)
	require.NoError(t, s.Ensure(t.Context()))
	require.Equal(t, pid, postmaster(t, dir), "a server that answers is left alone")
}

// A container starts counting processes anew, so the dead server's number may
// be somebody else's by now.
func TestStalePidOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, Options{Dir: dir})
	pid := postmaster(t, dir)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.True(t, awaitEnd(pid, filepath.Join(dir, "postgres"), time.Minute))

	other := exec.Command("cat")
	stdin, err := other.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	defer func() { _ = stdin.Close(); _ = other.Wait() }()
	for _, name := range []string{"postmaster.pid", ".s.PGSQL.5432.lock"} {
		path := filepath.Join(dir, "postgres", name)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		_, rest, _ := strings.Cut(string(text), "\n")
		require.NoError(t, os.WriteFile(path, []byte(strconv.Itoa(other.Process.Pid)+"\n"+rest), 0o600))
	}
	again := start(t, Options{Dir: dir})
	require.False(t, again.adopted)
	require.Equal(t, "1", ask(t, s.URL(), `SELECT 1`))
}

func TestLeftoversOfAKilledStart(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	half := filepath.Join(dir, "postgres.new-123", "base")
	require.NoError(t, os.MkdirAll(half, 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "postgres"), 0o700))
	start(t, Options{Dir: dir})
	require.NoDirExists(t, half)
}

func TestForeignFilesAreNotRemoved(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	mine := filepath.Join(dir, "postgres", "thesis.txt")
	require.NoError(t, os.Mkdir(filepath.Dir(mine), 0o700))
	require.NoError(t, os.WriteFile(mine, nil, 0o600))
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	require.ErrorContains(t, err, "other files")
	require.FileExists(t, mine)
}

func TestManyStartsAtOnceEndWithOneServer(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	const many = 4
	users := make([]*child, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() { users[i] = startUser(t, dir) })
	}
	all.Wait()
	require.False(t, t.Failed())
	began := 0
	for _, u := range users {
		if !u.adopted {
			began++
		}
	}
	require.Equal(t, 1, began)
	for i, u := range users {
		require.True(t, running(t, dir), "user %d of %d", i+1, many)
		u.leave(t)
	}
	require.False(t, running(t, dir))
}

func TestTwoServersOfOneProcess(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	a, b := start(t, Options{Dir: dir}), start(t, Options{Dir: dir})
	require.True(t, b.adopted)
	require.NoError(t, a.Close())
	require.Equal(t, "1", ask(t, b.URL(), `SELECT 1`))
	require.NoError(t, b.Close())
	require.False(t, running(t, dir))
}

func TestLongPathUsesAShortPrivateSocketFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), strings.Repeat("long/", 25))
	s := start(t, Options{Dir: dir})
	require.NotContains(t, s.URL(), "long")
	require.Equal(t, "1", ask(t, s.URL(), `SELECT 1`))
	info, err := os.Stat(s.at.socketDir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	t.Cleanup(func() { _ = os.Remove(s.at.socketDir) })
	require.True(t, start(t, Options{Dir: dir}).adopted)
	require.NoError(t, s.Close())

	// The name can be guessed: a folder that others may enter is refused.
	fresh := filepath.Join(tempDir(t), strings.Repeat("long/", 25))
	require.NoError(t, os.MkdirAll(fresh, 0o700))
	c, err := newCluster(Options{Dir: fresh})
	require.NoError(t, err)
	trap := c.socketDir(defaultPort)
	require.NoError(t, os.Mkdir(trap, 0o755))
	defer os.Remove(trap)
	_, err = Start(t.Context(), Options{Dir: fresh, Fast: true})
	require.ErrorContains(t, err, "belongs to somebody else")
}

func TestDirectoryByAnotherNameIsTheSame(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	link := filepath.Join(tempDir(t), "link")
	require.NoError(t, os.Symlink(dir, link))
	s := start(t, Options{Dir: dir})
	other := start(t, Options{Dir: link})
	require.True(t, other.adopted)
	require.Equal(t, s.URL(), other.URL())
}

func TestTCPAsksForAPassword(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: tempDir(t), Port: freePort(t)})
	require.Equal(t, "127.0.0.1", ask(t, s.URL(), `SHOW listen_addresses`))
	overTCP := "postgres://tariffd:guess@127.0.0.1:" + strconv.Itoa(s.at.port) + "/tariffd?sslmode=disable"
	require.ErrorContains(t, ping(overTCP), "password authentication failed")
	tell(t, s.URL(), `ALTER ROLE tariffd PASSWORD 'guess'`)
	require.NoError(t, ping(overTCP))
}

func TestServerRefusesABadSettingWithItsOwnWords(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Options{Dir: tempDir(t), Fast: true, Settings: map[string]string{"work_mem": "much"}})
	require.ErrorContains(t, err, "work_mem")
}

func TestServerSeesNoSecrets(t *testing.T) {
	dir := tempDir(t)
	t.Setenv("TARIFFD_SECRET_KEY", "AGE-SECRET-KEY-X")
	t.Setenv("PGPORT", "1")
	start(t, Options{Dir: dir})
	env, err := os.ReadFile("/proc/" + strconv.Itoa(postmaster(t, dir)) + "/environ")
	require.NoError(t, err)
	require.NotContains(t, string(env), "AGE-SECRET")
}
