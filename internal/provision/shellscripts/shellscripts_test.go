package shellscripts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/shellscripts"
)

const password = `first-"7Q' $word`

var everything = []string{"open.sh", "suspend.sh", "resume.sh", "close.sh", "setparam.sh", "prolong.sh", "reboot.sh", "reinstall.sh"}

// scripts makes a folder with the test's script under these names.
func scripts(t testing.TB, names ...string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/any.sh")
	require.NoError(t, err)
	dir := t.TempDir()
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o755))
	}
	return dir
}

func encoded(t testing.TB, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

func config(t testing.TB, dir string, seconds int) provision.Config {
	t.Helper()
	return provision.Config{
		Connection: encoded(t, map[string]string{"directory": dir}), Parameters: encoded(t, map[string]int{"timeout_seconds": seconds}),
	}
}

func spec(t testing.TB, parameters map[string]string) provision.Spec {
	t.Helper()
	s := provision.Spec{ProductType: "mailbox", TariffCode: "mail_s", Password: password, Parameters: map[string]json.RawMessage{}}
	for code, text := range parameters {
		s.Parameters[code] = encoded(t, text)
	}
	return s
}

func harness(broken bool) provisiontest.Harness {
	return provisiontest.Harness{Driver: shellscripts.Driver(), New: func(t *testing.T) provisiontest.World {
		s := provisiontest.Store{TB: t, Folder: t.TempDir(), Name: func(service actor.ServiceID) string { return string(service) }}
		dir := scripts(t, everything...)
		return s.World(config(t, dir, 60), config(t, dir, 2), spec(t, map[string]string{"store": s.Folder}), broken)
	}}
}

func TestConformance(t *testing.T) { provisiontest.Run(t, harness(false)) }

func TestFaultMatrixOfPrograms(t *testing.T) {
	t.Parallel()
	provisiontest.Programs(t, harness(true))
}

// did applies an open whose script does what the test says.
func did(t testing.TB, kind provision.Kind, run string) (provision.Outcome, error) {
	t.Helper()
	m, err := shellscripts.Driver().New(config(t, scripts(t, everything...), 60))
	require.NoError(t, err)
	s := spec(t, map[string]string{"run": run, "hostname": "web 1; id"})
	five, on := decimal.NewFromInt(5), true
	s.AddOns = map[string]provision.AddOn{"quota": {Amount: &five, Unit: "GiB"}, "backup": {On: &on}, "os": {Item: "debian12"}}
	until := time.Date(2026, 4, 5, 8, 30, 0, 0, time.UTC)
	s.Period, s.PaidUntil, s.Previous = "P1M", &until, &provision.Terms{TariffCode: "mail_xs", AddOns: map[string]provision.AddOn{"quota": {Amount: &five}}}
	return m.Apply(t.Context(), provision.Op{Kind: kind, Key: "op-1", ServiceID: actor.ServiceID(actor.NewID()), Ref: "", Spec: s})
}

func TestTheLineOKIsTheOutcome(t *testing.T) {
	t.Parallel()
	out, err := did(t, provision.Open, `echo making it; echo 'OK external_id=17 ip=192.0.2.7,2001:db8::7 login=ada note="a b=c" domain=x.example password=new old='; echo bye`)
	require.NoError(t, err)
	require.Equal(t, provision.Outcome{
		Ref: "17", Domain: "x.example", Password: "new", Parameters: map[string]string{"login": "ada", "note": "a b=c", "old": ""},
		Addresses: []provision.Address{{IP: "192.0.2.7", Family: "ipv4", Main: true}, {IP: "2001:db8::7", Family: "ipv6"}},
	}, out)
	out, err = did(t, provision.Open, `echo OK`)
	require.NoError(t, err)
	require.Len(t, string(out.Ref), 16, "the service's number")
}

func TestArgumentsTellEverythingButThePassword(t *testing.T) {
	t.Parallel()
	out, err := did(t, provision.Open, `[ "$password" = 'first-"7Q'"'"' $word' ] || exit 9
for a; do case $a in --run=*|--service_id=*|--user=*) ;; *) all="${all-}[$a]" ;; esac; done
case $* in *--user=u[0-9]*) ;; *) exit 8 ;; esac
echo "OK all=\"$all\""`)
	require.NoError(t, err)
	require.Equal(t, "[--backup=on][--domain=][--external_id=][--hostname=web 1; id][--location=][--operation_id=op-1][--os=debian12][--paid_until=2026-04-05T08:30:00Z][--period=P1M][--previous_quota=5][--previous_tariff=mail_xs][--quota=5][--tariff=mail_s]",
		out.Parameters["all"])
}

func TestEverythingElseIsAFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		run    string
		kind   provision.FailureKind
		words  string
		unsure bool
	}{
		{`echo 'ERROR: no room'; exit 1`, provision.Rejected, "open.sh: no room", false},
		{`echo ERROR no room`, provision.Rejected, "open.sh: no room", false},
		{`echo OK; exit 1`, provision.Unavailable, "status 1", true},
		{`echo "password is $password" >&2`, provision.Unavailable, "password is ***", true},
		{`echo "OKAY a=b"`, provision.Unavailable, "OKAY", true},
		{`:`, provision.Unavailable, "it said nothing", true},
		{`echo OK whatever`, provision.Unavailable, "not KEY=VALUE", true},
		{`echo OK ip=nowhere`, provision.Unavailable, "no address", true},
		{`printf 'OK a=\377'`, provision.Unavailable, "no text", true},
	} {
		_, err := did(t, provision.Open, c.run)
		f := provisiontest.Fails(t, err, c.kind)
		require.Contains(t, f.Text, c.words, c.run)
		require.Equal(t, c.unsure, f.Unsure, c.run)
		require.NotContains(t, f.Error(), password)
	}
	_, err := did(t, provision.Renew, `exit 1`)
	provisiontest.Fails(t, err, provision.Rejected) // what may have been prolonged is not prolonged again
	m, err := shellscripts.Driver().New(config(t, scripts(t, everything...), 60))
	require.NoError(t, err)
	_, err = m.Apply(t.Context(), provision.Op{Kind: provision.Renew, Ref: "7", CutOff: true, Spec: spec(t, nil)})
	require.ErrorContains(t, err, "see whether it was prolonged", "nor what a killed tariffd had begun")
}

