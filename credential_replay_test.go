package linkit_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestRevokedTokenCostsOneSignInHoweverManyMeetIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.takes, s.lag = time.Second, time.Millisecond
		client := s.client(t, linkit.WithMaxConcurrency(100))
		cold := func(n int) {
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { assert.NoError(t, getOne(t.Context(), client)) })
			}
			wg.Wait()
		}
		cold(200)
		s.assertCounts(t, 1, 200)
		s.revoke()
		cold(100)
		s.assertCounts(t, 2, 400)
	})
}

func TestReplayCarriesTheBodyAndCountsAsAnAttempt(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{
		{
			status: 200,
			body:   `{"token":"first-t0ken"}`,
		},
		{status: 401},
		{status: 200, body: `{"token":"second-t0ken"}`},
		{status: 409, body: `{}`},
	}}
	client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
	var ae *linkit.APIError
	require.ErrorAs(t, err, &ae)
	assert.Equal(t, 409, ae.StatusCode)
	assert.Equal(t, 2, ae.Attempts, "the replay counts, the sign-ins don't")
	require.Len(t, rs.requests, 4)
	assert.Equal(t, rs.bodies[1], rs.bodies[3])
	assert.Equal(t, "Bearer first-t0ken", rs.requests[1].Header.Get("Authorization"))
	assert.Equal(t, "Bearer second-t0ken", rs.requests[3].Header.Get("Authorization"))
}

func TestSecond401IsReturnedAndSignInsAreRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.login = func(n int) (int, any) { return 200, fmt.Sprintf(`{"token":"useless-%d"}`, n) }
		client := s.client(t)
		for range 100 {
			require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		}
		signIns, _ := s.counts()
		assert.Equal(t, 2, signIns, "one for the first call, one for its 401")
		sleep(time.Second)
		s.mu.Lock()
		s.login = nil
		s.mu.Unlock()
		require.NoError(t, getOne(t.Context(), client))
		s.revoke()
		require.NoError(t, getOne(t.Context(), client), "a replay that succeeded ends the wait")
	})
}

func TestForbiddenAndNotFoundAreReplayedOnlyPastTheTokensEnd(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status int
		noDate bool
	}{{403, false}, {404, false}, {403, true}, {404, true}} {
		t.Run(fmt.Sprint(row), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(time.Hour)
				s.noDate = row.noDate
				inner := s.RoundTrip
				var slow time.Duration
				refuse := true
				client := s.client(
					t,
					linkit.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
						resp, err := inner(r)
						if !strings.HasSuffix(r.URL.Path, "/login") && refuse {
							time.Sleep(slow) //nolint:forbidigo // virtual time
							if slow > 0 {
								refuse = false
							}
							return s.respond(row.status, `{}`), nil
						}
						return resp, err
					})}),
					linkit.WithAttemptTimeout(2*time.Hour),
				)
				var ae *linkit.APIError
				require.ErrorAs(t, getOne(t.Context(), client), &ae)
				assert.Equal(t, row.status, ae.StatusCode)
				assert.Equal(t, 1, ae.Attempts)
				s.assertCounts(t, 1, 1)

				slow = 61 * time.Minute // the response comes when the token has expired
				require.NoError(t, getOne(t.Context(), client))
				s.assertCounts(t, 2, 3)
			})
		})
	}
}

func TestFailedSignInAfterA401IsBothErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t)
		require.NoError(t, getOne(t.Context(), client))
		s.revoke()
		s.login = func(int) (int, any) { return 503, `{"error":"down"}` }
		err := getOne(t.Context(), client)
		require.ErrorIs(t, err, linkit.ErrServer)
		require.ErrorIs(t, err, linkit.ErrUnauthorized)
		require.NotErrorIs(t, err, linkit.ErrLogin, "it was not rejected")
		var ae *linkit.APIError
		require.ErrorAs(t, err, &ae)
		assert.Equal(t, "/auth/login", ae.Route)
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t)
		require.NoError(t, getOne(t.Context(), client))
		s.revoke()
		s.takes = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := getOne(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, linkit.ErrUnauthorized)
	})
}

