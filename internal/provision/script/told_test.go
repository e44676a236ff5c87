package script_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/script"
)

const token = `tok"en-9$X`

// anything is a module whose program does what the test says.
func anything(t testing.TB, file, run string, parameters map[string]any) provision.Module {
	t.Helper()
	m, err := script.Driver().New(provision.Config{
		ModuleID: "0190-module", Location: "fra", ProductType: "cloud",
		Connection: encoded(t, map[string]any{
			"program": filepath.Join(folder, file),
			"params":  map[string]string{"url": "https://x.example/?a=1&b", "run": run}, "secrets": map[string]string{"token": token},
		}),
		Parameters: encoded(t, parameters),
	})
	require.NoError(t, err)
	return m
}

// did applies an operation whose program runs these lines.
func did(t testing.TB, file string, op provision.Op, lines string) (provision.Outcome, error) {
	t.Helper()
	op.Spec.Parameters = map[string]json.RawMessage{"run": encoded(t, lines), "hostname": json.RawMessage(`"web <1>"`)}
	return anything(t, file, "", map[string]any{"timeout_seconds": 30}).Apply(t.Context(), op)
}

func refusal(t testing.TB, err error, kind provision.FailureKind, words string) *provision.Failure {
	t.Helper()
	f := provisiontest.Fails(t, err, kind)
	require.Contains(t, f.Text, words)
	require.NotContains(t, f.Error(), token)
	require.NotContains(t, f.Error(), firstPassword)
	return f
}

func TestWhatAProgramTellsIsTheOutcome(t *testing.T) {
	t.Parallel()
	want := provision.Outcome{
		Ref: "acc-7", Domain: "web.example", Password: "made-by-it", Parameters: map[string]string{"login": "ada", "old": ""},
		Addresses: []provision.Address{
			{IP: "192.0.2.7", Family: "ipv4", Gateway: "192.0.2.1", Network: "192.0.2.0/24", Main: false},
			{IP: "2001:db8::7", Family: "ipv6", Main: true},
		},
	}
	for name, lines := range map[string]string{
		"json": `echo '{"external_id":"acc-7","domain":"web.example","password":"made-by-it","parameters":{"login":"ada","old":""},
 "addresses":[{"ip":"192.0.2.7","gateway":"192.0.2.1","network":"192.0.2.0/24"},{"ip":"2001:db8:0::7","main":true}]}'`,
		"xml": `echo '<?xml version="1.0"?><doc><external_id>acc-7</external_id><domain>web.example</domain><password>made-by-it</password>
 <param name="login">ada</param><param name="old"></param><ip gateway="192.0.2.1" network="192.0.2.0/24">192.0.2.7</ip>
 <ip main="yes">2001:db8::7</ip><unknown/></doc>'`,
		"calls": `m() { mgrctl -m billmgr "$@" >&2 || exit 9; }; i=$4
m service.saveparam elid=$i name=login value=ada; m service.dropparam elid=$i name=old
printf 'value=made-by-it\n' | m service.saveparam elid=$i name=password crypted=on -
m service.ip.add elid=$i ip=192.0.2.7 gateway=192.0.2.1 network=192.0.2.0/24; m service.ip.add elid=$i ip=2001:db8::7 main=on
m service.ip.add.commit elid=$i; m cloud.open elid=$i sok=ok external_id=acc-7 domain=web.example`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "calls" {
				lines = "set -- $arguments\n" + lines
			}
			out, err := did(t, "anything.sh", newOp(provision.Open), lines)
			require.NoError(t, err)
			require.Equal(t, want, out)
		})
	}
}

func TestWithoutAnExternalIDTheNumberIsOne(t *testing.T) {
	t.Parallel()
	out, err := did(t, "anything.sh", newOp(provision.Open), `set -- $arguments; [ "$1 $3 $5 $6 $7 $9" = "--command --item --itemtype cloud --runningoperation --module" ] || exit 9
mgrctl -m billmgr service.postopen elid=$4 sok=ok >&2 && mgrctl -m billmgr service.setexpiredate elid=$4 expiredate=2030-01-01 >&2; echo "$4" >&2; echo "<doc><param name='item'>$4</param></doc>"`)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"item": string(out.Ref), "expiredate": "2030-01-01"}, out.Parameters)
	require.Len(t, string(out.Ref), 16)
}

