package client

import "github.com/tariffd/tariffd/internal/money"

// Covers tells whether a client with this balance may spend an amount: prepaid ones what they have, credit_limit ones down
// to minus the limit, postpaid ones always.
func (s Settlement) Covers(balance, amount money.Amount) bool {
	switch s.Mode {
	case Postpaid:
		return true
	case CreditLimit:
		return balance.Decimal().Add(s.Limit).Cmp(amount.Decimal()) >= 0
	default:
		return balance.Decimal().Cmp(amount.Decimal()) >= 0
	}
}
