package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// dci is the panel that the stories use.
const dci = "/control/dcimanager6"

// panels drives the simulated panels from behind.
type panels struct {
	t   testing.TB
	url string
}

func (p *panels) call(method, path string, body any) value {
	p.t.Helper()
	v, err := p.send(method, path, body)
	require.NoError(p.t, err)
	return v
}

func (p *panels) send(method, path string, body any) (value, error) {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return value{}, err
		}
	}
	req, err := http.NewRequest(method, p.url+path, &content) // web has a timeout
	if err != nil {
		return value{}, err
	}
	res, err := web.Do(req)
	if err != nil {
		return value{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return value{}, err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return value{}, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, raw)
	}
	v := value{t: p.t, at: method + " " + path}
	if len(raw) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		err = d.Decode(&v.v)
	}
	return v, err
}

// traffic says what a server moved on a day, in GiB each way.
func (p *panels) traffic(server, day string, in, out int) {
	p.t.Helper()
	p.call(http.MethodPut, dci+"/servers/"+server+"/traffic/"+day, map[string]any{"in": in * kibPerGiB, "out": out * kibPerGiB})
}

const kibPerGiB = 1 << 20

// fault makes the panel misbehave until mend.
func (p *panels) fault(kind, method, path string) {
	p.t.Helper()
	p.call(http.MethodPost, dci+"/faults", map[string]any{"kind": kind, "method": method, "path": path, "times": 0})
}

// mend forgets all faults and lets calls go that were held.
func (p *panels) mend() error {
	_, err := p.send(http.MethodDelete, dci+"/faults", nil)
	return err
}

// holdInstallations makes every server keep the caller waiting who installs it.
func (p *panels) holdInstallations() {
	p.t.Helper()
	for _, server := range p.call(http.MethodGet, dci, nil).list("servers") {
		p.fault("hold", http.MethodPost, "/dci/v3/server/"+strconv.Itoa(server.int("id"))+"/os")
	}
}

// held is how many calls wait.
func (p *panels) held() (int, error) {
	v, err := p.send(http.MethodGet, dci+"/faults", nil)
	if err != nil {
		return 0, err
	}
	return v.int("held"), nil
}

// owned are the servers that somebody has.
func (p *panels) owned() (ids []string) {
	p.t.Helper()
	for _, server := range p.call(http.MethodGet, dci, nil).list("servers") {
		if owner, ok := server.v.(map[string]any)["owner_email"]; ok && owner != nil {
			ids = append(ids, strconv.Itoa(server.int("id")))
		}
	}
	return ids
}
