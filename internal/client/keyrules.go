package client

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// The extra rights that a storefront's key may carry.
var keyScopes = map[string]bool{"payments:confirm": true, "statistics:write": true}

// owner says whose key it becomes: nobody's for staff, a provider's for storefronts, a client's (and its provider's) for
// clients.
func (in KeyInput) owner(ctx context.Context, tx Tx) (actor.ProviderID, error) {
	var f fault.Fields
	switch {
	case in.Role != actor.Admin && in.Role != actor.Storefront && in.Role != actor.Client:
		f.Add("/role", "unknown_value", "The role is admin, storefront or client.")
	case in.Role == actor.Admin && in.ProviderID != "":
		f.Add("/provider_id", "bad_value", "An admin key belongs to no provider.")
	case in.Role == actor.Storefront && in.ProviderID == "":
		f.Add("/provider_id", "required", "A storefront key belongs to a provider.")
	}
	if in.Role == actor.Client && in.ClientID == "" {
		f.Add("/client_id", "required", "A client key belongs to a client.")
	}
	if in.Role != actor.Client && in.ClientID != "" {
		f.Add("/client_id", "bad_value", "Only a client key belongs to a client.")
	}
	if err := f.Err(); err != nil || in.Role == actor.Admin {
		return "", err
	}
	if in.Role == actor.Storefront {
		p, err := tx.ShareProvider(ctx, in.ProviderID)
		return p.ID, asField(err, "/provider_id", "There is no such provider.")
	}
	c, err := tx.LockClient(ctx, in.ClientID)
	if err == nil && in.ProviderID != "" && in.ProviderID != c.ProviderID {
		return "", fault.New(fault.Invalid, "bad_value", "The client belongs to another provider.").At("/provider_id")
	}
	return c.ProviderID, asField(err, "/client_id", "There is no such client.")
}

func (in KeyInput) check(wall time.Time) ([]netip.Prefix, error) {
	var f fault.Fields
	input.CheckText(&f, "/name", in.Name, 1, 200)
	for i, s := range in.Scopes {
		switch at := "/scopes/" + strconv.Itoa(i); {
		case !keyScopes[s]:
			f.Add(at, "unknown_value", "There is no such scope.")
		case in.Role != actor.Storefront:
			f.Add(at, "bad_value", "Only storefront keys take scopes.")
		}
	}
	var ranges []netip.Prefix
	for i, text := range in.AllowedIPs {
		p, err := parseRange(text)
		if err != nil {
			f.Add("/allowed_ips/"+strconv.Itoa(i), "bad_format", "An IP address or a CIDR range is expected.")
		}
		ranges = append(ranges, p)
	}
	if in.ExpiresAt != nil && !wall.Before(*in.ExpiresAt) {
		f.Add("/expires_at", "out_of_range", "That moment is over.")
	}
	if in.RateLimit != nil && *in.RateLimit < 1 {
		f.Add("/rate_limit", "out_of_range", "At least one request is expected.")
	}
	return ranges, f.Err()
}

func parseRange(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// asField turns "there is no such thing" into a fault of the member that named it.
func asField(err error, pointer, message string) error {
	if fault.Has(err, "not_found") {
		return fault.New(fault.Invalid, "not_found", "%s", message).At(pointer)
	}
	return err
}
