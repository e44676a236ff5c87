package lifecycle_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// parameter adds a parameter of dedicated servers.
func (r *rig) parameter(code string, in product.ParameterChange) {
	r.Helper()
	_, err := r.Products.CreateParameter(context.Background(), admin, "dedicated", code, in)
	require.NoError(r, err)
}

// systems gives the list os its values.
func (r *rig) systems(codes ...string) {
	r.Helper()
	var values []product.ParameterValue
	for _, code := range codes {
		values = append(values, product.ParameterValue{Code: code, Enabled: true})
	}
	_, err := r.Products.UpdateParameter(context.Background(), admin, "dedicated", "os", product.ParameterChange{Values: &values})
	require.NoError(r, err)
}

func TestWhoMayChangeAParameterAndHowLong(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	r.parameter("rack", product.ParameterChange{Edit: ptr(product.EditByProvider)})
	r.parameter("raid", product.ParameterChange{Edit: ptr(product.EditUntilProcessed), Required: ptr(true), Ask: ptr(product.AskAtProcessing)})
	c := r.Client("100")
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) {
		return provision.Outcome{State: provision.Pending, After: time.Minute}, nil
	})
	id := r.Buy(c, 1).Items[0].ServiceID

	// Paid and not begun: it takes the value at once, and the panel gets it with the opening.
	res, err := r.Lifecycle.SetParameters(ctx, clientKey(r.service(id)), id, texts("raid", "5"))
	require.NoError(r, err)
	require.Nil(r, res.Operation)
	require.Equal(r, service.Processing, res.View.Status)
	_, err = r.Lifecycle.SetParameters(ctx, clientKey(r.service(id)), id, texts("rack", "7"))
	r.Refuses("field_forbidden", err)
	r.Work()
	require.Equal(r, "5", r.panel.last().Spec.Parameter("raid"))
	_, err = r.Lifecycle.SetParameters(ctx, admin, id, texts("raid", "6"))
	r.Refuses("invalid_service_state", err)

	r.panel.does(func(string, provision.Op) (provision.Outcome, error) { return provision.Outcome{Ref: "1"}, nil })
	r.After(time.Hour)
	require.Equal(r, service.Active, r.service(id).Status)
	for _, by := range []string{"raid", "rack"} {
		_, err = r.Lifecycle.SetParameters(ctx, clientKey(r.service(id)), id, texts(by, "1"))
		require.Equal(r, "/parameters/"+by, fault.Of(err).Fields[0].Pointer)
	}
	r.Refuses("field_forbidden", err)
	_, err = r.Lifecycle.SetParameters(ctx, admin, id, texts("raid", "6"))
	r.Refuses("invalid_service_state", err)
	_, err = r.Lifecycle.SetParameters(ctx, storefront(r.service(id)), id, texts("rack", "7"))
	require.NoError(r, err)
	r.Work()
	require.Equal(r, "7", r.panel.last().Spec.Parameter("rack"))
}

func TestNewValuesAreCheckedLikeOrderedOnes(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	r.systems("Debian-12", "Ubuntu-24.04")
	_, err := r.Lifecycle.Reinstall(ctx, admin, id, texts("os", "Plan 9"))
	r.Refuses("unknown_value", err)
	_, err = r.Lifecycle.SetParameters(ctx, admin, id, texts("hostname", "no spaces"))
	r.Refuses("bad_format", err)
	_, err = r.Lifecycle.Reinstall(ctx, admin, id, texts("os", "debian-12"))
	require.NoError(r, err)
	r.Work()
	require.Equal(r, "Debian-12", r.panel.last().Spec.Parameter("os"), "as the list calls it")
	require.JSONEq(r, `"Debian-12"`, string(r.service(id).Parameters["os"]))
}

// D28: a module learns what a change of parameters asks to be another, so that it can say what it did not do.
func TestD28AModuleIsToldWhatIsAsked(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, id := r.active()
	change := func(domain, hostname string) provision.Spec {
		asked := texts("domain", domain)
		maps.Copy(asked, texts("hostname", hostname))
		_, err := r.Lifecycle.SetParameters(ctx, admin, id, asked)
		require.NoError(t, err)
		r.Work()
		return r.panel.last().Spec
	}
	spec := change("one.example", "one")
	require.Equal(t, []string{"domain", "hostname"}, spec.Asked)
	require.Equal(t, "one.example", spec.Domain)
	require.Equal(t, []string{"hostname"}, change("one.example", "two").Asked)
	_, err := r.Lifecycle.Reboot(ctx, admin, id, false)
	require.NoError(t, err)
	r.Work()
	require.Empty(t, r.panel.last().Spec.Asked)
}

func TestAnOrderIsHeldToTheParametersOfItsTariff(t *testing.T) {
	r := newRig(t)
	r.systems("Debian-12")
	r.parameter("floor", product.ParameterChange{
		AllTariffs: ptr(false), Required: ptr(true),
		Validator: product.ValidatorChange{Kind: ptr(product.ValidatorInteger), Min: input.To[int64](1), Max: input.To[int64](9)},
	})
	c := r.Client("500")
	place := func(parameters string) error {
		var w order.Wish
		require.NoError(r, json.Unmarshal([]byte(parameters), &w.Parameters))
		w.TariffID, w.Period = r.Server, "P1M"
		_, err := r.Orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayLater, Wishes: []order.Wish{w}})
		_, quoted := r.Orders.Quote(context.Background(), admin, order.QuoteInput{ClientID: c, Wishes: []order.Wish{w}})
		if err == nil {
			require.NoError(r, quoted)
		} else {
			require.Equal(r, fault.Of(err).Fields, fault.Of(quoted).Fields, "the quote knows as much as the order")
		}
		return err
	}
	require.NoError(r, place(`{"os": "Debian-12", "domain": "www.example.com"}`))
	r.Refuses("unknown_parameter", place(`{"floor": 3}`))
	r.EditTariff(tariff.Change{Parameters: &[]string{"floor"}})
	r.Refuses("required", place(`{}`))
	r.Refuses("out_of_range", place(`{"floor": 10}`))
	require.NoError(r, place(`{"floor": 3}`))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM service WHERE parameters = '{"floor": "3"}'`))
	r.Refuses("unknown_value", place(`{"floor": "3", "os": "Windows"}`))
	r.Refuses("validation_failed", place(`{"floor": "x", "domain": "a b"}`))
}

func TestTheDomainIsMadeFromTheTariffsTemplate(t *testing.T) {
	r := newRig(t)
	r.EditTariff(tariff.Change{DomainTemplate: ptr("@USERNAME@.example.com")})
	c := r.Client("500")
	_, err := r.Pool.Exec(`UPDATE client SET username = 'john'`)
	require.NoError(r, err)
	require.Equal(r, "john.example.com", r.service(r.Buy(c, 1).Items[0].ServiceID).Domain)
}

func TestWhatThePanelDecidedIsKept(t *testing.T) {
	r := newRig(t)
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) {
		return provision.Outcome{Ref: "1", Parameters: map[string]string{"os": "Debian-12"}}, nil
	})
	_, id := r.active()
	require.JSONEq(r, `"Debian-12"`, string(r.service(id).Parameters["os"]))
}
