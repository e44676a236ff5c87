package script_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/script"
)

// looked lets a program that runs these lines look at a service's object.
func looked(t *testing.T, file, lines string) (provision.Found, error) {
	t.Helper()
	op := provision.Op{Kind: provision.Sync, ServiceID: newOp(provision.Open).ServiceID, Ref: "acc-7", Spec: spec()}
	op.Spec.Parameters = map[string]json.RawMessage{"run": encoded(t, lines)}
	return anything(t, file, "", map[string]any{"timeout_seconds": 30}).(provision.Inspector).Inspect(t.Context(), op)
}

// listing lets one list what its system has.
func listing(t *testing.T, file, lines string) ([]provision.Machine, error) {
	t.Helper()
	return anything(t, file, lines, map[string]any{"timeout_seconds": 30}).(provision.Importer).Machines(t.Context())
}

func TestWhatAProgramSeesIsFound(t *testing.T) {
	t.Parallel()
	off, five := false, decimal.NewFromInt(5)
	for lines, want := range map[string]provision.Found{
		`:`: {Exists: true},
		`mgrctl -m billmgr service.setstatus elid=$item service_status=8 sok=ok
mgrctl -m billmgr service.setexpiredate elid=$item expiredate=2026-05-01 sok=ok
mgrctl -m billmgr service.saveparam elid=$item name=login value=ada sok=ok
mgrctl -m billmgr service.saveparam elid=$item name=ip value=192.0.2.7 sok=ok
mgrctl -m billmgr service.dropparam elid=$item name=old sok=ok`: {
			Exists: true, Standing: provision.CutOff, Addresses: []provision.Address{{IP: "192.0.2.7", Family: "ipv4", Main: true}},
			Parameters: map[string]string{"service_status": "8", "expiredate": "2026-05-01", "login": "ada"},
		},
		`mgrctl -m billmgr service.setstatus elid=$item service_status=5 sok=ok; mgrctl -m billmgr service.postresume elid=$item sok=ok`: {
			Exists: true, Standing: provision.Served, Parameters: map[string]string{"service_status": "5"},
		},
		`mgrctl -m billmgr service.postsuspend elid=$item sok=ok`: {Exists: true, Standing: provision.CutOff},
		`echo '{"exists": false}'`:                                {},
		`echo '<doc exists="no"/>'`:                               {},
		`echo '{"external_id": "acc-8", "domain": "b.example", "standing": "suspended", "power": "off", "owner": "bob@example.com", "configuration": "cloud_m",
"add_ons": {"disk": {"amount": "5", "unit": "GiB"}}}'`: {
			Exists: true, Ref: "acc-8", Domain: "b.example", Standing: provision.CutOff, Power: &off, Owner: "bob@example.com", Sort: "cloud_m",
			AddOns: map[string]provision.AddOn{"disk": {Amount: &five, Unit: "GiB"}},
		},
		`echo '<doc standing="suspended" power="off"><external_id>acc-8</external_id><domain>b.example</domain><owner>bob@example.com</owner>
<configuration>cloud_m</configuration><addon name="disk" unit="GiB">5</addon></doc>'`: {
			Exists: true, Ref: "acc-8", Domain: "b.example", Standing: provision.CutOff, Power: &off, Owner: "bob@example.com", Sort: "cloud_m",
			AddOns: map[string]provision.AddOn{"disk": {Amount: &five, Unit: "GiB"}},
		},
	} {
		got, err := looked(t, "anything.sh", `item=$(mgrctl -m billmgr document.get path=service.number)
`+lines)
		require.NoError(t, err, lines)
		require.Equal(t, want, got, lines)
	}
}

func TestALookIsNoOperation(t *testing.T) {
	t.Parallel()
	got, err := looked(t, "anything.sh", `
case $arguments in *runningoperation*|*--module?--*) exit 3 ;; esac
[ -z "$(mgrctl -m billmgr document.get path=operation)" ] || exit 4
mgrctl -m billmgr runningoperation.setmanual elid= >/dev/null && exit 5
mgrctl -m billmgr service.postopen elid=$(mgrctl -m billmgr document.get path=service.number) >/dev/null && exit 6
echo "{\"parameters\": {\"arguments\": \"$arguments\"}}"`)
	require.NoError(t, err)
	require.Contains(t, got.Parameters["arguments"], "--command sync_item --item ")
	for lines, words := range map[string]string{
		`echo '{"standing": "asleep"}'`: "neither active nor suspended", `echo '{"power": "dim"}'`: "neither on nor off", `exit 3`: "status 3", `echo '{"owner": "a\nb"}'`: "owner",
	} {
		_, err = looked(t, "anything.sh", lines)
		require.False(t, refusal(t, err, provision.Unavailable, words).Unsure, "a look changes nothing")
	}
	_, err = looked(t, "anything.sh", `echo '{"error": {"type": "quota", "message": "not today"}}'`)
	refusal(t, err, provision.Rejected, "not today")
}

