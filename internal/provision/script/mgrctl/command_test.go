package mgrctl_test

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/script/mgrctl"
)

// call runs the command against a driver that gives one answer, and returns what it was asked.
func call(t *testing.T, answer mgrctl.Answer, stdin string, args ...string) (asked mgrctl.Request, stdout, stderr string, status int) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if asked, err = mgrctl.Receive(c); err == nil {
			_ = mgrctl.Reply(c, answer)
		}
	}()
	var out, errors bytes.Buffer
	status = mgrctl.Main(args, func(string) string { return socket }, strings.NewReader(stdin), &out, &errors)
	listener.Close()
	<-done
	return asked, out.String(), errors.String(), status
}

func TestTheCommandAsksAndPrints(t *testing.T) {
	t.Parallel()
	plain := "two\nlines"
	const head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	row := mgrctl.Row{{Name: "name", Value: "disk"}, {Name: "value", Value: "5 < 6"}}
	for _, c := range []struct {
		answer          mgrctl.Answer
		text, xml, json string
		status          int
	}{
		{mgrctl.Answer{}, "OK\n", head + "<doc><ok/></doc>\n", `{"ok":true}` + "\n", 0},
		{mgrctl.Answer{Plain: &plain}, "two\nlines\n", head + "<doc><value>two&#xA;lines</value></doc>\n", `{"value":"two\nlines"}` + "\n", 0},
		{mgrctl.Answer{Row: row}, "name=disk\nvalue=5 < 6\n", head + "<doc><name>disk</name><value>5 &lt; 6</value></doc>\n", `{"name":"disk","value":"5 \u003c 6"}` + "\n", 0},
		{mgrctl.Answer{List: true, Rows: []mgrctl.Row{row}}, "name=disk value=5 < 6\n", head + "<doc><elem><name>disk</name><value>5 &lt; 6</value></elem></doc>\n", `{"elem":[{"name":"disk","value":"5 \u003c 6"}]}` + "\n", 0},
		{mgrctl.Refuse("elid", "not %d", 7), "ERROR value(elid): not 7\n", head + "<doc><error type=\"value\" object=\"elid\"><msg>not 7</msg></error></doc>\n", `{"error":{"message":"not 7","object":"elid","type":"value"}}` + "\n", 1},
	} {
		for format, want := range map[string]string{"text": c.text, "xml": c.xml, "json": c.json} {
			asked, got, _, status := call(t, c.answer, "", "-m", "billmgr", "-o", format, "service.saveparam", "elid=7", "value=a=b")
			require.Equal(t, mgrctl.Request{Function: "service.saveparam", Arguments: map[string]string{"elid": "7", "value": "a=b"}}, asked)
			require.Equal(t, want, got)
			require.Equal(t, c.status, status)
		}
	}
}

func TestSecretsComeByTheStandardInput(t *testing.T) {
	t.Parallel()
	asked, _, _, status := call(t, mgrctl.Answer{}, "value=s3=cret\n\ncrypted=on\n", "-m", "billmgr", "service.saveparam", "-", "elid=7")
	require.Zero(t, status)
	require.Equal(t, map[string]string{"elid": "7", "value": "s3=cret", "crypted": "on"}, asked.Arguments)
}

func TestBadCallsAreToldApartFromRefusals(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-m"}, {"-m", "billmgr"}, {"f", "s3cret"}, {"f", "=s3cret"}, {"-o", "yaml", "f"}, {"--help"}} {
		_, stdout, stderr, status := call(t, mgrctl.Answer{}, "", args...)
		require.Equal(t, 2, status, args)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "FUNCTION")
		require.NotContains(t, stderr, "s3cret")
	}
	var out bytes.Buffer
	nowhere := func(string) string { return "" }
	require.Equal(t, 2, mgrctl.Main([]string{"f"}, nowhere, nil, &out, &out))
	require.Contains(t, out.String(), "only in a processing module")
	require.Equal(t, 2, mgrctl.Main([]string{"f"}, func(string) string { return "/no/such/socket" }, nil, &out, &out))
	require.True(t, mgrctl.Called("/tmp/x/bin/mgrctl"))
	require.False(t, mgrctl.Called("tariffd"))
}
