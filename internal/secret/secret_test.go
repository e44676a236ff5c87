package secret

import (
	"bytes"
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