func TestScriptsThatAreMissing(t *testing.T) {
	t.Parallel()
	m, err := shellscripts.Driver().New(config(t, scripts(t, everything[:4]...), 60))
	require.NoError(t, err)
	told, err := provision.Explain(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, provision.Checked{
		Tried: []string{"open.sh", "suspend.sh", "resume.sh", "close.sh"},
		Hints: []string{"There is no setparam.sh: people are asked.", "There is no reboot.sh: people are asked.", "There is no reinstall.sh: people are asked."},
	}, told)
	for kind, want := range map[provision.Kind]provision.State{
		provision.SetParams: provision.Manual, provision.Reboot: provision.Manual, provision.Reinstall: provision.Manual, provision.Renew: provision.Done,
	} {
		out, err := m.Apply(t.Context(), provision.Op{Kind: kind, Ref: "7", Spec: spec(t, nil)})
		require.NoError(t, err)
		require.Equal(t, want, out.State, "%s, D28", kind)
	}
	for _, names := range [][]string{everything[1:], everything[:3], nil} {
		m, err = shellscripts.Driver().New(config(t, scripts(t, names...), 60))
		require.NoError(t, err)
		require.ErrorContains(t, m.Check(t.Context()), "not there")
	}
	dir := scripts(t, everything...)
	require.NoError(t, os.Chmod(filepath.Join(dir, "reboot.sh"), 0o666))
	m, err = shellscripts.Driver().New(config(t, dir, 60))
	require.NoError(t, err)
	require.ErrorContains(t, m.Check(t.Context()), "reboot.sh cannot be run")
	_, err = shellscripts.Driver().New(config(t, "relative", 60))
	require.Equal(t, "/connection/directory", fault.Of(err).Fields[0].Pointer)
}
