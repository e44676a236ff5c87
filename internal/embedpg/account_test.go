package embedpg

import (
	"database/sql"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// nobody is an account without any rights; the number is the usual one.
const nobody = 65534

func TestAsRootTheOrdinaryAccountIsTheSecondWay(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	dir := tempDir(t)
	s := start(t, Options{Dir: dir, withoutNamespace: true})
	require.Equal(t, "1", ask(t, s.URL(), `SELECT 1`))
	require.False(t, ownedBy(filepath.Join(dir, "postgres"), 0))
	require.NoError(t, s.Close())

	// The cluster now has an owner, and keeps it when namespaces are allowed.
	again := start(t, Options{Dir: dir})
	require.Equal(t, "1", ask(t, again.URL(), `SELECT 1`))
	require.False(t, ownedBy(filepath.Join(dir, "postgres"), 0))
}

func TestAsRootAClusterOfTheNamespaceGoesToTheOrdinaryAccount(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	dir := tempDir(t)
	s := start(t, Options{Dir: dir})
	tell(t, s.URL(), `CREATE TABLE kept AS SELECT 'still here'::text AS v`)
	require.NoError(t, s.Close())
	again := start(t, Options{Dir: dir, withoutNamespace: true})
	require.Equal(t, "still here", ask(t, again.URL(), `SELECT v FROM kept`))
}

func TestAsRootBelowAClosedFolderTheMessageNamesIt(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	closed := filepath.Join(tempDir(t), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	_, err := Start(t.Context(), Options{Dir: filepath.Join(closed, "var"), Fast: true, withoutNamespace: true})
	require.ErrorContains(t, err, "may not enter "+closed)
}

// Everything above runs as root where the suite does; the same story as an
// ordinary user, and as a number that has no name.
func TestNotAsRoot(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	for name, uid := range map[string]uint32{"named": nobody, "without a name": 54321} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := tempDir(t)
			require.NoError(t, os.Chmod(home, 0o755))
			binary := filepath.Join(home, "user.test")
			copyFile(t, os.Args[0], binary)
			dir := filepath.Join(home, "var")
			require.NoError(t, os.Mkdir(dir, 0o700))
			require.NoError(t, os.Chown(dir, int(uid), int(uid)))

			cmd := exec.Command(binary)
			cmd.Dir = home
			cmd.Env = []string{userOf + "=" + dir, "PATH=" + os.Getenv("PATH"), "HOME=" + home}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			// Its input is empty, so it starts, leaves and stops the server.
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			require.True(t, strings.HasPrefix(string(out), "false postgres://"), string(out))
			require.False(t, running(t, dir))
			require.True(t, ownedBy(filepath.Join(dir, "postgres", "PG_VERSION"), uid))

			// Root then serves it as its owner, and the owner can go on.
			s := start(t, Options{Dir: dir})
			require.Equal(t, "1", ask(t, s.URL(), `SELECT 1`))
			require.NoError(t, s.Close())
			require.True(t, ownedBy(filepath.Join(dir, "postgres", "pg_wal"), uid))
			again := exec.Command(binary)
			again.Dir, again.Env, again.SysProcAttr = cmd.Dir, cmd.Env, cmd.SysProcAttr
			out, err = again.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

// onlyRoot leaves a test to the runs as root: another user cannot become
// anybody, and for that user all other tests are the proof.
func onlyRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to become another user")
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// freePort is below the range from which those take theirs who do not choose,
// so that nobody gets it before the server does.
func freePort(t *testing.T) int {
	t.Helper()
	const first, ports = 10000, 20000
	for port := first + os.Getpid()*97%ports; ; port++ {
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			require.NoError(t, l.Close())
			return port
		}
		require.Less(t, port, 2*(first+ports), "no free port")
	}
}

func ping(url string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Ping()
}
