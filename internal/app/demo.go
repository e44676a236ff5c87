package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Demo fills an empty installation with a small hosting company, over the API as anybody could: each call carries a fixed
// Idempotency-Key, so that a demo that was interrupted goes on where it stopped.
type Demo struct {
	Base   string // http://host:port
	Key    string // an administrator's
	Panels string // where the simulated panels answer

	done   atomic.Bool
	calls  int
	client http.Client
}

// body is one request's or answer's document.
type body = map[string]any

// lastOfDemo is the code of the tariff that is made last: where it exists, the demo is loaded.
const lastOfDemo = "demo_colocation"

// Load makes what is missing. It answers whether there was anything to do.
func (d *Demo) Load(ctx context.Context) (bool, error) {
	d.client.Timeout = 30 * time.Second
	loaded, err := d.find(ctx, "/v1/tariffs?code="+url.QueryEscape(lastOfDemo))
	if err != nil {
		return false, err
	}
	if loaded == nil {
		if err = d.fill(ctx); err != nil {
			return false, fmt.Errorf("demo: %w", err)
		}
	}
	d.done.Store(true)
	return loaded == nil, nil
}

// Loaded is a readiness check: it fails until the demo is there.
func (d *Demo) Loaded(context.Context) error {
	if !d.done.Load() {
		return fmt.Errorf("the demo is not loaded yet")
	}
	return nil
}

