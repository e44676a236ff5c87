package panels

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// writeLag is how long a change that nobody waits for may stay unwritten.
const writeLag = 50 * time.Millisecond

// keeper writes the state files: at once for a vendor's mutating call, after
// a short lag for the rest (the clock's steps, a token's last use, traffic),
// because those come by the thousand. Files are replaced whole by rename, so
// a kill leaves the old or the new one. There is no fsync: a simulator need
// survive its own death, not the machine's.
type keeper struct {
	dir   string
	log   *slog.Logger
	files []*keptFile

	wake chan struct{}
	quit chan struct{}
	done sync.WaitGroup
}

// keptFile is one file and the state behind it.
type keptFile struct {
	name   string
	dirty  bool
	encode func() ([]byte, error)
	decode func([]byte) error
}

func (k *keeper) add(name string, encode func() ([]byte, error), decode func([]byte) error) *keptFile {
	f := &keptFile{name: name, encode: encode, decode: decode}
	k.files = append(k.files, f)
	return f
}

// load reads every file that exists. A broken one is an error and not an
// empty start, which would look like servers that vanished.
func (k *keeper) load() error {
	if k.dir == "" {
		return nil
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return fmt.Errorf("make panel state folder: %w", err)
	}
	for _, f := range k.files {
		path := filepath.Join(k.dir, f.name)
		data, err := readState(path)
		if err != nil {
			return err
		}
		if data == nil {
			f.dirty = true
			continue
		}
		if err := f.decode(data); err != nil {
			return fmt.Errorf("panel state %s: %w", path, err)
		}
	}
	return nil
}

// start runs the lagging writer, which takes mu for each flush.
func (k *keeper) start(mu *sync.Mutex) {
	if k.dir == "" {
		return
	}
	k.wake, k.quit = make(chan struct{}, 1), make(chan struct{})
	k.done.Go(func() {
		for {
			select {
			case <-k.quit:
				return
			case <-k.wake:
			}
			select {
			case <-k.quit:
				return
			case <-time.After(writeLag):
			}
			mu.Lock()
			k.tell(k.flush(true))
			mu.Unlock()
		}
	})
}

// stop ends the lagging writer; a second call does nothing.
func (k *keeper) stop() {
	if k.quit == nil {
		return
	}
	select {
	case <-k.quit:
	default:
		close(k.quit)
	}
	k.done.Wait()
}

// later marks a file as changed and lets the writer come to it.
func (k *keeper) later(f *keptFile) {
	f.dirty = true
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// now writes f and whatever small is waiting, before the caller answers.
// Traffic is left to the writer: it is large and no call depends on it.
func (k *keeper) now(f *keptFile) {
	f.dirty = true
	k.tell(k.flush(false))
}

func (k *keeper) tell(err error) {
	if err != nil {
		k.log.Error("simulated panels: state not written", "error", err)
	}
}

// flush writes the changed files; the traffic books only when all is set.
func (k *keeper) flush(all bool) error {
	if k.dir == "" {
		return nil
	}
	var failed error
	for _, f := range k.files {
		if !f.dirty || (!all && isTrafficFile(f.name)) {
			continue
		}
		if err := k.write(f); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		f.dirty = false
	}
	return failed
}

func (k *keeper) write(f *keptFile) error {
	data, err := f.encode()
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.name, err)
	}
	path := filepath.Join(k.dir, f.name)
	if err := os.WriteFile(path+".tmp", data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", f.name, err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("replace %s: %w", f.name, err)
	}
	return nil
}

func isTrafficFile(name string) bool { return strings.HasSuffix(name, "-traffic.json") }
