package coremgr

import (
	"regexp"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
)

var notForNames = regexp.MustCompile(`[^a-z0-9]+`)

// UserName is a client's user in a panel. A panel has its own users, an admin among them, and clients of several providers may go
// by one name, so a piece of the client's id is part of it.
func UserName(c provision.Client) string {
	const most, tail = 20, 8
	own := strings.Trim(notForNames.ReplaceAllString(strings.ToLower(c.Username), "-"), "-")
	own = strings.TrimRight(own[:min(len(own), most)], "-")
	id := notForNames.ReplaceAllString(strings.ToLower(string(c.ID)), "")
	return strings.TrimPrefix(own+"-"+id[max(0, len(id)-tail):], "-")
}
