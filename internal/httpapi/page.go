package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
)

// cursor is where a list goes on. It is bound to the filters and the order, because with others the place means nothing.
type cursor struct {
	After   string `json:"a"`
	Filters string `json:"f"`
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

// pageOf reads limit, cursor and order of a list. A cursor that is not one, or of other filters, is bad_cursor.
func pageOf(ctx context.Context) (actor.Page, error) {
	p, err := seekOf(ctx)
	if err == nil && p.After != "" && !isID(p.After) {
		err = errBadCursor
	}
	return p, err
}

// seekOf is pageOf for lists that do not go by ids: After is whatever nextAt was given.
func seekOf(ctx context.Context) (actor.Page, error) {
	query := callOf(ctx).request.URL.Query()
	p := actor.Page{Limit: defaultLimit, Desc: query.Get("order") == "desc"}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return p, (fault.Fields{{Parameter: "limit", Code: "out_of_range", Detail: "A number from 1 to 200 is expected."}}).Err()
		}
		p.Limit = n
	}
	text := query.Get("cursor")
	if text == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	var c cursor
	if err != nil || json.Unmarshal(raw, &c) != nil || c.After == "" || c.Filters != filters(ctx, query) {
		return p, errBadCursor
	}
	p.After = c.After
	return p, nil
}

var errBadCursor = &fault.Error{
	Kind: fault.Malformed, Code: "bad_cursor", Message: "The cursor is not one of this list with these filters.",
	Fields: fault.Fields{{Parameter: "cursor", Code: "bad_cursor", Detail: "The cursor is not one of this list with these filters."}},
}

// filters is a short hash of the path and of everything in the query but the page.
func filters(ctx context.Context, query url.Values) string {
	rest := url.Values{}
	for name, values := range query {
		if name != "limit" && name != "cursor" {
			rest[name] = values
		}
	}
	if rest.Get("order") == "asc" {
		rest.Del("order")
	}
	sum := sha256.Sum256([]byte(callOf(ctx).request.URL.Path + "?" + rest.Encode()))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// cut takes one page off the rows that were fetched, which may be one more than the page holds, and makes the cursor to
// the next one; it also sets the Link header.
func cut[T any](ctx context.Context, p actor.Page, rows []T, idOf func(T) string) ([]T, *string) {
	if len(rows) <= p.Limit {
		return rows, nil
	}
	rows = rows[:p.Limit]
	return rows, nextAt(ctx, idOf(rows[len(rows)-1]))
}

// nextAt makes the cursor that goes on after a place, and sets the Link header.
func nextAt(ctx context.Context, after string) *string {
	c := callOf(ctx)
	text := cursorAt(ctx, after)
	query := c.request.URL.Query()
	query.Set("cursor", *text)
	c.answer.Header().Set("Link", "<"+c.request.URL.Path+"?"+query.Encode()+`>; rel="next"`)
	return text
}

func cursorAt(ctx context.Context, after string) *string {
	raw, _ := json.Marshal(cursor{After: after, Filters: filters(ctx, callOf(ctx).request.URL.Query())})
	text := base64.RawURLEncoding.EncodeToString(raw)
	return &text
}
