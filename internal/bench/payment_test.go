package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

// payers is over how many clients payments are spread.
const payers = 1000

// BenchmarkPayments books paid payments, each with its key, posting, event and audit row, beside four plain statements.
func BenchmarkPayments(b *testing.B) {
	in := newInstallation(b).start(b).connect(b)
	s := newShop(in.admin(b))
	template, _, _ := s.sell()
	in.multiply(b, template, payers)
	in.copyLedger(b)
	pay := in.payments(b)
	for _, clients := range []int{8, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { in.comparePayments(b, pay, clients) })
	}
	in.booksAgree(b)
}

func (in *installation) comparePayments(b *testing.B, pay load, clients int) {
	const rounds, length = 3, 4 * time.Second
	pay.clients = clients
	pay.rush(b, length/4)
	in.pgbench(b, clients, length/4)
	var ours, theirs, ratio []float64
	for range rounds {
		theirs = append(theirs, in.pgbench(b, clients, length))
		ours = append(ours, pay.rush(b, length))
		ratio = append(ratio, ours[len(ours)-1]/theirs[len(theirs)-1])
	}
	report.show(b, figure{
		name: fmt.Sprintf("payment, %d clients", clients), ours: perSecond(ours), theirs: perSecond(theirs) + " (four statements)",
		value: median(ratio), target: 0.4,
	})
}

// payments is paid payments, in turn for every client that there is.
func (in *installation) payments(b *testing.B) load {
	b.Helper()
	var ids []string
	require.NoError(b, in.db.Select(&ids, `SELECT id FROM client ORDER BY id`))
	run := random(4) // external ids are good for once
	return load{address: in.listen, clients: 16, want: http.StatusCreated, request: func(no int) []byte {
		unique := run + "-" + strconv.Itoa(no) + "-" + random(6)
		body := fmt.Sprintf(`{"client_id":"%s","amount":{"amount":"12.50","currency":"EUR"},"method":"manual","external_id":"%s","status":"paid"}`,
			ids[no*7919%len(ids)], unique)
		return request(http.MethodPost, "/v1/payments", in.listen, in.key, "Idempotency-Key: "+unique+"\r\n", body)
	}}
}

// multiply makes clients like the first one, with empty accounts.
func (in *installation) multiply(b *testing.B, template string, n int) {
	b.Helper()
	in.run(b, `
INSERT INTO client SELECT copy.* FROM client t, generate_series(1, $2::bigint) AS n,
    jsonb_populate_record(t, jsonb_build_object('id', `+clientID+`, 'email', 'copy-' || n || '@bench.example')) AS copy WHERE t.id = $1`, template, n)
	in.run(b, `
INSERT INTO account SELECT copy.* FROM account t, generate_series(1, $2::bigint) AS n,
    jsonb_populate_record(t, jsonb_build_object('client_id', `+clientID+`, 'amount', 0)) AS copy WHERE t.client_id = $1`, template, n)
}

// clientID is the id of the n-th copied client, in SQL.
const clientID = `('01900000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`

// copyLedger copies the tables of the four statements, filled as far as the program's own.
func (in *installation) copyLedger(b *testing.B) {
	b.Helper()
	for _, table := range []string{"idempotency_key", "account", "posting", "event"} {
		in.copyTable(b, table)
		in.run(b, `INSERT INTO bench.`+table+` SELECT * FROM `+table)
	}
	in.run(b, `ANALYZE`)
}

// fourStatements is the least that booking a payment needs. Texts and documents are those that a real payment wrote.
const fourStatements = `\set n random(1, %d)
BEGIN;
INSERT INTO bench.idempotency_key (principal, route, key, fingerprint, status, header, body, created_at)
VALUES (%s, %s, gen_random_uuid()::text, %s, 201, %s, %s, now());
UPDATE bench.account SET amount = amount + 12.50 WHERE client_id = ('01900000-0001-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid AND kind = 'balance';
INSERT INTO bench.posting (client_id, id, at, kind, from_account, to_account, amount, currency, cause_kind, cause_id, balance_after, refs)
VALUES (('01900000-0001-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid, gen_random_uuid(), now(), 'payment', 'cash', 'balance', 12.50, 'EUR', 'payment', gen_random_uuid(), 0, %s);
INSERT INTO bench.event (client_id, id, provider_id, audience, type, at, data, refs)
VALUES (('01900000-0001-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid, gen_random_uuid(), %s, 'client', 'payment.paid', now(), %s, %s);
COMMIT;
`

// script writes the transaction down for pgbench.
func (in *installation) script(b *testing.B) (path string) {
	b.Helper()
	path = in.dir + ".pgbench.sql"
	if _, err := os.Stat(path); err == nil {
		return path
	}
	var once, booked, told []string
	in.columns(b, &once, `SELECT ARRAY[principal, route, fingerprint::text, header::text, body::text] FROM idempotency_key WHERE route LIKE '%/payments' LIMIT 1`)
	in.columns(b, &booked, `SELECT ARRAY[refs::text] FROM posting WHERE kind = 'payment' LIMIT 1`)
	in.columns(b, &told, `SELECT ARRAY[provider_id::text, data::text, refs::text] FROM event WHERE type = 'payment.paid' LIMIT 1`)
	text := fmt.Sprintf(fourStatements, payers, quoted(once[0]), quoted(once[1]), quoted(once[2]), quoted(once[3]), quoted(once[4]),
		quoted(booked[0]), quoted(told[0]), quoted(told[1]), quoted(told[2]))
	require.NoError(b, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (in *installation) columns(b *testing.B, into *[]string, query string) {
	b.Helper()
	require.NoError(b, in.db.QueryRow(query).Scan((*pq.StringArray)(into)), "%s", query)
}

// quoted is a literal that pgbench does not take for one with variables: a colon before a letter would be one.
func quoted(text string) string { return pq.QuoteLiteral(strings.ReplaceAll(text, ":", ": ")) }

var transactions = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)

// pgbench runs the four statements in one transaction, prepared, over the socket, and returns how many in a second.
func (in *installation) pgbench(b *testing.B, clients int, length time.Duration) float64 {
	b.Helper()
	host, port := in.socket(b)
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(in.binaries(b), "pgbench"), "--no-vacuum", "--protocol=prepared", "--jobs=2",
		"--client="+strconv.Itoa(clients), "--time="+strconv.Itoa(max(1, int(length.Seconds()))), "--file="+in.script(b),
		"--host="+host, "--port="+port, "--username=tariffd", "tariffd")
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
	found := transactions.FindSubmatch(out)
	require.NotNil(b, found, "%s", out)
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	require.NoError(b, err)
	return rate
}

// booksAgree fails where a payment that was answered is not on its balance.
func (in *installation) booksAgree(b *testing.B) {
	b.Helper()
	var broken int
	require.NoError(b, in.db.Get(&broken, `
SELECT count(*) FROM account a WHERE kind = 'balance' AND amount <> (
    SELECT coalesce(sum(CASE 'balance' WHEN to_account THEN amount WHEN from_account THEN -amount ELSE 0 END), 0)
    FROM posting p WHERE p.client_id = a.client_id)`))
	require.Zero(b, broken, "balances that are not the sum of their postings")
}
