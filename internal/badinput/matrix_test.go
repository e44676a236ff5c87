package badinput

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shards is how many worlds the operations are spread over.
const shards = 4

// TestBadInput asks every operation wrongly in every way that the contract knows, and then rightly.
func TestBadInput(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, op := range contract().operations {
		known[op.OperationID] = true
		if _, ok := entries[op.OperationID]; !ok {
			t.Errorf("%s has no entry: entry_test.go tells how to add one", op.OperationID)
		}
	}
	for id := range entries {
		require.True(t, known[id], "%s is no operation of the contract", id)
	}
	for shard := range shards {
		t.Run(fmt.Sprint("shard", shard), func(t *testing.T) { //nolint:tparallel // the operations of a shard share a world
			t.Parallel()
			w := newTown(t)
			for _, op := range contract().operations {
				e, ok := entries[op.OperationID]
				if !ok || shardOf(op.OperationID) != shard {
					continue
				}
				t.Run(op.OperationID, func(t *testing.T) {
					w.in(t)
					matrix{world: w, op: op, entry: e}.run()
				})
			}
			w.in(t)
		})
	}
}

func shardOf(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return int(h.Sum32() % shards)
}

// in lets a subtest use the world.
func (w *world) in(t testing.TB) { w.t = t }

// matrix is the cases of one operation.
type matrix struct {
	*world

	op    operation
	entry entry
}

// attempt is one request that has to be refused.
type attempt struct {
	name   string
	as     *caller
	m      message
	status int
	code   string   // empty: any
	places []string // nil: any
	among  bool     // there may be further places
}

func (x matrix) run() {
	given := map[string]bool{}
	for i, make := range x.entry.valid {
		r := make(x.world)
		r.body = decoded(r.body)
		var all []attempt
		if i == 0 {
			all = slices.Concat(x.addresses(r), x.headers(r), x.queries(r), x.foreigners(r), x.ruled(r))
		}
		all = slices.Concat(all, x.bodies(r, given))
		x.refuse(all)
		a := r.caller(x.world).send(r.message(x.op))
		if r.status == 0 {
			require.Contains(x.t, []int{200, 201, 202, 204}, a.status, "the valid request is refused: %s", a)
		} else {
			require.Equal(x.t, r.status, a.status, "%s", a)
		}
		for name := range r.query {
			given["?"+name] = true
		}
	}
	x.complete(given)
}

// complete fails for members of the contract that no request gave.
func (x matrix) complete(given map[string]bool) {
	var wanted []string
	if s := x.op.body(); s != nil {
		wanted = members(s, "", 0)
	}
	for _, name := range wanted {
		_, excused := x.entry.excused[name]
		if given[name] == excused {
			x.t.Errorf("no valid request gives %s, or it is excused although one does", name)
		}
	}
	for name := range x.entry.excused {
		require.Contains(x.t, wanted, name, "an excuse for nothing")
	}
}

// refuse sends all attempts between two looks at the database. Where something changed, they are sent again, one by one, to
// name the one that did it.
func (x matrix) refuse(all []attempt) {
	before := x.print()
	for _, a := range all {
		x.send(a)
	}
	if after := x.print(); len(before.changes(after)) > 0 {
		culprit := "no attempt alone"
		for _, a := range all {
			before = x.print()
			if x.send(a); len(before.changes(x.print())) > 0 {
				culprit = a.name
				break
			}
		}
		x.t.Errorf("refused, but it changed %v: %s", before.changes(x.print()), culprit)
	}
}

// send sends one attempt and compares the refusal. All that is wrong with an operation is told, not only the first.
func (x matrix) send(a attempt) {
	x.t.Helper()
	got := a.as.send(a.m)
	fail := func(format string, args ...any) {
		x.t.Helper()
		x.t.Errorf("%s: %s\n  %s", a.name, fmt.Sprintf(format, args...), got)
	}
	places := got.places()
	switch {
	case got.status != a.status:
		fail("%d is expected", a.status)
	case a.code != "" && got.json["code"] != a.code && !a.among:
		fail("%s is expected", a.code)
	case a.places == nil:
	case a.among:
		for _, p := range a.places {
			if !slices.Contains(places, p) {
				fail("among others, %s is expected", p)
			}
		}
	case !slices.Equal(places, a.places):
		fail("%v is expected", a.places)
	}
}

// addresses: what is missing, foreign or badly written is the same 404.
func (x matrix) addresses(r request) (all []attempt) {
	for _, p := range x.op.parameters("path") {
		for _, text := range []string{unknown, "no_such", "a%00b", "%FF", strings.ToUpper(unknown), "..%2F", strings.Repeat("a", 300), "-1", "٣"} {
			m := r.message(x.op)
			other := request{path: changedPath(r.path, p.Name, "§")}
			m.path = strings.Replace(other.address(x.op), "%C2%A7", text, 1)
			if len(r.query) > 0 {
				m.path += "?" + r.query.Encode()
			}
			all = append(all, attempt{name: "path " + p.Name + " " + text, as: r.caller(x.world), m: m, status: http.StatusNotFound, code: "not_found", places: []string{}})
		}
	}
	return all
}

func changedPath(path map[string]string, name, value string) map[string]string {
	out := map[string]string{}
	for k, v := range path {
		out[k] = v
	}
	out[name] = value
	return out
}

