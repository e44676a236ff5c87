package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// called finds a trade.
func called(name string) trade {
	for _, t := range trades() {
		if t.name == name {
			return t
		}
	}
	panic("there is no trade " + name)
}

// newest is the service's newest operation.
func newest(s *sale) value {
	all := s.operations()
	return all[len(all)-1]
}

// TestAFailedOpenGoesToTheNextModuleD23 sells machines by two panels. The first one refuses, and is spared from then on until its
// problem ends: by itself, by a good check, by hand or by a success.
func TestAFailedOpenGoesToTheNextModuleD23(t *testing.T) {
	t.Parallel()
	l := newMarket(t)
	first, second := called("VMmanager 6 KVM"), called("VMmanager 6 LXD")
	s := &sale{life: l, trade: first}
	s.begin()
	connection, parameters := second.connect(s)
	other := l.admin.post("/v1/processing-modules", doc{
		"driver": second.driver, "product_type": second.product, "name": second.name, "data_center_id": s.place, "sort_order": 2,
		"connection": connection, "parameters": parameters,
	}).is(http.StatusCreated).text("id")
	l.admin.patch("/v1/tariffs/"+s.small, doc{"processing_module_ids": []string{other, s.module}}).is(http.StatusOK)
	problems := "/v1/processing-modules/" + s.module + "/problems"
	panel := control("vmmanager6")

	// opens orders a machine, and tells where it was tried in vain and which module made it.
	opens := func() (tried []string, module string) {
		t.Helper()
		a := s.buy().is(http.StatusCreated)
		s.pass(40)
		service := s.service()
		require.Equal(t, "active", service.text("status"), "%s", newest(s))
		o := l.admin.get("/v1/operations/" + a.text("items.0.operation_id")).is(http.StatusOK)
		require.Equal(t, "succeeded", o.text("status"))
		require.Equal(t, service.text("module_id"), o.text("module_id"))
		return o.texts("tried_module_ids"), o.text("module_id")
	}
	refused := func() {
		t.Helper()
		panel.hit(s, "task_fail", 1, 0)
		tried, module := opens()
		require.Equal(t, []string{s.module}, tried)
		require.Equal(t, other, module)
		require.Equal(t, []string{"LXD"}, rows("vmmanager6", "servers", "cluster")[0](s), "the first holds nothing of it")
		require.Equal(t, 1, panel.mend(s))
	}
	spared := func() {
		t.Helper()
		tried, module := opens()
		require.Equal(t, []string{}, tried)
		require.Equal(t, other, module)
	}
	trusted := func() (id string) {
		t.Helper()
		tried, module := opens()
		require.Equal(t, []string{}, tried)
		require.Equal(t, s.module, module)
		require.Empty(t, l.admin.all(problems))
		return s.id
	}

	onFirst := trusted()
	refused()
	open := l.admin.all(problems)
	require.Len(t, open, 1)
	require.Contains(t, open[0].text("detail"), "failed by a fault of the simulator")
	require.Equal(t, "1h0m0s", open[0].instant("until").Sub(open[0].instant("since")).String())
	l.shop.get(problems).refused(http.StatusForbidden, "insufficient_scope")
	spared()
	s.pass(30)
	trusted() // an hour is over

	refused()
	require.Equal(t, "ok", l.admin.post("/v1/processing-modules/"+s.module+"/check", nil).is(http.StatusOK).text("status"))
	trusted()

	refused()
	require.Equal(t, http.StatusNoContent, l.admin.must(http.MethodDelete, problems, nil, nil).status)
	trusted()

	refused()
	l.admin.post("/v1/services/"+onFirst+"/reboot", doc{}).is(http.StatusAccepted)
	s.pass(5)
	trusted()
	l.verified()
}

