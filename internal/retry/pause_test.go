package retry_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestConcurrencyIsBoundedAndNotHeldWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{takes: time.Second}
		p := policy(g, func(c *retry.Config) { c.Concurrency = 3 })
		began := time.Now()
		var wg sync.WaitGroup
		for range 9 {
			wg.Go(func() { assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status) })
		}
		wg.Wait()
		assert.Equal(t, int64(3), g.most.Load())
		assert.Equal(t, 3*time.Second, time.Since(began))
	})
	synctest.Test(t, func(t *testing.T) {
		slow := &gate{then: func(n int64) step {
			if n == 1 {
				return respond(500)
			}
			return respond(200)
		}}
		p := policy(slow, func(c *retry.Config) { c.Concurrency, c.WaitMin, c.WaitMax = 1, time.Hour, time.Hour })
		go p.Do(t.Context(), request("GET"))
		synctest.Wait()
		began := time.Now()
		assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
		assert.Zero(t, time.Since(began), "a call in its back-off holds the only slot")
		time.Sleep(2 * time.Hour) //nolint:forbidigo // virtual time: lets the first call end
	})
}

func TestQueueingCountsAgainstTheCallerNotTheAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{takes: 20 * time.Second}
		p := policy(g, func(c *retry.Config) { c.Concurrency = 1 })
		var wg sync.WaitGroup
		for range 3 { // the last queues for 40 s, longer than an attempt may take
			wg.Go(func() { assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status) })
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		res := p.Do(ctx, request("POST"))
		require.ErrorIs(t, res.Stop, context.DeadlineExceeded)
		assert.Zero(t, res.Attempts)
		assert.False(t, res.Sent)
		wg.Wait()
		assert.Equal(t, int64(3), g.total.Load())
	})
}

func TestRateLimitSpacesRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := policy(play(respond(200)), func(c *retry.Config) { c.Rate, c.Burst = 10, 2 })
		began := time.Now()
		for range 12 {
			p.Do(t.Context(), request("GET"))
		}
		assert.InDelta(t, time.Second, time.Since(began), float64(time.Millisecond))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		res := p.Do(ctx, request("GET"))
		require.ErrorIs(t, res.Stop, context.DeadlineExceeded, "the limiter's own error")
		assert.Zero(t, res.Attempts)
	})
}

func TestRetryAfterPausesEveryCallOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		transport := &gate{takes: time.Millisecond, then: func(n int64) step {
			if n <= 5 {
				return respond(429, "Retry-After", "10")
			}
			return respond(200)
		}}
		p := policy(transport)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { assert.Equal(t, 2, p.Do(t.Context(), request("POST")).Attempts) })
		}
		time.Sleep(time.Second) //nolint:forbidigo // virtual time
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 1, res.Attempts, "it was sent into the pause")
		wg.Wait()
		assert.InDelta(t, 10500*time.Millisecond, time.Since(began), float64(510*time.Millisecond), "pauses must not add up")
		assert.Equal(t, int64(11), transport.total.Load())
	})
}

func TestPauseThatBeginsWhileACallQueuesHoldsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{takes: time.Second, then: func(n int64) step {
			if n == 1 {
				return respond(429, "Retry-After", "10")
			}
			return respond(200)
		}}
		p := policy(transport, func(c *retry.Config) { c.Concurrency, c.Retries = 1, 0 })
		began := time.Now()
		go p.Do(t.Context(), request("GET"))
		synctest.Wait()
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 1, res.Attempts)
		assert.Equal(t, 200, res.Status)
		assert.InDelta(t, 12500*time.Millisecond, time.Since(began), float64(500*time.Millisecond))
	})
}

func TestShorterRetryAfterDoesNotCutALongerPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{then: func(n int64) step {
			switch n {
			case 1:
				return after(100*time.Millisecond, respond(429, "Retry-After", "30"))
			case 2:
				return after(time.Second, respond(429, "Retry-After", "5"))
			}
			return respond(200)
		}}
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		began := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { p.Do(t.Context(), request("GET")) })
		wg.Go(func() { p.Do(t.Context(), request("GET")) })
		wg.Wait()
		p.Do(t.Context(), request("GET"))
		assert.GreaterOrEqual(t, time.Since(began), 30*time.Second)
	})
}

