package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func newBox(t *testing.T, identity string, old ...string) *Box {
	t.Helper()
	b, err := NewBox(identity, old...)
	require.NoError(t, err)
	return b
}

func TestWhatIsSealedOpens(t *testing.T) {
	t.Parallel()
	b := newBox(t, GenerateIdentity())
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed, err := b.Seal(plain)
		require.NoError(t, err)
		if len(plain) > 3 {
			require.False(t, bytes.Contains(sealed, plain))
		}
		opened, err := b.Open(sealed)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, opened))
		again, err := b.Seal(plain)
		require.NoError(t, err)
		require.NotEqual(t, sealed, again)
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	former, present := GenerateIdentity(), GenerateIdentity()
	sealed, err := newBox(t, former).Seal([]byte("hunter2"))
	require.NoError(t, err)
	require.False(t, newBox(t, former).NeedsRotation(sealed))

	_, err = newBox(t, present).Open(sealed)
	require.ErrorIs(t, err, ErrSealed)

	both := newBox(t, present, former)
	require.True(t, both.NeedsRotation(sealed))
	plain, err := both.Open(sealed)
	require.NoError(t, err)
	require.Equal(t, "hunter2", string(plain))

	resealed, err := both.Seal(plain)
	require.NoError(t, err)
	require.False(t, both.NeedsRotation(resealed))
	plain, err = newBox(t, present).Open(resealed)
	require.NoError(t, err)
	require.Equal(t, "hunter2", string(plain))
}

func TestDamagedValuesDoNotOpen(t *testing.T) {
	t.Parallel()
	b := newBox(t, GenerateIdentity())
	sealed, err := b.Seal([]byte("hunter2"))
	require.NoError(t, err)
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 0x20
		_, err := b.Open(damaged)
		require.ErrorIs(t, err, ErrSealed, "byte %d", i)
		_, err = b.Open(sealed[:i])
		require.ErrorIs(t, err, ErrSealed, "first %d bytes", i)
	}
	require.True(t, b.NeedsRotation(nil))
}

func TestErrorsNameNoKey(t *testing.T) {
	t.Parallel()
	good := GenerateIdentity()
	for _, bad := range []string{"", "hunter2", good[:len(good)-1], good + "Q", strings.ToLower(good[:20]) + good[20:]} {
		_, err := NewBox(bad)
		require.ErrorIs(t, err, ErrKey)
		require.Equal(t, ErrKey.Error(), err.Error())
		_, err = NewBox(good, bad)
		require.ErrorIs(t, err, ErrKey)
	}
}

func TestTextIsMaskedEverywhere(t *testing.T) {
	t.Parallel()
	const plain = "hunter2-päss"
	type settings struct {
		Password Text            `json:"password"`
		Nested   map[string]Text `json:"nested"`
		List     []Text          `json:"list"`
	}
	s := settings{plain, map[string]Text{"a": plain}, []Text{plain}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%20s", "%T"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", s.Password)
		fmt.Fprintf(&out, verb+"\n", &s.Password)
	}
	fmt.Fprintln(&out, s.Password, fmt.Errorf("bad password %v", s.Password))
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("settings", "password", s.Password, "all", s, "pointer", &s.Password)
	}
	encoded, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"password":"***","nested":{"a":"***"},"list":["***"]}`, string(encoded))

	out.Write(encoded)
	for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2"), fmt.Sprintf("% x", "hunter2"), "104 117"} {
		require.NotContains(t, out.String(), leak)
	}
	require.Contains(t, out.String(), `secret.Text("***")`)
	require.Equal(t, plain, s.Password.Reveal())
}

func TestTextIsReadLikeAString(t *testing.T) {
	t.Parallel()
	var s struct{ Password, Other Text }
	require.NoError(t, json.Unmarshal([]byte(`{"Password":"hunter2"}`), &s))
	require.Equal(t, "hunter2", s.Password.Reveal())
	require.Equal(t, "", s.Other.String(), "an unset secret shows as unset")
	require.Error(t, json.Unmarshal([]byte(`{"Password":7}`), &s))
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 500 {
		p := Password()
		require.Len(t, p, 20)
		require.True(t, strings.ContainsAny(p, lower) && strings.ContainsAny(p, upper) && strings.ContainsAny(p, digits), p)
		require.Empty(t, strings.Trim(p, lower+upper+digits), p)
		require.False(t, strings.ContainsAny(p, "0O1lIo"), p)
		require.False(t, seen[p])
		seen[p] = true
	}
}
