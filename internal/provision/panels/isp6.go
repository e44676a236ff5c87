package panels

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// What the panels of the sixth generation share: the error object, strict
// bodies, routes, and lists. The vendor's numbers are known for 1000 and 3008
// alone; the others are ours.
const (
	codeUnauthorized = 1000
	codeInternal     = 3000
	codeBadBody      = 3003
	codeNotFound     = 3004
	codeBadQuery     = 3005
	codeBadValue     = 3006
	codeUnknownField = 3008
	codeAsleep       = 3503
	codeBusy         = 4001
	codeProtected    = 4002
	codePoolEmpty    = 4003
	codeUserInUse    = 4004
	codeEmailTaken   = 4005
	codeWrongState   = 4006
)

// isp6Error is the error object. value carries what the message is about.
func isp6Error(status, code int, msg string, value map[string]any) reply {
	if value == nil {
		value = map[string]any{}
	}
	return reply{status, map[string]any{"error": map[string]any{"code": code, "msg": msg, "value": value}}}
}

// isp6Failure is the error object for a bare status.
func isp6Failure(status int, text string) reply {
	code := codeInternal
	switch status {
	case http.StatusBadRequest:
		code = codeBadBody
	case http.StatusUnauthorized:
		code = codeUnauthorized
	case http.StatusServiceUnavailable:
		code = codeAsleep
	}
	return isp6Error(status, code, text, nil)
}

func isp6OK(body any) reply { return reply{http.StatusOK, body} }

func isp6NotFound(what string, id any) reply {
	return isp6Error(http.StatusNotFound, codeNotFound, "No such "+what, map[string]any{"id": id})
}

func isp6BadValue(field, why string) reply {
	return isp6Error(http.StatusBadRequest, codeBadValue, "Property "+field+" "+why, map[string]any{"property": field})
}

// isp6Body reads a call's body into a struct. The names must be exactly the
// struct's tags: Go alone would take "Owner" for "owner", and a driver that
// sends a field the panel does not know must learn it here. It returns the
// names that were sent, so that a null is told from an absence.
func isp6Body(c *call, into any, required ...string) (map[string]bool, *reply) {
	fail := func(code int, msg string) (map[string]bool, *reply) {
		rep := isp6Error(http.StatusBadRequest, code, msg, nil)
		return nil, &rep
	}
	body := bytes.TrimSpace(c.body)
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

// isp6Route is one vendor call. A part in braces takes any one segment.
type isp6Route struct {
	method, pattern string
	run             func(c *call) reply
}

// isp6Find looks the call up and leaves the variable parts in c.args.
func isp6Find(routes []isp6Route, c *call) (*isp6Route, reply) {
	elsewhere := false
	for i := range routes {
		args, ok := matchPath(routes[i].pattern, c.path)
		if !ok {
			continue
		}
		if routes[i].method == c.method {
			c.args = args
			return &routes[i], reply{}
		}
		elsewhere = true
	}
	if elsewhere {
		return nil, isp6Error(http.StatusMethodNotAllowed, codeNotFound, "No such method", nil)
	}
	return nil, isp6Error(http.StatusNotFound, codeNotFound, "No such function", nil)
}

func matchPath(pattern, path string) (args []string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	for i, part := range want {
		switch {
		case strings.HasPrefix(part, "{"):
			args = append(args, got[i])
		case part != got[i]:
			return nil, false
		}
	}
	return args, true
}

// id is the i-th variable part of the path as a number, 0 where it is none;
// no object has the id 0.
func (c *call) id(i int) int {
	n, err := strconv.Atoi(c.args[i])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// isp6List answers a list by the where, orderby and limit of the query. size
// is the count before limit.
func isp6List(c *call, revision int, rows []map[string]any) reply {
	bad := func(err error) reply {
		return isp6Error(http.StatusBadRequest, codeBadQuery, err.Error(), nil)
	}
	keep, err := parseWhere(c.query.Get("where"))
	if err != nil {
		return bad(err)
	}
	list := make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		ok, err := keep(row)
		if err != nil {
			return bad(err)
		}
		if ok {
			list = append(list, row)
		}
	}
	if err := orderRows(list, c.query.Get("orderby")); err != nil {
		return bad(err)
	}
	size := len(list)
	if list, err = limitRows(list, c.query.Get("limit")); err != nil {
		return bad(err)
	}
	return isp6OK(map[string]any{"last_notify": revision, "list": list, "size": size})
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
