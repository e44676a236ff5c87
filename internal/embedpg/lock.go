package embedpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tick is how often a lock or a server's state is looked at while waiting.
const tick = 5 * time.Millisecond

// fileLock is an advisory lock on an open file. The kernel drops it when the
// process ends, however it ends; children do not inherit it.
type fileLock struct{ file *os.File }

// lockFile waits until ctx ends for a lock of the given kind (unix.LOCK_SH or
// unix.LOCK_EX). It polls because a blocking flock cannot be cancelled.
func lockFile(ctx context.Context, path string, kind int) (*fileLock, error) {
	for {
		l, err := tryLockFile(path, kind)
		if l != nil || err != nil {
			return l, err
		}
		if err := pause(ctx, tick); err != nil {
			return nil, fmt.Errorf("%s is locked: %w", path, err)
		}
	}
}

// tryLockFile answers nil and no error when somebody else has the lock.
func tryLockFile(path string, kind int) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), kind|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil {
		return &fileLock{file: f}, nil
	}
	_ = f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// release is safe on nil and may be repeated.
func (l *fileLock) release() {
	if l == nil || l.file == nil {
		return
	}
	// Unlocking by name also frees a copy that a child between fork and exec
	// still holds; closing alone would not.
	_ = unix.Flock(int(l.file.Fd()), unix.LOCK_UN)
	_ = l.file.Close()
	l.file = nil
}

// pause waits d or until ctx ends, whichever is first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
