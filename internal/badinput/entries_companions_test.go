package badinput

var _ = register(map[string]entry{
	"listIPManagers": {valid: plainly()}, "listLicenseServers": {valid: plainly()},
	"getIPManager":        {valid: requests(func(w *world) request { return request{path: byID(w.companion("ip-managers"))} })},
	"getLicenseServer":    {valid: requests(func(w *world) request { return request{path: byID(w.companion("license-servers"))} })},
	"createIPManager":     {valid: requests(func(w *world) request { return request{body: w.beside()} })},
	"createLicenseServer": {valid: requests(func(w *world) request { return request{body: w.beside()} })},
	"updateIPManager": {valid: requests(func(w *world) request {
		return request{path: byID(w.companion("ip-managers")), body: w.beside()}
	})},
	"updateLicenseServer": {valid: requests(func(w *world) request {
		return request{path: byID(w.companion("license-servers")), body: w.beside()}
	})},
	"deleteIPManager":     {valid: requests(func(w *world) request { return request{path: byID(w.companion("ip-managers"))} })},
	"deleteLicenseServer": {valid: requests(func(w *world) request { return request{path: byID(w.companion("license-servers"))} })},
})

func (w *world) beside() obj {
	return obj{"name": w.word("Beside"), "url": "http://127.0.0.1:1/ipmgr", "username": "root", "password": "secret"}
}

func (w *world) companion(kind string) string { return w.create("/v1/"+kind, w.beside()) }
