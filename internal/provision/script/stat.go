package script

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/script/internal/document"
)

// DailyUsage asks the program for one whole day of all these services at once. What it tells of others is left out; of several
// values of one parameter the last counts.
func (m Counting) DailyUsage(ctx context.Context, refs []provision.Ref, day calendar.Day, zone *time.Location) ([]provision.Usage, error) {
	f, err := m.features(ctx)
	if err != nil {
		return nil, err
	}
	if !f.has("stat") {
		return nil, provision.NewRejected("unsupported_operation", "the program's features do not name stat")
	}
	t, err := m.command(ctx, f, document.Order{Command: "stat", Usage: document.UsageOf(refs, day, zone)})
	if err == nil && !t.done {
		err = t.silent("stat")
	}
	if err != nil {
		return nil, sure(err)
	}
	values := map[provision.Ref]map[string]provision.Value{}
	for _, ref := range refs {
		values[ref] = map[string]provision.Value{}
	}
	for _, x := range t.usage {
		if of, asked := values[provision.Ref(x.item)]; asked {
			of[x.param] = x.value
		}
	}
	out := make([]provision.Usage, 0, len(refs))
	for _, ref := range refs {
		if len(values[ref]) > 0 {
			out = append(out, provision.Usage{Ref: ref, Values: values[ref]})
		}
	}
	return out, nil
}
