package isp6

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

const (
	pageRows  = 500
	mostPages = 200
)

// List reads all rows of a list, page by page in the order of their ids so that no row is met twice or missed.
func List[Row any](ctx context.Context, c *Client, path string, where Cond) ([]Row, error) {
	var rows []Row
	for range mostPages {
		r := panelhttp.Request{Method: http.MethodGet, Path: listPath(path, where, len(rows))}
		var page struct {
			List []Row `json:"list"`
			Size *int  `json:"size"` // the total; some lists do not tell it
		}
		if err := c.Call(ctx, r, &page); err != nil {
			return nil, err
		}
		rows = append(rows, page.List...)
		told := page.Size != nil && len(rows) >= *page.Size
		// A list that ignores paging answers whole, and without a total: more rows than asked for are all there are.
		if len(page.List) == 0 || told || len(page.List) != pageRows && page.Size == nil {
			return rows, nil
		}
	}
	return nil, provision.NewUnavailable(nil, "GET %s: the list does not end", path)
}

func listPath(path string, where Cond, offset int) string {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	query := sep + "orderby=id+asc&limit=" + strconv.Itoa(offset) + "," + strconv.Itoa(pageRows)
	if where != "" {
		query += "&where=" + escape(string(where))
	}
	return path + query
}
