package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestStoreIsAskedAroundEverySignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, store := newSignInServer(time.Hour), newMemoryStore()
		first := s.client(t, linkit.WithSessionStore(store))
		require.NoError(t, getOne(t.Context(), first))
		assert.Equal(t, []string{"lock", "load", "save", "unlock"}, store.log)
		require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(store))))
		s.assertCounts(t, 1, 2)
		assert.Equal(t, []string{"lock", "load", "unlock"}, store.log[4:])

		s.revoke() // both hold the rejected token; one signs in, the other finds it in the store
		require.NoError(t, getOne(t.Context(), first))
		s.assertCounts(t, 2, 4)
		second := s.client(t, linkit.WithSessionStore(store))
		require.NoError(t, getOne(t.Context(), second))
		s.assertCounts(t, 2, 5)

		sleep(57 * time.Minute) // within the renewal window
		require.NoError(t, getOne(t.Context(), first))
		sleep(time.Second)
		require.NoError(t, getOne(t.Context(), second))
		sleep(time.Second)
		s.assertCounts(t, 3, 7)

		second.Auth.Reset()
		require.NoError(t, getOne(t.Context(), second))
		s.assertCounts(t, 4, 8)
		require.Len(t, store.sessions, 1, "the new sign-in overwrites")
		for key, stored := range store.sessions {
			assert.Regexp(t, "^[0-9a-f]{64}$", key)
			assert.Equal(t, "tok-4-Qw8eRt", stored.Token.Reveal())
		}
	})
}

func TestResetPassesOverTheStoredSession(t *testing.T) {
	t.Parallel()
	s, store := newSignInServer(time.Hour), newMemoryStore()
	first, second := s.client(t, linkit.WithSessionStore(store)), s.client(t, linkit.WithSessionStore(store))
	require.NoError(t, getOne(t.Context(), first))
	require.NoError(t, getOne(t.Context(), second))
	first.Auth.Reset()
	require.NoError(t, getOne(t.Context(), first))
	s.assertCounts(t, 2, 3)
	second.Auth.Reset() // the store holds first's new token, which is good
	require.NoError(t, getOne(t.Context(), second))
	s.assertCounts(t, 3, 4)
}

func TestStoreKeyCoversBaseURLAndEmail(t *testing.T) {
	t.Parallel()
	s, store := newSignInServer(time.Hour), newMemoryStore()
	for _, opts := range [][]linkit.Option{
		nil, nil,
		{linkit.WithBaseURL("https://other.test/api/v1")},
		{linkit.WithLogin("other@example.com", s.password)},
	} {
		require.NoError(t, getOne(t.Context(), s.client(t, append(opts, linkit.WithSessionStore(store))...)))
	}
	assert.Len(t, store.sessions, 3)
	s.assertCounts(t, 3, 4)
}

func TestStoreFailuresNeverFailACall(t *testing.T) {
	t.Parallel()
	broken := linkit.Session{Token: linkit.NewSecret("broken\ntoken")}
	for name, prepare := range map[string]func(*memoryStore){
		"errors":       func(m *memoryStore) { m.fail = errors.New("disk full") },
		"panics":       func(m *memoryStore) { m.panics = true },
		"broken entry": func(m *memoryStore) { m.broken = &broken },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s, store := newSignInServer(time.Hour), newMemoryStore()
			prepare(store)
			client := s.client(t, linkit.WithSessionStore(store), linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			require.NoError(t, getOne(t.Context(), client))
			s.assertCounts(t, 1, 1)
			assert.Contains(t, log.String(), "the session store failed")
			assert.NotContains(t, log.String(), "broken")
		})
	}
}

func TestHungStoreIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t, linkit.WithSessionStore(hungStore{}))
		began := time.Now()
		require.NoError(t, getOne(t.Context(), client))
		assert.LessOrEqual(t, time.Since(began), 30*time.Second)
		s.assertCounts(t, 1, 1)
	})
}

func TestLoadedSessionWithAWrongClockCostsOneSignIn(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]time.Duration{"over already": -time.Minute, "over, but seems good": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, store := newSignInServer(time.Hour), newMemoryStore()
				require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(store))))
				for key := range store.sessions {
					store.sessions[key] = &linkit.Session{
						Token:     linkit.NewSecret("old-t0ken"),
						ExpiresAt: linkit.Time{Time: time.Now().Add(ends)},
					}
				}
				require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(store))))
				s.assertCounts(t, 2, map[bool]int{true: 2, false: 3}[ends < 0]) // one that seems good costs a 401
			})
		})
	}
}

func TestLoadedSessionIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, store := newSignInServer(time.Hour), newMemoryStore()
		require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(store))))
		client := s.client(t, linkit.WithSessionStore(store))
		calls := 1
		for began := time.Now(); time.Since(began) < 3*time.Hour; sleep(time.Minute) {
			require.NoError(t, getOne(t.Context(), client))
			calls++
		}
		_, got := s.counts()
		assert.Equal(t, calls, got, "no call met an expired token")
	})
}

func TestLoginFuncsSessionsAreStored(t *testing.T) {
	t.Parallel()
	s, store := newSignInServer(time.Hour), newMemoryStore()
	login := func(context.Context) (string, string, error) { return "ops@example.com", s.password, nil }
	for range 2 {
		client, err := linkit.NewClient(
			linkit.WithBaseURL(testBase),
			linkit.WithHTTPClient(&http.Client{Transport: s}),
			linkit.WithLoginFunc(login),
			linkit.WithSessionStore(store),
		)
		require.NoError(t, err)
		require.NoError(t, getOne(t.Context(), client))
	}
	require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(store))), "WithLogin's are the same")
	s.assertCounts(t, 1, 3)
}

func TestStoreAndClientShareNoSession(t *testing.T) {
	t.Parallel()
	s, store := newSignInServer(time.Hour), newMemoryStore()
	for _, name := range []string{"saved", "loaded"} {
		client := s.client(t, linkit.WithSessionStore(store))
		own, err := client.Auth.Session(t.Context())
		require.NoError(t, err)
		for _, stored := range store.sessions {
			stored.User.Email = "changed when " + name // it is the store's own
		}
		again, err := client.Auth.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, own.User, again.User, name)
	}
	s.assertCounts(t, 1, 0)
}

func TestKeysAndTokensAreNeverStored(t *testing.T) {
	t.Parallel()
	for _, opt := range []linkit.Option{
		linkit.WithAPIKey(testKey), linkit.WithToken(testKey), linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return testKey, nil }),
	} {
		store := newMemoryStore()
		client := newClient(t, &replies{responses: []reply{{status: 200, body: product1}}}, opt, linkit.WithSessionStore(store))
		require.NoError(t, getOne(t.Context(), client))
		assert.Empty(t, store.log)
	}
}

func TestSessionIsRefusedByEncodingsThatWouldLoseItsToken(t *testing.T) {
	t.Parallel()
	const token = "t0ken-Zq-1"
	session := linkit.Session{Token: linkit.NewSecret(token), User: linkit.User{ID: "usr_7"}}
	for name, value := range map[string]any{
		"value": session, "pointer": &session, "field": struct{ S *linkit.Session }{&session}, "embedded": struct{ linkit.Session }{session},
		"list": []linkit.Session{session}, "map": map[string]*linkit.Session{"a": &session},
	} {
		b, err := json.Marshal(value)
		require.ErrorContains(t, err, "MarshalBinary", name)
		assert.Empty(t, b)
		leaks(t, name, value, token)
	}
	_, err := xml.Marshal(session)
	require.ErrorContains(t, err, "MarshalBinary")

	assert.Contains(t, fmt.Sprintf("%+v", session), "[redacted]")
	for _, handler := range []func(io.Writer) slog.Handler{
		func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) }, func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
	} {
		var log bytes.Buffer
		slog.New(handler(&log)).Info("signed in", "session", session, "pointer", &session)
		assert.NotContains(t, log.String(), "ERROR")
		assert.NotContains(t, log.String(), token)
		assert.Equal(t, 2, strings.Count(log.String(), "[redacted]"))
		assert.Contains(t, log.String(), "usr_7")
	}
}

