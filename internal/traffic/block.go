package traffic

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
)

// Param is a measured parameter.
type Param string

// The parameters of a block. Incoming is what the server receives.
const (
	ParamIn        Param = "in"
	ParamOut       Param = "out"
	ParamBandwidth Param = "bandwidth" // in + out unless reported (D18)
	ParamBurstIn   Param = "burst_in_day"
	ParamBurstOut  Param = "burst_out_day"
	ParamPower     Param = "power"
)

// Params lists every parameter in the order in which they are shown and stored.
var Params = []Param{ParamIn, ParamOut, ParamBandwidth, ParamBurstIn, ParamBurstOut, ParamPower}

// natural is the unit of a parameter that is reported without one; any unit connected with it is accepted.
var natural = map[Param]string{
	ParamIn: "KiB", ParamOut: "KiB", ParamBandwidth: "KiB", ParamBurstIn: "Mbit/s", ParamBurstOut: "Mbit/s", ParamPower: "W",
}

// Unit is what the parameter is measured in unless a report says otherwise; empty: there is no such parameter.
func (p Param) Unit() string { return natural[p] }

// Gauge tells whether the parameter is a rate or level, of which days never add up (D17).
func (p Param) Gauge() bool { return p == ParamBurstIn || p == ParamBurstOut || p == ParamPower }

// Quantity is a measured value in the unit it was reported in (D19).
type Quantity struct {
	Value decimal.Decimal `json:"value"`
	Unit  string          `json:"unit"`
}

// Values is what a block holds, by parameter.
type Values map[Param]Quantity

// equal tells whether two reports say the same.
func (v Values) equal(o Values) bool {
	if len(v) != len(o) {
		return false
	}
	for p, q := range v {
		if other, ok := o[p]; !ok || other.Unit != q.Unit || !other.Value.Equal(q.Value) {
			return false
		}
	}
	return true
}

// over returns the values of a merge: v where it says something, else the old ones.
func (v Values) over(old Values) Values {
	out := make(Values, len(v)+len(old))
	for p, q := range old {
		out[p] = q
	}
	for p, q := range v {
		out[p] = q
	}
	return out
}

// Source is who reported a block.
type Source string

// The sources. A collected value never replaces a reported one unless it is told to.
const (
	Collector Source = "collector"
	Push      Source = "push"
	ByStaff   Source = "staff"
)

// Block is everything that one server used on one billing day.
type Block struct {
	ClientID    actor.ClientID
	Server      service.ID
	Day         calendar.Day
	Owner       service.ID // by the ownership rule; changed by reassignment alone
	Values      Values
	Revision    int
	Source      Source
	CollectedAt time.Time
}

// Revision is a block's values before they were replaced.
type Revision struct {
	Block
	ReplacedAt time.Time
}

// Cause is what made an owner.
type Cause string

// The causes of a reassignment.
const (
	Opened       Cause = "opened"
	Resumed      Cause = "resumed"
	Suspended    Cause = "suspended"
	Closed       Cause = "closed"
	Linked       Cause = "linked"
	Unlinked     Cause = "unlinked"
	LateBlock    Cause = "late_block"
	ServerClosed Cause = "server_closed"
	Recomputed   Cause = "recomputed"
)

// Decider is who decided a reassignment, as it is kept.
type Decider struct {
	Role     actor.Role     `json:"role"`
	KeyID    string         `json:"key_id,omitempty"`
	ClientID actor.ClientID `json:"client_id,omitempty"`
	Address  string         `json:"address,omitempty"`
	Cause    string         `json:"cause,omitempty"`
}

func deciderOf(by actor.Actor) Decider {
	d := Decider{Role: by.Role, KeyID: by.KeyID, ClientID: by.Scope.ClientID, Cause: by.Cause}
	if by.Address.IsValid() {
		d.Address = by.Address.String()
	}
	return d
}

// Reassignment is some consecutive days of one server that went from one owner to another, both days included.
type Reassignment struct {
	ClientID  actor.ClientID
	ID        string
	Server    service.ID
	First     calendar.Day
	Last      calendar.Day
	From      service.ID
	To        service.ID
	Cause     Cause
	DecidedAt time.Time
	By        Decider
}

// closesAfter is how many days after its end a month stays open: blocks of a closed month are final.
const closesAfter = 62

// ClosesOn returns the day on which a month is closed, from its first instant on.
func ClosesOn(m calendar.Month) calendar.Day { return m.Next().First().AddDays(closesAfter) }

// FirstOpen returns the first day of the oldest month that is still open on a day.
func FirstOpen(today calendar.Day) calendar.Day {
	m := calendar.MonthOf(today)
	for today.Before(ClosesOn(m.Add(-1))) {
		m = m.Add(-1)
	}
	return m.First()
}

// BlockFilter narrows a list of blocks; days are half-open, the zero day is no limit.
type BlockFilter struct {
	Server service.ID
	Owner  service.ID
	From   calendar.Day
	To     calendar.Day
}

// BlockPlace is a place in a list of blocks.
type BlockPlace struct {
	Day    calendar.Day
	Server service.ID
}

// BlockHistory is the life of one block.
type BlockHistory struct {
	Block     Block
	Revisions []Revision // that were replaced, oldest first
	Owners    []MovedDay
}

// MovedDay is one day that went to another owner: a reassignment as it is read.
type MovedDay struct {
	RunID     string // of the row that tells it
	ID        string
	Server    service.ID
	Day       calendar.Day
	From      service.ID
	To        service.ID
	Cause     Cause
	DecidedAt time.Time
	By        Decider
}

// MovedFilter narrows a list of reassignments: Service is the server, or the owner before or after.
type MovedFilter struct {
	Service service.ID
	From    calendar.Day
	To      calendar.Day
}

// MovedPlace is a place in a list of reassignments.
type MovedPlace struct {
	RunID string
	Day   calendar.Day
}
