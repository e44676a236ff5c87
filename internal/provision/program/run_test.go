package program_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// write makes a program of a shell's lines.
func write(t testing.TB, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program.sh")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+lines), 0o700))
	return path
}

func run(t testing.TB, lines string) program.Run {
	return program.Run{Path: write(t, lines), Timeout: time.Minute}
}

func TestAProgramGetsItsArgumentsAndNothingOfOurs(t *testing.T) {
	t.Setenv("TARIFFD_SECRET_KEY", "AGE-SECRET")
	r := run(t, `pwd; for a; do echo "[$a]"; done; cat; env; echo note >&2; exit 7`)
	r.Args, r.Stdin = []string{"a b", "$(id)", `;"'`, "*"}, []byte("told\n")
	got, err := r.Do(t.Context())
	require.NoError(t, err)
	require.Equal(t, 7, got.Exit)
	require.Equal(t, "note\n", got.Stderr)
	lines := strings.Split(strings.TrimSpace(string(got.Stdout)), "\n")
	require.Equal(t, []string{"[a b]", "[$(id)]", `[;"']`, "[*]", "told"}, lines[1:6], "no shell in between")
	env := map[string]string{}
	for _, line := range lines[6:] {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	delete(env, "_")
	delete(env, "OLDPWD")
	require.Equal(t, map[string]string{
		"PATH": filepath.Join(filepath.Dir(lines[0]), "bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME": lines[0], "TMPDIR": lines[0], "PWD": lines[0], "LANG": "C.UTF-8", "TZ": "UTC",
	}, env)
	require.NoDirExists(t, filepath.Dir(lines[0]), "the folder is gone")
}

// gone waits until a process has ended; one that nobody has reaped yet is a zombie.
func gone(t testing.TB, pidFile string) {
	t.Helper()
	text, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return true
		}
		_, state, _ := strings.Cut(string(stat), ") ")
		return strings.HasPrefix(state, "Z")
	}, time.Minute, 5*time.Millisecond, "process %d lives on", pid)
}

func TestNothingOutlivesARun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, lines := range map[string]string{
		"too long":   `sleep 600 & echo $! >DIR/child; echo $$ >DIR/leader; wait`,
		"deaf":       `trap '' TERM INT HUP; sleep 600 & echo $! >DIR/child; echo $$ >DIR/leader; wait; wait`,
		"too much":   `sleep 600 & echo $! >DIR/child; echo $$ >DIR/leader; yes`,
		"given up":   `sleep 600 & echo $! >DIR/child; echo $$ >DIR/leader; wait`,
		"left child": `sleep 600 >/dev/null 2>&1 & echo $! >DIR/child; echo $$ >DIR/leader`,
		"open ends":  `sleep 600 & echo $! >DIR/child; echo $$ >DIR/leader`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := filepath.Join(dir, strings.ReplaceAll(name, " ", "_"))
			require.NoError(t, os.Mkdir(own, 0o700))
			r := run(t, strings.ReplaceAll(lines, "DIR", own))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			switch name {
			case "too long", "deaf":
				r.Timeout = 3 * time.Second // time enough for a busy machine to come so far
			case "given up":
				go func() {
					for ctx.Err() == nil {
						if text, _ := os.ReadFile(filepath.Join(own, "leader")); len(text) > 1 {
							cancel()
						}
					}
				}()
			}
			_, err := r.Do(ctx)
			switch name {
			case "left child", "open ends":
				require.NoError(t, err)
			case "given up":
				require.ErrorIs(t, err, context.Canceled)
				fallthrough
			default:
				require.True(t, provisiontest.Fails(t, err, provision.Unavailable).Unsure, "it may have done its work")
			}
			gone(t, filepath.Join(own, "leader"))
			gone(t, filepath.Join(own, "child"))
		})
	}
}

func TestOneRunOfAKeyAtATime(t *testing.T) {
	t.Parallel()
	r := run(t, `mkdir "$1/busy" || exit 9; : >>"$1/ran"; echo x >>"$1/ran"; rmdir "$1/busy"`)
	r.Args, r.Key = []string{t.TempDir()}, actor.NewID()
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			got, err := r.Do(t.Context())
			if err != nil || got.Exit != 0 {
				t.Errorf("%v %+v", err, got)
			}
		})
	}
	group.Wait()
	ran, err := os.ReadFile(filepath.Join(r.Args[0], "ran"))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("x\n", 6), string(ran))
}

