package app

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/pricelist"
)

// demoYAML is what the demo's company sells.
//
//go:embed demo.yaml
var demoYAML []byte

// Demo fills an empty installation with a small hosting company, whose catalogue is brought in as anybody's is. One that was
// interrupted goes on where it stopped.
type Demo struct {
	a    *App
	done atomic.Bool
}

// Demo is the demo of this installation.
func (a *App) Demo() *Demo { return &Demo{a: a} }

// demoTariff is a code of the demo's: where it exists, the catalogue is there, whatever became of it since.
const demoTariff = "demo_colocation"

// Load makes what is missing, once the simulated panels answer. It answers whether there was anything to do.
func (d *Demo) Load(ctx context.Context) (made bool, err error) {
	found, err := d.a.DB.Reader().Tariffs(ctx, actor.Everything, catalog.TariffFilter{Code: demoTariff}, actor.Page{Limit: 1})
	if err != nil {
		return false, err
	}
	if made = len(found) == 0; made {
		if err = d.sell(ctx); err != nil {
			return false, fmt.Errorf("demo: %w", err)
		}
	}
	if err = d.client(ctx); err != nil {
		return false, fmt.Errorf("demo: %w", err)
	}
	d.done.Store(true)
	return made, nil
}

// Loaded is a readiness check: it fails until the demo is there.
func (d *Demo) Loaded(context.Context) error {
	if !d.done.Load() {
		return fmt.Errorf("the demo is not loaded yet")
	}
	return nil
}

// demoActor is who makes the demo.
func demoActor() actor.Actor { return actor.Program("demo") }

// sell brings the catalogue in. The simulated panels are where they listen, with the password that they always have.
func (d *Demo) sell(ctx context.Context) error {
	if d.a.box == nil {
		return errNoSecretKey
	}
	list := *d.a.PriceList
	list.Getenv = func(name string) (string, bool) {
		switch name {
		case "DEMO_PANELS":
			return d.a.Config.PanelsListen, true
		case "DEMO_PANEL_PASSWORD":
			return "secret", true
		}
		return os.LookupEnv(name)
	}
	_, err := list.Import(ctx, demoActor(), demoYAML, pricelist.Options{})
	return err
}

// client is somebody with money to spend, for the tour.
func (d *Demo) client(ctx context.Context) error {
	const email = "ada@demo.test"
	r := d.a.DB.Reader()
	providers, err := r.Providers(ctx, actor.Everything, actor.Page{Limit: 1})
	if err != nil || len(providers) == 0 {
		return err
	}
	p := providers[0]
	known, err := r.Clients(ctx, actor.Everything, client.Filter{Email: email, ProviderID: p.ID}, actor.Page{Limit: 1})
	if err != nil {
		return err
	}
	var ada client.Client
	if len(known) > 0 {
		ada = known[0]
	} else if ada, err = d.a.Clients.Create(ctx, demoActor(), client.Input{ProviderID: p.ID, Email: email, Name: "Ada Demo", Country: "DE"}); err != nil {
		return err
	}
	amount, err := money.Parse("500", p.Currency)
	if err != nil {
		return err
	}
	// The same payment is recorded once.
	_, err = d.a.Payments.Create(ctx, demoActor(), payment.CreateInput{
		ClientID: ada.ID, Amount: amount, Method: payment.Manual, ExternalID: "demo-1", Status: payment.Paid,
	})
	return err
}

// loadDemo loads the demo as soon as the panels answer.
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
