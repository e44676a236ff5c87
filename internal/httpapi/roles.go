package httpapi

import (
	"slices"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
)

// Who may call an operation stands beside it in the contract (x-roles, x-scope); which members of a body are not for
// everybody who may call it stands here.
var forbidden = map[string]map[actor.Role][]string{
	"createClient": {
		actor.Storefront: {"group_id", "phone_verified", "settlement"},
	},
	"updateClient": {
		actor.Storefront: {"group_id", "phone_verified", "settlement"},
		actor.Client:     {"group_id", "phone_verified", "settlement", "status"},
	},
}

// checkRole answers insufficient_scope when the key's role, or a storefront's scopes, do not reach to the operation.
func (c *call) checkRole() error {
	refused := fault.New(fault.Forbidden, "insufficient_scope", "This key may not do this.")
	if !c.op.roles[c.key.Role] {
		return refused
	}
	if c.op.scope != "" && c.key.Role != actor.Admin && !slices.Contains(c.key.Scopes, c.op.scope) {
		return refused
	}
	return nil
}

// checkFields answers field_forbidden when the body names a member that the role may not write, whatever its value.
func (c *call) checkFields(value any) error {
	body, _ := value.(map[string]any)
	var f fault.Fields
	if c.key != nil {
		for _, name := range forbidden[c.op.id][c.key.Role] {
			if _, ok := body[name]; ok {
				f.Add("/"+name, "field_forbidden", "This key may not write this member.")
			}
		}
	}
	if len(f) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Forbidden, Code: "field_forbidden", Message: "This key may not write everything that was sent.", Fields: f}
}
