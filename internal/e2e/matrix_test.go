package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// failures are the ways for one call to fail.
var failures = []string{"http_500", "http_503", "http_401", "timeout", "drop_response", "bad_body", "task_fail"}

// TestAnyCallMayFail lets calls to panels fail, one in each step of a life, in several ways, at the first, a middle and a late call
// of a step: however it ends, the panel holds one object of the service or none, the service has the right status, and the
// books are right. SOAK tries every call of every step in every way; the drivers' own tests try every third, without all of
// this around them.
func TestAnyCallMayFail(t *testing.T) {
	t.Parallel()
	for i, tr := range trades() {
		if len(tr.struck) == 0 || tr.name == "VMmanager 6 LXD" || tr.name == "Script in a shell" {
			continue
		}
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			m := &matrix{sale: &sale{life: newMarket(t, "TARIFFD_PANELS_DELAY=40s"), trade: tr, silenced: true}, offset: i}
			m.begin()
			m.unharmed()
			for _, victim := range tr.struck {
				m.strikeOnce(victim)
			}
			m.strikeForGood()
			require.Greater(t, m.hits, 5, "the calls were met")
			m.ledgerAgrees()
			m.verified()
			m.keptSecrets()
		})
	}
}

// matrix is a sale whose panels fail.
type matrix struct {
	*sale
	offset  int            // of the ways to fail, so that each trade begins with another one
	calls   map[string]int // of a panel in a step
	secrets []string
	hits    int // calls that failed
}

// unharmed lives once without a failure, to learn how many calls each step makes.
func (m *matrix) unharmed() {
	m.calls = map[string]int{}
	for _, step := range lifetime {
		before := map[string]int{}
		for _, victim := range m.struck {
			before[victim.name()] = victim.asked(m.sale)
		}
		m.take(step)
		for _, victim := range m.struck {
			m.calls[victim.name()+" "+step.name] = victim.asked(m.sale) - before[victim.name()]
		}
		m.learn(step)
	}
}

// learn keeps the password of a machine, to look for it later where it must not be.
func (m *matrix) learn(step stepOf) {
	if step.name == "open" {
		m.secrets = append(m.secrets, m.admin.post(m.path("/credentials/reveal"), nil).is(http.StatusOK).text("password"))
	}
}

// strikeOnce lives on while one call fails in each step, in another way in each life. One life is enough unless there is time.
func (m *matrix) strikeOnce(victim striker) {
	lives, calls := 1, 1
	if soak() {
		lives = len(failures)
		for _, step := range lifetime {
			calls = max(calls, m.calls[victim.name()+" "+step.name])
		}
	}
	for call := range calls {
		for life := range lives {
			m.lifeUnderFire(victim, life, call)
		}
	}
}

func soak() bool { return os.Getenv("SOAK") != "" }

// lifeUnderFire is one life, with a failure in each step that calls the system.
func (m *matrix) lifeUnderFire(victim striker, life, call int) {
	m.t.Helper()
	for i, step := range lifetime {
		n := m.calls[victim.name()+" "+step.name]
		kind := failures[(i+life+m.offset)%len(failures)]
		switch {
		case soak():
		case kind == "task_fail": // counts jobs that are begun, of which there are few
			call = 0
		default:
			call = []int{0, n / 2, n * 4 / 5}[(i+2*life)%3]
		}
		if call >= n {
			m.take(step)
		} else {
			m.survive(step, victim, kind, call)
		}
		m.learn(step)
	}
}

// survive goes one step while one call fails.
func (m *matrix) survive(step stepOf, victim striker, kind string, call int) {
	m.t.Helper()
	at := fmt.Sprintf("%s with %s at call %d of %s", step.name, kind, call, victim.name())
	before := m.before(step)
	victim.hit(m.sale, kind, 1, call)
	a := step.ask(m.sale)
	require.Contains(m.t, []int{http.StatusOK, http.StatusCreated, http.StatusAccepted}, a.status, "%s: %s", at, a)
	m.pass(30)
	hits := victim.mend(m.sale)
	m.hits += hits
	if o := m.failed(); o != nil {
		require.Equal(m.t, 1, hits, at)
		m.judge(at, step, *o, before)
		m.admin.post("/v1/operations/"+o.text("id")+"/retry", nil).is(http.StatusAccepted)
		m.pass(30)
	}
	m.afterFailure = kind == "task_fail"
	m.arrived(step)
	m.afterFailure = false
}

