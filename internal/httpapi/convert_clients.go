package httpapi

import (
	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/money"
)

func fromAPIClientCreate(b api.ClientCreate) (in client.Input, err error) {
	in = client.Input{
		ProviderID: actor.ProviderID(orEmpty(b.ProviderID)), Email: b.Email, Name: orEmpty(b.Name), Country: orEmpty(b.Country),
		Region: orEmpty(b.Region), Username: orEmpty(b.Username), Phone: orEmpty(b.Phone), TimeZone: orEmpty(b.TimeZone),
		PhoneVerified: b.PhoneVerified != nil && *b.PhoneVerified, GroupID: client.GroupID(orEmpty(b.GroupID)),
	}
	if b.Settlement != nil {
		in.Settlement, err = fromAPISettlement(*b.Settlement)
	}
	return in, err
}

func fromAPIClientPatch(b api.ClientPatch) (client.Change, error) {
	in := client.Change{
		Email: b.Email, Name: patched(b.Name), Country: patched(b.Country), Region: patched(b.Region), Username: patched(b.Username),
		Phone: patched(b.Phone), PhoneVerified: b.PhoneVerified, TimeZone: b.TimeZone,
		GroupID: as[client.GroupID](patched(b.GroupID)),
	}
	if b.Status != nil {
		status := client.Status(*b.Status)
		in.Status = &status
	}
	if b.Settlement != nil {
		settlement, err := fromAPISettlement(*b.Settlement)
		if err != nil {
			return in, err
		}
		in.Settlement = &settlement
	}
	return in, nil
}

func fromAPISettlement(b api.SettlementInput) (client.SettlementInput, error) {
	in := client.SettlementInput{Mode: client.Mode(b.Mode)}
	if b.Limit != nil {
		limit, err := fromAPIMoney(*b.Limit, "/settlement/limit")
		if err != nil {
			return in, err
		}
		in.Limit = &limit
	}
	return in, nil
}

func toAPIClient(c client.Client) api.Client {
	settlement := api.Settlement{Mode: api.SettlementMode(c.Settlement.Mode)}
	if c.Settlement.Mode == client.CreditLimit {
		limit := toAPIMoney(money.New(c.Settlement.Limit, c.Currency))
		settlement.Limit = &limit
	}
	return api.Client{
		ID: string(c.ID), ProviderID: string(c.ProviderID), Email: c.Email, Name: orNull(c.Name), Country: orNull(c.Country),
		Region: orNull(c.Region), Username: orNull(c.Username), Phone: orNull(c.Phone), PhoneVerified: c.PhoneVerified,
		GroupID:  orNull(c.GroupID),
		TimeZone: c.TimeZone, Status: api.ClientStatus(c.Status), Settlement: settlement, Balance: toAPIMoney(c.Balance),
		Held: toAPIMoney(c.Held), CreatedAt: c.CreatedAt,
	}
}
