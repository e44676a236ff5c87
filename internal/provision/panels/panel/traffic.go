package panel

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// DayLayout is how a civil day is written.
const DayLayout = "2006-01-02"

// Day is what a panel knows of one server's day. In and Out are KiB,
// the bursts Mbit/s, Power W; the last three are kept as they were written.
type Day struct {
	In       int64       `json:"in"`
	Out      int64       `json:"out"`
	BurstIn  json.Number `json:"burst_in_day"`
	BurstOut json.Number `json:"burst_out_day"`
	Power    json.Number `json:"power"`
}

// Traffic holds the days that were set by hand, by server id and day.
type Traffic struct {
	days map[string]map[string]Day
}

// Set keeps a day that the control API sends.
func (b *Traffic) Set(server int, day string, body []byte) (Day, error) {
	if _, err := time.Parse(DayLayout, day); err != nil {
		return Day{}, fmt.Errorf("day must look like 2026-03-05")
	}
	t := Day{In: -1, Out: -1, BurstIn: "0", BurstOut: "0", Power: "0"}
	if err := StrictJSON(body, &t); err != nil {
		return Day{}, err
	}
	if t.In < 0 || t.Out < 0 {
		return Day{}, fmt.Errorf("in and out are needed, in KiB, not negative")
	}
	for _, n := range []json.Number{t.BurstIn, t.BurstOut, t.Power} {
		if n == "" || strings.HasPrefix(n.String(), "-") {
			return Day{}, fmt.Errorf("burst_in_day, burst_out_day and power must not be negative")
		}
	}
	if b.days == nil {
		b.days = map[string]map[string]Day{}
	}
	id := strconv.Itoa(server)
	if b.days[id] == nil {
		b.days[id] = map[string]Day{}
	}
	b.days[id][day] = t
	return t, nil
}

// Day is the set day, or the one made up for this server.
func (b *Traffic) Day(server int, day string) Day {
	if t, ok := b.days[strconv.Itoa(server)][day]; ok {
		return t
	}
	return madeUpDay(server, day)
}

// madeUpDay gives some GiB, a burst of two to four times the mean rate and
// the power of a small machine, the same for the same server and day.
func madeUpDay(server int, day string) Day {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d/%s", server, day)
	seed := h.Sum64()
	next := func(n int64) int64 { // splitmix64: the hash of near names is itself too near
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return int64((z ^ z>>31) % uint64(n))
	}
	const gib = 1 << 20 // in KiB
	t := Day{In: gib + next(7*gib), Out: 2*gib + next(18*gib)}
	t.BurstIn = burst(t.In, 20+next(21))
	t.BurstOut = burst(t.Out, 20+next(21))
	t.Power = json.Number(strconv.FormatInt(80+next(100), 10))
	return t
}

// burst turns a day's KiB into Mbit/s with one decimal, at tenths/10 times
// the mean rate.
func burst(kib, tenths int64) json.Number {
	const bitsPerKiB, daySeconds, bitsPerMbit = 8192, 86_400, 1_000_000
	n := kib * bitsPerKiB / daySeconds * tenths / bitsPerMbit
	return json.Number(fmt.Sprintf("%d.%d", n/10, n%10))
}

// Clear forgets the set days.
func (b *Traffic) Clear() { b.days = nil }

// Encode is the kept form of the set days.
func (b *Traffic) Encode() ([]byte, error) { return json.Marshal(b.days) }

// Decode reads the kept form.
func (b *Traffic) Decode(data []byte) error { return json.Unmarshal(data, &b.days) }