func TestEveryEndHasItsMeaning(t *testing.T) {
	t.Parallel()
	const unavailable, rejected, unauthenticated = provision.Unavailable, provision.Rejected, provision.Unauthenticated
	for name, c := range map[string]struct {
		lines  string
		kind   provision.FailureKind
		words  string
		unsure bool
	}{
		"an error with status 0":      {`echo '<doc><error type="quota" object="disk"><msg>No room.</msg></error></doc>'`, rejected, "No room. (disk)", false},
		"an error without a message":  {`echo '<doc><error type="value" object="url"><param name="object" type="msg" msg="url">url</param><param name="value">ftp:</param></error></doc>'`, rejected, "value: ftp: (url)", false},
		"a bare error":                {`echo '<error>Broken</error>'; exit 1`, rejected, "Broken", false},
		"an error in JSON":            {`echo '{"error":{"type":"quota","message":"Full."}}'; exit 1`, rejected, "Full.", false},
		"an error after saving":       {`mgrctl -m billmgr service.saveparam elid=$(mgrctl -m billmgr document.get path=service.id) name=a value=b >&2; echo '<doc><error><msg>Half.</msg></error></doc>'`, rejected, "Half.", true},
		"a passing error":             {`echo '<doc><error type="connection"><msg>Away.</msg></error></doc>'`, unavailable, "Away.", true},
		"a refused login":             {`echo '{"error":{"type":"auth","message":"Who?"}}'`, unauthenticated, "Who?", false},
		"another status":              {`echo why >&2; exit 4`, unavailable, "status 4: why", true},
		"a signal":                    {`kill -9 $$`, unavailable, "signal", true},
		"nothing said":                {`:`, unavailable, "without a result", true},
		"nonsense":                    {`echo 'all is well'`, unavailable, "cannot be read", true},
		"half a document":             {`echo '{"external_id":'`, unavailable, "cannot be read", true},
		"two documents":               {`echo '{} {}'`, unavailable, "cannot be read", true},
		"a member that nobody reads":  {`echo '{"external":"7"}'`, unavailable, "cannot be read", true},
		"a document of something":     {`echo '<html></html>'`, unavailable, "cannot be read", true},
		"an unknown status":           {`echo '{"status":"perhaps"}'`, unavailable, "no status", true},
		"a bad address":               {`echo '{"addresses":[{"ip":"1.2.3"}]}'`, unavailable, "no address", true},
		"a bad external id":           {`printf '{"external_id":"a\\nb"}'`, unavailable, "external id", true},
		"what cannot be stored":       {`printf '{"parameters":{"a":"\\u0000"}}'`, unavailable, "bad name or value", true},
		"a flood":                     {`yes`, unavailable, "too much", true},
		"its secrets in its document": {`cat document; exit 1`, unavailable, "***", true},
		"its secrets in elements":     {`printf '%s' tok\&#34\;en-9\$X; exit 1`, unavailable, "***", true},
		"its secrets in its errors":   {`cat document >&2; exit 1`, unavailable, "***", true},
		"its secrets in an error":     {`echo "<doc><error><msg>$(mgrctl -m billmgr processing.params elid=0190-module name=token | sed 's/&/\&amp;/g') </msg></error></doc>"`, rejected, "***", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := did(t, "anything.sh", newOp(provision.Open), c.lines)
			require.Equal(t, c.unsure, refusal(t, err, c.kind, c.words).Unsure)
		})
	}
}

func TestAnErrorByCallsIsATask(t *testing.T) {
	t.Parallel()
	// The sequence that published modules go through when something is thrown.
	out, err := did(t, "anything.sh", newOp(provision.SetParams), `set -- $arguments; m() { mgrctl -m billmgr "$@"; }
m runningoperation.edit sok=ok elid=$8 errorxml='<doc><error type="x"><msg>No such plan.</msg></error></doc>' >&2
m runningoperation.setmanual elid=$8 >&2
type=$(m -o xml task.gettype operation=setparam); case $type in *'<task_type>setparam</task_type>'*) ;; *) exit 9 ;; esac
m task.edit sok=ok item=$4 runningoperation=$8 type=setparam >&2
echo '<doc><error type="x"><msg>No such plan.</msg></error></doc>'; exit 1`)
	require.NoError(t, err)
	require.Equal(t, provision.Manual, out.State)
	require.Equal(t, "No such plan.", out.Text)
	out, err = did(t, "anything.sh", newOp(provision.SetParams), `echo '{"status":"manual","text":"Plug it in."}'`)
	require.NoError(t, err)
	require.Equal(t, provision.Manual, out.State)
	require.Equal(t, "Plug it in.", out.Text)
}

