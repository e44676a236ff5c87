package program

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// folder is where one run works. It is held by a lock on the folder itself, which the program inherits: while anything of an
// earlier run is alive, the folder is not free.
type folder struct {
	path string
	lock *os.File
}

const (
	// lockPause is how long to wait before a held folder is tried again.
	lockPause = 20 * time.Millisecond
	// longestBase leaves room for a name and the socket below it: the path of a socket has at most 108 letters.
	longestBase = 60
)

// swept makes each process clear what killed ones left, once.
var swept sync.Once

// enter makes the folder of a key and holds it, waiting until ctx is over for an earlier run to end; an empty key is nobody
// else's. What a cut-off run left in it is cleared away.
func enter(ctx context.Context, key string) (folder, error) {
	base, err := baseFolder()
	if err != nil {
		return folder{}, err
	}
	swept.Do(func() { sweep(base) })
	if key == "" {
		key = rand.Text()
	}
	path := filepath.Join(base, strconv.FormatInt(Number(key), 36))
	for {
		f, err := hold(path)
		if err != nil || f.lock != nil {
			return f, err
		}
		timer := time.NewTimer(lockPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return folder{}, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// baseFolder is ours alone: its name can be guessed, so a folder that somebody else made there is not used.
func baseFolder() (string, error) {
	above := os.TempDir()
	if len(above) > longestBase {
		above = "/tmp"
	}
	base := filepath.Join(above, "tariffd-programs-"+strconv.Itoa(os.Geteuid()))
	if err := os.Mkdir(base, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("folder of programs: %w", err)
	}
	info, err := os.Lstat(base)
	if err != nil {
		return "", fmt.Errorf("folder of programs: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || info.Mode().Perm() != 0o700 || int(st.Uid) != os.Geteuid() {
		return "", fmt.Errorf("folder of programs: %s belongs to somebody else or is open to others: remove it", base)
	}
	return base, nil
}

// hold makes and locks a folder; without a lock it is held by a run that goes on.
func hold(path string) (folder, error) {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return folder{}, fmt.Errorf("folder of a program: %w", err)
	}
	lock, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return folder{}, nil // the run that held it has just ended
	}
	if err != nil {
		return folder{}, fmt.Errorf("folder of a program: %w", err)
	}
	f := folder{path: path, lock: lock}
	if !f.lockNow() || !still(path, lock) {
		f.release()
		return folder{}, nil
	}
	if err = f.clear(); err != nil {
		f.release()
		return folder{}, err
	}
	return f, nil
}

// lockNow takes the lock, where nobody has it.
func (f folder) lockNow() bool {
	return syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// still tells whether the folder that was opened is the one of that name: the run before removes its folder at its end.
func still(path string, lock *os.File) bool {
	named, err := os.Lstat(path)
	if err != nil {
		return false
	}
	opened, err := lock.Stat()
	return err == nil && os.SameFile(named, opened)
}

func (f folder) clear() error {
	left, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("folder of a program: %w", err)
	}
	for _, entry := range left {
		if err = os.RemoveAll(filepath.Join(f.path, entry.Name())); err != nil {
			return fmt.Errorf("folder of a program: %w", err)
		}
	}
	return nil
}

// leave lets go of the folder and removes it, unless something of the run got away and holds it still: then it stays, empty,
// until a later run finds it free.
func (f folder) leave() {
	_ = f.clear() // what a program made undeletable stays for people
	f.release()
	remove(f.path)
}

// release closes our end of the lock; reading a folder leaves nothing to fail.
func (f folder) release() { _ = f.lock.Close() }

// remove removes a folder that nobody holds.
func remove(path string) {
	if f, err := hold(path); err == nil && f.lock != nil {
		_ = os.RemoveAll(f.path)
		f.release()
	}
}

// sweep removes the folders whose runs are over, which only a killed tariffd leaves.
func sweep(base string) {
	left, err := os.ReadDir(base)
	if err != nil {
		return
	}
	for _, entry := range left {
		remove(filepath.Join(base, entry.Name()))
	}
}
