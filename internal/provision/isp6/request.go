package isp6

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Places are what the braces of a path stand for, by their names.
type Places map[string]string

// Request makes a call of an endpoint, "POST /vm/v3/host/{id}/start". These panels want a body with every POST, be it empty.
func Request(endpoint string, fill Places, body any) panelhttp.Request {
	method, path, _ := strings.Cut(endpoint, " ")
	for name, value := range fill {
		path = strings.ReplaceAll(path, "{"+name+"}", url.QueryEscape(value))
	}
	if method == http.MethodPost && body == nil {
		body = struct{}{}
	}
	return panelhttp.Request{Method: method, Path: path, Body: body}
}