// failed is the operation that did not succeed by itself, if there is one.
func (m *matrix) failed() *value {
	for _, o := range m.operations() {
		if o.text("status") == "manual" && !o.null("error") {
			return &o
		}
	}
	return nil
}

// before is what a service and its client's money are before a step.
type before struct{ status, money, terms, state string }

func (m *matrix) before(step stepOf) before {
	b := before{status: "processing", money: m.funds(), state: m.state}
	if step.name != "open" {
		service := m.service()
		b.status, b.terms = service.text("status"), service.part("tariff_id").String()+service.part("add_ons").String()
	}
	return b
}

// funds are what the client can spend and what is held.
func (l *life) funds() string {
	c := l.do(l.buyer, http.MethodGet, "/v1/clients/"+l.client, nil).is(http.StatusOK)
	return c.euro("balance") + " " + c.euro("held")
}

// taskOf is the kind of task that becomes of an operation.
var taskOf = map[string]string{
	"open": "set_up", "set_params": "change_parameters", "renew": "change_parameters", "close": "delete", "resume": "enable",
	"suspend": "disable", "reboot": "other", "reinstall": "other",
}

// judge expects a failed operation to have gone to people, with the panel's words for them alone, and nothing else to be other
// than before.
func (m *matrix) judge(at string, step stepOf, o value, before before) {
	t := m.t
	t.Helper()
	require.Equal(t, step.kind+" manual", o.text("kind")+" "+o.text("status"), "%s: %s", at, o)
	code, words := o.text("error.code"), o.text("error.detail")
	task := m.admin.get("/v1/tasks/" + o.text("task_id")).is(http.StatusOK)
	require.False(t, task.null("error"), "%s: %s %s", at, o, task)
	require.Equal(t, taskOf[step.kind]+" open", task.text("kind")+" "+task.text("status"), at)
	require.Equal(t, []string{words, o.text("id"), m.id}, []string{task.text("error"), task.text("operation_id"), task.text("service_id")}, at)
	require.NotEmpty(t, words, at)
	require.Contains(t, m.admin.get("/v1/processing-modules/"+m.module+"/problems").is(http.StatusOK).String(), code, at)
	for _, who := range []*caller{m.buyer, m.shop} {
		seen := who.get("/v1/operations/" + o.text("id")).is(http.StatusOK)
		require.Equal(t, []string{code, "The operation did not succeed yet; we are looking into it."},
			[]string{seen.text("error.code"), seen.text("error.detail")}, at)
		require.Empty(t, seen.list("log"), at)
		require.NotContains(t, who.get(m.path("/history")).is(http.StatusOK).String(), words, at)
		who.get("/v1/tasks/"+task.text("id")).refused(http.StatusForbidden, "insufficient_scope")
	}
	service := m.service()
	require.Equal(t, before.status, service.text("status"), "%s: %s", at, service)
	if step.name != "open" {
		require.Equal(t, step.kind, service.text("pending_operation.kind"), at)
	} else {
		order := m.buyer.get("/v1/orders/" + m.order).is(http.StatusOK)
		require.Equal(t, "paid", order.text("status"), at)
		require.Equal(t, order.euro("total"), m.buyer.get("/v1/clients/"+m.client).is(http.StatusOK).euro("held"), "%s: the money waits", at)
	}
}

