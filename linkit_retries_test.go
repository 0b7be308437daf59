package linkit_test

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// newDefaultClient returns a client with the default waits.
func newDefaultClient(t *testing.T, transport http.RoundTripper, opts ...linkit.Option) *linkit.Client {
	t.Helper()
	client, err := linkit.NewClient(append([]linkit.Option{
		linkit.WithBaseURL(testBase), linkit.WithAPIKey(testKey), linkit.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

func TestRetryAfterIsWaitedForUpToAMinuteByDefault(t *testing.T) {
	t.Parallel()
	for header, calls := range map[string]int{"60": 2, "61": 1} {
		synctest.Test(t, func(t *testing.T) {
			rs := &replies{
				responses: []reply{
					{status: 429, body: "{}", header: http.Header{"Retry-After": {header}}},
					{status: 200, body: product1},
				},
			}
			began := time.Now()
			err := getOne(t.Context(), newDefaultClient(t, rs))
			assert.Len(t, rs.requests, calls)
			if calls == 1 {
				require.ErrorIs(t, err, linkit.ErrRateLimited)
				assert.Zero(t, time.Since(began))
				return
			}
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(began), time.Minute)
		})
	}
}

func TestWaitsGrowFromHalfASecondToTenByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		var mu sync.Mutex
		client := newDefaultClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Now())
			return nil, syscall.ECONNRESET
		}), linkit.WithRetries(8))
		require.Error(t, getOne(t.Context(), client))
		mu.Lock()
		defer mu.Unlock()
		require.Len(t, times, 9)
		for i, most := range []float64{0.5, 1, 2, 4, 8, 10, 10, 10} {
			wait := times[i+1].Sub(times[i])
			assert.LessOrEqual(t, wait.Seconds(), most)
			assert.GreaterOrEqual(t, wait.Seconds(), most/2)
		}
	})
}

// What came before a sign-in had no effect: the server refused it for its token.
func TestReplayAfterASignInHasSentNothingBefore(t *testing.T) {
	t.Parallel()
	failing := func(after func() (*http.Response, error)) roundTrip {
		server, refused := newSignInServer(time.Hour), false
		return func(r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Path == "/api/v1/auth/login":
				return server.RoundTrip(r)
			case !refused:
				refused = true
				return server.respond(401, `{"code":401}`), nil
			}
			return after()
		}
	}
	login := linkit.WithLogin("ops@example.com", "pa55-word-Zq")
	t.Run("a DELETE that then finds nothing has deleted nothing", func(t *testing.T) {
		t.Parallel()
		client := newClient(t, failing(func() (*http.Response, error) {
			return newSignInServer(0).respond(404, `{"code":404}`), nil
		}), login)
		require.ErrorIs(t, client.Products.Delete(t.Context(), "ITEM-1"), linkit.ErrNotFound)
	})
	t.Run("a POST that then meets a refused dial wasn't sent", func(t *testing.T) {
		t.Parallel()
		client := newClient(
			t,
			failing(func() (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED} }),
			login,
		)
		_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
		var te *linkit.TransportError
		require.True(t, errors.As(err, &te), "%v", err)
		assert.False(t, te.Sent)
		assert.Equal(t, 5, te.Attempts)
	})
}
