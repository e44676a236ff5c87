package lifecycle_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

func both(code, text, other, otherText string) map[string]json.RawMessage {
	out := texts(code, text)
	maps.Copy(out, texts(other, otherText))
	return out
}

// What only the new tariff asks for has to be there, and reaches the panel with the change.
func TestAChangeOfTariffAnswersWhatTheNewOneAsksD9(t *testing.T) {
	r := newRig(t)
	r.parameter("floor", product.ParameterChange{
		AllTariffs: ptr(false), Required: ptr(true), Edit: ptr(product.EditByProvider),
		Validator: product.ValidatorChange{Kind: ptr(product.ValidatorInteger), Min: input.To[int64](1), Max: input.To[int64](9)},
	})
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "31")
	_, err := r.Tariffs.Update(context.Background(), admin, big, tariff.Change{Parameters: &[]string{"floor"}})
	require.NoError(r, err)
	c, id := r.has(small, monthly, nil)
	me := clientKey(r.service(id))
	in := lifecycle.TermsInput{TariffID: big, Period: monthly}
	r.mayNot("required", "/parameters/floor", me, id, in)
	_, err = r.Lifecycle.PreviewTerms(context.Background(), me, id, in)
	r.Refuses("required", err)
	in.Parameters = texts("floor", "10")
	r.mayNot("out_of_range", "/parameters/floor", me, id, in)
	in.Parameters = both("floor", "3", "tower", "B")
	r.mayNot("unknown_parameter", "/parameters/tower", me, id, in)

	in.Parameters = both("floor", "3", "hostname", "web1")
	r.change(id, in)
	require.NotContains(r, r.service(id).Parameters, "floor", "the panel has not applied it yet")
	r.Work()
	require.Equal(r, []string{"3", "web1"}, []string{r.panel.last().Spec.Parameter("floor"), r.panel.last().Spec.Parameter("hostname")})
	require.JSONEq(r, `"3"`, string(r.service(id).Parameters["floor"]))
	require.Equal(r, "[962.00 0.00]", r.Books(c))

	// At home again the value stays for the next time, and to change it is the provider's as ever.
	r.change(id, lifecycle.TermsInput{TariffID: small, Period: monthly})
	r.Work()
	r.change(id, lifecycle.TermsInput{TariffID: big, Period: monthly})
	r.Work()
	require.Equal(r, big, r.service(id).TariffID)
	in.Parameters = texts("floor", "4")
	r.mayNot("field_forbidden", "/parameters/floor", me, id, in)
	r.change(id, in)
	r.Work()
	require.JSONEq(r, `"4"`, string(r.service(id).Parameters["floor"]), "the same tariff, another value")
	// What fits no longer is asked for again.
	_, err = r.Products.UpdateParameter(context.Background(), admin, "dedicated", "floor", product.ParameterChange{
		Validator: product.ValidatorChange{Max: input.To[int64](3)},
	})
	require.NoError(r, err)
	r.change(id, lifecycle.TermsInput{TariffID: small, Period: monthly})
	r.Work()
	r.mayNot("out_of_range", "/parameters/floor", me, id, lifecycle.TermsInput{TariffID: big, Period: monthly})
}

// A system that is retired for new orders runs on; it does not keep its owner from another tariff.
func TestAChangeOfTariffLeavesWhatBothAskForAlone(t *testing.T) {
	r := newRig(t)
	r.systems("Debian-11", "Debian-12")
	small, big := r.offers("S", "P1M", "31"), r.offers("L", "P1M", "31")
	_, id := r.has(small, monthly, nil)
	_, err := r.Lifecycle.Reinstall(context.Background(), admin, id, texts("os", "Debian-11"))
	require.NoError(r, err)
	r.Work()
	r.systems("Debian-12")
	in := lifecycle.TermsInput{TariffID: big, Period: monthly, Parameters: texts("os", "Debian-11")}
	r.mayNot("unknown_value", "/parameters/os", admin, id, in)
	in.Parameters = nil
	r.change(id, in)
	r.Work()
	require.Equal(r, big, r.service(id).TariffID)
	require.Equal(r, "Debian-11", r.panel.last().Spec.Parameter("os"))
}

// Through a tariff that does not sell an add-on nobody comes back with less of what can only be increased.
func TestWhatCanOnlyBeIncreasedIsNotLostOnTheWayThroughAnotherTariffD9(t *testing.T) {
	r := newRig(t)
	small, plain := r.offers("S", "P1M", "31"), r.offers("P", "P1M", "31")
	r.ram(small, "increase_only")
	included := r.offers("I", "P1M", "31")
	_, err := r.Tariffs.CreateAddOn(context.Background(), admin, included, "ram", "ram", tariff.AddOnChange{
		Billing: ptr(catalog.BillNone), Included: ptr(dec("8")),
	})
	require.NoError(r, err)
	_, id := r.has(small, monthly, texts("ram", "10"))
	to := func(t catalog.TariffID) lifecycle.TermsInput {
		return lifecycle.TermsInput{TariffID: t, Period: monthly}
	}
	r.mayNot("increase_only", "/tariff_id", clientKey(r.service(id)), id, to(plain))
	r.mayNot("increase_only", "/tariff_id", admin, id, to(included))
	_, id = r.has(small, monthly, texts("ram", "8"))
	r.change(id, to(included))
	r.Work()
	require.Equal(r, dec("8"), *r.panel.last().Spec.AddOns["ram"].Amount)
	_, id = r.has(small, monthly, nil)
	r.change(id, to(plain))
	r.Work()
	require.Equal(r, provision.SetParams, r.panel.last().Kind)
	require.Equal(r, plain, r.service(id).TariffID, "nothing that was chosen is lost")
}
