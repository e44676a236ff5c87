package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"
)

// panelClient talks to the simulated panels' control API, which is on this machine.
var panelClient = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 4}}

// tellPanels tells the simulated panels the sandbox's time. Panels that do not run need not know.
func (a *App) tellPanels(ctx context.Context, now time.Time, mode string) error {
	err := a.putPanelClock(ctx, now, mode)
	if errors.Is(err, syscall.ECONNREFUSED) {
		a.Log.Debug("no simulated panels to tell the time", "at", a.Config.PanelsListen)
		return nil
	}
	return err
}

func (a *App) putPanelClock(ctx context.Context, now time.Time, mode string) error {
	body, err := json.Marshal(map[string]any{"now": now, "mode": mode})
	if err != nil {
		return err
	}
	return a.askPanels(ctx, http.MethodPut, "/control/clock", body)
}

// greetPanels tells panels that start after this process the time, as soon as they answer.
func (a *App) greetPanels(ctx context.Context) {
	for ctx.Err() == nil {
		now, mode, err := a.DB.Sandbox().Now(ctx)
		if err == nil {
			if err = a.putPanelClock(ctx, now, mode); err == nil {
				return
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// checkPanels tells whether the simulated panels answer.
func (a *App) checkPanels(ctx context.Context) error {
	return a.askPanels(ctx, http.MethodGet, "/healthz", nil)
}

func (a *App) askPanels(ctx context.Context, method, path string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+a.Config.PanelsListen+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := panelClient.Do(r)
	if err != nil {
		return fmt.Errorf("simulated panels: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("simulated panels: %s %s answers %s", method, path, answer.Status)
	}
	return nil
}
