package script_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/script"
)

// folder holds the programs of the tests; its files are safe, whatever the umask of a checkout was.
var folder string

// TestMain looks for what the samples need and prepares the folder of programs.
func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	for _, needed := range []string{"sh", "python3", "curl"} {
		if _, err := exec.LookPath(needed); err != nil {
			fmt.Println("the tests need", needed)
			return 1
		}
	}
	var err error
	if folder, err = os.MkdirTemp("", "programs"); err != nil {
		fmt.Println(err)
		return 1
	}
	// The program itself answers as mgrctl: a test binary that looks for races would take a second for each call.
	plain := filepath.Join(folder, "tariffd")
	build := exec.Command("go", "build", "-o", plain, "github.com/tariffd/tariffd/cmd/tariffd")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Println(string(out), err)
		return 1
	}
	script.AnswerAsMgrctl(plain)
	defer os.RemoveAll(folder)
	for _, pattern := range []string{"samples/nextcloud.*", "testdata/*.sh"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, filepath.Base(file)), text, 0o755)
			}
			if err != nil {
				fmt.Println(err)
				return 1
			}
		}
	}
	return m.Run()
}

func encoded(t testing.TB, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

func spec() provision.Spec {
	disk := decimal.NewFromInt(5)
	return provision.Spec{
		ProductType: "cloud", TariffCode: "cloud_s", Settings: json.RawMessage(`{"tier":"s"}`), Location: "fra",
		Client:     provision.Client{ID: "c-1", Email: "ada@example.com", Name: `Ada "L" & Söhne`, Username: "ada"},
		AddOns:     map[string]provision.AddOn{"disk": {Amount: &disk, Unit: "GiB"}},
		Parameters: map[string]json.RawMessage{"hostname": json.RawMessage(`"web <1>"`), "list": json.RawMessage(`["a","b"]`)},
		Password:   firstPassword,
	}
}

func newOp(kind provision.Kind) provision.Op {
	return provision.Op{Kind: kind, Key: actor.NewID(), ServiceID: actor.ServiceID(actor.NewID()), Spec: spec()}
}

func cloudConfig(t testing.TB, name, url, password string, seconds int) provision.Config {
	t.Helper()
	return provision.Config{
		ModuleID: "0190-module",
		Connection: encoded(t, map[string]any{
			"program": filepath.Join(folder, name),
			"params":  map[string]string{"url": url, "username": cloudAdmin},
			"secrets": map[string]string{"password": password},
		}),
		Parameters: encoded(t, map[string]any{"timeout_seconds": seconds}),
	}
}

func harness(name string) provisiontest.Harness {
	return provisiontest.Harness{Driver: script.Driver(), New: func(t *testing.T) provisiontest.World {
		n := newNextcloud(t)
		const patience = 8 // seconds; the suite waits for ten
		wrong, impatient := cloudConfig(t, name, n.server.URL, "wr0ng", patience), cloudConfig(t, name, n.server.URL, cloudPassword, 2)
		changed, disk := spec(), decimal.NewFromInt(50)
		changed.AddOns = map[string]provision.AddOn{"disk": {Amount: &disk, Unit: "GiB"}}
		return provisiontest.World{
			Config: cloudConfig(t, name, n.server.URL, cloudPassword, patience), WrongLogin: &wrong, Impatient: &impatient,
			Spec: spec(), Changed: &changed, Objects: n.objects, InService: n.inService, Network: n,
			Secrets: []string{cloudPassword, firstPassword, "wr0ng"},
		}
	}}
}

func TestConformanceOfThePythonSample(t *testing.T) { provisiontest.Run(t, harness("nextcloud.py")) }

func TestConformanceOfTheShellSample(t *testing.T) { provisiontest.Run(t, harness("nextcloud.sh")) }

// life opens, changes, suspends, resumes and closes an account.
func life(t *testing.T, name string) {
	t.Helper()
	n := newNextcloud(t)
	m, err := script.Driver().New(cloudConfig(t, name, n.server.URL, cloudPassword, 60))
	require.NoError(t, err)
	require.NoError(t, m.Check(t.Context()))
	op := newOp(provision.Open)
	apply := func(kind provision.Kind) provision.Outcome {
		t.Helper()
		op.Kind, op.Key = kind, actor.NewID()
		out, err := m.Apply(t.Context(), op)
		require.NoError(t, err, kind)
		return out
	}
	out := apply(provision.Open)
	require.Equal(t, provision.Done, out.State)
	require.Equal(t, map[string]string{"username": string(out.Ref)}, out.Parameters)
	require.Equal(t, &account{
		Password: firstPassword, Quota: "5 GB", Email: "ada@example.com", Name: `Ada "L" & Söhne`, Enabled: true,
	}, n.of(op.ServiceID))
	op.Ref = out.Ref
	disk := decimal.RequireFromString("0.5")
	op.Spec.AddOns["disk"] = provision.AddOn{Amount: &disk, Unit: "TiB"}
	apply(provision.SetParams)
	require.Equal(t, "0.5 TB", n.of(op.ServiceID).Quota)
	apply(provision.Suspend)
	require.False(t, n.inService(op.ServiceID))
	apply(provision.Resume)
	require.True(t, n.inService(op.ServiceID))
	require.Equal(t, provision.Done, apply(provision.Renew).State, "no prolong: nothing to do")
	reboot := apply(provision.Reboot)
	require.Equal(t, provision.Manual, reboot.State, "D28: never silence")
	require.Contains(t, reboot.Text, "reboot")
	op.Spec.AddOns["disk"] = provision.AddOn{Amount: &disk, Unit: "piece"}
	op.Kind = provision.SetParams
	_, err = m.Apply(t.Context(), op)
	refusal(t, err, provision.Rejected, "unit of disk")
	apply(provision.Close)
	require.Nil(t, n.of(op.ServiceID))
}

func TestLifeOfAnAccountByThePythonSample(t *testing.T) {
	t.Parallel()
	life(t, "nextcloud.py")
}

func TestLifeOfAnAccountByTheShellSample(t *testing.T) {
	t.Parallel()
	life(t, "nextcloud.sh")
}
