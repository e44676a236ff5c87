package vmmanager6

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

func (v *vm6) listAccounts(c *panel.Call) panel.Reply {
	all := v.st.Accounts
	row := func(i int) map[string]any {
		a := all[i]
		count, sum, ids := 0, vmSize{}, []int{}
		for _, h := range v.st.Hosts {
			if h.AccountID == a.ID {
				count++
				sum.CPU, sum.RAM, sum.Disk = sum.CPU+h.Size.CPU, sum.RAM+h.Size.RAM, sum.Disk+h.Size.Disk
				ids = append(ids, h.ID)
			}
		}
		return map[string]any{
			"id": a.ID, "email": a.Email, "state": "active", "auth_source": "local", "roles": []string{a.Role}, "host_count": count,
			"cpu_count": sum.CPU, "ram_mib": sum.RAM, "hdd_mib": sum.Disk, "host_ids": ids,
		}
	}
	rep := isp6.ListOf(c, v.st.Revision, isp6.Rows{
		N: len(all), Make: row,
		Plain: map[string]func(int) any{"id": func(i int) any { return all[i].ID }, "email": func(i int) any { return all[i].Email }},
	})
	if body, ok := rep.Body.(map[string]any); ok {
		delete(body, "size") // this list does not tell it
	}
	return rep
}

// createAccount adds a client. Passwords are checked for presence and
// forgotten: nobody but the administrator can sign in.
func (v *vm6) createAccount(c *panel.Call) panel.Reply {
	in := struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Role     string `json:"role"`
		FullName string `json:"full_name"`
		Phone    string `json:"phone_number"`
	}{}
	if _, bad := isp6.Body(c, &in, "email", "password", "role"); bad != nil {
		return *bad
	}
	local, host, _ := strings.Cut(in.Email, "@")
	switch {
	case local == "" || host == "":
		return isp6.BadValue("email", "is no e-mail address")
	case in.Password == "":
		return isp6.BadValue("password", "is empty")
	case !slices.Contains([]string{"@user", "@advanced_user", "@admin"}, in.Role):
		return isp6.BadValue("role", "names no role")
	}
	for _, a := range v.st.Accounts {
		if strings.EqualFold(a.Email, in.Email) {
			return isp6.Error(http.StatusBadRequest, isp6.CodeEmailTaken, "An account with this e-mail exists", map[string]any{"email": in.Email})
		}
	}
	return isp6.OK(map[string]any{"id": v.addAccount(c, in.Email, in.FullName, in.Phone, in.Role)})
}

func (v *vm6) addAccount(c *panel.Call, email, name, phone, role string) int {
	a := vmAccount{ID: v.st.nextID("account"), Email: email, FullName: name, Phone: phone, Role: role}
	v.st.Accounts = append(v.st.Accounts, a)
	c.Changed = true
	return a.ID
}

func (v *vm6) deleteAccount(c *panel.Call) panel.Reply {
	id := c.ID(0)
	switch {
	case v.st.account(id) == nil:
		return isp6.NotFound("user", c.Args[0])
	case id == isp6.AdminID:
		return isp6.Error(http.StatusBadRequest, isp6.CodeUserInUse, "The first administrator stays", map[string]any{"id": id})
	case slices.ContainsFunc(v.st.Hosts, func(h *vmHost) bool { return h.AccountID == id }):
		return isp6.Error(http.StatusBadRequest, isp6.CodeUserInUse, "The user owns hosts", map[string]any{"id": id})
	}
	v.st.Accounts = slices.DeleteFunc(v.st.Accounts, func(a vmAccount) bool { return a.ID == id })
	c.Changed = true
	return isp6.OK(map[string]any{"id": id})
}