func TestForbiddenPastTheEndByTheServersClockIsReplayed(t *testing.T) {
	t.Parallel()
	date := http.Header{"Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}}
	late := http.Header{"Date": {"Mon, 23 Nov 2026 11:00:00 GMT"}}
	rs := &replies{responses: []reply{
		{status: 200, body: `{"token":"first-t0ken","expires_at":"2026-11-23T11:00:00Z"}`, header: date},
		{status: 403, header: late},
		{status: 200, body: `{"token":"second-t0ken","expires_at":"2026-11-23T12:00:00Z"}`, header: late},
		{status: 200, body: product1, header: late},
	}}
	require.NoError(t, getOne(t.Context(), newClient(t, rs, linkit.WithLogin("a", "b-secret"))))
	assert.Len(t, rs.requests, 4)
}

func TestExpiredGuestOnALostDeleteIsNotASuccess(t *testing.T) {
	t.Parallel()
	date := http.Header{"Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}}
	late := http.Header{"Date": {"Mon, 23 Nov 2026 11:00:00 GMT"}}
	rs := &replies{responses: []reply{
		{status: 200, body: `{"token":"first-t0ken","expires_at":"2026-11-23T11:00:00Z"}`, header: date},
		{status: 502}, {status: 404, header: late},
		{status: 200, body: `{"token":"second-t0ken"}`},
		{status: 204},
	}}
	client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
	require.NoError(t, client.Products.Delete(t.Context(), "x"))
	assert.Len(t, rs.requests, 5, "the 404 was a guest's: the product may still be there")
}

func TestLostDeleteThatIsReplayedAndFindsNothingHasSucceeded(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{
		{
			status: 200,
			body:   `{"token":"first-t0ken"}`,
		},
		{status: 502},
		{status: 401},
		{status: 200, body: `{"token":"second-t0ken"}`},
		{status: 404},
	}}
	client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
	require.NoError(t, client.Products.Delete(t.Context(), "x"))
	assert.Len(t, rs.requests, 5)
}

func TestSignInThatBringsTheSameTokenIsReplayed(t *testing.T) {
	t.Parallel()
	same := reply{status: 200, body: `{"token":"same-t0ken"}`}
	rs := &replies{responses: []reply{same, {status: 401}, same, {status: 200, body: product1}}}
	require.NoError(t, getOne(t.Context(), newClient(t, rs, linkit.WithLogin("a", "b-secret"))))
	assert.Len(t, rs.requests, 4)
}

func TestReplayThatFailsOtherwiseIsNoProofOfTheToken(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 500, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				signIns, calls := 0, 0
				client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/login") {
						signIns++
						return (&signInServer{}).respond(200, fmt.Sprintf(`{"token":"t0ken-%d"}`, signIns)), nil
					}
					if calls++; calls%2 == 1 {
						return (&signInServer{}).respond(401, `{}`), nil
					}
					return (&signInServer{}).respond(status, `{}`), nil
				}), linkit.WithLogin("a", "b-secret"), linkit.WithRetries(0))
				for range 50 {
					require.Error(t, getOne(t.Context(), client))
				}
				assert.Equal(t, 2, signIns)
			})
		})
	}
}

func TestReplayStartsWithWhatTheFirstAttemptsLeft(t *testing.T) {
	t.Parallel()
	signIn := func(token string) reply { return reply{status: 200, body: `{"token":"` + token + `"}`} }
	t.Run("a DELETE that nothing of was lost", func(t *testing.T) {
		t.Parallel()
		rs := &replies{responses: []reply{signIn("first-t0ken"), {status: 401}, signIn("second-t0ken"), {status: 404}}}
		client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
		require.ErrorIs(t, client.Products.Delete(t.Context(), "x"), linkit.ErrNotFound)
		assert.Len(t, rs.requests, 4)
	})
	t.Run("a POST that didn't get a connection", func(t *testing.T) {
		t.Parallel()
		dial := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		rs := &replies{responses: []reply{signIn("first-t0ken"), {status: 401}, signIn("second-t0ken"), {err: dial}}}
		client := newClient(t, rs, linkit.WithLogin("a", "b-secret"), linkit.WithRetries(0))
		_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
		var te *linkit.TransportError
		require.ErrorAs(t, err, &te)
		assert.False(t, te.Sent)
		assert.Equal(t, 2, te.Attempts)
	})
}

func TestWhileNewTokensAreRejectedA401IsOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.login = func(n int) (int, any) { return 200, fmt.Sprintf(`{"token":"useless-%d"}`, n) }
		client := s.client(t)
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		s.assertCounts(t, 2, 2)
		for i := range 20 {
			err := getOne(t.Context(), client)
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae)
			assert.Equal(t, 1, ae.Attempts)
			s.assertCounts(t, 2, 3+i)
		}
	})
}

func TestReplayThatGetsNoResponseEndsNoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.login = func(n int) (int, any) { return 200, fmt.Sprintf(`{"token":"useless-%d"}`, n) }
		cut := ""
		client := s.client(
			t,
			linkit.WithRetries(0),
			linkit.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") == cut && cut != "" {
					return nil, syscall.ECONNRESET
				}
				return s.RoundTrip(r)
			})}),
		)
		call := func(signIns int) {
			t.Helper()
			require.Error(t, getOne(t.Context(), client))
			got, _ := s.counts()
			assert.Equal(t, signIns, got)
		}
		call(2)
		sleep(time.Second)
		cut = "Bearer useless-3" // the replay's token
		call(3)
		cut = ""
		call(4)
		sleep(1900 * time.Millisecond)
		call(4) // the second wait is two seconds: the lost replay didn't start it over
		sleep(100 * time.Millisecond)
		call(5)
	})
}