func TestAChangeCanBeRolledBack(t *testing.T) {
	t.Parallel()
	op := newOp(provision.SetParams)
	five := decimal.NewFromInt(5)
	op.Spec.Previous = &provision.Terms{
		TariffCode: "cloud_xs", Settings: json.RawMessage(`{"tier":"xs"}`), AddOns: map[string]provision.AddOn{"disk": {Amount: &five, Unit: "GiB"}},
	}
	_, err := did(t, "anything.sh", op, `set -- $arguments; m() { mgrctl -m billmgr "$@"; }
[ "$(m document.get path=previous.tariff.code) $(m document.get path=previous.tariff.settings.tier) $(m service.addons elid=$4 name=disk previous=on)" = "cloud_xs xs 5" ] || exit 9
m service.changepricelist.rollback elid=$4 >&2`)
	refusal(t, err, provision.Rejected, "does not make this change")
}

func TestAPendingProgramIsCalledAgainWithItsMemo(t *testing.T) {
	t.Parallel()
	op := newOp(provision.Open)
	const lines = `task=$(mgrctl -m billmgr document.get path=operation.memo.task)
case $task in '') echo '{"status":"pending","after_seconds":90,"memo":{"task":"17"}}' ;; 17) echo '<doc status="pending"><memo name="task">18</memo></doc>' ;; 18) echo '<doc/>' ;; esac`
	out, err := did(t, "anything.sh", op, lines)
	require.NoError(t, err)
	require.Equal(t, provision.Outcome{State: provision.Pending, After: 90 * time.Second, Memo: map[string]string{"task": "17"}, Begun: true}, out)
	op.Memo = out.Memo
	out, err = did(t, "anything.sh", op, lines)
	require.NoError(t, err)
	require.Equal(t, time.Minute, out.After)
	op.Memo = out.Memo
	out, err = did(t, "anything.sh", op, lines)
	require.NoError(t, err)
	require.Equal(t, provision.Done, out.State)
}

func TestProlongIsNotRepeatedBlindly(t *testing.T) {
	t.Parallel()
	for _, lines := range []string{`exit 3`, `:`, `echo done`} {
		_, err := did(t, "anything.sh", newOp(provision.Renew), lines)
		refusal(t, err, provision.Rejected, "see whether it was prolonged")
	}
	cutOff, ran := newOp(provision.Renew), filepath.Join(t.TempDir(), "ran")
	cutOff.CutOff = true
	_, err := did(t, "anything.sh", cutOff, `touch `+ran+`; echo '<doc/>'`)
	refusal(t, err, provision.Rejected, "see whether it was prolonged")
	require.NoFileExists(t, ran)
	cutOff.Kind = provision.Resume
	_, err = did(t, "anything.sh", cutOff, `echo '<doc/>'`)
	require.NoError(t, err, "everything else may come twice")
	out, err := did(t, "anything.sh", newOp(provision.Renew), `echo '<doc/>'`)
	require.NoError(t, err)
	require.Equal(t, provision.Done, out.State)
}

func TestCallsAboutOtherThingsAreRefused(t *testing.T) {
	t.Parallel()
	for call, words := range map[string]string{
		"service.postclose elid=$4":                           "not for the command open",
		"service.postopen elid=12":                            "not what this run is for",
		"service.params":                                      "not what this run is for",
		"client.delete elid=$4":                               "no function client.delete",
		"insert_stat item=1 param=in value=1":                 "not for the command open",
		"service.saveparam elid=$4 name='a b' value=1":        "bad name",
		"service.saveparam elid=$4 name=a value=1 crypted=on": "only the password",
		"service.ip.add elid=$4 ip=nowhere":                   "no address",
	} {
		out, err := did(t, "anything.sh", newOp(provision.Open), `set -- $arguments; said=$(mgrctl -m billmgr `+call+`); status=$?
[ $status = 1 ] || exit 9; case $said in "ERROR value("*) ;; *) exit 8 ;; esac
printf '<doc><param name="said">%s</param></doc>' "$said"`)
		require.NoError(t, err, call)
		require.Contains(t, out.Parameters["said"], words, call)
	}
}

