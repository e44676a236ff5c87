package badinput

import "net/url"

// What is only read needs no more than its address, and perhaps a query.
var _ = register(map[string]entry{
	"getHealth": {valid: plainly()}, "getReadiness": {valid: plainly()}, "getMetrics": {valid: plainly()}, "getOpenAPI": {valid: plainly()},
	"getDocs": {valid: plainly()}, "getMe": {valid: plainly()}, "getSandboxClock": {valid: plainly()},

	"listAPIKeys": {valid: plainly()}, "listProviders": {valid: plainly()}, "listClients": {valid: plainly()}, "listDataCenters": {valid: plainly()},
	"listDepartments": {valid: plainly()}, "listProcessingDrivers": {valid: plainly()}, "listProcessingModules": {valid: plainly()},
	"listIntegrationModules": {valid: plainly()}, "listUnits": {valid: plainly()}, "listProductTypes": {valid: plainly()},
	"listTariffs": {valid: plainly()}, "listPayments": {valid: plainly()}, "listOrders": {valid: plainly()}, "listServices": {valid: plainly()},
	"listOperations": {valid: plainly()}, "listTasks": {valid: plainly()}, "listBlocks": {valid: plainly()},
	"listTrafficReassignments": {valid: plainly()}, "listExpenses": {valid: plainly()}, "listEvents": {valid: plainly()},

	"getAPIKey": {valid: plainly("id", "key")}, "getProvider": {valid: plainly("id", "provider")}, "getClient": {valid: plainly("id", "client")},
	"getDataCenter": {valid: plainly("id", "center")}, "getDepartment": {valid: plainly("id", "department")},
	"getProcessingModule": {valid: plainly("id", "module")}, "getUnit": {valid: plainly("code", "unit")},
	"getProductType": {valid: plainly("code", "product_type")}, "getTariff": {valid: plainly("id", "tariff")},
	"getPayment": {valid: plainly("id", "payment")}, "getOrder": {valid: plainly("id", "order")}, "getService": {valid: plainly("id", "service")},
	"getOperation": {valid: plainly("id", "operation")}, "getTask": {valid: plainly("id", "task")},
	"getCollection": {valid: plainly("id", "collection")}, "getRecomputation": {valid: plainly("id", "recomputation")},
	"getProcessingDriver": {valid: named("none")}, "getIntegrationModule": {valid: named("dedicated_bandwidth")},
	"getProductTypeAddOn": {valid: plainly("code", "product_type", "add_on", "element")},
	"getTariffAddOn":      {valid: plainly("id", "tariff", "code", "element")},
	"getBlockHistory":     {valid: plainly("server_service_id", "server", "day", "day")},

	"listLedger": {valid: plainly("id", "client")}, "listModuleStock": {valid: plainly("id", "panel")},
	"getModuleCatalog": {valid: plainly("id", "panel")}, "listModuleProblems": {valid: plainly("id", "module")},
	"listProductTypeAddOns": {valid: plainly("code", "product_type")}, "listTariffHistory": {valid: plainly("id", "tariff")},
	"getTariffAvailability": {valid: plainly("id", "tariff")}, "listTariffAddOns": {valid: plainly("id", "tariff")},
	"listServiceHistory": {valid: plainly("id", "service")},

	"listEligibleServers": {valid: requests(func(w *world) request {
		return request{as: (*world).asBuyer, path: map[string]string{"id": w.thing["bandwidth"]}}
	})},
	"getServiceStatistics": {valid: requests(func(w *world) request {
		return request{path: map[string]string{"id": w.thing["server"]}, query: url.Values{"from": {"2026-03-01"}, "to": {"2026-03-02"}}}
	})},
})

// named is for what is known by a name of the program's own.
func named(name string) []func(*world) request {
	return requests(func(*world) request { return request{path: map[string]string{"name": name}} })
}

// asBuyer is the caller of requests that only a client makes.
func (w *world) asBuyer() *caller { return w.buyer }
