package dcimanager5

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// parts are how large the panel's units are: of traffic in KiB, of bursts in Mbit/s.
var (
	trafficUnits = map[string]decimal.Decimal{
		"KiB": decimal.NewFromInt(1), "B": decimal.New(9765625, -10), // 1/1024
		"MiB": decimal.NewFromInt(1 << 10), "GiB": decimal.NewFromInt(1 << 20),
	}
	burstUnits = map[string]decimal.Decimal{
		"Mbit/s": decimal.NewFromInt(1), "kbit/s": decimal.New(1, -3), "KiB/s": decimal.New(8192, -6),
	}
)

// DailyUsage reads the panel's reports of one day, three calls for all servers together. A report that fails loses nothing of the
// others: what was got is returned beside the joined errors.
func (m *Module) DailyUsage(ctx context.Context, refs []provision.Ref, day calendar.Day, _ *time.Location) ([]provision.Usage, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	if ctx.Err() != nil {
		return nil, provision.NewUnavailable(ctx.Err(), "given up")
	}
	b := book{module: m, values: map[provision.Ref]map[string]provision.Value{}}
	var failures []error
	for _, call := range []panel.Call{panel.TrafficReport, panel.BurstReport, panel.PowerReport} {
		readings, err := m.panel.Report(ctx, call, day.String())
		if err == nil {
			err = b.enter(ctx, readings)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("report %s: %w", call, err))
		}
	}
	var out []provision.Usage
	for _, ref := range refs {
		if values := b.values[ref]; len(values) > 0 {
			out = append(out, provision.Usage{Ref: ref, Values: values})
		}
	}
	return out, errors.Join(failures...)
}

// book gathers what the reports tell of each server.
type book struct {
	module *Module
	values map[provision.Ref]map[string]provision.Value
	byHost map[string]provision.Ref // read when a report has host names only
}

func (b *book) enter(ctx context.Context, readings []panel.Reading) error {
	for _, r := range readings {
		ref := provision.Ref(r.Server)
		if r.Server == "" {
			if err := b.readHosts(ctx); err != nil {
				return err
			}
			ref = b.byHost[r.Hostname]
		}
		if ref == "" {
			continue
		}
		if b.values[ref] == nil {
			b.values[ref] = map[string]provision.Value{}
		}
		for name, amount := range r.Values {
			param, value := b.module.value(name, amount)
			b.values[ref][param] = value
		}
	}
	return nil
}

// readHosts maps host names to servers; a name that several have names none of them.
func (b *book) readHosts(ctx context.Context) error {
	if b.byHost != nil {
		return nil
	}
	all, err := b.module.panel.Servers(ctx)
	if err != nil {
		return err
	}
	b.byHost = map[string]provision.Ref{}
	for _, s := range all {
		if _, twice := b.byHost[s.Hostname]; twice {
			b.byHost[s.Hostname] = ""
			continue
		}
		b.byHost[s.Hostname] = provision.Ref(strconv.Itoa(s.ID))
	}
	return nil
}

// value normalises a column.
func (m *Module) value(name string, amount decimal.Decimal) (string, provision.Value) {
	switch name {
	case "burst_in", "burst_out":
		return name + "_day", provision.Value{Amount: amount.Mul(burstUnits[m.set.BurstUnit]).Round(3), Unit: "Mbit/s"}
	case "power":
		return name, provision.Value{Amount: amount, Unit: "W"}
	}
	return name, provision.Value{Amount: amount.Mul(trafficUnits[m.set.TrafficUnit]).Round(0), Unit: "KiB"}
}
