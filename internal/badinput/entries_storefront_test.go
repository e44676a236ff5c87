package badinput

import "net/url"

var _ = register(map[string]entry{
	"listStorefrontTariffs": {valid: requests(func(w *world) request {
		return request{as: (*world).nobody, query: url.Values{"provider": {w.thing["provider"]}}}
	})},
	"createStorefrontQuote": {valid: requests(func(w *world) request {
		body := left(w.wish(), "client_id")
		body["provider"] = w.thing["provider"]
		return request{as: (*world).nobody, body: body}
	}), rules: wishRules, codes: wishCodes},
})

// nobody is a caller without a key.
func (w *world) nobody() *caller { return &caller{w: w} }