func TestStoredSessionIsFoundWhileTheLockIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.tokens["other-t0ken"] = time.Now().Add(time.Hour)
		var stored atomic.Pointer[linkit.Session]
		loads := 0
		var log bytes.Buffer
		client := s.client(t, linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), linkit.WithSessionStore(oddLocker{
			oddStore: oddStore{load: func() (*linkit.Session, error) { loads++; return stored.Load(), nil }},
			lock:     func() (func(), error) { time.Sleep(time.Hour); return nil, nil }, //nolint:forbidigo // virtual time
		}))
		time.AfterFunc(3*time.Second, func() {
			stored.Store(&linkit.Session{
				Token:     linkit.NewSecret("other-t0ken"),
				ExpiresAt: linkit.Time{Time: time.Now().Add(time.Hour)},
			})
		})
		began := time.Now()
		require.NoError(t, getOne(t.Context(), client))
		assert.LessOrEqual(t, time.Since(began), 4*time.Second+50*time.Millisecond)
		assert.LessOrEqual(t, loads, 5)
		s.assertCounts(t, 0, 1)
		assert.Empty(t, log.String())
		sleep(time.Hour)
	})
}

func TestResetWaitsForTheLockAndUsesNoStoredSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		takes := time.Duration(0)
		stored := &linkit.Session{
			Token:     linkit.NewSecret("other-t0ken"),
			ExpiresAt: linkit.Time{Time: time.Now().Add(time.Hour)},
		}
		client := s.client(t, linkit.WithSessionStore(oddLocker{
			oddStore: oddStore{load: func() (*linkit.Session, error) { return stored, nil }},
			lock:     func() (func(), error) { time.Sleep(takes); return func() {}, nil }, //nolint:forbidigo // virtual time
		}))
		s.tokens["other-t0ken"] = time.Now().Add(time.Hour)
		require.NoError(t, getOne(t.Context(), client))
		s.assertCounts(t, 0, 1)
		client.Auth.Reset()
		takes = 3 * time.Second
		began := time.Now()
		require.NoError(t, getOne(t.Context(), client))
		assert.Equal(t, takes, time.Since(began))
		s.assertCounts(t, 1, 2)
	})
}

func TestSessionSurvivesMarshalling(t *testing.T) {
	t.Parallel()
	want := linkit.Session{
		Token: linkit.NewSecret("t0ken"), ExpiresAt: linkit.Time{Time: time.Date(2026, 11, 23, 10, 0, 0, 5e8, time.UTC)},
		User: linkit.User{ID: "u", Email: "e", OrganizationID: "o"},
	}
	b, err := want.MarshalBinary()
	require.NoError(t, err)
	var got linkit.Session
	require.NoError(t, got.UnmarshalBinary(b))
	assert.Equal(t, want.Token.Reveal(), got.Token.Reveal())
	assert.True(t, want.ExpiresAt.Equal(got.ExpiresAt.Time))
	assert.Equal(t, want.User, got.User)
	for _, bad := range []string{"", "{}", `{"version":2,"token":"t0ken"}`, `{"version":1,"token":""}`, `{"version":1,"token":"t0k`, `{"version":1,"token":"x","expires_at":"t0k"}`, "\x00"} {
		err := got.UnmarshalBinary([]byte(bad))
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "t0k")
	}
}

func TestNewerEntryIsUsedAfterARejectedOneWasPassedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		entry := &linkit.Session{Token: linkit.NewSecret("revoked-t0ken")}
		client := s.client(t, linkit.WithSessionStore(oddStore{load: func() (*linkit.Session, error) { return entry, nil }}))
		require.NoError(t, getOne(t.Context(), client))
		s.assertCounts(t, 1, 2)
		s.revoke()
		s.tokens["newer-t0ken"] = time.Now().Add(time.Hour) // another process has signed in
		entry = &linkit.Session{Token: linkit.NewSecret("newer-t0ken")}
		require.NoError(t, getOne(t.Context(), client))
		s.assertCounts(t, 1, 4)
		sleep(59 * time.Minute)
		require.NoError(t, getOne(t.Context(), client), "an entry without an end is used until it is rejected")
		s.assertCounts(t, 1, 5)
	})
}

func TestStoreThatWorksLogsNothing(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]linkit.SessionStore{
		"without Lock": oddStore{}, "with Lock": newMemoryStore(), "files": linkit.FileSessionStore(t.TempDir()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s := newSignInServer(time.Hour)
			require.NoError(
				t,
				getOne(
					t.Context(),
					s.client(t, linkit.WithSessionStore(store), linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))),
				),
			)
			s.assertCounts(t, 1, 1)
			assert.Empty(t, log.String())
		})
	}
}
