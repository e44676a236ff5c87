package pricing

import (
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/money"
)

// Refund is what an early close gives back of what was paid for a period: round(paid × n/of), n whole days being left of
// so many (D8). It is never more than was paid.
func Refund(paid money.Amount, n, of int) money.Amount {
	switch {
	case n <= 0 || of <= 0:
		return money.Zero(paid.Currency())
	case n >= of:
		return paid
	default:
		return paid.Share(n, of)
	}
}

// OveragePrice is what a month's or day's total of a statistics add-on costs, exactly: (total − included) × price, nothing
// below the included amount (D14). Total and included are in the overage unit. It is not rounded, because a month is
// rounded once (D6): the steps of its days are differences of rounded cumulative sums.
func OveragePrice(total, included, price decimal.Decimal) decimal.Decimal {
	over := total.Sub(included)
	if !over.IsPositive() {
		return decimal.Zero
	}
	return over.Mul(price)
}
