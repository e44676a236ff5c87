package httpapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// fromAPIDay reads a day of a body.
func fromAPIDay(text, pointer string) (calendar.Day, error) {
	day, err := calendar.ParseDay(text)
	if err != nil {
		return day, fault.New(fault.Invalid, "bad_format", "A day such as 2026-03-01 is expected.").At(pointer)
	}
	return day, nil
}

func fromAPIRecomputation(b api.RecomputationCreate) (traffic.RecomputeInput, error) {
	in := traffic.RecomputeInput{Preview: b.Preview != nil && *b.Preview}
	var fields fault.Fields
	var err error
	if in.From, err = fromAPIDay(b.From, "/from"); fields.Merge("", err) != nil {
		return in, err
	}
	if in.To, err = fromAPIDay(b.To, "/to"); fields.Merge("", err) != nil {
		return in, err
	}
	if b.ServerServiceIds != nil {
		in.Servers = each(*b.ServerServiceIds, func(id api.ID) service.ID { return service.ID(id) })
	}
	return in, fields.Err()
}

func toAPIRecomputation(r traffic.Recomputation) api.Recomputation {
	return api.Recomputation{
		ID: r.ID, From: r.First.String(), To: r.Last.AddDays(1).String(), Preview: r.Preview, Status: api.RunStatus(r.Status()),
		ServerServiceIds: each(r.Servers, func(id service.ID) api.ID { return string(id) }),
		Examined:         int(r.Examined), Changed: int(r.Changed), CreatedAt: r.CreatedAt, FinishedAt: r.FinishedAt,
	}
}

func toAPICollection(c traffic.CollectionRun) api.Collection {
	return api.Collection{
		ID: c.ID, Day: c.Day.String(), ModuleID: orNull(c.ModuleID), Overwrite: c.Overwrite, Status: api.RunStatus(c.Status),
		Expected: c.Expected, Got: c.Got, Missing: c.Missing, Failed: c.Failed, CreatedAt: c.CreatedAt, FinishedAt: c.FinishedAt,
		Failures: each(c.Failures, func(f traffic.Failure) api.CollectionFailure {
			return api.CollectionFailure{ModuleID: string(f.ModuleID), ServiceID: orNull(f.ServiceID), Code: f.Code, Detail: f.Detail}
		}),
	}
}

// shownDigits is how finely a measure is shown; it is kept as it was reported.
const shownDigits = 8

func shown(d decimal.Decimal) string { return d.Round(shownDigits).String() }

func toAPIValues(v traffic.Values) map[string]api.Measure {
	out := make(map[string]api.Measure, len(v))
	for p, q := range v {
		out[string(p)] = api.Measure{Value: shown(q.Value), Unit: q.Unit}
	}
	return out
}

func toAPIBlock(b traffic.Block) api.Block {
	return api.Block{
		ServerServiceID: string(b.Server), Day: b.Day.String(), OwnerServiceID: string(b.Owner), Values: toAPIValues(b.Values),
		Revision: b.Revision, CollectedAt: b.CollectedAt, Source: api.BlockSource(b.Source),
	}
}

func toAPIBlockHistory(h traffic.BlockHistory, charges []charge.Expense, staff bool) api.BlockHistory {
	out := api.BlockHistory{
		ServerServiceID: string(h.Block.Server), Day: h.Block.Day.String(),
		Owners: each(h.Owners, toAPIMovedDay(staff)), Charges: each(charges, toAPIExpense),
	}
	for _, r := range h.Revisions {
		replaced := r.ReplacedAt
		old := toAPIBlockRevision(r.Block)
		old.ReplacedAt = &replaced
		out.Revisions = append(out.Revisions, old)
	}
	out.Revisions = append(out.Revisions, toAPIBlockRevision(h.Block))
	return out
}

func toAPIBlockRevision(b traffic.Block) api.BlockRevision {
	return api.BlockRevision{Revision: b.Revision, Values: toAPIValues(b.Values), Source: api.BlockSource(b.Source), CollectedAt: b.CollectedAt}
}

// toAPIMovedDay shows where a request came from to staff only.
func toAPIMovedDay(staff bool) func(traffic.MovedDay) api.TrafficReassignment {
	return func(m traffic.MovedDay) api.TrafficReassignment {
		by := api.Actor{Role: api.ActorRole(m.By.Role), KeyID: orNull(m.By.KeyID), ClientID: orNull(m.By.ClientID), Cause: orNull(m.By.Cause)}
		if staff {
			by.Address = orNull(m.By.Address)
		}
		return api.TrafficReassignment{
			ID: m.ID, ServerServiceID: string(m.Server), Day: m.Day.String(), FromServiceID: string(m.From), ToServiceID: string(m.To),
			Cause: api.ReassignmentCause(m.Cause), DecidedAt: m.DecidedAt, Actor: by,
		}
	}
}

func toAPIUsage(id string, by api.UsageBy, u traffic.Usage) api.ServiceStatistics {
	return api.ServiceStatistics{
		ServiceID: id, From: u.From.String(), To: u.To.String(), By: by, Rows: each(u.Rows, toAPIUsageRow), Total: toAPIUsageRow(u.Total),
	}
}

func toAPIUsageRow(r traffic.UseRow) api.UsageRow {
	return api.UsageRow{
		From: r.From.String(), To: r.To.String(), Values: toAPIValues(r.Values),
		Servers: each(r.Servers, func(s traffic.ServerUse) api.UsageByServer {
			return api.UsageByServer{ServerServiceID: string(s.Server), Values: toAPIValues(s.Values)}
		}),
		AddOns: each(r.AddOns, func(a traffic.AddOnUse) api.UsageAddOn {
			return api.UsageAddOn{
				Code: a.Code, Used: shown(a.Used), Unit: a.Unit, Included: shown(a.Included), Overage: shown(a.Overage),
				OverageAmount: toAPIMoney(a.Amount),
			}
		}),
	}
}

// usageTable writes one line per row, server and parameter.
func usageTable(u traffic.Usage) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"day", "server_service_id", "parameter", "value", "unit"}) // a buffer takes everything
	for _, row := range u.Rows {
		for _, s := range row.Servers {
			for _, p := range traffic.Params {
				if q, ok := s.Values[p]; ok {
					_ = w.Write([]string{row.From.String(), string(s.Server), string(p), shown(q.Value), q.Unit})
				}
			}
		}
	}
	w.Flush()
	return out.Bytes()
}

// prefers tells whether the caller's Accept names a media type before JSON. Only types that are named count; */* is JSON.
func prefers(ctx context.Context, media string) bool {
	best, chosen := 0.0, false
	for _, one := range strings.Split(strings.Join(callOf(ctx).request.Header.Values("Accept"), ","), ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(one), ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			weight, _ = strconv.ParseFloat(q, 64)
		}
		name = strings.TrimSpace(name)
		if weight > best && (name == media || name == "application/json" || name == "*/*" || name == "application/*") {
			best, chosen = weight, name == media
		}
	}
	return chosen
}
