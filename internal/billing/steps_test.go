package billing_test

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/service"
)

// step does one random thing in the house and in the books, and says what.
func (w *world) step() string {
	switch n := w.dice.IntN(100); {
	case n < 24:
		return w.pass()
	case n < 28:
		return w.fail()
	case n < 41:
		return w.earn()
	case n < 58:
		return w.purchase()
	case n < 62:
		return w.refund()
	default:
		p := w.purse()
		alive := p.live()
		if len(alive) == 0 {
			return w.pass()
		}
		return w.touch(p, alive[w.dice.IntN(len(alive))])
	}
}

// later is up to three and a half days from now, at a whole quarter of an hour.
func (w *world) later() time.Time {
	return w.now.Add(time.Duration(1+w.dice.IntN(3*24*4+48)) * 15 * time.Minute)
}

func (w *world) pass() string {
	until := w.later()
	w.house.live(until)
	w.books.live(until)
	return "time passes"
}

// fail is an outage: nothing runs until it is over.
func (w *world) fail() string {
	until := w.later().AddDate(0, 0, 3)
	w.outage(until)
	w.daily()
	w.now = until
	w.run()
	w.endings()
	w.useFreed()
	return "an outage"
}

func (w *world) earn() string {
	p, n := w.purse(), int64(1+w.dice.IntN(5000))
	paid := w.pay(p.id, text(n))
	before := p.cents
	p.cents += n
	p.payments = append(p.payments, &coin{id: paid.ID, cents: n})
	if before >= 0 {
		w.saw("paid without a debt")
	}
	w.arrived(p, "resumed by a payment")
	return "a payment"
}

func (w *world) purchase() string {
	ctx := context.Background()
	p, sort := w.purse(), w.wares[w.dice.IntN(len(w.wares))]
	if len(p.live()) > 7 {
		return "nothing"
	}
	auto := sort.period != "one_time" && w.dice.IntN(5) > 0
	wish := order.Wish{TariffID: w.tariffs[sort], Period: calendar.Period(sort.period), DataCenterID: w.place, AutoRenew: &auto}
	cost := sort.cents + sort.setup
	if w.dice.IntN(4) == 0 {
		return w.laterPaid(p, wish, &thing{sort: sort, auto: auto})
	}
	o, err := w.orders.Place(ctx, admin, order.PlaceInput{ClientID: p.id, Pay: order.PayBalance, Wishes: []order.Wish{wish}})
	require.NoError(w, err)
	if !p.covers(cost) {
		require.Equal(w, order.AwaitingPayment, o.Status)
		_, err = w.orders.Cancel(ctx, admin, o.ID)
		require.NoError(w, err)
		return "an order without money"
	}
	require.Equal(w, order.Completed, o.Status)
	w.open(p, &thing{id: o.Items[0].ServiceID, sort: sort, auto: auto})
	w.saw("bought")
	return "an order of " + sort.period
}

// laterPaid is an order that its own payment pays, or does not.
func (w *world) laterPaid(p *purse, wish order.Wish, t *thing) string {
	ctx := context.Background()
	o, err := w.orders.Place(ctx, admin, order.PlaceInput{ClientID: p.id, Pay: order.PayLater, Wishes: []order.Wish{wish}})
	require.NoError(w, err)
	n := t.sort.cents/2 + int64(w.dice.IntN(int(t.sort.cents)))
	paid, err := w.payments.Create(ctx, admin, payment.CreateInput{ClientID: p.id, Amount: cents(n), OrderID: string(o.ID), Status: payment.Paid})
	require.NoError(w, err)
	p.cents += n
	p.payments = append(p.payments, &coin{id: paid.ID, cents: n})
	if p.covers(t.sort.cents + t.sort.setup) {
		t.id = o.Items[0].ServiceID
		w.open(p, t)
		w.saw("bought later with a payment")
	} else {
		_, err = w.orders.Cancel(ctx, admin, o.ID)
		require.NoError(w, err)
	}
	w.arrived(p, "resumed by a payment")
	return "a payment of an order"
}

func (w *world) refund() string {
	p := w.purse()
	if len(p.payments) == 0 {
		return "nothing"
	}
	c := p.payments[w.dice.IntN(len(p.payments))]
	if c.refunded == c.cents {
		return "nothing"
	}
	n := int64(1 + w.dice.IntN(int(c.cents)))
	_, err := w.payments.Refund(context.Background(), admin, c.id, cents(n))
	if n > c.cents-c.refunded || n > p.cents {
		require.True(w, fault.Has(err, "refund_exceeds_unspent"), "%v", err)
		w.saw("refund refused")
		return "a refund of too much"
	}
	require.NoError(w, err)
	c.refunded += n
	p.cents -= n
	w.saw("refunded")
	return "a refund"
}

