package order

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
)

// serversParameter names the servers whose bandwidth is bought; it is not one that a product type asks for.
const serversParameter = "servers"

// checkParameters checks the values of a wish against what the tariff asks for, and brings them into the form in which they
// are kept.
func checkParameters(ctx context.Context, tx Lookup, p *Prepared, fields *fault.Fields) error {
	asked, err := tx.ParametersOf(ctx, p.Tariff.ProductType)
	if err != nil {
		return err
	}
	modules, err := tx.ModulesByIDs(ctx, p.Tariff.Offer.ModuleIDs)
	if err != nil {
		return err
	}
	given := catalog.Answers{}
	for code, raw := range p.Parameters {
		given[code] = raw
	}
	bandwidth := p.Tariff.ProductType == product.DedicatedBandwidth
	if bandwidth {
		delete(given, serversParameter)
		readServers(p, fields)
	}
	servers := p.Parameters[serversParameter]
	here := catalog.Candidates(p.Tariff.Offer, p.DataCenterID, modules)
	p.Parameters = catalog.NewQuestionnaire(p.Tariff.Offer, asked, here).Check(fields, given)
	if bandwidth && servers != nil {
		p.Parameters[serversParameter] = servers
	}
	return nil
}

// readServers reads the servers whose bandwidth is bought: at least one, none twice.
func readServers(p *Prepared, fields *fault.Fields) {
	const pointer = "/parameters/" + serversParameter
	raw, ok := p.Parameters[serversParameter]
	if !ok && p.forAnybody {
		return // the price is the same for all servers
	}
	if !ok {
		fields.Add(pointer, "required", "Name the servers whose bandwidth is bought.")
		return
	}
	if err := json.Unmarshal(raw, &p.Servers); err != nil {
		fields.Add(pointer, "wrong_type", "A list of service ids is expected.")
		return
	}
	if len(p.Servers) == 0 {
		fields.Add(pointer, "too_few", "At least one server is needed.")
	}
	seen := map[actor.ServiceID]bool{}
	for i, id := range p.Servers {
		if seen[id] {
			fields.Add(fmt.Sprintf("%s/%d", pointer, i), "duplicate_value", "This server is named twice.")
		}
		seen[id] = true
	}
}

// domain is what the client gave, else the tariff's template with its macros filled in.
func (p Prepared) domain(c client.Client, id actor.ServiceID) string {
	var given string
	if raw, ok := p.Parameters[product.DomainParameter]; ok && json.Unmarshal(raw, &given) == nil && given != "" {
		return given
	}
	user := c.Username
	if user == "" {
		user, _, _ = strings.Cut(c.Email, "@")
	}
	return catalog.Domain(p.Tariff.Offer.DefaultDomainTemplate, catalog.DomainFields{
		Username: user, ProductType: p.Tariff.ProductType, ServiceID: string(id), ClientID: string(c.ID),
	})
}
