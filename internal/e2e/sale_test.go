package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

type doc = map[string]any

// trade is a driver in use: how it is connected, what is sold by it, and what its panels should hold of a service after each
// step of its life. A further driver is one more entry of trades.
type trade struct {
	name, driver, product string

	region          string                                   // external id of the data center
	content         func(*sale)                              // makes what the product type has beyond what is built in
	connect         func(*sale) (connection, parameters doc) // nil: there is nothing to be said
	settings        doc                                      // of the tariff
	larger          doc                                      // of the one that it is changed to
	addOns          []doc                                    // of both
	ordered, wanted doc                                      // add-ons as ordered and as changed
	filled, told    doc                                      // parameters as ordered and as set later
	os              string                                   // that is installed anew
	seen            []func(*sale) []string                   // what the panels hold of the service
	shows           map[string]string                        // that, after each step; left out: as before
	byHand          map[string]string                        // the kind of task that people get by a step
	setUp           doc                                      // what they report of the set-up
	password        func(*sale) string                       // the machine's, as the panel has it; nil: nobody can read it there
	struck          []striker                                // the systems whose calls can fail
}

// sale is a trade in an installation, with one service of it.
type sale struct {
	*life
	trade

	place, module string
	small, large  string // tariffs
	id, order     string // of the service
	external      string
	state         string // what the panels hold of it
	refused       int    // operations that people refused
	silenced      bool   // its panels are made to keep silent
	afterFailure  bool   // of a job of the panel's own: of what is given back it counts only that it is nobody's
}

// begin connects the panel and makes both tariffs.
func (s *sale) begin() {
	s.t.Helper()
	place := doc{"name": s.name}
	if s.region != "" {
		place["external_id"] = s.region
	}
	s.place = s.admin.post("/v1/data-centers", place).is(http.StatusCreated).text("id")
	if s.content != nil {
		s.content(s)
	}
	module := doc{"driver": s.driver, "product_type": s.product, "name": s.name, "data_center_id": s.place}
	if s.connect != nil {
		module["connection"], module["parameters"] = s.connect(s)
	}
	s.module = s.admin.post("/v1/processing-modules", module).is(http.StatusCreated).text("id")
	s.small, s.large = s.tariff("small", "31.00", s.settings), s.tariff("large", "62.00", s.larger)
}

func (s *sale) tariff(size, amount string, settings doc) string {
	s.t.Helper()
	id := s.admin.post("/v1/tariffs", doc{
		"product_type": s.product, "provider_id": s.provider, "name": s.name + " " + size,
		"code": strings.Map(letters, s.name) + "-" + size, "activate": true,
		"data_center_ids": []string{s.place}, "processing_module_ids": []string{s.module}, "settings": orEmpty(settings),
		"prices": []doc{{"period": "P1M", "amount": amount}},
	}).is(http.StatusCreated).text("id")
	for _, addOn := range s.addOns {
		s.admin.post("/v1/tariffs/"+id+"/add-ons", addOn).is(http.StatusCreated)
	}
	return id
}

// letters keeps what a code may have.
func letters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}

// choice is an add-on of two items, of which the second costs more.
func choice(code, usual, other string) doc {
	item := func(code, amount string) doc {
		return doc{"item": code, "prices": []doc{{"period": "P1M", "amount": amount}}}
	}
	return doc{"code": code, "billing": "order", "default": usual, "item_prices": []doc{item(usual, "0.00"), item(other, "5.00")}}
}

// integer is an add-on that is ordered by number.
func integer(code, included, maximum string) doc {
	return doc{
		"code": code, "billing": "order", "included": included, "minimum": included, "maximum": maximum,
		"prices": []doc{{"period": "P1M", "amount": "1.00"}},
	}
}

func orEmpty(d doc) doc {
	if d == nil {
		return doc{}
	}
	return d
}

// fund puts money on the client's balance.
func (l *life) fund(amount string) {
	l.t.Helper()
	l.do(l.shop, http.MethodPost, "/v1/payments", doc{
		"client_id": l.client, "amount": doc{"amount": amount, "currency": "EUR"}, "method": "manual", "status": "paid",
	}).is(http.StatusCreated)
}

// pass lets time go by, in which panels do what they were asked for.
func (l *life) pass(minutes int) {
	l.t.Helper()
	now := l.admin.get("/v1/sandbox/clock").is(http.StatusOK).instant("now")
	l.clock(now.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339))
}

// rows reads rows of a panel: those that carry the service's id, or are known by its external id. Of a row it tells the members,
// of a list in it how long it is, and of one with ? only whether
// it is there.
func rows(panel, list, members string) []func(*sale) []string {
	return []func(*sale) []string{func(s *sale) (out []string) {
		s.t.Helper()
		for _, row := range s.panels.call(http.MethodGet, "/control/"+panel, nil).list(list) {
			if !strings.Contains(row.String(), s.id) && (list != "servers" || s.external == "" || row.word("id") != s.external) {
				continue
			}
			words := make([]string, 0, len(members))
			for member := range strings.FieldsSeq(members) {
				words = append(words, row.word(member))
			}
			out = append(out, strings.Join(words, " "))
		}
		return out
	}}
}

// word is a value in few letters.
func (v value) word(path string) string {
	v.t.Helper()
	if name, asked := strings.CutSuffix(path, "?"); asked {
		if v.null(name) {
			return "-"
		}
		return name
	}
	switch held := v.part(path).v.(type) {
	case nil:
		return "-"
	case []any:
		return "×" + strconv.Itoa(len(held))
	case bool:
		if name := path[strings.LastIndex(path, ".")+1:]; !held {
			return "not-" + name
		}
		return path[strings.LastIndex(path, ".")+1:]
	default:
		return fmt.Sprint(held)
	}
}

