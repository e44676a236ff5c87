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

const (
	// writeLag is how long a change that nobody waits for may stay unwritten.
	writeLag = 50 * time.Millisecond
	// lagShare bounds what writing such changes of a large state costs: at
	// most one part in so many of the time.
	lagShare = 20
)

// keeper writes the state files: at once for a vendor's mutating call, after
// a short lag for the rest (the clock's steps, a token's last use, traffic),
// because those come by the thousand. Files are replaced whole by rename, so
// a kill leaves the old or the new one. There is no fsync: a simulator need
// survive its own death, not the machine's.
type keeper struct {
	dir   string
	log   *slog.Logger
	files []*keptFile

	wake  chan struct{} // something has changed
	hurry chan struct{} // and somebody waits for it
	quit  chan struct{}
	done  sync.WaitGroup

	waited bool          // now was called and answer not yet
	next   chan struct{} // closed when what is marked now is written; nil: nothing is any more
	due    time.Time     // when the lag of what has changed is over
	all    bool          // the next round writes the traffic, too
	took   time.Duration // of the last round, under the lock
}

// keptFile is one file and the state behind it.
type keptFile struct {
	name   string
	dirty  bool
	data   []byte // encoded and not yet written
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

// start runs the writer. It takes mu, which guards the state and the files'
// marks, while it encodes, but not while it writes.
func (k *keeper) start(mu *sync.Mutex) {
	if k.dir == "" {
		return
	}
	k.wake, k.hurry, k.quit = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	k.next = make(chan struct{})
	k.done.Go(func() {
		for k.pause() {
			k.round(mu, false)
		}
		k.round(mu, true)
	})
}

// pause waits until something is to be written, and a lag if nobody waits for
// it; false: the panels end.
func (k *keeper) pause() bool {
	select {
	case <-k.quit:
		return false
	case <-k.hurry:
		time.Sleep(min(k.took, writeLag)) // those who come meanwhile share the write: half of the time at most goes into writing
		return true
	case <-k.wake:
	}
	lag := max(writeLag, lagShare*k.took)
	if k.due.IsZero() {
		k.due = time.Now().Add(lag) //nolint:forbidigo // real work goes by real time
	}
	select {
	case <-k.quit:
		return false
	case <-k.hurry:
		signal(k.wake) // what lags is still to be written
	case <-time.After(time.Until(k.due)): //nolint:forbidigo // see above
		k.all, k.due = true, time.Time{}
	}
	return true
}

// round writes what has changed and lets those go who waited for it.
func (k *keeper) round(mu *sync.Mutex, last bool) {
	mu.Lock()
	begun := time.Now() //nolint:forbidigo // see pause
	waited := k.next
	k.next = make(chan struct{})
	if last {
		k.next = nil
	}
	err := k.flush(last || k.all)
	k.all = false
	k.took = time.Since(begun) //nolint:forbidigo // see pause
	mu.Unlock()
	k.tell(errors.Join(err, k.put()))
	close(waited)
}

// stop ends the writer; a second call does nothing.
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
	signal(k.wake)
}

// now marks a file whose change must be kept before the caller answers. All
// who come while a write goes on share the next one: a state is written whole.
func (k *keeper) now(f *keptFile) {
	f.dirty, k.waited = true, true
}

// answer returns what waits, without the lock, until that is written which
// was marked by now since the last call.
func (k *keeper) answer() func() {
	written := k.next
	if !k.waited || written == nil {
		return func() {}
	}
	k.waited = false
	signal(k.hurry)
	return func() { <-written }
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (k *keeper) tell(err error) {
	if err != nil {
		k.log.Error("simulated panels: state not written", "error", err)
	}
}

// flush encodes the changed files; the traffic books, which are large and on
// which no call depends, only when all is set.
func (k *keeper) flush(all bool) error {
	if k.dir == "" {
		return nil
	}
	var failed error
	for _, f := range k.files {
		if !f.dirty || (!all && isTrafficFile(f.name)) {
			continue
		}
		data, err := f.encode()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("encode %s: %w", f.name, err))
			continue
		}
		f.dirty, f.data = false, data
	}
	return failed
}

// put writes what was encoded.
func (k *keeper) put() error {
	var failed error
	for _, f := range k.files {
		if f.data == nil {
			continue
		}
		path := filepath.Join(k.dir, f.name)
		err := os.WriteFile(path+".tmp", f.data, 0o600)
		if err == nil {
			err = os.Rename(path+".tmp", path)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("write %s: %w", f.name, err))
			continue
		}
		f.data = nil
	}
	return failed
}

func isTrafficFile(name string) bool { return strings.HasSuffix(name, "-traffic.json") }
