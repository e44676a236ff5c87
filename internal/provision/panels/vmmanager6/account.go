package vmmanager6

import (
	"slices"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

func (v *vm6) listAccounts(c *panel.Call) panel.Reply {
	rep := v.st.Accounts.List(c, v.st.Revision, func(a isp6.User) map[string]any {
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
	})
	if body, ok := rep.Body.(map[string]any); ok {
		delete(body, "size") // this list does not tell it
	}
	return rep
}

// createAccount adds a client.
func (v *vm6) createAccount(c *panel.Call) panel.Reply {
	a, bad := v.st.Accounts.NewUser(c, "", "@user", "@advanced_user", "@admin")
	if bad != nil {
		return *bad
	}
	c.Changed = true
	return isp6.OK(map[string]any{"id": v.addAccount(a)})
}

func (v *vm6) addAccount(a isp6.User) int {
	a.ID = v.st.NextID("account")
	v.st.Accounts = append(v.st.Accounts, a)
	return a.ID
}

func (v *vm6) deleteAccount(c *panel.Call) panel.Reply {
	return v.st.Accounts.Delete(c, "hosts", func(account int) bool {
		return slices.ContainsFunc(v.st.Hosts, func(h *vmHost) bool { return h.AccountID == account })
	})
}