func TestWhatARunLeftAliveKeepsTheNextOneOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// A process that left the group is not ended; it holds the lock until it ends by itself.
	first := run(t, `mkfifo "$1/end"; setsid sh -c 'echo $$ >"$1/ghost"; read x <"$1/end"' - "$1" >/dev/null 2>&1 </dev/null &
until [ -s "$1/ghost" ]; do :; done`)
	first.Args, first.Key = []string{dir}, actor.NewID()
	_, err := first.Do(t.Context())
	require.NoError(t, err)
	second := run(t, `echo ran`)
	second.Key, second.Timeout = first.Key, 300*time.Millisecond
	_, err = second.Do(t.Context())
	require.True(t, provisiontest.Fails(t, err, provision.Unavailable).Unsure)
	require.ErrorContains(t, err, "has not ended")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "end"), []byte("\n"), 0o600))
	second.Timeout = time.Minute
	got, err := second.Do(t.Context())
	require.NoError(t, err)
	require.Equal(t, "ran\n", string(got.Stdout))
	gone(t, filepath.Join(dir, "ghost"))
}

func TestOnlyTheEndOfErrorsIsKept(t *testing.T) {
	t.Parallel()
	got, err := run(t, `i=0; while [ $i -lt 3000 ]; do echo "line $i" >&2; i=$((i+1)); done`).Do(t.Context())
	require.NoError(t, err)
	require.LessOrEqual(t, len(got.Stderr), 16<<10)
	require.True(t, strings.HasSuffix(got.Stderr, "line 2999\n"))
}

func TestFilesThatOthersMayChangeAreNotRun(t *testing.T) {
	t.Parallel()
	good := write(t, `echo ran`)
	require.NoError(t, program.Inspect(good))
	open := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.Mkdir(open, 0o700))
	inside := filepath.Join(open, "p.sh")
	require.NoError(t, os.WriteFile(inside, []byte("#!/bin/sh\n"), 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(inside, link))
	writable, plain := write(t, ``), write(t, ``)
	require.NoError(t, os.Chmod(writable, 0o722))
	require.NoError(t, os.Chmod(plain, 0o600))
	for path, why := range map[string]string{
		"program.sh": "absolute", good + "x": "not there", filepath.Dir(good): "no regular file", writable: "others may write",
		plain: "not executable", inside: "open to all", link: "open to all",
	} {
		f := provisiontest.Fails(t, program.Inspect(path), provision.Unavailable)
		require.Contains(t, f.Text, why, path)
		require.False(t, f.Unsure)
		_, err := program.Run{Path: path, Timeout: time.Minute}.Do(t.Context())
		provisiontest.Fails(t, err, provision.Unavailable)
	}
	bad := run(t, ``)
	require.NoError(t, os.WriteFile(bad.Path, []byte("#!/no/such/interpreter\n"), 0o700))
	_, err := bad.Do(t.Context())
	require.False(t, provisiontest.Fails(t, err, provision.Unavailable).Unsure, "it was never started")
}

func TestNumbersStandForIDs(t *testing.T) {
	t.Parallel()
	require.Equal(t, program.Number("0190-a"), program.Number("0190-a"))
	require.NotEqual(t, program.Number("0190-a"), program.Number("0190-b"))
	for i := range 1000 {
		n := program.Number(strconv.Itoa(i))
		require.Positive(t, n)
		require.Less(t, n, int64(1)<<53)
		require.Len(t, strconv.FormatInt(n, 10), 16, "as long as each other")
	}
	// The numbers are in programs' own systems: they never change.
	require.Equal(t, int64(3336684504290570), program.Number("00000000-0000-7000-8000-000000000000"))
}

func TestMaskedTextsAreShort(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a *** b", program.Mask("a s3cret b", "s3cret", ""))
	for text, masked := range map[string]string{
		`OK login=a password=s3cret ip=192.0.2.1`: `OK login=a password=*** ip=192.0.2.1`, `password="two words" x`: `password=*** x`,
		`{"password": "a\"b", "x": 1}`: `{"password": ***, "x": 1}`, `{"password":"cut off`: `{"password":***`,
		`<doc><password>s3cret</password></doc>`: `<doc><password>***</password></doc>`, `no password was given`: `no password was given`,
	} {
		require.Equal(t, masked, program.Mask(text), "what a program made itself")
	}
	long := program.Mask(strings.Repeat("ä", 5000) + "s3cret")
	require.Len(t, []rune(long), 2001)
}