// fill tells the story of a small company: one data center with a panel, servers, their bandwidth, and colocation by people.
func (d *Demo) fill(ctx context.Context) error {
	provider, err := d.find(ctx, "/v1/providers?limit=1&order=asc")
	if err != nil {
		return err
	}
	department, err := d.find(ctx, "/v1/departments?limit=1&order=desc")
	if err != nil {
		return err
	}
	city, err := d.post(ctx, "/v1/data-centers", body{
		"name": "Demo City", "external_id": "3", "icon": body{"kind": "flag", "country": "DE"},
	})
	if err != nil {
		return err
	}
	if _, err = d.post(ctx, "/v1/integration-modules/dedicated_bandwidth/install", body{}); err != nil {
		return err
	}
	shop := demoShop{Demo: d, provider: provider["id"], department: department["id"], city: city["id"]}
	for _, step := range []func(context.Context) error{shop.servers, shop.bandwidth, shop.client, shop.colocation} {
		if err = step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// demoShop knows the ids that later steps refer to.
type demoShop struct {
	*Demo
	provider, department, city any
}

func (s demoShop) module(ctx context.Context, name, driver, productType string, connection body) (any, error) {
	m, err := s.post(ctx, "/v1/processing-modules", body{
		"name": name, "driver": driver, "product_type": productType, "data_center_id": s.city, "department_id": s.department,
		"connection": connection,
	})
	return m["id"], err
}

func (s demoShop) tariff(ctx context.Context, productType, code, name string, module any, settings body, prices ...body) (string, error) {
	t, err := s.post(ctx, "/v1/tariffs", body{
		"provider_id": s.provider, "product_type": productType, "code": code, "name": name, "activate": true,
		"data_center_ids": []any{s.city}, "processing_module_ids": []any{module}, "settings": settings, "prices": prices,
	})
	return fmt.Sprint("/v1/tariffs/", t["id"]), err
}

func price(period, amount, setup string) body {
	return body{"period": period, "amount": amount, "setup_fee": setup}
}

// servers sells two sorts of dedicated server, which the simulated DCImanager 6 makes.
func (s demoShop) servers(ctx context.Context) error {
	module, err := s.module(ctx, "Demo DCImanager 6", "dcimanager6", "dedicated", body{
		"url": "http://" + s.Panels + "/dcimanager6", "username": "admin@example.com", "password": "secret",
	})
	if err != nil {
		return err
	}
	small, err := s.tariff(ctx, "dedicated", "demo_e3", "Demo E3-1230", module,
		body{"configuration": "E3-1230-16GB", "default_os": "Debian-12"}, price("P1M", "50.00", "10.00"), price("P1Y", "540.00", "0.00"))
	if err != nil {
		return err
	}
	big, err := s.tariff(ctx, "dedicated", "demo_i9", "Demo i9-9900K", module,
		body{"configuration": "i9-9900K-64GB", "default_os": "Ubuntu-24.04"}, price("P1M", "95.00", "0.00"))
	if err != nil {
		return err
	}
	for _, tariff := range []string{small, big} {
		if err = s.traffic(ctx, tariff, "traffic", "100", "0.02"); err != nil {
			return err
		}
		_, err = s.post(ctx, tariff+"/add-ons", body{
			"code": "ipv4_public", "add_on": "ipv4_public", "billing": "order", "included": "1", "minimum": "1", "maximum": "4",
			"prices": []body{{"period": "P1M", "amount": "2.00"}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// traffic adds a measured add-on over both directions, charged by the calendar month.
func (s demoShop) traffic(ctx context.Context, tariff, code, included, overage string) error {
	_, err := s.post(ctx, tariff+"/add-ons", body{
		"code": code, "add_on": code, "billing": "statistics", "included": included, "unit": "GiB",
		"statistics": body{"bill": "month", "params": []string{"in", "out"}, "combine": "sum", "overage_price": overage, "overage_unit": "GiB"},
	})
	return err
}

// bandwidth sells the bandwidth of those servers as a service of its own.
func (s demoShop) bandwidth(ctx context.Context) error {
	module, err := s.module(ctx, "Demo bandwidth", "none", "dedicated_bandwidth", body{})
	if err != nil {
		return err
	}
	tariff, err := s.tariff(ctx, "dedicated_bandwidth", "demo_bandwidth", "Demo bandwidth 1000", module, body{}, price("P1M", "20.00", "0.00"))
	if err != nil {
		return err
	}
	return s.traffic(ctx, tariff, "bandwidth", "1000", "0.01")
}

// client is somebody with money to spend, for the tour.
func (s demoShop) client(ctx context.Context) error {
	c, err := s.post(ctx, "/v1/clients", body{"provider_id": s.provider, "email": "ada@demo.test", "name": "Ada Demo", "country": "DE"})
	if err != nil {
		return err
	}
	_, err = s.post(ctx, "/v1/payments", body{
		"client_id": c["id"], "amount": body{"amount": "500.00", "currency": "EUR"}, "method": "manual",
		"external_id": "demo-1", "status": "paid",
	})
	return err
}

// colocation is set up by people: an order of it becomes a task.
func (s demoShop) colocation(ctx context.Context) error {
	module, err := s.module(ctx, "Demo colocation", "manual", "colocation", body{})
	if err != nil {
		return err
	}
	_, err = s.tariff(ctx, "colocation", lastOfDemo, "Demo colocation 1U", module, body{}, price("P1M", "39.00", "25.00"))
	return err
}

// find answers the first object of a list, or nil.
func (d *Demo) find(ctx context.Context, path string) (body, error) {
	list, err := d.call(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	data, _ := list["data"].([]any)
	if len(data) == 0 {
		return nil, nil
	}
	first, _ := data[0].(body)
	return first, nil
}

func (d *Demo) post(ctx context.Context, path string, in body) (body, error) {
	return d.call(ctx, http.MethodPost, path, in)
}

func (d *Demo) call(ctx context.Context, method, path string, in body) (body, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, d.Base+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+d.Key)
	if method == http.MethodPost {
		d.calls++
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", fmt.Sprintf("demo-%d", d.calls))
	}
	answer, err := d.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s answers %s: %s", method, path, answer.Status, text)
	}
	var out body
	return out, json.Unmarshal(text, &out)
}

// Demo is the demo of this installation, whose API answers at an address.
func (a *App) Demo(address string) *Demo {
	d := &Demo{Base: "http://" + address, Key: a.Config.AdminKey, Panels: a.Config.PanelsListen}
	if d.Key == "" {
		if raw, err := os.ReadFile(a.Config.File("admin.key")); err == nil {
			d.Key = strings.TrimSpace(string(raw))
		}
	}
	return d
}

// loadDemo loads the demo as soon as API and panels answer.
func (a *App) loadDemo(ctx context.Context, d *Demo) {
	for ctx.Err() == nil {
		err := a.checkPanels(ctx)
		if err == nil {
			if _, err = d.Load(ctx); err == nil {
				return
			}
			a.Log.Warn("the demo is not loaded yet", "error", err)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
