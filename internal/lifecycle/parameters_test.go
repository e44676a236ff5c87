package lifecycle_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// parameter adds a parameter of dedicated servers.
func (r *rig) parameter(code string, in catalog.ParameterChange) {
	r.Helper()
	_, err := r.catalog.CreateParameter(context.Background(), admin, "dedicated", code, in)
	require.NoError(r, err)
}

// systems gives the list os its values.
func (r *rig) systems(codes ...string) {
	r.Helper()
	var values []catalog.ParameterValue
	for _, code := range codes {
		values = append(values, catalog.ParameterValue{Code: code, Enabled: true})
	}
	_, err := r.catalog.UpdateParameter(context.Background(), admin, "dedicated", "os", catalog.ParameterChange{Values: &values})
	require.NoError(r, err)
}

func TestWhoMayChangeAParameterAndHowLong(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	r.parameter("rack", catalog.ParameterChange{Edit: ptr(catalog.EditByProvider)})
	r.parameter("raid", catalog.ParameterChange{Edit: ptr(catalog.EditUntilProcessed), Required: ptr(true), Ask: ptr(catalog.AskAtProcessing)})
	c := r.client("100")
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) {
		return provision.Outcome{State: provision.Pending, After: time.Minute}, nil
	})
	id := r.buy(c, 1).Items[0].ServiceID

	// Paid and not begun: it takes the value at once, and the panel gets it with the opening.
	res, err := r.lifecycle.SetParameters(ctx, clientKey(r.service(id)), id, texts("raid", "5"))
	require.NoError(r, err)
	require.Nil(r, res.Operation)
	require.Equal(r, service.Processing, res.View.Status)
	_, err = r.lifecycle.SetParameters(ctx, clientKey(r.service(id)), id, texts("rack", "7"))
	r.refuses("field_forbidden", err)
	r.work()
	require.Equal(r, "5", r.panel.last().Spec.Parameter("raid"))
	_, err = r.lifecycle.SetParameters(ctx, admin, id, texts("raid", "6"))
	r.refuses("invalid_service_state", err)

	r.panel.does(func(string, provision.Op) (provision.Outcome, error) { return provision.Outcome{Ref: "1"}, nil })
	r.after(time.Hour)
	require.Equal(r, service.Active, r.service(id).Status)
	for _, by := range []string{"raid", "rack"} {
		_, err = r.lifecycle.SetParameters(ctx, clientKey(r.service(id)), id, texts(by, "1"))
		require.Equal(r, "/parameters/"+by, fault.Of(err).Fields[0].Pointer)
	}
	r.refuses("field_forbidden", err)
	_, err = r.lifecycle.SetParameters(ctx, admin, id, texts("raid", "6"))
	r.refuses("invalid_service_state", err)
	_, err = r.lifecycle.SetParameters(ctx, storefront(r.service(id)), id, texts("rack", "7"))
	require.NoError(r, err)
	r.work()
	require.Equal(r, "7", r.panel.last().Spec.Parameter("rack"))
}

func TestNewValuesAreCheckedLikeOrderedOnes(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.systems("Debian-12", "Ubuntu-24.04")
	_, err := r.lifecycle.Reinstall(ctx, admin, id, texts("os", "Plan 9"))
	r.refuses("unknown_value", err)
	_, err = r.lifecycle.SetParameters(ctx, admin, id, texts("hostname", "no spaces"))
	r.refuses("bad_format", err)
	_, err = r.lifecycle.Reinstall(ctx, admin, id, texts("os", "debian-12"))
	require.NoError(r, err)
	r.work()
	require.Equal(r, "Debian-12", r.panel.last().Spec.Parameter("os"), "as the list calls it")
	require.JSONEq(r, `"Debian-12"`, string(r.service(id).Parameters["os"]))
}

func TestAnOrderIsHeldToTheParametersOfItsTariff(t *testing.T) {
	r := newRig(t)
	r.systems("Debian-12")
	r.parameter("floor", catalog.ParameterChange{
		AllTariffs: ptr(false), Required: ptr(true),
		Validator: catalog.ValidatorChange{Kind: ptr(catalog.ValidatorInteger), Min: catalog.To[int64](1), Max: catalog.To[int64](9)},
	})
	c := r.client("500")
	place := func(parameters string) error {
		var w order.Wish
		require.NoError(r, json.Unmarshal([]byte(parameters), &w.Parameters))
		w.TariffID, w.Period = r.server, "P1M"
		_, err := r.orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayLater, Wishes: []order.Wish{w}})
		_, quoted := r.orders.Quote(context.Background(), admin, order.QuoteInput{ClientID: c, Wishes: []order.Wish{w}})
		if err == nil {
			require.NoError(r, quoted)
		} else {
			require.Equal(r, fault.Of(err).Fields, fault.Of(quoted).Fields, "the quote knows as much as the order")
		}
		return err
	}
	require.NoError(r, place(`{"os": "Debian-12", "domain": "www.example.com"}`))
	r.refuses("unknown_parameter", place(`{"floor": 3}`))
	r.editTariff(catalog.TariffChange{Parameters: &[]string{"floor"}})
	r.refuses("required", place(`{}`))
	r.refuses("out_of_range", place(`{"floor": 10}`))
	require.NoError(r, place(`{"floor": 3}`))
	require.Equal(r, 1, r.count(`SELECT count(*) FROM service WHERE parameters = '{"floor": "3"}'`))
	r.refuses("unknown_value", place(`{"floor": "3", "os": "Windows"}`))
	r.refuses("validation_failed", place(`{"floor": "x", "domain": "a b"}`))
}

func TestTheDomainIsMadeFromTheTariffsTemplate(t *testing.T) {
	r := newRig(t)
	r.editTariff(catalog.TariffChange{DomainTemplate: ptr("@USERNAME@.example.com")})
	c := r.client("500")
	_, err := r.pool.Exec(`UPDATE client SET username = 'john'`)
	require.NoError(r, err)
	require.Equal(r, "john.example.com", r.service(r.buy(c, 1).Items[0].ServiceID).Domain)
}

func TestWhatThePanelDecidedIsKept(t *testing.T) {
	r := newRig(t)
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) {
		return provision.Outcome{Ref: "1", Parameters: map[string]string{"os": "Debian-12"}}, nil
	})
	_, id := r.active()
	require.JSONEq(r, `"Debian-12"`, string(r.service(id).Parameters["os"]))
}
