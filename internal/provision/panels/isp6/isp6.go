package isp6

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// What the panels of the sixth generation share: the error object, strict
// bodies, routes, and lists. The vendor's numbers are known for 1000 and 3008
// alone; the others are ours.
const (
	codeUnauthorized = 1000
	codeInternal     = 3000
	codeBadBody      = 3003
	codeNotFound     = 3004
	CodeBadQuery     = 3005
	codeBadValue     = 3006
	codeUnknownField = 3008
	codeAsleep       = 3503
	CodeBusy         = 4001
	CodeProtected    = 4002
	CodePoolEmpty    = 4003
	codeUserInUse    = 4004
	codeEmailTaken   = 4005
	CodeWrongState   = 4006
)

// Error is the error object. value carries what the message is about.
func Error(status, code int, msg string, value map[string]any) panel.Reply {
	if value == nil {
		value = map[string]any{}
	}
	return panel.NewReply(status, map[string]any{"error": map[string]any{"code": code, "msg": msg, "value": value}})
}

// Failure is the error object for a bare status.
func Failure(status int, text string) panel.Reply {
	code := codeInternal
	switch status {
	case http.StatusBadRequest:
		code = codeBadBody
	case http.StatusUnauthorized:
		code = codeUnauthorized
	case http.StatusServiceUnavailable:
		code = codeAsleep
	}
	return Error(status, code, text, nil)
}

// OK is a good answer.
func OK(body any) panel.Reply { return panel.NewReply(http.StatusOK, body) }

// NotFound answers for an id that names nothing.
func NotFound(what string, id any) panel.Reply {
	return Error(http.StatusNotFound, codeNotFound, "No such "+what, map[string]any{"id": id})
}

// BadValue refuses what a known property holds; why goes on after its name.
func BadValue(field, why string) panel.Reply {
	return Error(http.StatusBadRequest, codeBadValue, "Property "+field+" "+why, map[string]any{"property": field})
}

// Body reads a call's body into a struct. The names must be exactly the
// struct's tags: Go alone would take "Owner" for "owner", and a driver that
// sends a field the panel does not know must learn it here. It returns the
// names that were sent, so that a null is told from an absence.
func Body(c *panel.Call, into any, required ...string) (map[string]bool, *panel.Reply) {
	fail := func(code int, msg string) (map[string]bool, *panel.Reply) {
		rep := Error(http.StatusBadRequest, code, msg, nil)
		return nil, &rep
	}
	body := bytes.TrimSpace(c.Body)
	if len(body) == 0 {
		body = []byte("{}") // a call without parameters may come without a body
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return fail(codeBadBody, "The body is not one JSON object")
	}
	known, sent := jsonNames(into), map[string]bool{}
	for name := range members {
		if !slices.Contains(known, name) {
			return fail(codeUnknownField, "PROXY-3008: Unexpected property "+name)
		}
		sent[name] = true
	}
	for _, name := range required {
		if !sent[name] {
			return fail(codeBadBody, "Required property "+name+" is missing")
		}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fail(codeBadBody, fmt.Sprintf("The body does not fit: %v", err))
	}
	return sent, nil
}

func jsonNames(into any) []string {
	t := reflect.TypeOf(into).Elem()
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// List answers a list by the where, orderby and limit of the query. size
// is the count before limit.
func List(c *panel.Call, revision int, rows []map[string]any) panel.Reply {
	return ListOf(c, revision, Rows{N: len(rows), Make: func(i int) map[string]any { return rows[i] }})
}

// Rows are the rows of a list that may be long.
type Rows struct {
	N    int
	Make func(i int) map[string]any
	// Plain answers fields by which such lists are searched, as they stand in
	// the row, so that what is not found need not be made.
	Plain map[string]func(i int) any
}

// lazy is one of them, made when it is needed.
type lazy struct {
	rows *Rows
	at   int
	made map[string]any
}

func (l *lazy) field(name string) (any, error) {
	if plain, ok := l.rows.Plain[name]; ok {
		return plain(l.at), nil
	}
	return fieldOf(l.whole(), name)
}

func (l *lazy) whole() map[string]any {
	if l.made == nil {
		l.made = l.rows.Make(l.at)
	}
	return l.made
}

// ListOf is List for long ones.
func ListOf(c *panel.Call, revision int, rows Rows) panel.Reply {
	bad := func(err error) panel.Reply {
		return Error(http.StatusBadRequest, CodeBadQuery, err.Error(), nil)
	}
	keep, err := parseWhere(c.Query.Get("where"))
	if err != nil {
		return bad(err)
	}
	list := make([]map[string]any, 0, min(rows.N, 64))
	for i := range rows.N {
		row := lazy{rows: &rows, at: i}
		ok, err := keep(row.field)
		if err != nil {
			return bad(err)
		}
		if ok {
			list = append(list, row.whole())
		}
	}
	if err := orderRows(list, c.Query.Get("orderby")); err != nil {
		return bad(err)
	}
	size := len(list)
	if list, err = limitRows(list, c.Query.Get("limit")); err != nil {
		return bad(err)
	}
	return OK(map[string]any{"last_notify": revision, "list": list, "size": size})
}

// limitRows applies "count" or "offset,count".
func limitRows(list []map[string]any, limit string) ([]map[string]any, error) {
	if limit == "" {
		return list, nil
	}
	first, second, two := strings.Cut(limit, ",")
	if !two {
		first, second = "0", limit
	}
	offset, err1 := strconv.Atoi(strings.TrimSpace(first))
	count, err2 := strconv.Atoi(strings.TrimSpace(second))
	if err1 != nil || err2 != nil || offset < 0 || count < 0 {
		return nil, fmt.Errorf("limit %q is not a count or offset,count", limit)
	}
	offset = min(offset, len(list))
	return list[offset:min(offset+count, len(list))], nil
}

// orderRows sorts by "field [asc|desc], …"; null comes first.
func orderRows(list []map[string]any, orderby string) error {
	if orderby == "" || len(list) == 0 {
		return nil
	}
	type key struct {
		field string
		desc  bool
	}
	var keys []key
	for part := range strings.SplitSeq(orderby, ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words) > 2 {
			return fmt.Errorf("orderby %q is not understood", orderby)
		}
		k := key{field: words[0]}
		if len(words) == 2 {
			switch strings.ToLower(words[1]) {
			case "asc":
			case "desc":
				k.desc = true
			default:
				return fmt.Errorf("orderby %q: neither asc nor desc", orderby)
			}
		}
		if _, err := fieldOf(list[0], k.field); err != nil {
			return err
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(list, func(a, b map[string]any) int {
		for _, k := range keys {
			va, _ := fieldOf(a, k.field)
			vb, _ := fieldOf(b, k.field)
			if n := compareValues(va, vb); n != 0 {
				if k.desc {
					return -n
				}
				return n
			}
		}
		return 0
	})
	return nil
}
