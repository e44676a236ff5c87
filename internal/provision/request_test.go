package provision_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

func TestARequestTellsWhatAChangeDepartsFrom(t *testing.T) {
	t.Parallel()
	memory := func(n int64) provision.AddOn {
		amount := decimal.NewFromInt(n)
		return provision.AddOn{Amount: &amount, Unit: "GiB"}
	}
	off := false
	op := provision.Op{Kind: provision.SetParams, ServiceID: "s-1", Spec: provision.Spec{
		ProductType: "dedicated", TariffCode: "L", Password: "first-password-7Q",
		AddOns: map[string]provision.AddOn{"ram": memory(32), "disk": memory(20), "os": {Item: "debian"}, "kvm": {On: &off}},
		Previous: &provision.Terms{TariffCode: "S", AddOns: map[string]provision.AddOn{
			"ram": memory(16), "disk": memory(20), "kvm": {On: &off},
		}},
	}}
	require.Equal(t, "Change the parameters of a service of product type dedicated, tariff L (service s-1).\n"+
		"Tariff until now: S\nAdd-on disk: 20 GiB\nAdd-on kvm: off\nAdd-on os: debian (until now: nothing)\nAdd-on ram: 32 GiB (until now: 16 GiB)",
		provision.Request(op))
}
