package isp6

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// User is somebody whom the auth service of a panel knows.
type User struct {
	ID       int    `json:"id"`
	Email    string `json:"email"`
	FullName string `json:"full_name"`
	Phone    string `json:"phone_number"`
	Role     string `json:"role"`
}

// Users are all of a panel.
type Users []User

// FirstUsers is the administrator alone.
func FirstUsers() Users {
	return Users{{ID: AdminID, Email: AdminEmail, FullName: "Administrator", Role: "@admin"}}
}

// Find returns a user by id, or nil.
func (all Users) Find(id int) *User {
	return panel.ByID(all, id, func(u *User) int { return u.ID })
}

// Of returns the user of an e-mail address, or nil.
func (all Users) Of(email string) *User {
	for i := range all {
		if strings.EqualFold(all[i].Email, email) {
			return &all[i]
		}
	}
	return nil
}

// List answers the users; row is how the panel shows one.
func (all Users) List(c *panel.Call, revision int, row func(User) map[string]any) panel.Reply {
	return ListOf(c, revision, Rows{
		N: len(all), Make: func(i int) map[string]any { return row(all[i]) },
		Plain: map[string]func(int) any{"id": func(i int) any { return all[i].ID }, "email": func(i int) any { return all[i].Email }},
	})
}

// NewUser reads a call that makes a user of one of the roles, who has no id
// yet; without a usual role the call must name one. Passwords are checked for
// presence and forgotten: nobody but the administrator can sign in.
func (all Users) NewUser(c *panel.Call, usualRole string, roles ...string) (User, *panel.Reply) {
	in := struct {
		Email    string `json:"email"`
		FullName string `json:"full_name"`
		Password string `json:"password"`
		Phone    string `json:"phone_number"`
		Role     string `json:"role"`
	}{Role: usualRole}
	required := []string{"email", "password"}
	if usualRole == "" {
		required = append(required, "role")
	}
	if _, bad := Body(c, &in, required...); bad != nil {
		return User{}, bad
	}
	refuse := func(rep panel.Reply) (User, *panel.Reply) { return User{}, &rep }
	local, host, _ := strings.Cut(in.Email, "@")
	switch {
	case local == "" || host == "":
		return refuse(BadValue("email", "is no e-mail address"))
	case in.Password == "":
		return refuse(BadValue("password", "is empty"))
	case !slices.Contains(roles, in.Role):
		return refuse(BadValue("role", "names no role"))
	case all.Of(in.Email) != nil:
		return refuse(Error(http.StatusBadRequest, codeEmailTaken, "A user with this e-mail exists", map[string]any{"email": in.Email}))
	}
	return User{Email: in.Email, FullName: in.FullName, Phone: in.Phone, Role: in.Role}, nil
}

// Delete takes the user away whom the call's path names; whoever owns what
// the panel is for, and the first administrator, stay.
func (all *Users) Delete(c *panel.Call, what string, owns func(user int) bool) panel.Reply {
	id := c.ID(0)
	refuse := func(why string) panel.Reply {
		return Error(http.StatusBadRequest, codeUserInUse, why, map[string]any{"id": id})
	}
	switch {
	case all.Find(id) == nil:
		return NotFound("user", c.Args[0])
	case id == AdminID:
		return refuse("The first administrator stays")
	case owns(id):
		return refuse("The user owns " + what)
	}
	*all = slices.DeleteFunc(*all, func(u User) bool { return u.ID == id })
	c.Changed = true
	return OK(map[string]any{"id": id})
}
