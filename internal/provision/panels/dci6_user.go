package panels

import (
	"net/http"
	"slices"
	"strings"
)

func (d *dci6) listUsers(c *call) reply {
	owned := map[int]int{}
	for _, srv := range d.st.Servers {
		owned[srv.OwnerID]++
	}
	rows := make([]map[string]any, 0, len(d.st.Users))
	for _, u := range d.st.Users {
		rows = append(rows, map[string]any{
			"id": u.ID, "email": u.Email, "full_name": u.FullName, "phone_number": u.Phone,
			"server_count": owned[u.ID], "roles": []string{u.Role}, "vlans_per_user": 0,
		})
	}
	return isp6List(c, d.st.Revision, rows)
}

// createUser adds a client. Passwords are checked for presence and forgotten:
// nobody but the administrator can sign in.
func (d *dci6) createUser(c *call) reply {
	in := struct {
		Email    string `json:"email"`
		FullName string `json:"full_name"`
		Password string `json:"password"`
		Phone    string `json:"phone_number"`
		Role     string `json:"role"`
	}{Role: "@user"}
	if _, bad := isp6Body(c, &in, "email", "password"); bad != nil {
		return *bad
	}
	local, host, _ := strings.Cut(in.Email, "@")
	switch {
	case local == "" || host == "":
		return isp6BadValue("email", "is no e-mail address")
	case in.Password == "":
		return isp6BadValue("password", "is empty")
	case !slices.ContainsFunc(dciRoles, func(r dciNamed) bool { return r.Name == in.Role }):
		return isp6BadValue("role", "names no role")
	}
	for _, u := range d.st.Users {
		if strings.EqualFold(u.Email, in.Email) {
			return isp6Error(http.StatusBadRequest, codeEmailTaken, "A user with this e-mail exists", map[string]any{"email": in.Email})
		}
	}
	u := dciUser{ID: d.st.nextID("user"), Email: in.Email, FullName: in.FullName, Phone: in.Phone, Role: in.Role}
	d.st.Users = append(d.st.Users, u)
	c.changed = true
	return isp6OK(map[string]any{"id": u.ID})
}

func (d *dci6) deleteUser(c *call) reply {
	id := c.id(0)
	if d.st.user(id) == nil {
		return isp6NotFound("user", c.args[0])
	}
	if id == isp6AdminID {
		return isp6Error(http.StatusBadRequest, codeUserInUse, "The first administrator stays", map[string]any{"id": id})
	}
	if slices.ContainsFunc(d.st.Servers, func(srv *dciServer) bool { return srv.OwnerID == id }) {
		return isp6Error(http.StatusBadRequest, codeUserInUse, "The user owns servers", map[string]any{"id": id})
	}
	d.st.Users = slices.DeleteFunc(d.st.Users, func(u dciUser) bool { return u.ID == id })
	c.changed = true
	return isp6OK(map[string]any{"id": id})
}
