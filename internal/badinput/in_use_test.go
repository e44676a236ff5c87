package badinput

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// used is, for every operation that deletes, the address of something that others refer to.
var used = map[string]func(*world) string{
	"deleteProvider":             func(w *world) string { return "/v1/providers/" + w.thing["rival"] },
	"deleteDataCenter":           func(w *world) string { return "/v1/data-centers/" + w.thing["center"] },
	"deleteDepartment":           func(w *world) string { return "/v1/departments/" + w.thing["department"] },
	"deleteProcessingModule":     func(w *world) string { return "/v1/processing-modules/" + w.thing["module"] },
	"uninstallIntegrationModule": func(*world) string { return "/v1/integration-modules/dedicated_bandwidth/install" },
	"deleteUnit": func(w *world) string {
		w.create2("/v1/units", obj{"code": "pallet", "name": "Pallet", "smaller_unit": "crate", "ratio": 40})
		return "/v1/units/crate"
	},
	"deleteProductType":      func(*world) string { return "/v1/product-types/hosting" },
	"deleteProductTypeAddOn": func(*world) string { return "/v1/product-types/hosting/add-ons/disk" },
	"deleteProductTypeParameter": func(w *world) string {
		w.tariff("hosting", "module", obj{"parameters": list{"size"}})
		return "/v1/product-types/hosting/parameters/size"
	},
	"deleteTariff": func(w *world) string { return "/v1/tariffs/" + w.thing["tariff"] },
	"deleteEnumeration": func(w *world) string {
		code := w.enumeration()
		w.create2("/v1/product-types/hosting/add-ons", obj{"code": "system", "name": "System", "value_type": "enumeration", "enumeration_code": code})
		return "/v1/enumerations/" + code
	},
	"deleteClientGroup": func(w *world) string {
		id := w.group("client-groups")
		w.admin.must("PATCH", "/v1/clients/"+w.thing["client"], obj{"group_id": id}).is(http.StatusOK)
		return "/v1/client-groups/" + id
	},
	"deleteTariffGroup": func(w *world) string {
		id := w.group("tariff-groups")
		w.admin.must("PATCH", "/v1/tariffs/"+w.thing["tariff"], obj{"group_id": id}).is(http.StatusOK)
		return "/v1/tariff-groups/" + id
	},
	"deleteIPManager":     func(w *world) string { return w.namedBy("ip-managers", "ip_manager_id") },
	"deleteLicenseServer": func(w *world) string { return w.namedBy("license-servers", "license_server_id") },
}

// namedBy is a thing beside a panel that a module names.
func (w *world) namedBy(kind, member string) string {
	id := w.companion(kind)
	w.create("/v1/processing-modules?check=false", obj{
		"driver": "dcimanager5", "product_type": "dedicated", "name": w.word("M"), "data_center_id": w.thing["center"], "parameters": obj{member: id},
		"connection": obj{"url": "http://127.0.0.1:1/dcimgr", "username": "admin", "password": "secret"},
	})
	return "/v1/" + kind + "/" + id
}

// unused are deletions that nothing can stand against, with the reason.
var unused = map[string]string{
	"revokeAPIKey":        "a key is revoked whoever uses it",
	"deleteService":       "a service is ended, not removed",
	"deleteSpecialPrice":  "nothing refers to a special price",
	"deleteTariffAddOn":   "what was sold keeps the version of the tariff that it was sold by",
	"clearModuleProblems": "a list is emptied",
	"deleteTaxRule":       "what was charged keeps the tax that it was charged with",
}

// TestWhatIsInUseStays deletes one thing of each kind that something else needs.
func TestWhatIsInUseStays(t *testing.T) { //nolint:tparallel // the operations share a world
	t.Parallel()
	w := newTown(t)
	for _, op := range contract().operations {
		make, ok := used[op.OperationID]
		if op.method != http.MethodDelete || unused[op.OperationID] != "" {
			require.False(t, ok, "%s has a case and a reason to have none", op.OperationID)
			continue
		}
		t.Run(op.OperationID, func(t *testing.T) {
			w.in(t)
			require.True(t, ok, "it needs a case in used, or a reason in unused")
			path := make(w)
			before := w.print()
			a := w.admin.must(http.MethodDelete, path, nil).is(http.StatusConflict)
			require.Equal(t, "in_use", a.json["code"], "%s", a)
			require.Empty(t, before.changes(w.print()), "%s", a)
		})
	}
	w.in(t)
}

// TestWhatIsNotInUseGoes is for the one thing that every town uses.
func TestWhatIsNotInUseGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin.post("/v1/integration-modules/dedicated_bandwidth/install", nil).is(http.StatusOK)
	w.admin.must("DELETE", "/v1/integration-modules/dedicated_bandwidth/install", nil).is(http.StatusOK, http.StatusNoContent)
}

// repeatable are things that may be made twice alike, with the reason.
var repeatable = map[string]string{
	"createAPIKey": "names are for people", "createDataCenter": "names are for people", "createDepartment": "names are for people",
	"createClientGroup": "names are for people", "createTariffGroup": "names are for people", "createProcessingModule": "names are for people",
	"createIPManager": "names are for people", "createLicenseServer": "names are for people",
	"importMachines": "a machine that a service has: lifecycle's TestAnImportIsRefusedAsAWhole",
	"createOrder":    "one may buy the same twice", "createPayment": "the external id is unique: TestPaymentTwice",
}

// TestTwins: whatever is made by POST has a rule for a twin, or a reason to have none.
func TestTwins(t *testing.T) {
	t.Parallel()
	for _, op := range contract().operations {
		if op.method != http.MethodPost || op.Responses.Value("201") == nil || repeatable[op.OperationID] != "" {
			continue
		}
		found := false
		for _, r := range entries[op.OperationID].rules {
			found = found || r.status == http.StatusConflict && r.code == "already_exists"
		}
		if !found {
			t.Errorf("%s needs a rule for what exists already, or a reason in repeatable", op.OperationID)
		}
	}
}

// TestPaymentTwice: a payment of another system is booked once, whoever tells of it how often.
func TestPaymentTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.staff()
	id, _ := w.client("provider")
	body := obj{"client_id": id, "amount": money("5.00"), "method": "card", "external_id": "tx-1", "status": "paid"}
	first := w.create("/v1/payments", body)
	before := w.print()
	require.Equal(t, first, w.admin.post("/v1/payments", body).is(http.StatusOK).text("id"))
	body["amount"] = money("6.00")
	a := w.admin.post("/v1/payments", body).is(http.StatusConflict)
	require.Equal(t, "external_id_conflict", a.json["code"], "%s", a)
	require.Empty(t, before.changes(w.print()))
}
