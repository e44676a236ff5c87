package panel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// graphiteTime is how the panel's metrics are asked for by time.
const graphiteTime = "15:04_20060102"

// Series returns a measured rate between two instants, by the name of the parameter. The panel writes wall times of its own
// zone and answers instants; what lies outside is dropped, so only the first edge of another zone could be missed.
func (p *Panel) Series(ctx context.Context, id int, param string, from, to time.Time, zone *time.Location) (isp6.Series, error) {
	fill := of(id)
	fill["target"] = p.dialect.names[param]
	fill["from"], fill["until"] = from.In(zone).Format(graphiteTime), to.In(zone).Format(graphiteTime)
	var raw json.RawMessage
	if err := p.call(ctx, Metrics, fill, nil, &raw); err != nil {
		return isp6.Series{}, err
	}
	all, err := isp6.ReadSeries(raw, from, to)
	if err != nil || len(all) == 0 {
		return isp6.Series{}, err
	}
	return all[0], nil
}
