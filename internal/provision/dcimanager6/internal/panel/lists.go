package panel

import (
	"context"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// User is an account of the panel.
type User struct {
	ID    int    `json:"id"`
	Email string `json:"email"`
}

// NewUser is what an account is made of.
type NewUser struct{ Email, FullName, Phone, Password string }

// UserByEmail finds an account.
func (p *Panel) UserByEmail(ctx context.Context, email string) (User, bool, error) {
	rows, err := list[User](ctx, p, Users, isp6.Eq("email", email))
	if err != nil {
		return User{}, false, err
	}
	for _, u := range rows {
		if strings.EqualFold(u.Email, email) {
			return u, true, nil
		}
	}
	return User{}, false, nil
}

// CreateUser makes an account with the rights of a customer.
func (p *Panel) CreateUser(ctx context.Context, u NewUser) (int, error) {
	body := map[string]any{
		"email": u.Email, "full_name": u.FullName, "password": u.Password, "role": p.dialect.names["user_role"],
	}
	if u.Phone != "" {
		body["phone_number"] = u.Phone
	}
	var answer struct {
		ID int `json:"id"`
	}
	err := p.call(ctx, UserCreate, nil, body, &answer, u.Password)
	return answer.ID, err
}

// OSTemplate is an operating system that the panel installs.
type OSTemplate struct {
	ID   int      `json:"id"`
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

// OSTemplates lists the operating systems.
func (p *Panel) OSTemplates(ctx context.Context) ([]OSTemplate, error) {
	return list[OSTemplate](ctx, p, OSTemplates, "")
}

// Recovers tells whether a template is a recovery system, by its tag.
func (p *Panel) Recovers(t OSTemplate) bool {
	return slices.ContainsFunc(t.Tags, func(tag string) bool { return strings.EqualFold(tag, p.dialect.names["recovery_tag"]) })
}

// Script is a script that can run after an installation.
type Script struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Access string `json:"access"`
}

// Public tells whether customers may order the script.
func (s Script) Public() bool { return strings.EqualFold(s.Access, "all") }

// Scripts lists the scripts.
func (p *Panel) Scripts(ctx context.Context) ([]Script, error) {
	return list[Script](ctx, p, Scripts, "")
}

// Place is a location.
type Place struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// Locations lists the locations.
func (p *Panel) Locations(ctx context.Context) ([]Place, error) {
	return list[Place](ctx, p, Locations, "")
}

// Pool is a set of addresses. That a pool tells whom it serves is inferred, like its purpose.
type Pool struct {
	ID         int    `json:"id"`
	Name       string `json:"name"`
	Purpose    string `json:"purpose"`
	LocationID int    `json:"location_id"` // 0: of no location
	RackID     int    `json:"rack_id"`     // 0: of no rack
	IPv4       Fill   `json:"ipv4"`
	IPv6       Fill   `json:"ipv6"`
}

// Fill is how many addresses of one family a pool has; builds tell either the free or the used ones.
type Fill struct {
	Total int  `json:"total"`
	Free  *int `json:"free"`
	Used  *int `json:"used"`
}

// Left returns how many addresses are free.
func (f Fill) Left() int {
	switch {
	case f.Free != nil:
		return *f.Free
	case f.Used != nil:
		return f.Total - *f.Used
	}
	return f.Total
}

// Parking tells whether the panel keeps the pool for servers that are nobody's.
func (p Pool) Parking() bool { return p.Purpose == "deallocation" }

// Pools lists the pools of addresses.
func (p *Panel) Pools(ctx context.Context) ([]Pool, error) {
	return list[Pool](ctx, p, Pools, "")
}

// Configuration is a sort of server, with how many of them are free anywhere.
type Configuration struct {
	Name string `json:"configuration"`
	Free int    `json:"free_server_count"`
}

// Configurations lists the sorts of servers. This list has neither order nor paging.
func (p *Panel) Configurations(ctx context.Context) ([]Configuration, error) {
	var answer struct {
		List []Configuration `json:"list"`
	}
	err := p.call(ctx, Configurations, nil, nil, &answer)
	return answer.List, err
}
