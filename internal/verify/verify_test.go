package verify_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/verify"
)

// One life is lived, and each test gets a copy of its database to look at and to break.
func TestVerify(t *testing.T) {
	t.Parallel()
	l := lived(t)
	var name string
	require.NoError(t, l.pool.Get(&name, `SELECT current_database()`))
	require.NoError(t, l.pool.Close(), "only a database that nobody uses can be copied")
	var copies atomic.Int64
	again := func(t *testing.T) *life { return l.copied(t, name, copies.Add(1)) }
	t.Run("right", func(t *testing.T) { nothingIsFoundInARightLife(t, again(t)) })
	t.Run("due", func(t *testing.T) { monthsThatAreDueAreLeftOut(t, again(t)) })
	t.Run("midnight", func(t *testing.T) { theDayThatTheDailyRunWillChargeIsNoFinding(t, again(t)) })
	t.Run("closed", func(t *testing.T) { closedMonthsAreFinal(t, again(t)) })
	t.Run("many", func(t *testing.T) { manyFindingsAreCutShort(t, again(t)) })
	t.Run("zone", func(t *testing.T) { thePinnedZoneCounts(t, again(t)) })
	for invariant, breaks := range broken {
		for _, b := range breaks {
			t.Run(fmt.Sprint(invariant, " ", b.name), func(t *testing.T) {
				t.Parallel()
				b.isFound(t, again(t), invariant)
			})
		}
	}
}

