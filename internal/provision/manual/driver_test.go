package manual_test

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/manual"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

func TestConformance(t *testing.T) { provisiontest.Run(t, provisiontest.Offline(manual.Driver())) }

func TestPeopleAreToldWhatToDo(t *testing.T) {
	t.Parallel()
	module, err := manual.Driver().New(provision.Config{})
	require.NoError(t, err)
	amount, on := decimal.NewFromInt(3), true
	op := provision.Op{
		Kind: provision.SetParams, ServiceID: "s-1", Ref: "rack 4",
		Spec: provision.Spec{
			ProductType: "colocation", TariffCode: "Shelf", Domain: "shelf.example", Location: "3",
			Client:     provision.Client{Name: "Ada", Email: "ada@example.com"},
			AddOns:     map[string]provision.AddOn{"ipv4_public": {Amount: &amount, Unit: "piece"}, "kvm": {On: &on}},
			Parameters: map[string]json.RawMessage{"hostname": json.RawMessage(`"shelf-1"`)},
			Password:   "first-password-7Q",
		},
	}
	out, err := module.Apply(t.Context(), op)
	require.NoError(t, err)
	require.Equal(t, provision.Manual, out.State)
	require.Equal(t, "Change the parameters of a service of product type colocation, tariff Shelf (service s-1).\n"+
		"Client: Ada ada@example.com\nExternal id: rack 4\nLocation: 3\nDomain: shelf.example\n"+
		"Add-on ipv4_public: 3 piece\nAdd-on kvm: on\nParameter hostname: shelf-1", out.Text)
}