// strikeForGood lets a panel fail until people are asked, in each step. They refuse, which leaves everything as it was, or send it
// to the panel again; both where there is time.
func (m *matrix) strikeForGood() {
	victim := m.struck[0]
	for i, step := range lifetime {
		if m.calls[victim.name()+" "+step.name] == 0 {
			m.take(step)
			continue
		}
		kind := []string{"http_500", "http_401", "bad_body"}[i%3]
		if step.name == "suspend" { // what takes longest, once in a life and in turns
			kind = []string{"http_503", "timeout"}[m.offset%2]
		}
		refuse, told := (i+m.offset)%2 == 0, step.name == "renew" // what is renewed is only told to the panel: it cannot be refused
		if !told && (soak() || refuse) {
			before := m.before(step)
			m.giveUp(step, victim, kind, before)
			m.admin.post("/v1/tasks/"+m.failed().text("task_id")+"/close", doc{"result": "refused"}).is(http.StatusOK)
			victim.mend(m.sale)
			m.refused++
			m.asBefore(step, before)
		}
		if told || soak() || !refuse {
			m.giveUp(step, victim, kind, m.before(step))
			victim.mend(m.sale)
			m.admin.post("/v1/operations/"+m.failed().text("id")+"/retry", nil).is(http.StatusAccepted)
			m.pass(30)
			m.arrived(step)
			if m.byHand[step.name] == "" {
				require.Empty(m.t, m.admin.all("/v1/processing-modules/"+m.module+"/problems"), "a success ends problems")
			}
		} else {
			m.take(step)
		}
		m.learn(step)
	}
}

// giveUp asks for a step while every call fails.
func (m *matrix) giveUp(step stepOf, victim striker, kind string, before before) {
	m.t.Helper()
	at := step.name + " with " + kind + " for good"
	if kind == "timeout" { // ten of the usual ones would last too long; that a busy machine may be silent, too, changes nothing here
		defer m.patience(1)()
	}
	victim.hit(m.sale, kind, 0, 0)
	a := step.ask(m.sale)
	require.Contains(m.t, []int{http.StatusCreated, http.StatusAccepted}, a.status, "%s: %s", at, a)
	m.pass(55) // ten attempts, about five minutes apart
	o := m.failed()
	require.NotNil(m.t, o, at)
	m.judge(at, step, *o, before)
	if kind == "http_401" {
		require.Less(m.t, o.int("attempts"), 10, "%s is a refusal, which is not repeated: %s", at, o)
		return
	}
	require.Equal(m.t, 10, o.int("attempts"), "%s: %s", at, o)
}

// patience sets how many seconds a call of the module may take, until what it answers is called.
func (m *matrix) patience(seconds int) (restore func()) {
	path := "/v1/processing-modules/" + m.module
	usual := m.admin.get(path).is(http.StatusOK).int("parameters.timeout_seconds")
	set := func(n int) {
		m.admin.patch(path+"?check=false", doc{"parameters": doc{"timeout_seconds": n}}).is(http.StatusOK)
	}
	set(seconds)
	return func() { set(usual) }
}

// asBefore expects that a refused step left everything as it was.
func (m *matrix) asBefore(step stepOf, before before) {
	m.t.Helper()
	service := m.service()
	require.Equal(m.t, before.money, m.funds(), "%s refused", step.name)
	require.True(m.t, service.null("pending_operation"), "%s refused", step.name)
	if step.name == "open" {
		require.Equal(m.t, "deleted", service.text("status"))
		require.Equal(m.t, "failed", m.buyer.get("/v1/orders/"+m.order).is(http.StatusOK).text("status"))
		require.Empty(m.t, m.look(), "nothing is left in the panel")
		return
	}
	require.Equal(m.t, before.status, service.text("status"), "%s refused", step.name)
	require.Equal(m.t, before.terms, service.part("tariff_id").String()+service.part("add_ons").String(), "%s refused", step.name)
	require.Equal(m.t, before.state, m.look(), "%s refused", step.name)
}

// keptSecrets looks for passwords where they must not be.
func (m *matrix) keptSecrets() {
	m.t.Helper()
	log, err := os.ReadFile(m.serve.log)
	require.NoError(m.t, err)
	told := map[string]string{"the log": string(log)}
	paths := []string{"/v1/operations", "/v1/tasks", "/v1/events", "/v1/processing-modules", "/v1/processing-modules/" + m.module + "/problems"}
	for _, path := range paths {
		for _, row := range m.admin.all(path) {
			told[path] += row.String()
		}
	}
	require.NotEmpty(m.t, m.secrets)
	for _, secret := range append(slices.Clone(m.secrets), "admin:secret", "password=secret", `"secret"`, "s3cret") {
		for where, text := range told {
			require.NotContains(m.t, text, secret, "a secret stands in %s", where)
		}
	}
}
