package httpapi

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/payment"
)

// withMoney adds what the handlers of payments, expenses and the ledger need.
func withMoney(r *rig) {
	r.server.Payments, r.server.MoneyReader = &payment.Engine{InTx: narrow[payment.Tx](r.db)}, r.db.Reader()
}

func euros(amount string) obj { return obj{"amount": amount, "currency": "EUR"} }

func (r *rig) balance(client string) string {
	r.t.Helper()
	return r.admin.get("/v1/clients/" + client).is(200).json["balance"].(obj)["amount"].(string)
}

func pay(client, amount string, more obj) obj {
	body := obj{"client_id": client, "amount": euros(amount), "status": "paid"}
	for k, v := range more {
		body[k] = v
	}
	return body
}

func TestAPaymentIsCreditedAndRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	c := r.aClient(r.defaultProvider(), "a@x.example")
	made := r.admin.post("/v1/payments", pay(c, "500.00", obj{"external_id": "bank-1"}), "Idempotency-Key", "1").is(201)
	require.Equal(t, "/v1/payments/"+made.text("id"), made.Header.Get("Location"))
	require.Equal(t, []any{"paid", "manual", "bank-1", euros("500.00"), euros("0.00"), "2026-03-01T00:00:00Z"}, []any{
		made.json["status"], made.json["method"], made.json["external_id"], made.json["amount"], made.json["refunded"], made.json["paid_at"],
	})
	require.Equal(t, "500.00", r.balance(c))
	read := r.admin.get(made.Header.Get("Location")).is(200)
	require.Equal(t, made.json, read.json)
	require.Equal(t, made.Header.Get("ETag"), read.Header.Get("ETag"))
	require.Contains(t, types(r.admin), "payment.paid")
	require.Equal(t, 1, r.count(`SELECT count(*) FROM audit WHERE action = 'payment.paid' AND subject_id = $1 AND actor_role = 'admin'`, made.text("id")))

	again := r.admin.post("/v1/payments", pay(c, "500.00", obj{"external_id": "bank-1"}), "Idempotency-Key", "1").is(201)
	require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
	require.Equal(t, "500.00", r.balance(c))
	r.admin.post("/v1/payments", pay(c, "500.00", nil)).fails(400, "idempotency_key_required")
}

// A bank may tell of the same transfer many times, with other idempotency keys each time.
func TestTheSameExternalIDIsTheSamePayment(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	provider := r.defaultProvider()
	c, other := r.aClient(provider, "a@x.example"), r.aClient(provider, "b@x.example")
	number := 0
	post := func(body obj) *reply {
		number++
		return r.admin.post("/v1/payments", body, "Idempotency-Key", fmt.Sprint(number))
	}
	expected := pay(c, "20.00", obj{"external_id": "x", "status": "new"})
	first := post(expected).is(201)
	require.Equal(t, "new", first.text("status"))
	require.Equal(t, "0.00", r.balance(c), "what is expected is not there yet")
	require.Equal(t, first.json, post(expected).is(200).json)

	paid := post(pay(c, "20.00", obj{"external_id": "x"})).is(200)
	require.Equal(t, first.text("id"), paid.text("id"))
	require.Equal(t, "paid", paid.text("status"))
	require.Equal(t, paid.json, post(pay(c, "20.00", obj{"external_id": "x"})).is(200).json)
	require.Equal(t, paid.json, post(expected).is(200).json, "paid money does not become expected again")
	require.Equal(t, "20.00", r.balance(c))

	post(pay(c, "20.01", obj{"external_id": "x"})).fails(409, "external_id_conflict")
	post(pay(other, "20.00", obj{"external_id": "x"})).fails(409, "external_id_conflict")
	post(pay(other, "20.00", obj{"external_id": "x", "method": "cash"})).is(201)
	require.Equal(t, []string{"20.00", "20.00"}, []string{r.balance(c), r.balance(other)})
}

func TestOnePaymentComesOfManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	c := r.aClient(r.defaultProvider(), "a@x.example")
	var all sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		all.Go(func() {
			key := fmt.Sprint(i)
			statuses[i] = r.admin.post("/v1/payments", pay(c, "5.00", obj{"external_id": "x"}), "Idempotency-Key", key).StatusCode
		})
	}
	all.Wait()
	made := 0
	for _, status := range statuses {
		if status == 201 {
			made++
		} else {
			require.Equal(t, 200, status)
		}
	}
	require.Equal(t, 1, made)
	require.Equal(t, "5.00", r.balance(c))
}

func TestPaymentsAreHeldToRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	c := r.aClient(r.defaultProvider(), "a@x.example")
	foreign := r.aClient(r.aProvider("Other"), "a@x.example")
	shop, staff := r.storefront(r.defaultProvider()), r.storefront(r.defaultProvider(), "payments:confirm")
	tests := map[string]struct {
		by    caller
		body  obj
		code  string
		place string
	}{
		"nothing":          {r.admin, pay(c, "0.00", nil), "out_of_range", "/amount/amount"},
		"less":             {r.admin, pay(c, "-1.00", nil), "out_of_range", "/amount/amount"},
		"too fine":         {r.admin, pay(c, "1.001", nil), "bad_value", "/amount/amount"},
		"other currency":   {r.admin, obj{"client_id": c, "amount": obj{"amount": "1.00", "currency": "USD"}}, "wrong_currency", "/amount/currency"},
		"no such client":   {r.admin, pay("01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15", "1.00", nil), "not_found", "/client_id"},
		"foreign client":   {staff, pay(foreign, "1.00", nil), "not_found", "/client_id"},
		"no such order":    {r.admin, pay(c, "1.00", obj{"order_id": "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15"}), "not_found", "/order_id"},
		"refunded at once": {r.admin, pay(c, "1.00", obj{"status": "refunded"}), "unknown_value", "/status"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.by.post("/v1/payments", test.body, "Idempotency-Key", name).fails(422, test.code).at(test.place + " " + test.code)
		})
	}
	shop.post("/v1/payments", pay(c, "1.00", nil), "Idempotency-Key", "a").fails(403, "insufficient_scope")
	shop.post("/v1/payments", pay(c, "1.00", obj{"status": "new"}), "Idempotency-Key", "b").is(201)
	staff.post("/v1/payments", pay(c, "1.00", nil), "Idempotency-Key", "c").is(201)
	r.clientKey(c).post("/v1/payments", pay(c, "1.00", nil), "Idempotency-Key", "d").is(403)
	require.Equal(t, "1.00", r.balance(c))
	require.Equal(t, 2, r.count(`SELECT count(*) FROM payment`))
}

func TestArrivedMoneyGoesToWorkInTheSameTransaction(t *testing.T) {
	t.Parallel()
	var came []string
	fail := true
	r := newRig(t, withMoney, func(r *rig) {
		r.server.Payments.MoneyArrived = func(_ context.Context, _ payment.Tx, _ actor.Actor, c client.Client, orderID string) error {
			came = append(came, c.Email+" "+orderID)
			if fail {
				return fmt.Errorf("no")
			}
			return nil
		}
	})
	c := r.aClient(r.defaultProvider(), "a@x.example")
	r.admin.post("/v1/payments", pay(c, "5.00", nil), "Idempotency-Key", "a").fails(500, "internal")
	require.Equal(t, "0.00", r.balance(c))
	fail = false
	r.admin.post("/v1/payments", pay(c, "5.00", nil), "Idempotency-Key", "a").is(201)
	r.admin.post("/v1/payments", pay(c, "5.00", obj{"status": "new"}), "Idempotency-Key", "b").is(201)
	require.Equal(t, []string{"a@x.example ", "a@x.example "}, came, "expected money does nothing")
}

func TestOnlyUnspentMoneyIsGivenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	c := r.aClient(r.defaultProvider(), "a@x.example")
	id := r.admin.post("/v1/payments", pay(c, "50.00", nil), "Idempotency-Key", "p").is(201).text("id")
	path, number := "/v1/payments/"+id+"/refund", 0
	refund := func(amount obj) *reply {
		number++
		return r.admin.post(path, obj{"amount": amount}, "Idempotency-Key", fmt.Sprint(number))
	}
	part := refund(euros("20.00")).is(200)
	require.Equal(t, []any{"paid", euros("20.00")}, []any{part.json["status"], part.json["refunded"]})
	require.Equal(t, "30.00", r.balance(c))
	refund(euros("30.01")).fails(422, "refund_exceeds_unspent").at("/amount refund_exceeds_unspent")
	refund(obj{"amount": "1.00", "currency": "USD"}).fails(422, "wrong_currency")
	refund(euros("0.00")).fails(422, "out_of_range")

	// Spent: what is left of the payment is not there any more.
	_, err := r.db.Pool().Exec(`UPDATE account SET amount = 10 WHERE kind = 'balance'`)
	require.NoError(t, err)
	refund(euros("10.01")).fails(422, "refund_exceeds_unspent")
	_, err = r.db.Pool().Exec(`UPDATE account SET amount = 30 WHERE kind = 'balance'`)
	require.NoError(t, err)
	refund(euros("10.00")).is(200)
	refund(euros("10.00")).is(200)
	full := refund(euros("10.00")).is(200)
	require.Equal(t, []any{"refunded", euros("50.00")}, []any{full.json["status"], full.json["refunded"]})
	refund(euros("1.00")).fails(409, "invalid_payment_state")
	require.Equal(t, "0.00", r.balance(c))
	require.Contains(t, types(r.admin), "payment.refunded")

	expected := r.admin.post("/v1/payments", pay(c, "5.00", obj{"status": "new"}), "Idempotency-Key", "n").is(201).text("id")
	r.admin.post("/v1/payments/"+expected+"/refund", obj{"amount": euros("1.00")}, "Idempotency-Key", "nr").fails(409, "invalid_payment_state")
	r.admin.post("/v1/payments/01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15/refund", obj{"amount": euros("1.00")}, "Idempotency-Key", "m").fails(404, "not_found")
	r.storefront(r.defaultProvider()).post(path, obj{"amount": euros("1.00")}, "Idempotency-Key", "s").is(403)
}

func TestPaymentsAreListedByWhomTheyConcern(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	provider, theirs := r.defaultProvider(), r.aProvider("Other")
	a, b, foreign := r.aClient(provider, "a@x.example"), r.aClient(provider, "b@x.example"), r.aClient(theirs, "c@x.example")
	ids := map[string]string{}
	for i, c := range []string{a, b, foreign} {
		body := pay(c, "5.00", obj{"external_id": fmt.Sprint("n", i)})
		ids[c] = r.admin.post("/v1/payments", body, "Idempotency-Key", c).is(201).text("id")
	}
	r.admin.post("/v1/payments", pay(a, "6.00", obj{"status": "new"}), "Idempotency-Key", "new").is(201)
	shop, own := r.storefront(provider), r.clientKey(a)
	for _, test := range []struct {
		by    caller
		query string
		want  int
	}{
		{r.admin, "", 4},
		{shop, "", 3},
		{own, "", 2},
		{r.admin, "?client_id=" + b, 1},
		{own, "?client_id=" + b, 0},
		{shop, "?client_id=" + foreign, 0},
		{r.admin, "?status=new", 1},
		{r.admin, "?external_id=n1", 1},
		{r.admin, "?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", 4},
		{r.admin, "?from=2026-03-01T00:00:01Z", 0},
		{r.admin, "?to=2026-03-01T00:00:00Z", 0},
	} {
		require.Len(t, test.by.get("/v1/payments"+test.query).is(200).data(), test.want, test.query)
	}
	shop.get("/v1/payments/"+ids[foreign]).fails(404, "not_found")
	own.get("/v1/payments/"+ids[b]).fails(404, "not_found")
	own.get("/v1/payments/" + ids[a]).is(200)
	page := r.admin.get("/v1/payments?limit=3&order=desc").is(200)
	require.Equal(t, euros("6.00"), page.data()[0]["amount"])
	require.Len(t, r.admin.get("/v1/payments?limit=3&order=desc&cursor="+page.text("next_cursor")).is(200).data(), 1)
}
