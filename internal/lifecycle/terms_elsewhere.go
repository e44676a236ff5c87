package lifecycle

import (
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// beyond is what an imported service's new terms cost in a period that was paid elsewhere, and which items are charged anew for
// it: those that change, and those that what was paid covers no longer or covers now. In is what whole was priced by. The old
// terms count with what they would have cost (D9), but nothing comes back that was not paid here.
func (e *Engine) beyond(p *plan, s service.Service, in pricing.Input, paid charge.PaidPeriod, whole pricing.Quote, changes func(string) bool,
) ([]pricing.Line, func(item string) bool, error) {
	in.Offer, in.Values = p.old, pricing.Kept(p.old, s.AddOns, s.Period)
	before, err := pricing.Price(in)
	if err != nil {
		return nil, nil, err
	}
	old, was := paid.Elsewhere.Beyond(s, before.Lines)
	due, is := paid.Elsewhere.Beyond(p.after, whole.Lines)
	p.less = p.less || is.Cmp(was) < 0
	byItem := map[string]pricing.Line{}
	for _, l := range old {
		byItem[l.Code] = l
	}
	moved := map[string]bool{}
	for _, l := range due {
		o, had := byItem[l.Code]
		moved[l.Code] = !had || o.Amount.Cmp(l.Amount) != 0
		delete(byItem, l.Code)
	}
	for item := range byItem {
		moved[item] = true
	}
	return due, func(item string) bool { return changes(item) || moved[item] }, nil
}
