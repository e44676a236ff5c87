package dcimanager6

import (
	"slices"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

func (d *dci6) listUsers(c *panel.Call) panel.Reply {
	owned := map[int]int{}
	for _, srv := range d.st.Servers {
		owned[srv.OwnerID]++
	}
	return d.st.Users.List(c, d.st.Revision, func(u isp6.User) map[string]any {
		return map[string]any{
			"id": u.ID, "email": u.Email, "full_name": u.FullName, "phone_number": u.Phone,
			"server_count": owned[u.ID], "roles": []string{u.Role}, "vlans_per_user": 0,
		}
	})
}

// createUser adds a client.
func (d *dci6) createUser(c *panel.Call) panel.Reply {
	u, bad := d.st.Users.NewUser(c, "@user", "@admin", "@user")
	if bad != nil {
		return *bad
	}
	c.Changed = true
	return isp6.OK(map[string]any{"id": d.addUser(u)})
}

func (d *dci6) addUser(u isp6.User) int {
	u.ID = d.st.NextID("user")
	d.st.Users = append(d.st.Users, u)
	return u.ID
}

func (d *dci6) deleteUser(c *panel.Call) panel.Reply {
	return d.st.Users.Delete(c, "servers", func(user int) bool {
		return slices.ContainsFunc(d.st.Servers, func(srv *dciServer) bool { return srv.OwnerID == user })
	})
}

// userOf is the user of an address, who is made where there is none; 0 for no
// address.
func (d *dci6) userOf(email string) int {
	if email == "" {
		return 0
	}
	if u := d.st.Users.Of(email); u != nil {
		return u.ID
	}
	return d.addUser(isp6.User{Email: email, Role: "@user"})
}