// copied is the same life on a copy of its database. The copy's name is one that a later test process would sweep.
func (l *life) copied(t *testing.T, name string, n int64) *life {
	address, err := url.Parse(l.address)
	require.NoError(t, err)
	copied := *address
	copied.Path = fmt.Sprintf("/%s%06d", name, n)
	address.Path = "/postgres"
	server, err := sqlx.Open("postgres", address.String())
	require.NoError(t, err)
	server.MustExec(fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s STRATEGY FILE_COPY`, copied.Path[1:], name))
	t.Cleanup(func() {
		server.MustExec(fmt.Sprintf(`DROP DATABASE %s WITH (FORCE)`, copied.Path[1:]))
		require.NoError(t, server.Close())
	})
	out := *l
	out.T = t
	out.connect(copied.String(), l.clock.BusinessNow())
	return &out
}

func nothingIsFoundInARightLife(t *testing.T, l *life) {
	r := l.verify()
	require.Empty(t, r.Findings)
	require.False(t, r.Truncated)
	require.Equal(t, l.clock.BusinessNow(), r.CheckedAt)
	for what, query := range map[string]string{
		"overage":        `SELECT count(*) FROM expense WHERE kind = 'overage'`,
		"corrections":    `SELECT count(*) FROM expense WHERE kind = 'correction'`,
		"refunds":        `SELECT count(*) FROM expense WHERE kind = 'refund'`,
		"renewals":       `SELECT count(*) FROM audit WHERE action = 'service.renewed'`,
		"revisions":      `SELECT count(*) FROM block_revision`,
		"moved blocks":   `SELECT count(*) FROM traffic_block WHERE owner_service_id <> server_service_id`,
		"our price":      `SELECT count(*) FROM service_term WHERE source = 'bandwidth' AND to_at IS NULL`,
		"staff price":    `SELECT count(*) FROM service_term WHERE source = 'staff' AND to_at IS NULL`,
		"kept price":     `SELECT count(*) FROM event WHERE type = 'price.override_kept'`,
		"held money":     `SELECT count(*) FROM account WHERE kind = 'held' AND amount > 0`,
		"open task":      `SELECT count(*) FROM task WHERE status = 'open'`,
		"waiting panel":  `SELECT count(*) FROM operation WHERE status = 'waiting'`,
		"released order": `SELECT count(*) FROM posting WHERE cause_kind = 'order_release'`,
		"refused set-up": `SELECT count(*) FROM posting WHERE cause_kind = 'service_release'`,
		"unpaid order":   `SELECT count(*) FROM client_order WHERE status = 'awaiting_payment'`,
		"money back":     `SELECT count(*) FROM payment WHERE refunded > 0`,
	} {
		require.Positive(t, l.count(query), "the life has no %s", what)
	}
	require.Equal(t, verify.Counts{
		Clients: 2, Payments: 2, Postings: int64(l.count(`SELECT count(*) FROM posting`)), Expenses: int64(l.count(`SELECT count(*) FROM expense`)),
		Orders: 8, Services: 9, Operations: int64(l.count(`SELECT count(*) FROM operation`)), Tasks: 2, Links: 2,
		Blocks: int64(l.count(`SELECT count(*) FROM traffic_block`)), Revisions: 4, Months: 5,
	}, r.Checked)
}

func monthsThatAreDueAreLeftOut(t *testing.T, l *life) {
	l.used(l.a, on(time.March, 30), "50")
	r := l.verify()
	require.Empty(t, r.Findings, "the difference is about to be booked")
	require.Equal(t, []int64{4, 1}, []int64{r.Checked.Months, r.Checked.MonthsInProgress})
	l.exec(`DELETE FROM overage_due`)
	require.Equal(t, []int{5}, numbers(l.verify().Findings), "but somebody has to know of it")
}

// Between midnight and the daily run the last day is over, but not charged yet.
func theDayThatTheDailyRunWillChargeIsNoFinding(t *testing.T, l *life) {
	l.used(l.a, on(time.April, 2), "200")
	l.work()
	l.used(l.a, on(time.April, 3), "300")
	l.work()
	for _, minute := range []int{0, 10, 20} {
		l.clock.Set(time.Date(2026, 4, 4, 0, minute, 0, 0, time.UTC))
		r := l.verify()
		require.Empty(t, r.Findings)
		require.Positive(t, r.Checked.MonthsInProgress)
	}
	l.work()
	r := l.verify()
	require.Empty(t, r.Findings)
	require.Zero(t, r.Checked.MonthsInProgress)
}

func closedMonthsAreFinal(t *testing.T, l *life) {
	l.exec(`INSERT INTO usage_month (client_id, service_id, month, usage, closed_at)
		SELECT DISTINCT client_id, owner_service_id, '2026-03-01'::date, '{}'::jsonb, now() FROM traffic_block WHERE day < '2026-04-01'`)
	l.exec(`DELETE FROM traffic_block WHERE day < '2026-04-01'`)
	r := l.verify()
	require.Empty(t, r.Findings)
	require.Equal(t, int64(4), r.Checked.MonthsClosed)
}

func manyFindingsAreCutShort(t *testing.T, l *life) {
	l.open()
	l.exec(`INSERT INTO expense (client_id, id, service_id, kind, date, amount, currency, charge_id, created_at)
		SELECT $1, gen_random_uuid(), gen_random_uuid(), 'setup', '2026-03-01', 0, 'EUR', gen_random_uuid(), now() FROM generate_series(1, 1005)`, l.first)
	r := l.verify()
	require.Len(t, r.Findings, verify.Most)
	require.True(t, r.Truncated)
}

// Days end where the installation says, whatever this process was told.
func thePinnedZoneCounts(t *testing.T, l *life) {
	l.exec(`INSERT INTO installation (billing_zone, created_at) VALUES ('Pacific/Auckland', now())`)
	require.Contains(t, numbers(l.verify().Findings), 4, "the switches of 13:00 are of the next day there")
}

func numbers(findings []verify.Finding) []int {
	var out []int
	for _, f := range findings {
		if len(out) == 0 || out[len(out)-1] != f.Invariant {
			out = append(out, f.Invariant)
		}
	}
	return out
}

// damage is something that breaks an invariant, by SQL.
type damage struct {
	name string
	says string // in one of the findings
	// also are other invariants that cannot stay whole then.
	also []int
	// how: {a} is server A's id, and so on.
	how string
}

func (d damage) isFound(t *testing.T, l *life, invariant int) {
	l.open()
	how := strings.NewReplacer(
		"{a}", "'"+string(l.a)+"'", "{b}", "'"+string(l.b)+"'", "{carrier}", "'"+string(l.carrier)+"'", "{over}", "'"+string(l.over)+"'",
		"{stuck}", "'"+string(l.stuck)+"'", "{first}", "'"+string(l.first)+"'", "{second}", "'"+string(l.second)+"'",
	).Replace(d.how)
	result, err := l.pool.Exec(how)
	require.NoError(t, err)
	n, err := result.RowsAffected()
	require.NoError(t, err)
	require.Positive(t, n, "nothing was broken")
	found := l.verify().Findings
	said := false
	for _, f := range found {
		require.Contains(t, append([]int{invariant}, d.also...), f.Invariant, "%+v", f)
		said = said || f.Invariant == invariant && strings.Contains(f.Detail, d.says)
		require.NotEmpty(t, f.Subject)
		require.Len(t, f.ID, 36)
	}
	require.True(t, said, "invariant %d is not found broken by %q: %+v", invariant, d.says, found)
}
