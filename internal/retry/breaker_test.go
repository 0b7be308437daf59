package retry_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestBreakerOpensAfterFailuresInARowAndProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(
			fail(reset),
			respond(500),
			respond(200),
			respond(502),
			fail(reset),
			respond(503, "X-Request-Id", "last"),
		)
		p := policy(transport, breaking(3))
		for range 6 { // two failures, a success, three failures
			require.NoError(t, p.Do(t.Context(), request("POST")).Stop)
		}
		for range 10 {
			res := p.Do(t.Context(), request("POST"))
			require.ErrorIs(t, res.Stop, retry.ErrOpen)
			assert.Equal(t, 503, res.Status, "joined with the last failure")
			assert.Equal(t, "last", res.Header.Get("X-Request-Id"))
			assert.Zero(t, res.Attempts)
			assert.False(t, res.Sent)
		}
		assert.Equal(t, int64(6), transport.calls.Load())

		time.Sleep(11 * time.Second) //nolint:forbidigo // virtual time
		require.NoError(t, p.Do(t.Context(), request("POST")).Stop, "a probe, which fails")
		require.ErrorIs(t, p.Do(t.Context(), request("POST")).Stop, retry.ErrOpen)

		transport.steps = []step{respond(200)}
		time.Sleep(11 * time.Second) //nolint:forbidigo // virtual time
		for range 5 {
			res := p.Do(t.Context(), request("POST"))
			require.NoError(t, res.Stop)
			assert.Equal(t, 200, res.Status)
		}
	})
}

func TestBreakerLetsOneProbeThroughAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(500), after(time.Second, respond(200)))
		p := policy(transport, breaking(1))
		p.Do(t.Context(), request("GET"))
		time.Sleep(11 * time.Second) //nolint:forbidigo // virtual time
		probe := make(chan *retry.Result, 1)
		go func() { probe <- p.Do(t.Context(), request("GET")) }()
		synctest.Wait()
		require.ErrorIs(t, p.Do(t.Context(), request("GET")).Stop, retry.ErrOpen)
		require.NoError(t, (<-probe).Stop)
		require.NoError(t, p.Do(t.Context(), request("GET")).Stop)
	})
}

func TestBreakerCountsOnlyFailures(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429, 301} {
		synctest.Test(t, func(t *testing.T) {
			p := policy(play(respond(status)), breaking(2))
			for range 5 {
				require.NoError(t, p.Do(t.Context(), request("POST")).Stop, status)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // the caller's cancel counts as nothing, as a probe too
		transport := play(hang)
		p := policy(transport, breaking(2))
		cancelled := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			res := p.Do(ctx, request("GET"))
			require.ErrorIs(t, res.Err, context.DeadlineExceeded)
			require.NoError(t, res.Stop, "the breaker counted the caller's own end")
		}
		for range 5 {
			cancelled()
		}
		transport.steps = []step{respond(500)}
		p.Do(t.Context(), request("GET"))
		p.Do(t.Context(), request("GET"))
		require.ErrorIs(t, p.Do(t.Context(), request("GET")).Stop, retry.ErrOpen)
		time.Sleep(11 * time.Second) //nolint:forbidigo // virtual time
		transport.steps = []step{hang}
		cancelled()
		cancelled()
	})
}

func TestBreakerCountsNoAttemptThatWasNotMade(t *testing.T) {
	t.Parallel()
	transport := play(respond(200))
	p := policy(transport, breaking(1))
	for range 3 {
		r := request("GET")
		r.Credential = &expiring{err: errors.New("no sign-in")}
		require.NotErrorIs(t, p.Do(t.Context(), r).Stop, retry.ErrOpen)
	}
	require.NoError(t, p.Do(t.Context(), request("GET")).Stop)
	assert.Equal(t, int64(1), transport.calls.Load())
}

func TestBreakerCountsAPanicAndFreesItsProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := policy(play(func(*http.Request) (*http.Response, error) { panic("mine") }), breaking(1))
		assert.Panics(t, func() { p.Do(t.Context(), request("GET")) })
		require.ErrorIs(t, p.Do(t.Context(), request("GET")).Stop, retry.ErrOpen)
		time.Sleep(11 * time.Second) //nolint:forbidigo // virtual time
		assert.Panics(t, func() { p.Do(t.Context(), request("GET")) })
	})
}

func TestBreakerEndsRetriesAndSparesFreeRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(500))
		p := policy(transport, breaking(2), func(c *retry.Config) { c.Retries = 3 })
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 2, res.Attempts)
		assert.Equal(t, 500, res.Status)
		require.ErrorIs(t, res.Stop, retry.ErrOpen)
		r := request("POST")
		r.Unmetered = true
		require.NoError(t, p.Do(t.Context(), r).Stop)
	})
}