func TestWhatAProgramImportsIsListed(t *testing.T) {
	t.Parallel()
	want := []provision.Machine{
		{Name: "ada-1", Found: provision.Found{
			Exists: true, Ref: "ada-1", Standing: provision.Served, Owner: "ada@example.com", Sort: "cloud_s", Domain: "a.example",
			Addresses: []provision.Address{{IP: "192.0.2.7", Family: "ipv4", Main: true}}, Parameters: map[string]string{"expiredate": "2026-05-01", "login": "ada"},
		}},
		{Name: "bob", Found: provision.Found{Exists: true, Ref: "acc-9", Standing: provision.CutOff}},
	}
	for _, lines := range []string{
		`[ "$arguments" = "--command import --module $(mgrctl -m billmgr document.get path=module.number) --itemtype cloud" ] || exit 3
profile=$(mgrctl -m billmgr -o text processing.import.profile email=ada@example.com name=Ada sok=ok)
id=$(mgrctl -m billmgr -o text processing.import.service import_service_name=ada-1 import_pricelist_intname=cloud_s \
	module=$(mgrctl -m billmgr document.get path=module.number) status=2 expiredate=2026-05-01 domain=a.example $profile sok=ok)
mgrctl -m billmgr service.saveparam elid=${id#*=} name=login value=ada sok=ok
mgrctl -m billmgr service.saveparam elid=${id#*=} name=password value=secret crypted=on sok=ok
mgrctl -m billmgr service.ip.add elid=${id#*=} ip=192.0.2.7 sok=ok
mgrctl -m billmgr service.saveparam elid=7 name=login value=ada >/dev/null && exit 4
mgrctl -m billmgr processing.import.service import_service_name=x module=1 >/dev/null && exit 5
mgrctl -m billmgr processing.import.service status=2 >/dev/null && exit 6
mgrctl -m billmgr processing.import.service import_service_name=bob external_id=acc-9 status=8 sok=ok >/dev/null`,
		`echo '{"machines": [
{"name": "ada-1", "external_id": "ada-1", "standing": "active", "owner": "ada@example.com", "configuration": "cloud_s", "domain": "a.example",
 "addresses": [{"ip": "192.0.2.7"}], "parameters": {"expiredate": "2026-05-01", "login": "ada"}},
{"name": "bob", "external_id": "acc-9", "standing": "suspended"}]}'`,
		`echo '<doc><machine standing="active"><name>ada-1</name><external_id>ada-1</external_id><owner>ada@example.com</owner><configuration>cloud_s</configuration>
<domain>a.example</domain><ip>192.0.2.7</ip><param name="expiredate">2026-05-01</param><param name="login">ada</param></machine>
<machine standing="suspended"><name>bob</name><external_id>acc-9</external_id></machine></doc>'`,
	} {
		got, err := listing(t, "anything.sh", lines)
		require.NoError(t, err, lines)
		require.Equal(t, want, got, lines)
	}
	got, err := listing(t, "anything.sh", `echo '{"machines": []}'`)
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = listing(t, "anything.sh", `echo '{"machines": [{"name": "x"}]}'`)
	require.False(t, refusal(t, err, provision.Unavailable, "no external_id").Unsure)
	require.Equal(t, "cloud_s", anything(t, "anything.sh", "", nil).(provision.Importer).SortOf("cloud_s", nil))
}

// A command that is not among the features is never run.
func TestAProgramThatCannotLookIsNotAsked(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(folder, "anything.sh"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "anything_blind.sh"), text, 0o755))
	trace := filepath.Join(t.TempDir(), "ran")
	_, err = looked(t, "anything_blind.sh", "touch "+trace)
	require.True(t, fault.Has(err, "unsupported_operation"), "%v", err)
	_, err = listing(t, "anything_blind.sh", "touch "+trace)
	require.True(t, fault.Has(err, "unsupported_operation"), "%v", err)
	require.NoFileExists(t, trace)
	require.Equal(t, []provision.Ability{provision.CanStatistics, provision.CanSync, provision.CanImport}, script.Driver().Abilities())
}
