package linkit_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// How long a sign-in lasts, and what happens around its end.

func TestExpiryInTheYear9999IsOneSignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.login = func(n int) (int, any) {
			token := fmt.Sprint("given-", n)
			s.tokens[token] = time.Now().Add(1000 * time.Hour)
			return 200, `{"token":"` + token + `","expires_at":"9999-12-31T23:59:59Z"}`
		}
		client := s.client(t)
		for range 20 {
			require.NoError(t, getOne(t.Context(), client))
			sleep(time.Hour)
		}
		s.assertCounts(t, 1, 20)
	})
}

func TestLifeOfASlowSignInIsNotStretched(t *testing.T) {
	t.Parallel()
	// of its response, while the token ages
	for _, lag := range []time.Duration{2 * time.Second, 6 * time.Second, 7 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(10 * time.Second)
				client := s.client(
					t,
					linkit.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
						resp, err := s.RoundTrip(r)
						if strings.HasSuffix(r.URL.Path, "/login") {
							time.Sleep(lag) //nolint:forbidigo // virtual time
						}
						return resp, err
					})}),
				)
				calls := 0
				for began := time.Now(); time.Since(began) < 100*time.Second; sleep(time.Second) { // a Date has whole seconds
					require.NoError(t, getOne(t.Context(), client))
					calls++
				}
				signIns, got := s.counts()
				assert.Equal(t, calls, got, "no call met an expired token")
				assert.LessOrEqual(t, signIns, 13) // 1.25 a life
				sleep(lag)                         // lets a renewal end
			})
		})
	}
}

func TestSignInSlowerThanItsLifeIsNotOnePerCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(10 * time.Second)
		s.takes = 9 * time.Second
		client := s.client(t)
		require.NoError(t, getOne(t.Context(), client))
		for range 50 {
			require.NoError(t, getOne(t.Context(), client))
			sleep(100 * time.Millisecond)
		}
		s.assertCounts(t, 1, 51)
	})
}

func TestTokenThatEndsWhileTheCallWaitsIsRenewedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	elsewhere := func(respond func() (*http.Response, error)) func(*signInServer) linkit.Option {
		return func(s *signInServer) linkit.Option {
			return linkit.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/ping") {
					return respond()
				}
				return s.RoundTrip(r)
			})})
		}
	}
	ping := func(client *linkit.Client) { _, _ = client.System.Ping(context.Background()) }
	for name, row := range map[string]struct {
		options  []linkit.Option
		behave   func(*signInServer) linkit.Option // what /ping does
		holdBack func(*linkit.Client)              // makes the next call wait beyond the token's end
	}{
		"for the rate limit": {[]linkit.Option{linkit.WithRateLimit(0.01, 1)}, nil, func(*linkit.Client) {}},
		"for a pause": {[]linkit.Option{linkit.WithRetries(0), linkit.WithMaxRetryAfter(time.Hour)}, elsewhere(func() (*http.Response, error) {
			resp := (&signInServer{}).respond(429, `{}`)
			resp.Header.Set("Retry-After", "100")
			return resp, nil
		}), ping},
		"for a slot": {[]linkit.Option{linkit.WithMaxConcurrency(1), linkit.WithAttemptTimeout(time.Hour)}, elsewhere(func() (*http.Response, error) {
			time.Sleep(100 * time.Second) //nolint:forbidigo // virtual time
			return (&signInServer{}).respond(200, `{"message":"pong"}`), nil
		}), func(client *linkit.Client) { go ping(client); synctest.Wait() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(time.Minute)
				options := row.options
				if row.behave != nil {
					options = append(options, row.behave(s))
				}
				client := s.client(t, options...)
				require.NoError(t, getOne(t.Context(), client))
				row.holdBack(client)
				began := time.Now()
				require.NoError(t, getOne(t.Context(), client))
				assert.InDelta(t, 105*time.Second, time.Since(began), float64(5*time.Second), "it waited")
				s.assertCounts(t, 2, 2)
			})
		})
	}
}

func TestNoSlotIsHeldWhileSigningIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Minute)
		pings, holding := 0, make(chan struct{})
		client := s.client(
			t,
			linkit.WithMaxConcurrency(1),
			linkit.WithAttemptTimeout(time.Hour),
			linkit.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/ping") {
					if pings++; pings == 1 {
						<-holding
					}
					return s.respond(200, `{"message":"pong"}`), nil
				}
				return s.RoundTrip(r)
			})}),
		)
		require.NoError(t, getOne(t.Context(), client))
		s.mu.Lock()
		s.takes = 10 * time.Second
		s.mu.Unlock()
		go func() {
			_, err := client.System.Ping(t.Context())
			assert.NoError(t, err)
		}()
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- getOne(t.Context(), client) }()
		sleep(2 * time.Minute)
		close(holding) // the waiting call gets the only slot, and needs a sign-in, which takes ten seconds
		sleep(time.Second)
		began := time.Now()
		_, err := client.System.Ping(t.Context())
		require.NoError(t, err)
		assert.Zero(t, time.Since(began), "a call that signs in holds the only slot")
		require.NoError(t, <-done)
		s.assertCounts(t, 2, 2)
	})
}

func TestLifeIsLessTheSecondThatADateCutsOff(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, time.Minute} {
		// of the clock, within a second
		for _, offset := range []time.Duration{0, 500 * time.Millisecond, 990 * time.Millisecond} {
			t.Run(fmt.Sprint(life, offset), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSignInServer(life)
					sleep(offset)
					client := s.client(t)
					calls := 0
					for began := time.Now(); time.Since(began) < 10*life; sleep(life / 50) {
						require.NoError(t, getOne(t.Context(), client))
						calls++
					}
					_, got := s.counts()
					assert.Equal(t, calls, got, "no call met an expired token")
				})
			})
		}
	}
}

func TestExpiryMayBeUnixTime(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(time.Time) string{
		"seconds":              func(end time.Time) string { return fmt.Sprint(end.Unix()) },
		"seconds as text":      func(end time.Time) string { return fmt.Sprintf(`"%d"`, end.Unix()) },
		"seconds, fractional":  func(end time.Time) string { return fmt.Sprintf("%d.5", end.Unix()) },
		"seconds, exponential": func(end time.Time) string { return fmt.Sprintf("%e", float64(end.Unix())) },
		"milliseconds":         func(end time.Time) string { return fmt.Sprint(end.UnixMilli()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(time.Hour)
				s.login = func(n int) (int, any) {
					token := fmt.Sprint("given-", n)
					s.tokens[token] = time.Now().Add(time.Hour)
					return 200, `{"token":"` + token + `","expires_at":` + write(time.Now().Add(time.Hour)) + `}`
				}
				client := s.client(t)
				session, err := client.Auth.Session(t.Context())
				require.NoError(t, err)
				assert.WithinDuration(t, time.Now().Add(time.Hour), session.ExpiresAt.Time, 2*time.Second)
				sleep(57 * time.Minute)
				require.NoError(t, getOne(t.Context(), client))
				sleep(time.Second)
				s.assertCounts(t, 2, 1) // renewed before its end
			})
		})
	}
}

func TestExpiryThatIsNoTimeIsNotShownOrStored(t *testing.T) {
	t.Parallel()
	for _, expiry := range []string{`true`, `-5`, `0`, `1e300`, `"1e9x"`, `{"at":1}`, `"0000-00-00 00:00:00"`, `"1999-01-01T00:00:00Z"`} {
		t.Run(expiry, func(t *testing.T) {
			t.Parallel()
			store := newMemoryStore()
			rs := &replies{responses: []reply{{status: 200, body: `{"token":"t0ken-1","expires_at":` + expiry + `}`}}}
			client := newClient(t, rs, linkit.WithLogin("a", "b-secret"), linkit.WithSessionStore(store))
			session, err := client.Auth.Session(t.Context())
			require.NoError(t, err)
			assert.Zero(t, session.ExpiresAt)
			for _, stored := range store.sessions {
				assert.Zero(t, stored.ExpiresAt)
				_, err := stored.MarshalBinary()
				require.NoError(t, err)
			}
		})
	}
}
