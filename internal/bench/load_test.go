package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wire is one kept connection that sends requests made before. It does as little as it can, because client and server share
// the machine and only the server is to be measured.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(b *testing.B, address string) *wire {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	return &wire{conn, bufio.NewReaderSize(conn, 16<<10)}
}

// do sends a request and reads its answer to the end; another status than the wanted one is an error.
func (w *wire) do(request []byte, want int) error {
	if _, err := w.conn.Write(request); err != nil {
		return err
	}
	res, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		body, _ := io.ReadAll(res.Body)
		return fmt.Errorf("%s instead of %d: %s", res.Status, want, body)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// load is requests by a number of clients, each over its own connection.
type load struct {
	address string
	clients int
	want    int                 // status
	request func(no int) []byte // the no-th request of the whole load
}

// rush sends as fast as the clients get answers and returns how many that were in a second.
func (l load) rush(b *testing.B, length time.Duration) float64 {
	b.Helper()
	var no, done atomic.Int64
	begun := time.Now()
	end := begun.Add(length)
	l.together(b, func(w *wire) error {
		for time.Now().Before(end) {
			if err := w.do(l.request(int(no.Add(1))), l.want); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	return float64(done.Load()) / time.Since(begun).Seconds()
}

// timed is rush, and also answers how long each answer took.
func (l load) timed(b *testing.B, length time.Duration) (rate float64, took []time.Duration) {
	b.Helper()
	var no atomic.Int64
	var mu sync.Mutex
	begun := time.Now()
	end := begun.Add(length)
	l.together(b, func(w *wire) error {
		var own []time.Duration
		for at := time.Now(); at.Before(end); at = time.Now() {
			if err := w.do(l.request(int(no.Add(1))), l.want); err != nil {
				return err
			}
			own = append(own, time.Since(at))
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, own...)
		return nil
	})
	return float64(len(took)) / time.Since(begun).Seconds(), took
}

// steady sends at a fixed rate until stop and returns how long each answer took, from the instant at which its request was
// due: a server that is stuck makes those wait that come after, and their waiting counts.
func (l load) steady(b *testing.B, perSecond int, stop <-chan struct{}) []time.Duration {
	b.Helper()
	var no atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	begun := time.Now()
	l.together(b, func(w *wire) error {
		for {
			n := no.Add(1)
			at := begun.Add(time.Duration(n) * time.Second / time.Duration(perSecond))
			select {
			case <-time.After(time.Until(at)):
			case <-stop:
				return nil
			}
			if err := w.do(l.request(int(n)), l.want); err != nil {
				return err
			}
			mu.Lock()
			took = append(took, time.Since(at))
			mu.Unlock()
		}
	})
	return took
}

func (l load) together(b *testing.B, client func(*wire) error) {
	b.Helper()
	failed := make([]error, l.clients)
	wires := make([]*wire, l.clients)
	for i := range wires {
		wires[i] = dial(b, l.address)
	}
	var all sync.WaitGroup
	for i, w := range wires {
		all.Go(func() {
			failed[i] = client(w)
			_ = w.conn.Close()
		})
	}
	all.Wait()
	for _, err := range failed {
		require.NoError(b, err)
	}
}

// p99 is what 99 of 100 stayed below.
func p99(took []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[len(sorted)*99/100]
}

// request writes down a request as it goes over the wire.
func request(method, path, address, key, more, body string) []byte {
	if body != "" {
		more += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n%s\r\n%s", method, path, address, key, more, body)
}
