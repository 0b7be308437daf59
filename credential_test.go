package linkit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestKeyFuncIsAskedAtFirstUseAndAfterA401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys, asked := []string{"old-key-1", "new-key-2"}, 0
		current := "old-key-1"
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != current {
				return (&signInServer{}).respond(401, `{}`), nil
			}
			return (&signInServer{}).respond(200, product1), nil
		}), linkit.WithAPIKeyFunc(func(context.Context) (string, error) {
			asked++
			return keys[min(asked, len(keys))-1], nil
		}))
		for range 3 {
			require.NoError(t, getOne(t.Context(), client))
		}
		assert.Equal(t, 1, asked)
		current = "new-key-2"
		for range 3 {
			require.NoError(t, getOne(t.Context(), client))
		}
		assert.Equal(t, 2, asked)
		_, err := client.Auth.Session(t.Context())
		require.ErrorIs(t, err, linkit.ErrNoSession)
	})
}

// keyServer accepts one key, and counts how often its function is asked for one.
type keyServer struct {
	accepted, key string
	asked         int
}

func (s *keyServer) client(t *testing.T) *linkit.Client {
	return newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != s.accepted {
			return (&signInServer{}).respond(401, `{}`), nil
		}
		return (&signInServer{}).respond(200, product1), nil
	}), linkit.WithAPIKeyFunc(func(context.Context) (string, error) { s.asked++; return s.key, nil }))
}

func TestKeyFuncIsAskedRarelyWhileItsKeyIsRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{accepted: "new-key-2", key: "old-key-1"}
		client := s.client(t)
		for began := time.Now(); time.Since(began) < 10*time.Minute; sleep(100 * time.Millisecond) {
			require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		}
		// At first use, and then 0, 1, 3, 7, 15, 31, 63 and 123 s after it, and every minute.
		assert.Equal(t, 16, s.asked)

		s.key = "new-key-2"
		sleep(time.Minute)
		require.NoError(t, getOne(t.Context(), client), "a changed key is used for the call that got the 401")
		assert.Equal(t, 17, s.asked)
		s.accepted = "newer-key-3"
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		assert.Equal(t, 18, s.asked, "the wait is over: asked at once")
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		assert.Equal(t, 18, s.asked, "and it starts at a second")
		sleep(time.Second)
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		assert.Equal(t, 19, s.asked)
	})
}

func TestChangedKeyThatIsRejectedTooIsFollowedByTheNextOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{accepted: "key-number-5"}
		asked := 0
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != s.accepted {
				return (&signInServer{}).respond(401, `{}`), nil
			}
			return (&signInServer{}).respond(200, product1), nil
		}), linkit.WithAPIKeyFunc(func(context.Context) (string, error) { asked++; return fmt.Sprint("key-number-", asked), nil }))
		for range 3 { // keys 1 and 2, 2 and 3, 3 and 4
			require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		}
		require.NoError(t, getOne(t.Context(), client))
		assert.Equal(t, 5, asked)
	})
}

func TestRejectedKeyThatIsAcceptedAgainEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{accepted: "other-key", key: "this-key-1"}
		client := s.client(t)
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		assert.Equal(t, 2, s.asked)
		s.accepted = s.key // it wasn't known everywhere yet
		require.NoError(t, getOne(t.Context(), client))
		s.accepted = "other-key"
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		assert.Equal(t, 3, s.asked)
	})
}

func TestOnlyASuccessEndsTheWaitAfterARejectedKey(t *testing.T) {
	t.Parallel()
	for status, asks := range map[int]int{0: 2, 200: 3, 204: 3, 304: 2, 400: 2, 500: 2} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rejected, asked := true, 0
				client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
					switch {
					case rejected:
						return (&signInServer{}).respond(401, `{}`), nil
					case status == 0:
						return nil, syscall.ECONNRESET
					}
					return (&signInServer{}).respond(status, ``), nil
				}), linkit.WithRetries(0), linkit.WithAPIKeyFunc(func(context.Context) (string, error) { asked++; return testKey, nil }))
				require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
				assert.Equal(t, 2, asked, "once for the call, and once for its 401")
				rejected = false
				_ = client.Products.Delete(t.Context(), "x")
				rejected = true
				require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
				assert.Equal(t, asks, asked)
			})
		})
	}
}

func TestOneAskServesAllCallsThatMeetARejectedKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{accepted: "new-key-2", key: "old-key-1"}
		client := s.client(t)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { assert.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized) })
		}
		wg.Wait()
		assert.LessOrEqual(t, s.asked, 2)
	})
}