func TestTheDocumentTellsEverything(t *testing.T) {
	t.Parallel()
	kept := t.TempDir()
	op := newOp(provision.SetParams)
	op.Ref = "acc-7"
	on := true
	op.Spec.AddOns["backup"], op.Spec.AddOns["os"] = provision.AddOn{On: &on}, provision.AddOn{Item: "debian12"}
	op.Spec.Previous = &provision.Terms{TariffCode: "cloud_xs"}
	until := time.Date(2026, 4, 5, 8, 30, 0, 0, time.UTC)
	op.Spec.Period, op.Spec.PaidUntil, op.Spec.Standing = "P1M", &until, provision.Served
	op.Spec.Addresses = []provision.Address{{IP: "192.0.2.7", Family: "ipv4", Main: true}}
	for _, file := range []string{"anything.sh", "anything_xml.sh"} {
		out, err := did(t, file, op, `cp document `+kept+`/`+file+`; tr '\0' '\n' </proc/$$/cmdline >`+kept+`/arguments; echo '<doc/>'`)
		require.NoError(t, err)
		require.Equal(t, provision.Ref("acc-7"), out.Ref)
		arguments, err := os.ReadFile(filepath.Join(kept, "arguments"))
		require.NoError(t, err)
		require.NotContains(t, string(arguments), firstPassword)
		require.NotContains(t, string(arguments), token)
	}
	text, err := os.ReadFile(filepath.Join(kept, "anything.sh"))
	require.NoError(t, err)
	var d struct {
		Version           int
		Command           string
		Operation, Tariff map[string]any
		Module            struct {
			ID, Location string
			Params       map[string]string
		}
		Service struct {
			ID, Password, Status, Period string

			Number     int64
			PaidUntil  time.Time `json:"paid_until"`
			Addresses  []provision.Address
			ExternalID string         `json:"external_id"`
			Parameters map[string]any `json:"parameters"`
		}
		AddOns   map[string]map[string]any `json:"add_ons"`
		Previous struct{ Tariff struct{ Code string } }
		Client   map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &d))
	require.Equal(t, []any{1, "setparam", op.Key, "cloud_s", "fra", token, "acc-7", firstPassword, "web <1>", "cloud_xs", "ada@example.com"}, []any{
		d.Version, d.Command, d.Operation["id"], d.Tariff["code"], d.Module.Location, d.Module.Params["token"], d.Service.ExternalID,
		d.Service.Password, d.Service.Parameters["hostname"], d.Previous.Tariff.Code, d.Client["email"],
	})
	require.Equal(t, []any{"active", "P1M", until, op.Spec.Addresses}, []any{d.Service.Status, d.Service.Period, d.Service.PaidUntil, d.Service.Addresses})
	require.Equal(t, map[string]map[string]any{
		"disk": {"amount": "5", "unit": "GiB"}, "backup": {"on": true}, "os": {"item": "debian12"},
	}, d.AddOns)

	text, err = os.ReadFile(filepath.Join(kept, "anything_xml.sh"))
	require.NoError(t, err)
	type param struct {
		Name  string `xml:"name,attr"`
		Unit  string `xml:"unit,attr"`
		Value string `xml:",chardata"`
	}
	var x struct {
		Command string `xml:"command,attr"`
		Module  struct {
			URL   string `xml:"url"`
			Token string `xml:"token"`
		} `xml:"processingmodule"`
		Service struct {
			Ref      string  `xml:"external_id,attr"`
			Period   string  `xml:"period,attr"`
			Until    string  `xml:"paid_until,attr"`
			IP       string  `xml:"ip"`
			Password string  `xml:"password"`
			Params   []param `xml:"param"`
		} `xml:"service"`
		AddOns   []param `xml:"addon"`
		Previous struct {
			Tariff struct {
				Code string `xml:"code,attr"`
			} `xml:"tariff"`
		} `xml:"previous"`
	}
	require.NoError(t, xml.Unmarshal(text, &x))
	require.Equal(t, []string{"setparam", "https://x.example/?a=1&b", token, "acc-7", firstPassword, "cloud_xs"},
		[]string{x.Command, x.Module.URL, x.Module.Token, x.Service.Ref, x.Service.Password, x.Previous.Tariff.Code})
	require.Equal(t, []string{"P1M", "2026-04-05T08:30:00Z", "192.0.2.7"}, []string{x.Service.Period, x.Service.Until, x.Service.IP})
	require.Equal(t, param{Name: "hostname", Value: "web <1>"}, x.Service.Params[0])
	require.Equal(t, []param{{Name: "backup", Value: "on"}, {Name: "disk", Unit: "GiB", Value: "5"}, {Name: "os", Value: "debian12"}}, x.AddOns)
}

