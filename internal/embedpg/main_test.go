package embedpg

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// userOf names the data directory for a child that is a user of a server and
// nothing else.
const userOf = "EMBEDPG_TEST_USER_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(userOf); dir != "" {
		os.Exit(beUser(dir))
	}
	os.Exit(m.Run())
}

// beUser starts the server, says how, and leaves when its input ends.
func beUser(dir string) int {
	s, err := Start(context.Background(), Options{Dir: dir, Fast: true})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println(s.adopted, s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Close(); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// child is such a user.
type child struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	adopted bool
	url     string
}

func startUser(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), userOf+"="+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	how, url, ok := strings.Cut(strings.TrimSpace(line), " ")
	require.True(t, ok, line)
	require.NotEqual(t, "error", how, url)
	return &child{cmd: cmd, stdin: stdin, adopted: how == "true", url: url}
}

func (u *child) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, u.cmd.Process.Kill())
	_ = u.cmd.Wait()
}

func (u *child) leave(t *testing.T) {
	t.Helper()
	require.NoError(t, u.stdin.Close())
	require.NoError(t, u.cmd.Wait())
}

// tempDir is like t.TempDir, but short, and whatever is left running on it is
// ended first.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "epg")
	require.NoError(t, err)
	t.Cleanup(func() {
		if pid, _, found := readPidFile(dir + "/postgres"); found && serves(pid, dir+"/postgres") {
			_ = syscall.Kill(pid, syscall.SIGQUIT)
			awaitEnd(pid, dir+"/postgres", time.Minute)
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	return dir
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.Fast = true
	s, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// ask runs one query for one text value.
func ask(t *testing.T, url, query string) string {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	var answer string
	require.NoError(t, db.QueryRow(query).Scan(&answer))
	return answer
}

func tell(t *testing.T, url, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(statement)
	require.NoError(t, err)
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(dir + "/postgres/postmaster.pid")
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	require.NoError(t, err)
	return pid
}

func running(t *testing.T, dir string) bool {
	t.Helper()
	pid, _, found := readPidFile(dir + "/postgres")
	return found && serves(pid, dir+"/postgres")
}
