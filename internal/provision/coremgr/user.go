package coremgr

import (
	"cmp"
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

// PanelUser is the parameter by which a service that was taken over knows whose its server is in the panel, where users of other
// making have names of their own.
const PanelUser = "panel_user"

// Owns tells whether the owner that a panel names is the client: as the user that this program made for it, or as the one whose
// servers were taken over.
func Owns(owner string, spec provision.Spec) bool {
	return owner != "" && (strings.EqualFold(owner, UserName(spec.Client)) || strings.EqualFold(owner, spec.Parameter(PanelUser)))
}

// Email is the address of a server's owner for people: the client's, else what the panel knows of the user, by names in small
// letters, else the user's name.
func Email(owner string, emails map[string]string, spec provision.Spec) string {
	if Owns(owner, spec) {
		return spec.Client.Email
	}
	return cmp.Or(emails[strings.ToLower(owner)], owner)
}
