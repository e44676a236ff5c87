package panel

import "strings"

// Routes are a panel's calls by method and path, such as
// "GET /dci/v3/server/{id}". A part in braces takes any one segment.
type Routes map[string]func(c *Call) Reply

// Find looks a call up and leaves the variable parts in c.Args. Where two
// patterns fit, the one with fewer braces is meant. elsewhere tells that the
// path is there with another method only.
func (r Routes) Find(c *Call) (run func(*Call) Reply, elsewhere bool) {
	for pattern, candidate := range r {
		method, path, _ := strings.Cut(pattern, " ")
		args, ok := matchPath(path, c.Path)
		switch {
		case !ok:
		case method != c.Method:
			elsewhere = true
		case run == nil || len(args) < len(c.Args):
			run, c.Args = candidate, args
		}
	}
	return run, elsewhere && run == nil
}

// matchPath returns the segments that stand where the pattern has braces.
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