func TestCredentialFunctionsFailClearly(t *testing.T) {
	t.Parallel()
	vault := errors.New("vault is sealed")
	for name, row := range map[string]struct {
		opt  linkit.Option
		want error
		hint string
	}{
		"key error":     {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return "", vault }), vault, "WithAPIKeyFunc"},
		"key in quotes": {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return "'s3cr3t-key'", nil }), linkit.ErrInvalid, "in quotes"},
		"key blank":     {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return " ", nil }), linkit.ErrInvalid, "WithAPIKeyFunc"},
		"key panic":     {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { panic("s3cr3t") }), nil, "panic"},
		"login error":   {linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "", "", vault }), vault, "WithLoginFunc"},
		"login no mail": {linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "", "s3cr3t", nil }), linkit.ErrInvalid, "WithLoginFunc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mt := newMockedClient(t, row.opt)
			err := getOne(t.Context(), client)
			require.Error(t, err)
			if row.want != nil {
				require.ErrorIs(t, err, row.want)
			}
			assert.ErrorContains(t, err, row.hint)
			assert.NotContains(t, err.Error(), "s3cr3t")
			assert.Zero(t, mt.GetTotalCallCount())
		})
	}
}

func TestCredentialFunctionMustNotUseTheClient(t *testing.T) {
	t.Parallel()
	var client *linkit.Client
	client, _ = newMockedClient(
		t,
		linkit.WithAPIKeyFunc(func(ctx context.Context) (string, error) { return "", getOne(ctx, client) }),
	)
	err := getOne(t.Context(), client)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	assert.ErrorContains(t, err, "must not use the client")
}

func TestUnchangedKeyIsNotSentAgain(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 401}}}
	asked := 0
	client := newClient(
		t,
		rs,
		linkit.WithAPIKeyFunc(func(context.Context) (string, error) { asked++; return testKey, nil }),
	)
	require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
	assert.Len(t, rs.requests, 1)
	assert.Equal(t, 2, asked)
}

func TestKeyFuncIsNeverAskedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inside, most, asked atomic.Int64
		client := newClient(
			t,
			&replies{responses: []reply{{status: 200, body: product1}}},
			linkit.WithAPIKeyFunc(func(context.Context) (string, error) {
				asked.Add(1)
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(time.Second) //nolint:forbidigo // virtual time: whatever its context says
				inside.Add(-1)
				return testKey, nil
			}),
		)
		for at := range 3 {
			time.AfterFunc(time.Duration(at+1)*300*time.Millisecond, client.Auth.Reset)
		}
		require.NoError(t, getOne(t.Context(), client))
		assert.Equal(t, int64(1), most.Load())
		assert.Equal(t, int64(2), asked.Load(), "the ask that was abandoned, and the one for the last Reset")
	})
}

func TestDeadlineOfACredentialFunctionIsNotTheCallersAndIsNotRemembered(t *testing.T) {
	t.Parallel()
	for _, own := range []error{context.DeadlineExceeded, context.Canceled, fmt.Errorf("vault: %w", context.DeadlineExceeded)} {
		asked := 0
		ask := func() error {
			if asked++; asked == 1 {
				return own
			}
			return nil
		}
		for name, opt := range map[string]linkit.Option{
			"WithAPIKeyFunc": linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return testKey, ask() }),
			"WithLoginFunc":  linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "a", "b-secret", ask() }),
		} {
			asked = 0
			client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				return (&signInServer{}).respond(200, `{"token":"t0ken-1","iv_id":"ITEM-1"}`), nil
			}), opt)
			err := getOne(t.Context(), client)
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, own.Error())
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			require.NotErrorIs(t, err, context.Canceled)
			require.NoError(t, getOne(t.Context(), client), "the next call asks again")
			assert.Equal(t, 2, asked)
		}
	}
}

func TestErrorOfAKeyFuncShowsNoKey(t *testing.T) {
	t.Parallel()
	t.Run("the one that it returns", func(t *testing.T) {
		t.Parallel()
		client := newClient(
			t,
			&replies{responses: []reply{{status: 200}}},
			linkit.WithAPIKeyFunc(func(context.Context) (string, error) {
				return testKey, errors.New("stale: " + testKey)
			}),
		)
		err := getOne(t.Context(), client)
		require.ErrorContains(t, err, "stale: [redacted]")
		leaks(t, "error", err, testKey)
	})
	t.Run("the one that was rejected", func(t *testing.T) {
		t.Parallel()
		asked := 0
		client := newClient(
			t,
			&replies{responses: []reply{{status: 401}}},
			linkit.WithAPIKeyFunc(func(context.Context) (string, error) {
				if asked++; asked > 1 {
					return "", errors.New("nothing newer than " + testKey)
				}
				return testKey, nil
			}),
		)
		for range 2 { // the call that carried it, and one that never had any
			err := getOne(t.Context(), client)
			require.ErrorContains(t, err, "nothing newer than [redacted]")
			leaks(t, "error", err, testKey)
		}
	})
}

func TestErrorOfALoginFuncShowsNoToken(t *testing.T) {
	t.Parallel()
	asked := 0
	rs := &replies{responses: []reply{{status: 200, body: `{"token":"first-t0ken"}`}, {status: 401}}}
	client := newClient(t, rs, linkit.WithLoginFunc(func(context.Context) (string, string, error) {
		if asked++; asked > 1 {
			return "", "", errors.New("no login beside first-t0ken")
		}
		return "a", "b-secret", nil
	}))
	for range 2 {
		err := getOne(t.Context(), client)
		require.ErrorContains(t, err, "no login beside [redacted]")
		leaks(t, "error", err, "first-t0ken")
	}
}