// TestLanesD23 orders more than modules may make at once: by the limit of opens, and by workers of a queue that two modules share.
func TestLanesD23(t *testing.T) {
	t.Parallel()
	l := newMarket(t)
	racks, older := &sale{life: l, trade: called("DCImanager 6")}, &sale{life: l, trade: called("DSmanager")}
	for _, s := range []*sale{racks, older} {
		s.begin()
	}
	another := *racks
	operations := func(all ...*sale) (out []string) {
		t.Helper()
		for _, s := range all {
			o := newest(s)
			out = append(out, o.text("status"))
			if o.text("status") == "queued" {
				require.Zero(t, o.int("attempts"), "waiting for a lane is no attempt")
				require.False(t, o.null("next_attempt_at"))
			}
		}
		return out
	}
	allow := func(s *sale, limits doc) {
		t.Helper()
		l.admin.patch("/v1/processing-modules/"+s.module, limits).is(http.StatusOK)
	}
	inTurn := func(first, second *sale) {
		t.Helper()
		first.buy().is(http.StatusCreated)
		l.idle()
		second.buy().is(http.StatusCreated)
		l.idle()
		require.Equal(t, []string{"waiting", "queued"}, operations(first, second))
		l.admin.post("/v1/operations/"+newest(first).text("id")+"/retry", nil).refused(http.StatusConflict, "invalid_operation_state")
		l.pass(5)
		require.Equal(t, []string{"waiting", "queued"}, operations(first, second))
		l.pass(8)
		require.Equal(t, []string{"succeeded", "waiting"}, operations(first, second), "the lane is free")
		l.pass(15)
		require.Equal(t, []string{"succeeded", "succeeded"}, operations(first, second))
		l.admin.post("/v1/operations/"+newest(first).text("id")+"/retry", nil).refused(http.StatusConflict, "invalid_operation_state")
	}
	allow(racks, doc{"max_running_opens": 1})
	inTurn(racks, &another)

	allow(racks, doc{"max_running_opens": 0})
	racks.buy().is(http.StatusCreated)
	another.buy().is(http.StatusCreated)
	l.idle()
	require.Equal(t, []string{"waiting", "waiting"}, operations(racks, &another), "0 is no limit")
	l.pass(15)

	queue := doc{"queue": doc{"enabled": true, "key": "rack", "workers": 1}}
	allow(racks, queue)
	allow(older, queue)
	for _, s := range []*sale{racks, &another} { // their servers are few
		s.do(l.buyer, http.MethodDelete, s.path(""), nil).is(http.StatusAccepted)
	}
	l.idle()
	require.ElementsMatch(t, []string{"waiting", "queued"}, operations(racks, &another), "of any kind")
	l.pass(15)
	inTurn(racks, older)
	l.verified()
}

// TestAPanelThatDoesNotFinishD24 has a panel work for longer than people are to be left in peace, here an hour instead of four. They
// are asked then, while looking goes on; whoever is first ends the operation.
func TestAPanelThatDoesNotFinishD24(t *testing.T) {
	t.Parallel()
	l := newMarket(t, "TARIFFD_PANELS_DELAY=90m", "TARIFFD_PENDING_LIMIT=1h")
	late, byHand := &sale{life: l, trade: called("DCImanager 6")}, &sale{}
	late.begin()
	*byHand = *late
	late.buy().is(http.StatusCreated)
	byHand.buy().is(http.StatusCreated)
	l.pass(55)
	require.Equal(t, "waiting", newest(late).text("status"))
	require.Empty(t, l.admin.all("/v1/tasks"))
	l.pass(10)
	for _, s := range []*sale{late, byHand} {
		o := newest(s)
		require.Equal(t, "waiting", o.text("status"), "it is looked at further")
		require.Equal(t, 1, o.int("attempts"))
		task := l.admin.get("/v1/tasks/" + o.text("task_id")).is(http.StatusOK)
		require.Equal(t, "set_up open", task.text("kind")+" "+task.text("status"))
		require.Contains(t, task.text("reason"), s.id)
		require.Equal(t, "processing", s.service().text("status"))
	}

	task := "/v1/tasks/" + newest(byHand).text("task_id")
	l.admin.post(task+"/take", nil).is(http.StatusOK)
	l.admin.post(task+"/close", doc{"result": "done", "external_id": "77", "addresses": []doc{{"ip": "192.0.2.77"}}}).is(http.StatusOK)
	require.Equal(t, []string{"active", "77", "192.0.2.77"}, []string{
		byHand.service().text("status"), byHand.service().text("external_id"), byHand.service().text("addresses.0.ip"),
	})
	l.pass(120)
	require.Equal(t, "succeeded", newest(late).text("status"))
	require.Equal(t, "active", late.service().text("status"))
	require.Equal(t, "closed done", func() string {
		done := l.admin.get("/v1/tasks/" + newest(late).text("task_id")).is(http.StatusOK)
		return done.text("status") + " " + done.text("result")
	}(), "nothing is left for people")
	require.Equal(t, "77", byHand.service().text("external_id"), "what people did stays")
	l.verified()
}
