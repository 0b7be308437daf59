package linkit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestFirstCallSignsInAndLaterOnesDoNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t)
		s.assertCounts(t, 0, 0)
		for range 5 {
			require.NoError(t, getOne(t.Context(), client))
		}
		require.NoError(t, getOne(t.Context(), client.ForOrganization("org_2")))
		s.assertCounts(t, 1, 6)
		assert.Equal(t, "Bearer tok-1-Qw8eRt", s.seen[0])
	})
}

func TestADayOfFiveMinuteTokens(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
		for _, noDate := range []bool{false, true} {
			if noDate && skew != 0 {
				continue // without a Date there is only the local clock to go by
			}
			t.Run(fmt.Sprint(skew, noDate), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSignInServer(5 * time.Minute)
					s.skew, s.noDate, s.takes = skew, noDate, 100*time.Millisecond
					client := s.client(t)
					calls := 0
					for began := time.Now(); time.Since(began) < 24*time.Hour; sleep(10 * time.Second) {
						require.NoError(t, getOne(t.Context(), client))
						calls++
					}
					signIns, got := s.counts()
					assert.Equal(t, calls, got, "no call met an expired token")
					assert.GreaterOrEqual(t, signIns, 288)
					assert.LessOrEqual(t, signIns, 360) // 1.25 a life
				})
			})
		}
	}
}

func TestASignInWhoseAnswerIsLostIsSentAgain(t *testing.T) {
	t.Parallel()
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Path: "/auth/login", DropAfter: true})
	server.Inject(linkittest.Fault{Path: "/auth/login", Status: http.StatusBadGateway})
	_, err := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password)).Products.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, server.Requests(), 4)
}

func TestLifeCountsFromWhenTheSignInWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Minute)
		s.takes = 20 * time.Second
		client := s.client(t)
		require.NoError(t, getOne(t.Context(), client))
		sleep(32 * time.Second) // 52 s after it was sent, and the last fifth of the life is for renewal
		require.NoError(t, getOne(t.Context(), client))
		sleep(20 * time.Second)
		s.assertCounts(t, 2, 2)
	})
}

