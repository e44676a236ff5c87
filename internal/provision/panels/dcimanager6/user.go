package dcimanager6

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

func (d *dci6) listUsers(c *panel.Call) panel.Reply {
	owned := map[int]int{}
	for _, srv := range d.st.Servers {
		owned[srv.OwnerID]++
	}
	all := d.st.Users
	return isp6.ListOf(c, d.st.Revision, isp6.Rows{
		N: len(all),
		Make: func(i int) map[string]any {
			u := all[i]
			return map[string]any{
				"id": u.ID, "email": u.Email, "full_name": u.FullName, "phone_number": u.Phone,
				"server_count": owned[u.ID], "roles": []string{u.Role}, "vlans_per_user": 0,
			}
		},
		Plain: map[string]func(int) any{"id": func(i int) any { return all[i].ID }, "email": func(i int) any { return all[i].Email }},
	})
}

// createUser adds a client. Passwords are checked for presence and forgotten:
// nobody but the administrator can sign in.
func (d *dci6) createUser(c *panel.Call) panel.Reply {
	in := struct {
		Email    string `json:"email"`
		FullName string `json:"full_name"`
		Password string `json:"password"`
		Phone    string `json:"phone_number"`
		Role     string `json:"role"`
	}{Role: "@user"}
	if _, bad := isp6.Body(c, &in, "email", "password"); bad != nil {
		return *bad
	}
	local, host, _ := strings.Cut(in.Email, "@")
	switch {
	case local == "" || host == "":
		return isp6.BadValue("email", "is no e-mail address")
	case in.Password == "":
		return isp6.BadValue("password", "is empty")
	case !slices.ContainsFunc(dciRoles, func(r dciNamed) bool { return r.Name == in.Role }):
		return isp6.BadValue("role", "names no role")
	}
	for _, u := range d.st.Users {
		if strings.EqualFold(u.Email, in.Email) {
			return isp6.Error(http.StatusBadRequest, isp6.CodeEmailTaken, "A user with this e-mail exists", map[string]any{"email": in.Email})
		}
	}
	u := dciUser{ID: d.st.nextID("user"), Email: in.Email, FullName: in.FullName, Phone: in.Phone, Role: in.Role}
	d.st.Users = append(d.st.Users, u)
	c.Changed = true
	return isp6.OK(map[string]any{"id": u.ID})
}

func (d *dci6) deleteUser(c *panel.Call) panel.Reply {
	id := c.ID(0)
	if d.st.user(id) == nil {
		return isp6.NotFound("user", c.Args[0])
	}
	if id == isp6.AdminID {
		return isp6.Error(http.StatusBadRequest, isp6.CodeUserInUse, "The first administrator stays", map[string]any{"id": id})
	}
	if slices.ContainsFunc(d.st.Servers, func(srv *dciServer) bool { return srv.OwnerID == id }) {
		return isp6.Error(http.StatusBadRequest, isp6.CodeUserInUse, "The user owns servers", map[string]any{"id": id})
	}
	d.st.Users = slices.DeleteFunc(d.st.Users, func(u dciUser) bool { return u.ID == id })
	c.Changed = true
	return isp6.OK(map[string]any{"id": id})
}

// userOf is the user of an address, who is made where there is none; 0 for no
// address.
func (d *dci6) userOf(email string) int {
	if email == "" {
		return 0
	}
	for _, u := range d.st.Users {
		if strings.EqualFold(u.Email, email) {
			return u.ID
		}
	}
	u := dciUser{ID: d.st.nextID("user"), Email: email, Role: "@user"}
	d.st.Users = append(d.st.Users, u)
	return u.ID
}