// headers: the keys of repetition and the tags of versions.
func (x matrix) headers(r request) (all []attempt) {
	with := func(name string, values []string, a attempt) {
		a.name, a.as, a.m = fmt.Sprintf("%s %.60q", name, values), r.caller(x.world), r.message(x.op)
		a.m.header[name] = values
		all = append(all, a)
	}
	if x.op.onceKey() == "required" {
		with("Idempotency-Key", nil, attempt{status: 400, code: "idempotency_key_required"})
	}
	if x.op.onceKey() != "" {
		bad := attempt{status: 422, code: "bad_value", places: []string{"Idempotency-Key bad_value"}}
		with("Idempotency-Key", []string{strings.Repeat("k", 256)}, bad)
		with("Idempotency-Key", []string{"a", "b"}, bad)
		with("Idempotency-Key", []string{"a\xffb"}, bad)
	}
	for _, p := range x.op.parameters("header") {
		if p.Name == "If-Match" {
			for _, tag := range []string{`"999999-0000000000000000"`, `garbage`, `W/"1"`, `""`, `"99999999999999999999999999"`} {
				with("If-Match", []string{tag}, attempt{status: 412, code: "precondition_failed"})
			}
		}
	}
	return all
}

// queries: parameters that are unknown, given twice, or badly written.
func (x matrix) queries(r request) (all []attempt) {
	ask := func(name, query string, status int, code string, places ...string) {
		asked := r
		asked.query = maps.Clone(r.query)
		asked.query.Del(name)
		m := asked.message(x.op)
		mark := "?"
		if len(asked.query) > 0 {
			mark = "&"
		}
		m.path += mark + query
		all = append(all, attempt{name: "query " + query, as: r.caller(x.world), m: m, status: status, code: code, places: places})
	}
	if len(x.op.roles()) > 0 || len(x.op.parameters("query")) > 0 {
		ask("", "no_such=1", 422, "unknown_parameter", "no_such unknown_parameter")
		ask("", "a%zz", 400, "bad_request")
	}
	for _, p := range x.op.parameters("query") {
		s := shapeOf(p.Schema)
		if p.Required {
			ask(p.Name, "", 422, "required", p.Name+" required")
		}
		for _, text := range badParameters {
			if code := s.refusesParameter(text); code != "" {
				ask(p.Name, p.Name+"="+url.QueryEscape(text), 422, code, p.Name+" "+code)
			}
		}
		if p.Name == "cursor" {
			for _, text := range []string{"garbage", "AAAA", "e30", "e30.e30"} {
				ask("", "cursor="+text, 400, "bad_cursor")
			}
		}
	}
	return all
}

var badParameters = []string{
	"no_such_word", "", "-1", "1.5", "1e3", "99999999999999999999", "201", "a\x00b", "\xff", "2026-02-30", "2026-02-30T00:00:00Z",
	strings.Repeat("a", 3000),
}

// bodies: what cannot be read, and every place of what can.
func (x matrix) bodies(r request, given map[string]bool) (all []attempt) {
	s := x.op.body()
	if s == nil {
		return nil
	}
	body := r.body
	if body == nil {
		body = obj{}
	}
	all = x.unreadable(r)
	for _, p := range spots(s, body) {
		given[p.general] = true
		for _, w := range append(p.wrongs(), x.references(p)...) {
			m := r.message(x.op)
			m.body = encoded(w.body)
			_, code, _ := strings.Cut(w.place, " ")
			all = append(all, attempt{
				name: fmt.Sprintf("%s: %s", p.pointer, w.name), as: r.caller(x.world), m: m, status: 422, code: code, places: []string{w.place}, among: w.among,
			})
		}
	}
	return all
}

// ruled are the rules that the contract's schema cannot write down, broken in the first of the valid requests.
func (x matrix) ruled(r request) (all []attempt) {
	for _, rule := range x.entry.rules {
		changed := decoded(r.body).(obj)
		rule.change(x.world, changed)
		m := r.message(x.op)
		m.body = encoded(changed)
		all = append(all, attempt{name: rule.name, as: r.caller(x.world), m: m, status: rule.status, code: rule.code, places: rule.places})
	}
	return all
}

func (x matrix) unreadable(r request) (all []attempt) {
	ask := func(name, body string, status int, code string) {
		m := r.message(x.op)
		m.body = []byte(body)
		all = append(all, attempt{name: name, as: r.caller(x.world), m: m, status: status, code: code})
	}
	valid := string(encoded(first2(r.body, obj{})))
	if x.op.RequestBody.Value.Required {
		ask("an empty body", "", 400, "bad_json")
		ask("a blank body", " \n", 400, "bad_json")
	}
	for _, text := range []string{
		valid + "{}", valid[:len(valid)-1], "null", "nonsense", `{"a": 01}`, "{\"note\": \"\xff\"}", "\xef\xbb\xbf" + valid, `{"a": NaN}`,
		strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000), strings.Repeat("[", 100000),
	} {
		ask(fmt.Sprintf("the body %.30s…", text), text, 400, "bad_json")
	}
	if !x.op.streams() {
		ask("a large body", `{"note": "`+strings.Repeat("x", 1<<20)+`"}`, 413, "payload_too_large")
	}
	for _, kind := range []string{"text/plain", "application/xml", "application/json-patch+json", "", "json"} {
		m := r.message(x.op)
		m.body = []byte(valid)
		m.header["Content-Type"] = []string{kind}
		all = append(all, attempt{name: "content type " + kind, as: r.caller(x.world), m: m, status: 415, code: "unsupported_media_type"})
	}
	return all
}

func first2(v any, otherwise any) any {
	if v == nil {
		return otherwise
	}
	return v
}

// decoded is a body as a program reads it: numbers stay texts, and nothing is shared with the request.
func decoded(body any) any {
	if body == nil {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(encoded(body))))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		panic(err)
	}
	return out
}

func instant(text string) bool {
	t, err := time.Parse(time.RFC3339, text)
	return err == nil && t.UTC().Year() >= 1
}