func TestCallHeldByAnothers429ReturnsItWhenItCannotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(429, "Retry-After", "10"), respond(200))
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		p.Do(t.Context(), request("GET"))
		time.Sleep(4 * time.Second) //nolint:forbidigo // virtual time

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		res := p.Do(ctx, request("GET"))
		assert.Equal(t, 429, res.Status)
		assert.Equal(t, 6*time.Second, res.RetryAfter)
		assert.Zero(t, res.Attempts)
		require.ErrorIs(t, res.Stop, context.DeadlineExceeded)
		assert.Zero(t, time.Since(began))
		assert.Equal(t, int64(1), transport.calls.Load())

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		res = p.Do(ctx, request("GET"))
		assert.Equal(t, 429, res.Status)
		require.ErrorIs(t, res.Stop, context.Canceled)

		assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
	})
}

func TestRetryAfterOverTheMostHoldsCallsWithoutAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(429, "Retry-After", "100"))
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		began := time.Now()
		for time.Since(began) < 10*time.Second {
			res := p.Do(t.Context(), request("GET"))
			assert.Equal(t, 429, res.Status)
			require.NoError(t, res.Stop)
			assert.Positive(t, res.RetryAfter)
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // virtual time
		}
		assert.Equal(t, int64(10), transport.calls.Load(), "one, and one probe a second")

		transport.steps = []step{respond(200)}
		time.Sleep(time.Second) //nolint:forbidigo // virtual time
		for range 3 {
			assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status, "a probe's success ends the pause")
		}
	})
}

func TestLongerPauseReleasesThoseThatWaitForAShorterOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{then: func(n int64) step {
			if n == 1 {
				return after(time.Second, respond(429, "Retry-After", "100"))
			}
			return after(100*time.Millisecond, respond(429, "Retry-After", "30"))
		}}
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		go p.Do(t.Context(), request("GET")) // a pause of 100 s, from 1 s on
		synctest.Wait()
		time.AfterFunc(500*time.Millisecond, func() { p.Do(t.Context(), request("GET")) }) // one of 30 s, from 0.6 s on
		time.Sleep(700 * time.Millisecond)                                                 //nolint:forbidigo // virtual time
		began := time.Now()
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 429, res.Status)
		assert.Equal(t, 300*time.Millisecond, time.Since(began))
	})
}

func TestFreeRequestsAreOutsideEveryLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(429, "Retry-After", "30"))
		p := policy(transport, func(c *retry.Config) { c.Retries, c.Concurrency, c.Rate, c.Burst = 0, 1, 0.001, 1 })
		p.Do(t.Context(), request("GET")) // takes the token and begins a pause
		began := time.Now()
		for range 3 {
			r := request("POST")
			r.Unmetered = true
			assert.Equal(t, 1, p.Do(t.Context(), r).Attempts)
		}
		assert.Zero(t, time.Since(began))
	})
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(429, "Retry-After", "30"), respond(200))
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		r := request("POST")
		r.Unmetered = true
		p.Do(t.Context(), r)
		began := time.Now()
		p.Do(t.Context(), request("GET"))
		assert.Zero(t, time.Since(began), "a sign-in's 429 must not hold other calls")
	})
}

func TestHooksSeeEveryAttemptAndItsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		type seen struct {
			n, status int
			waited    time.Duration
		}
		var log []seen
		r := request("GET")
		r.Attempt = func(ctx context.Context, n int, waited time.Duration, _ http.Header) (context.Context, func(*retry.Result), error) {
			return context.WithValue(
				ctx,
				key{},
				n,
			), func(res *retry.Result) { log = append(log, seen{n, res.Status, waited}) }, nil
		}
		var waits []time.Duration
		r.Retry = func(_ *retry.Result, wait time.Duration) { waits = append(waits, wait) }
		policy(play(func(hr *http.Request) (*http.Response, error) {
			assert.Equal(t, 1, hr.Context().Value(key{}), "the transport sees the hook's context")
			return respond(429, "Retry-After", "3")(hr)
		}, respond(200))).Do(t.Context(), r)
		require.Len(t, waits, 1)
		assert.Equal(t, []seen{{1, 429, 0}, {2, 200, waits[0]}}, log)
		assert.GreaterOrEqual(t, waits[0], 3*time.Second)
		assert.LessOrEqual(t, waits[0], 3300*time.Millisecond)
	})
}