func TestStatisticsOfADay(t *testing.T) {
	t.Parallel()
	day, err := calendar.ParseDay("2026-03-05")
	require.NoError(t, err)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for name, lines := range map[string]string{
		"calls": `set -- $arguments; m() { mgrctl -m billmgr "$@" || exit 9; }
[ "$(mgrctl -m billmgr document.get path=usage.from)" = 2026-03-04T23:00:00Z ] || exit 8
for item in $(mgrctl -m billmgr document.get path=usage.external_ids); do
[ $item = acc-9 ] || { m insert_stat item=$item date=2026-03-05 param=in value=1024; m insert_stat item=$item param=out value=2.5 measure=MiB; }; done
m insert_stat item=foreign param=in value=7; mgrctl -m billmgr insert_stat item=acc-7 date=2026-03-06 param=in value=1 >&2 && exit 7
mgrctl -m billmgr insert_stat item=acc-7 param=sunshine value=1 >&2 && exit 6
m poststat elid=$4 date=2026-03-05`,
		"a document": `echo '{"usage":[{"item":"acc-7","param":"in","value":"1024"},{"item":"acc-7","param":"out","value":2.5,"measure":"MiB"},
{"item":"acc-8","param":"in","value":1024},{"item":"acc-8","param":"out","value":"2.5","measure":"MiB"}]}'`,
		"xml": `for i in acc-7 acc-8; do x="$x<stat item='$i' param='in' value='1024'/><stat item='$i' param='out' value='2.5' measure='MiB'/>"; done; echo "<doc>$x</doc>"`,
	} {
		m := anything(t, "anything.sh", lines, map[string]any{"statistics": true})
		got, err := m.(provision.TrafficSource).DailyUsage(t.Context(), []provision.Ref{"acc-7", "acc-8", "acc-9"}, day, berlin)
		require.NoError(t, err, name)
		values := map[string]provision.Value{
			"in": {Amount: decimal.NewFromInt(1024), Unit: "KiB"}, "out": {Amount: decimal.RequireFromString("2.5"), Unit: "MiB"},
		}
		require.Equal(t, encodedText(t, []provision.Usage{{Ref: "acc-7", Values: values}, {Ref: "acc-8", Values: values}}), encodedText(t, got), name)
	}
	_, err = anything(t, "anything.sh", `:`, map[string]any{"statistics": true}).(provision.TrafficSource).DailyUsage(t.Context(), nil, day, berlin)
	require.False(t, refusal(t, err, provision.Unavailable, "without a result").Unsure, "asking changes nothing")
	_, counts := anything(t, "anything.sh", `:`, nil).(provision.TrafficSource)
	require.False(t, counts, "only where the parameter says so")
}

func encodedText(t testing.TB, v any) string { return string(encoded(t, v)) }

func TestCheckHoldsSettingsToTheFeatures(t *testing.T) {
	t.Parallel()
	require.NoError(t, anything(t, "anything.sh", `:`, nil).Check(t.Context()))
	refusal(t, anything(t, "anything.sh", `echo "<doc><error type='connection' object='url'><msg>No answer.</msg></error></doc>"; exit 1`, nil).Check(t.Context()),
		provision.Unavailable, "No answer.")
	for words, connection := range map[string]map[string]any{
		"no setting":          {"params": map[string]string{"ulr": "x"}},
		"belongs into":        {"params": map[string]string{"token": token}},
		"among the secrets":   {"secrets": map[string]string{"word": token}},
		"do not name stat":    {"program": filepath.Join(folder, "nextcloud.py")},
		"not there":           {"program": filepath.Join(folder, "nothing")},
		"tell its features":   {"program": "/bin/true"},
		"ended with status 1": {"program": "/bin/false"},
	} {
		parameters := json.RawMessage(`{}`)
		if strings.Contains(words, "stat") && !strings.Contains(words, "status") {
			parameters = json.RawMessage(`{"statistics": true}`)
		}
		if connection["program"] == nil {
			connection["program"] = filepath.Join(folder, "anything.sh")
		}
		m, err := script.Driver().New(provision.Config{Connection: encoded(t, connection), Parameters: parameters})
		require.NoError(t, err)
		err = m.Check(t.Context())
		require.ErrorContains(t, err, words)
		require.NotContains(t, err.Error(), token)
	}
	told, err := provision.Explain(t.Context(), anything(t, "nextcloud.py", "", nil))
	require.ErrorContains(t, err, "no setting")
	require.Equal(t, []string{"features"}, told.Tried)
	told, err = provision.Explain(t.Context(), anything(t, "anything.sh", `:`, nil))
	require.NoError(t, err)
	require.Equal(t, []string{"features", "check_connection"}, told.Tried)
	other, err := script.Driver().New(provision.Config{
		ProductType: "vds", Connection: encoded(t, map[string]any{"program": filepath.Join(folder, "anything.sh")}),
	})
	require.NoError(t, err)
	require.ErrorContains(t, other.Check(t.Context()), "does not serve the product type vds", "each order would be refused")
	_, err = did(t, "anything.sh", provision.Op{Kind: provision.Open, ServiceID: "s", Spec: provision.Spec{ProductType: "vds"}}, `:`)
	refusal(t, err, provision.Rejected, "does not serve the product type vds")
}