func TestUnusableExpiryMeansUntilRefused(t *testing.T) {
	t.Parallel()
	for name, expiry := range map[string]string{
		"missing": ``, "null": `,"expires_at":null`, "empty": `,"expires_at":""`, "boolean": `,"expires_at":true`,
		"object": `,"expires_at":{}`, "unreadable": `,"expires_at":"tomorrow"`, "in the past": `,"expires_at":"1999-01-01T00:00:00Z"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(time.Hour)
				s.login = func(n int) (int, any) {
					token := fmt.Sprint("given-", n)
					s.tokens[token] = time.Now().Add(48 * time.Hour)
					return 200, `{"token":"` + token + `"` + expiry + `,"user":7}`
				}
				client := s.client(t)
				require.NoError(t, getOne(t.Context(), client))
				sleep(47 * time.Hour)
				require.NoError(t, getOne(t.Context(), client))
				s.assertCounts(t, 1, 2)
				sleep(2 * time.Hour)
				require.NoError(t, getOne(t.Context(), client))
				s.assertCounts(t, 2, 4)
				s.guests = true // and it is never past its end: a 404 is a 404
				s.revoke()
				require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrNotFound)
				s.assertCounts(t, 2, 5)
			})
		})
	}
}

func TestWrongPasswordIsTriedAHandfulOfTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t, linkit.WithLogin("ops@example.com", "wr0ng-password"))
		var first error
		for i := range 500 {
			err := getOne(t.Context(), client)
			require.ErrorIs(t, err, linkit.ErrLogin)
			require.ErrorIs(t, err, linkit.ErrUnauthorized)
			require.ErrorIs(t, err, linkit.ErrBadRequest)
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae)
			assert.Equal(t, 400, ae.StatusCode)
			assert.Equal(t, "/auth/login", ae.Route)
			assert.NotContains(t, err.Error(), "wr0ng")
			if i == 0 {
				first = err
			}
			assert.Equal(t, first.Error(), err.Error())
			sleep(100 * time.Millisecond)
		}
		s.assertCounts(t, 6, 0) // at 0, 1, 3, 7, 15 and 31 of 50 s
		client.Auth.Reset()
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrLogin)
		s.assertCounts(t, 7, 0)
	})
}

func TestRefusedSignInsAreErrLoginAndOthersAreNot(t *testing.T) {
	t.Parallel()
	for status, rejected := range map[int]bool{400: true, 401: true, 403: true, 422: true, 404: false, 429: false, 500: false, 503: false} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(time.Hour)
				s.login = func(int) (int, any) { return status, `{"error":"no"}` }
				client := s.client(t)
				err := getOne(t.Context(), client)
				assert.Equal(t, rejected, errors.Is(err, linkit.ErrLogin))
				assert.Equal(t, rejected, errors.Is(err, linkit.ErrUnauthorized))
				var ae *linkit.APIError
				require.ErrorAs(t, err, &ae)
				assert.Equal(t, status, ae.StatusCode)
				before, _ := s.counts()
				require.Error(t, getOne(t.Context(), client))
				after, _ := s.counts()
				assert.Equal(t, before, after, "not again within a second")
				_, err = client.Auth.Login(t.Context(), "ops@example.com", s.password)
				assert.Equal(t, rejected, errors.Is(err, linkit.ErrLogin))
			})
		})
	}
}

func TestRateLimitedSignInWaitsOrLeavesOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limited := func(after string) http.Header { return http.Header{"Retry-After": {after}} }
		rs := &replies{
			responses: []reply{
				{status: 429, header: limited("7")},
				{status: 200, body: `{"token":"t0ken-1"}`},
				{status: 200, body: product1},
			},
		}
		began := time.Now()
		require.NoError(t, getOne(t.Context(), newClient(t, rs, linkit.WithLogin("a", "b-secret"))))
		assert.InDelta(t, 7350*time.Millisecond, time.Since(began), float64(350*time.Millisecond), "what fits is waited for")

		for _, after := range []string{"60", "300"} { // a sign-in has a minute
			rs = &replies{responses: []reply{{status: 429, header: limited(after)}}}
			client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
			for range 50 {
				err := getOne(t.Context(), client)
				require.ErrorIs(t, err, linkit.ErrRateLimited)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				sleep(time.Second)
			}
			assert.Len(t, rs.requests, 1)
		}
	})
}

func TestSignInWithoutAUsableTokenIsAClearError(t *testing.T) {
	t.Parallel()
	for body, hint := range map[string]string{
		`{"user":{}}`: "no token", `{"token":null}`: "token is empty", `{"token":""}`: "token is empty", `{"token":7}`: "not text",
		`{"token":"a\nb"}`: "header", `<html>`: "HTML", ``: "empty", `[]`: "not the promised JSON",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			rs := &replies{responses: []reply{{status: 200, body: body}}}
			client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
			err := getOne(t.Context(), client)
			require.ErrorContains(t, err, hint)
			assert.ErrorContains(t, err, "/auth/login")
			client.Auth.Reset()
			require.Error(t, getOne(t.Context(), client))
			assert.Len(t, rs.requests, 2, "nothing was cached")
		})
	}
}

func TestLoginFuncIsAskedBeforeEverySignIn(t *testing.T) {
	t.Parallel()
	s := newSignInServer(time.Hour)
	asked := 0
	client, err := linkit.NewClient(
		linkit.WithBaseURL(testBase),
		linkit.WithHTTPClient(&http.Client{Transport: s}),
		linkit.WithLoginFunc(
			func(context.Context) (string, string, error) { asked++; return "ops@example.com", s.password, nil },
		),
	)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, getOne(t.Context(), client))
	}
	assert.Equal(t, 1, asked)
	s.revoke()
	require.NoError(t, getOne(t.Context(), client))
	assert.Equal(t, 2, asked)
}

func TestSignInIsOutsideTheClientsLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t, linkit.WithMaxConcurrency(1), linkit.WithRateLimit(0.001, 1))
		began := time.Now()
		require.NoError(t, getOne(t.Context(), client))
		assert.Zero(t, time.Since(began), "the sign-in took the only rate token")
	})
}

func TestHungSignInReleasesEachAtItsDeadlineAndCloseEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.takes = time.Hour
		client := s.client(t)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := getOne(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 100*time.Millisecond, time.Since(began))
		var te *linkit.TransportError
		require.ErrorAs(t, err, &te)
		assert.False(t, te.Sent)
		err = getOne(t.Context(), client)
		require.Error(t, err)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.LessOrEqual(t, time.Since(began), 61*time.Second)

		sleep(2 * time.Second)
		waiting := make(chan error, 1)
		go func() { waiting <- getOne(t.Context(), client) }()
		synctest.Wait()
		require.NoError(t, client.Close())
		require.ErrorIs(t, <-waiting, linkit.ErrClosed)
	})
}

func TestTwoClientsNeverShareAToken(t *testing.T) {
	t.Parallel()
	s := newSignInServer(time.Hour)
	require.NoError(t, getOne(t.Context(), s.client(t)))
	require.NoError(t, getOne(t.Context(), s.client(t)))
	s.assertCounts(t, 2, 2)
}
