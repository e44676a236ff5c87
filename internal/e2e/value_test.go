package e2e

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// value is a part of a JSON document; a path is its member names and indexes, joined by dots.
type value struct {
	t  testing.TB
	at string
	v  any
}

// part walks to a place, which must exist.
func (v value) part(path string) value {
	v.t.Helper()
	if path == "" {
		return v
	}
	for step := range strings.SplitSeq(path, ".") {
		v = v.step(step)
	}
	return v
}

func (v value) step(name string) value {
	v.t.Helper()
	out := value{t: v.t, at: v.at + " " + name}
	switch holder := v.v.(type) {
	case map[string]any:
		member, ok := holder[name]
		require.True(v.t, ok, "%s: there is no %s in %s", v.at, name, v)
		out.v = member
	case []any:
		i, err := strconv.Atoi(name)
		require.NoError(v.t, err, v.at)
		require.Less(v.t, i, len(holder), "%s: the list is shorter: %s", v.at, v)
		out.v = holder[i]
	default:
		require.Fail(v.t, "no members here", "%s: %s", v.at, v)
	}
	return out
}

func (v value) text(path string) string {
	v.t.Helper()
	p := v.part(path)
	s, ok := p.v.(string)
	require.True(v.t, ok, "%s is no text: %s", p.at, p)
	return s
}

func (v value) yes(path string) bool {
	v.t.Helper()
	p := v.part(path)
	b, ok := p.v.(bool)
	require.True(v.t, ok, "%s is neither true nor false: %s", p.at, p)
	return b
}

func (v value) int(path string) int {
	v.t.Helper()
	p := v.part(path)
	n, ok := p.v.(json.Number)
	require.True(v.t, ok, "%s is no number: %s", p.at, p)
	i, err := strconv.Atoi(n.String())
	require.NoError(v.t, err, p.at)
	return i
}

func (v value) null(path string) bool {
	v.t.Helper()
	return v.part(path).v == nil
}

func (v value) list(path string) (all []value) {
	v.t.Helper()
	p := v.part(path)
	items, ok := p.v.([]any)
	require.True(v.t, ok, "%s is no list: %s", p.at, p)
	for i, item := range items {
		all = append(all, value{t: v.t, at: p.at + " " + strconv.Itoa(i), v: item})
	}
	return all
}

// texts is a list of texts.
func (v value) texts(path string) []string {
	v.t.Helper()
	all := []string{}
	for _, item := range v.list(path) {
		all = append(all, item.text(""))
	}
	return all
}

// euro is an amount of money in the only currency of these tests, in the exact digits that were sent.
func (v value) euro(path string) string {
	v.t.Helper()
	p := v.part(path)
	require.Equal(v.t, "EUR", p.text("currency"), p.at)
	return p.text("amount")
}

// cents is an amount of money as a number, for sums.
func (v value) cents(path string) int64 {
	v.t.Helper()
	n := new(big.Rat).Mul(ratio(v.t, v.euro(path)), big.NewRat(100, 1))
	require.True(v.t, n.IsInt(), "%s has more digits than the currency", v.part(path).at)
	return n.Num().Int64()
}

// number is a quantity, whose zeros at the end mean nothing.
func (v value) number(path string) string {
	v.t.Helper()
	return plain(ratio(v.t, v.text(path)))
}

// instant is a moment.
func (v value) instant(path string) time.Time {
	v.t.Helper()
	at, err := time.Parse(time.RFC3339Nano, v.text(path))
	require.NoError(v.t, err, v.part(path).at)
	return at
}

// String is for messages.
func (v value) String() string {
	raw, err := json.Marshal(v.v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func ratio(t testing.TB, text string) *big.Rat {
	t.Helper()
	n, ok := new(big.Rat).SetString(text)
	require.True(t, ok, "%q is no number", text)
	return n
}

// plain writes a number without zeros that mean nothing.
func plain(n *big.Rat) string {
	text := n.FloatString(8)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