func TestSettingsAreRefusedByTheirPlace(t *testing.T) {
	t.Parallel()
	for pointer, connection := range map[string]string{
		"/connection/program":       `{"program":"relative.sh"}`,
		"/connection/params/a b":    `{"program":"/x","params":{"a b":"1"}}`,
		"/connection/params/1":      `{"program":"/x","params":{"1":"1"}}`,
		"/connection/secrets/token": `{"program":"/x","params":{"token":"1"},"secrets":{"token":"2"}}`,
		"/connection/secrets/x~1y":  `{"program":"/x","secrets":{"x/y":"2"}}`,
	} {
		_, err := script.Driver().New(provision.Config{Connection: json.RawMessage(connection)})
		require.Equal(t, fault.Invalid, fault.Of(err).Kind)
		require.Equal(t, pointer, fault.Of(err).Fields[0].Pointer)
	}
}

func TestFeaturesAreAskedOncePerStateOfTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "p.sh")
	put := func(features string) {
		text := "#!/bin/sh\ncase $2 in features) echo x >>" + dir + "/asked; echo '{\"features\":[\"" + features + "\"]}' ;; *) echo '{}' ;; esac\n"
		require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o700))
		require.NoError(t, os.Rename(path+".new", path))
	}
	m, err := script.Driver().New(provision.Config{Connection: encoded(t, map[string]string{"program": path})})
	require.NoError(t, err)
	state := func() provision.State {
		out, err := m.Apply(context.Background(), newOp(provision.Reboot))
		require.NoError(t, err)
		return out.State
	}
	put("open")
	require.Equal(t, provision.Manual, state())
	require.Equal(t, provision.Manual, state())
	put("reboot")
	require.Equal(t, provision.Done, state())
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	require.NoError(t, err)
	require.Equal(t, "x\nx\n", string(asked))
}

func TestARefusedCallThatTheProgramSwallowedIsNamed(t *testing.T) {
	t.Parallel()
	for lines, words := range map[string]string{
		`mgrctl -m billmgr service.postopen sok=ok >/dev/null; :`:                                                                                            "ended without a result; its last refused call: mgrctl service.postopen was refused: elid: ",
		`mgrctl -m billmgr service.postopen elid=12 sok=ok >/dev/null || exit 3`:                                                                             "status 3: it said nothing; its last refused call: mgrctl service.postopen was refused: elid: 12 is not",
		`mgrctl -m billmgr client.delete elid=12; echo all is well`:                                                                                          "client.delete was refused: func: there is no function",
		`mgrctl a.b >/dev/null; mgrctl x >/dev/null; :`:                                                                                                      "mgrctl x was refused",
		`w=$(mgrctl -m billmgr processing.params elid=0190-module name=token); mgrctl -m billmgr "x$w" >&2; :`:                                               "mgrctl x*** was refused: func: there is no function x***",
		`w=$(mgrctl -m billmgr processing.params elid=0190-module name=token); mgrctl service.params elid="` + strings.Repeat("x", 55) + `$w" >/dev/null; :`: "mgrctl service.params was refused: elid",
	} {
		_, err := did(t, "anything.sh", newOp(provision.Open), lines)
		f := refusal(t, err, provision.Unavailable, words)
		require.NotContains(t, f.Text, token[:5])
	}
	_, err := did(t, "anything.sh", newOp(provision.Open), `mgrctl service.postopen >/dev/null; echo '<doc><error><msg>No room.</msg></error></doc>'`)
	require.NotContains(t, refusal(t, err, provision.Rejected, "No room.").Text, "refused call", "the program told why itself")
	_, err = did(t, "anything.sh", newOp(provision.Open), `:`)
	require.NotContains(t, refusal(t, err, provision.Unavailable, "without a result").Text, "refused call")
}
