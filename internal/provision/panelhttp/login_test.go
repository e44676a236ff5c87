package panelhttp_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

func TestOneLoginAtATimeServesEverybody(t *testing.T) {
	t.Parallel()
	var logins panelhttp.Logins[string]
	var tries, at atomic.Int32
	logIn := func(context.Context) (string, error) {
		require.EqualValues(t, 1, at.Add(1), "nobody else logs in meanwhile")
		defer at.Add(-1)
		return fmt.Sprint("token ", tries.Add(1)), nil
	}
	c := client(t, panelhttp.Options{URL: "https://panel.example"})
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			err := logins.Of(c, "admin", "password").Use(t.Context(), logIn, func(token string) error {
				if token == "token 1" {
					return provision.NewUnauthenticated("expired")
				}
				require.Equal(t, "token 2", token)
				return nil
			})
			require.NoError(t, err)
		})
	}
	calls.Wait()
	require.EqualValues(t, 2, tries.Load(), "one login, and one after all were told that it had expired")
	other := logins.Of(c, "admin", "another password")
	held, err := other.Get(t.Context(), nil, logIn)
	require.NoError(t, err)
	require.Equal(t, "token 3", *held, "whose password differs logs in by himself")
}

func TestALoginThatFailsIsNotKept(t *testing.T) {
	t.Parallel()
	var logins panelhttp.Logins[string]
	login := logins.Of(client(t, panelhttp.Options{URL: "https://panel.example"}), "admin")
	first, err := login.Get(t.Context(), nil, func(context.Context) (string, error) { return "first", nil })
	require.NoError(t, err)
	refusal := provision.NewUnauthenticated("wrong password")
	refused := func(context.Context) (string, error) { return "", refusal }
	_, err = login.Get(t.Context(), first, refused)
	require.ErrorIs(t, err, refusal)
	_, err = login.Get(t.Context(), nil, refused)
	require.ErrorIs(t, err, refusal, "the old token is forgotten")
	// Same words, and yet another login: the panel may give out one token again.
	again, err := login.Get(t.Context(), first, func(context.Context) (string, error) { return "first", nil })
	require.NoError(t, err)
	require.NotSame(t, first, again)
	// Who gives up waiting does not log in.
	ctx, cancel := context.WithCancel(t.Context())
	_, err = login.Get(t.Context(), again, func(context.Context) (string, error) {
		cancel()
		_, err := login.Get(ctx, again, refused)
		require.ErrorIs(t, err, context.Canceled)
		return "third", nil
	})
	require.NoError(t, err)
}
