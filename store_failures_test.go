package linkit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// oddStore is a SessionStore made of functions; those that are nil find and keep nothing.
type oddStore struct {
	load func() (*linkit.Session, error)
	save func(*linkit.Session) error
}

func (o oddStore) Load(context.Context, string) (*linkit.Session, error) {
	if o.load == nil {
		return nil, nil
	}
	return o.load()
}

func (o oddStore) Save(_ context.Context, _ string, s *linkit.Session) error {
	if o.save == nil {
		return nil
	}
	return o.save(s)
}

// oddLocker is an oddStore that can lock.
type oddLocker struct {
	oddStore
	lock func() (func(), error)
}

func (o oddLocker) Lock(context.Context, string) (func(), error) { return o.lock() }

func TestRefusedEntryThatCannotBeReplacedFailsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		entry := &linkit.Session{
			Token:     linkit.NewSecret("revoked-t0ken"),
			ExpiresAt: linkit.Time{Time: time.Now().Add(24 * time.Hour)},
		}
		client := s.client(t, linkit.WithSessionStore(oddStore{
			load: func() (*linkit.Session, error) { return entry, nil },
			save: func(*linkit.Session) error { return errors.New("read-only") },
		}))
		require.NoError(t, getOne(t.Context(), client), "a 401 and a sign-in")
		s.assertCounts(t, 1, 2)
		s.revoke()
		require.NoError(t, getOne(t.Context(), client), "another, which doesn't take the entry")
		s.assertCounts(t, 2, 4)
		for range 600 { // and so do the renewals
			require.NoError(t, getOne(t.Context(), client))
			sleep(time.Minute)
		}
		signIns, calls := s.counts()
		assert.Equal(t, 604, calls, "a call met the rejected entry again")
		assert.LessOrEqual(t, signIns, 15)
	})
}

func TestStoreThatHangsForGoodIsLeftBehind(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		store func(hang func()) linkit.SessionStore
		bound time.Duration
	}{
		"load": {func(hang func()) linkit.SessionStore {
			return oddStore{load: func() (*linkit.Session, error) { hang(); return nil, nil }}
		}, 5 * time.Second},
		"save": {func(hang func()) linkit.SessionStore {
			return oddStore{save: func(*linkit.Session) error { hang(); return nil }}
		}, 5 * time.Second},
		"lock": {func(hang func()) linkit.SessionStore {
			return oddLocker{lock: func() (func(), error) { hang(); return nil, nil }}
		}, 20 * time.Second},
		"unlock": {func(hang func()) linkit.SessionStore {
			return oddLocker{lock: func() (func(), error) { return hang, nil }}
		}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				s := newSignInServer(time.Hour)
				var log bytes.Buffer
				client := s.client(t, linkit.WithSessionStore(row.store(func() { <-release })),
					linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				began := time.Now()
				require.NoError(t, getOne(t.Context(), client))
				assert.LessOrEqual(t, time.Since(began), row.bound)
				began = time.Now()
				require.NoError(t, getOne(t.Context(), client))
				assert.Zero(t, time.Since(began))
				s.assertCounts(t, 1, 2)
				assert.Equal(t, 1, strings.Count(log.String(), "the session store failed"), log.String())
				assert.Contains(t, log.String(), "step="+name+" error=")
				require.NoError(t, client.Close())
			})
		})
	}
}

func TestLockThatIsGrantedTooLateIsReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		var released atomic.Int64
		client := s.client(t, linkit.WithSessionStore(oddLocker{lock: func() (func(), error) {
			time.Sleep(time.Minute) //nolint:forbidigo // virtual time: whatever its context says
			return func() { released.Add(1) }, nil
		}}))
		require.NoError(t, getOne(t.Context(), client))
		assert.Zero(t, released.Load())
		sleep(time.Minute)
		assert.Equal(t, int64(1), released.Load())
	})
}

func TestUnusableEntriesAndStoreErrorsAreLoggedWithoutTheToken(t *testing.T) {
	t.Parallel()
	const secret = "st0red-t0ken-Zq"
	quoting := func(s *linkit.Session) error { return fmt.Errorf("redis: SET %s: READONLY", s.Token.Reveal()) }
	entry := &linkit.Session{Token: linkit.NewSecret(secret)}
	for name, row := range map[string]struct {
		store linkit.SessionStore
		line  string
	}{
		"no token":      {oddStore{load: func() (*linkit.Session, error) { return &linkit.Session{}, nil }}, `step=load error="the entry has no token"`},
		"load quotes":   {oddStore{load: func() (*linkit.Session, error) { return entry, quoting(entry) }}, `step=load error="redis: SET [redacted]: READONLY"`},
		"save quotes":   {oddStore{save: quoting}, `step=save error="redis: SET [redacted]: READONLY"`},
		"save panics":   {oddStore{save: func(s *linkit.Session) error { panic(s.Token.Reveal()) }}, `step=save error="panic with a string"`},
		"lock fails":    {oddLocker{lock: func() (func(), error) { return nil, errors.New("no locks") }}, `step=lock error="no locks"`},
		"load exits":    {oddStore{load: func() (*linkit.Session, error) { runtime.Goexit(); return nil, nil }}, `step=load error="it ended its goroutine"`}, //nolint:nilnil // not reached
		"save exits":    {oddStore{save: func(*linkit.Session) error { runtime.Goexit(); return nil }}, `step=save error="it ended its goroutine"`},
		"unlock panics": {oddLocker{lock: func() (func(), error) { return func() { panic(secret) }, nil }}, `step=unlock error="panic with a string"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s := newSignInServer(time.Hour)
			client := s.client(
				t,
				linkit.WithSessionStore(row.store),
				linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			)
			require.NoError(t, getOne(t.Context(), client))
			s.assertCounts(t, 1, 1)
			assert.Contains(
				t,
				log.String(),
				`level=WARN msg="linkit: the session store failed; continuing without it" `+row.line,
			)
			assert.NotContains(t, log.String(), "tok-1-Qw8eRt")
			assert.NotContains(t, log.String(), secret)
		})
	}
}

func TestEachFailureOfTheStoreIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	client := newSignInServer(time.Hour).client(
		t,
		linkit.WithSessionStore(oddStore{save: func(*linkit.Session) error { return errors.New("read-only") }}),
		linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
	)
	for range 3 {
		require.NoError(t, getOne(t.Context(), client))
		client.Auth.Reset()
	}
	assert.Equal(t, 3, strings.Count(log.String(), "step=save error=read-only"))
}

func TestSignInThatFailsAfterResetStillPassesOverTheStoredSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, store := newSignInServer(time.Hour), newMemoryStore()
		client, other := s.client(t, linkit.WithSessionStore(store)), s.client(t, linkit.WithSessionStore(store))
		require.NoError(t, getOne(t.Context(), client))
		s.revoke()
		require.NoError(t, getOne(t.Context(), other)) // the store holds a good token that client doesn't know
		s.assertCounts(t, 2, 3)
		client.Auth.Reset()
		s.login = func(n int) (int, any) { return map[bool]int{true: 401}[n == 3], `{}` }
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrLogin)
		sleep(time.Second)
		require.NoError(t, getOne(t.Context(), client))
		s.assertCounts(t, 4, 4)
	})
}