// look reads what all panels hold of the service.
func (s *sale) look() string {
	s.t.Helper()
	var all []string
	for _, seen := range s.seen {
		all = append(all, seen(s)...)
	}
	return strings.Join(all, "; ")
}

// service is the service as its client sees it.
func (s *sale) service() answer { return s.life.service(s.id) }

// path is an address below the service.
func (s *sale) path(below string) string { return "/v1/services/" + s.id + below }

// stepOf is one step of a life: who asks for what, and what the service is afterwards.
type stepOf struct {
	name, kind, status string
	ask                func(*sale) answer
}

// lifetime is every step, in the order of a life.
var lifetime = []stepOf{
	{"open", "open", "active", (*sale).buy},
	{"suspend", "suspend", "suspended", func(s *sale) answer {
		return s.do(s.admin, http.MethodPost, s.path("/suspend"), doc{"reason": "admin"})
	}},
	{"resume", "resume", "active", func(s *sale) answer { return s.do(s.admin, http.MethodPost, s.path("/resume"), doc{}) }},
	{"add-ons", "set_params", "active", func(s *sale) answer {
		return s.do(s.buyer, http.MethodPost, s.path("/change-add-ons"), doc{"add_ons": orEmpty(s.wanted)})
	}},
	{"tariff", "set_params", "active", func(s *sale) answer {
		return s.do(s.buyer, http.MethodPost, s.path("/change-tariff"), doc{"tariff_id": s.large, "period": "P1M"})
	}},
	{"parameters", "set_params", "active", func(s *sale) answer {
		return s.do(s.buyer, http.MethodPost, s.path("/set-parameters"), doc{"parameters": orEmpty(s.told)})
	}},
	{"reinstall", "reinstall", "active", func(s *sale) answer {
		body := doc{}
		if s.os != "" {
			body["os"] = s.os
		}
		return s.do(s.buyer, http.MethodPost, s.path("/reinstall"), body)
	}},
	{"reboot", "reboot", "active", func(s *sale) answer { return s.do(s.buyer, http.MethodPost, s.path("/reboot"), doc{}) }},
	{"renew", "renew", "active", func(s *sale) answer {
		return s.do(s.buyer, http.MethodPost, s.path("/renew"), doc{"period": "P1M"})
	}},
	{"close", "close", "deleted", func(s *sale) answer { return s.do(s.buyer, http.MethodDelete, s.path(""), nil) }},
}

// buy orders the service.
func (s *sale) buy() answer {
	s.t.Helper()
	a := s.do(s.buyer, http.MethodPost, "/v1/orders", doc{"pay": "balance", "items": []doc{{
		"tariff_id": s.small, "period": "P1M", "data_center_id": s.place, "add_ons": orEmpty(s.ordered), "parameters": orEmpty(s.filled),
	}}})
	if a.status == http.StatusCreated {
		s.id, s.order, s.external, s.refused = a.text("items.0.service_id"), a.text("id"), "", 0
	}
	return a
}

// take goes one step and expects the service, its operations and the panels to be what they should be then.
func (s *sale) take(step stepOf) {
	s.t.Helper()
	a := step.ask(s)
	require.Contains(s.t, []int{http.StatusOK, http.StatusCreated, http.StatusAccepted}, a.status, "%s: %s", step.name, a)
	s.pass(30)
	s.arrived(step)
}

// arrived expects what should be when a step is done.
func (s *sale) arrived(step stepOf) {
	s.t.Helper()
	s.finishByHand(step)
	service := s.service()
	require.Equal(s.t, step.status, service.text("status"), "%s: %s %s", step.name, service, s.operations())
	refused := 0
	for _, o := range s.operations() {
		if o.text("status") == "failed" {
			refused++
			continue
		}
		require.Equal(s.t, "succeeded", o.text("status"), "%s: %s", step.name, o)
	}
	require.Equal(s.t, s.refused, refused, step.name)
	if !service.null("external_id") {
		s.external = service.text("external_id")
	}
	if want, told := s.shows[step.name]; told {
		s.state = want
	}
	if step.name == "close" && s.afterFailure {
		require.Empty(s.t, s.marked(), "what carries the service's id after %s", step.name)
		return
	}
	require.Equal(s.t, s.state, s.look(), "what the panel holds after %s", step.name)
}

// marked is what carries the service's id in the panels.
func (s *sale) marked() string {
	external := s.external
	defer func() { s.external = external }()
	s.external = ""
	return s.look()
}

func (s *sale) operations() []value {
	return s.admin.get("/v1/operations?service_id=" + s.id).is(http.StatusOK).list("data")
}

// finishByHand does what people are asked for by a step, and expects that they are asked for nothing else.
func (s *sale) finishByHand(step stepOf) {
	s.t.Helper()
	open := s.admin.get("/v1/tasks?status=open&service_id=" + s.id).is(http.StatusOK).list("data")
	want, expected := s.byHand[step.name]
	if !expected {
		require.Empty(s.t, open, step.name)
		return
	}
	require.Len(s.t, open, 1, step.name)
	require.Equal(s.t, want, open[0].text("kind"), "%s: %s", step.name, open[0])
	body := doc{"result": "done"}
	if step.name == "open" && s.driver != "manual" {
		s.admin.post("/v1/tasks/"+open[0].text("id")+"/close", body).
			refused(http.StatusUnprocessableEntity, "required", "/external_id required")
	}
	if step.name == "open" {
		for k, v := range s.setUp {
			body[k] = v
		}
	}
	s.admin.post("/v1/tasks/"+open[0].text("id")+"/close", body).is(http.StatusOK)
	s.idle()
}