// touch does something to one service.
func (w *world) touch(p *purse, t *thing) string {
	people := []service.Reason{service.ByClient, service.ByAdmin, service.ForAbuse}
	switch w.dice.IntN(21) {
	case 0, 1, 2:
		why := people[w.dice.IntN(len(people))]
		w.suspend(t.id, why)
		w.stop(t, why)
		w.saw("suspended by people")
		return "suspended for " + string(why)
	case 3, 4, 5, 6:
		if t.status != service.Suspended {
			return "nothing"
		}
		if w.dice.IntN(2) == 0 {
			w.resume(t.id, lifecycle.ResumeInput{Reason: service.ByClient})
			t.clear(service.ByClient)
		} else {
			w.resume(t.id, lifecycle.ResumeInput{})
			t.clear(service.ByAdmin, service.ForAbuse)
		}
		if len(t.why) == 1 {
			w.revive(p, t) // nothing but money keeps it
		}
		if t.status == service.Active {
			w.saw("resumed by people")
		}
		return "resumed"
	case 7:
		w.remove(t.id, lifecycle.Now)
		w.daily()
		w.close(p, t)
		w.useFreed()
		w.saw("deleted at once")
		return "deleted"
	case 8:
		w.remove(t.id, lifecycle.EndOfPeriod)
		t.ends = true
		w.daily()
		w.endings()
		w.useFreed()
		return "to be deleted at its end"
	case 9:
		if !t.ends {
			return "nothing"
		}
		_, err := w.lifecycle.Undelete(context.Background(), admin, t.id)
		require.NoError(w, err)
		t.ends = false
		w.saw("deletion taken back")
		return "deletion taken back"
	case 10:
		t.auto = !t.auto
		w.edit(t.id, t.auto)
		w.saw("automatic renewal switched")
		return "automatic renewal switched"
	case 11, 12, 13:
		return w.changeTariff(p, t)
	case 14, 15, 16:
		return w.changeDisks(p, t)
	default:
		return w.byHand(p, t)
	}
}

// changeTariff moves a service to its tariff's sister, for the rest of what is paid.
func (w *world) changeTariff(p *purse, t *thing) string {
	to := w.sisters[t.sort]
	if t.status != service.Active || t.ends || t.until.Before(w.now) {
		return "nothing"
	}
	_, err := w.lifecycle.ChangeTerms(context.Background(), admin, t.id, lifecycle.TermsInput{TariffID: w.tariffs[to], Period: calendar.Period(to.period)})
	if !w.moves(p, t, to) {
		require.True(w, fault.Has(err, "insufficient_funds"), "%v", err)
		w.saw("had no money for a change")
		return "no money for a change of tariff"
	}
	require.NoError(w, err)
	w.daily()
	w.useFreed()
	return "a change of tariff"
}

// changeDisks gives a service another number of disks, for the rest of what is paid and from then on.
func (w *world) changeDisks(p *purse, t *thing) string {
	disks := int64(w.dice.IntN(6))
	if t.status != service.Active || t.ends || t.until.Before(w.now) || disks == t.disks {
		return "nothing"
	}
	_, err := w.lifecycle.ChangeTerms(context.Background(), admin, t.id, lifecycle.TermsInput{
		AddOns: map[string]json.RawMessage{"disk": json.RawMessage(strconv.Quote(strconv.FormatInt(disks, 10)))},
	})
	if !w.holds(p, t, disks) {
		require.True(w, fault.Has(err, "insufficient_funds"), "%v", err)
		w.saw("had no money for a disk")
		return "no money for a disk"
	}
	require.NoError(w, err)
	w.daily()
	w.useFreed()
	return "a change of disks"
}

func (w *world) byHand(p *purse, t *thing) string {
	if t.sort.period == "P1D" || t.why[service.ForAbuse] {
		return "nothing"
	}
	_, err := w.lifecycle.Renew(context.Background(), admin, t.id, "")
	if w.further(p, t) {
		require.NoError(w, err)
		w.saw("renewed by hand")
		return "renewed by hand"
	}
	require.True(w, fault.Has(err, "insufficient_funds"), "%v", err)
	w.saw("hand renewal refused")
	return "not renewed by hand"
}
