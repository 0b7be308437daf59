package retry_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestPausesAfter429sWithoutRetryAfterDoubleFromTwiceTheShortestWait(t *testing.T) {
	t.Parallel()
	for name, unmetered := range map[string]bool{"calls": false, "sign-ins": true} {
		synctest.Test(t, func(t *testing.T) {
			transport := play(respond(429))
			r := request("POST")
			r.Unmetered = unmetered
			res := policy(transport).Do(t.Context(), r)
			assert.Equal(t, 429, res.Status, name)
			require.NoError(t, res.Stop, name)
			require.Len(t, transport.times, 9, "eight are waited for, the ninth is returned: %s", name)
			for i, seconds := range []float64{1, 2, 4, 8, 10, 10, 10, 10} {
				wait := transport.times[i+1].Sub(transport.times[i])
				assert.LessOrEqual(t, wait.Seconds(), seconds, name)
				assert.GreaterOrEqual(t, wait.Seconds(), seconds/2, name)
			}
		})
	}
}

func TestPauseCostsNoRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(
			respond(429),
			respond(502),
			respond(429),
			respond(502),
			respond(429),
			respond(502),
			respond(429),
			respond(200),
		)
		res := policy(transport).Do(t.Context(), request("GET"))
		assert.Equal(t, 200, res.Status)
		assert.Equal(t, 8, res.Attempts)
	})
}

func TestRetriesOfZeroReturnTheFirst429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(429), respond(200))
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		began := time.Now()
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 429, res.Status)
		assert.Equal(t, 1, res.Attempts)
		assert.Zero(t, time.Since(began))
		assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
		assert.GreaterOrEqual(t, time.Since(began), 500*time.Millisecond, "the client pauses all the same")
	})
}

func TestA429WithoutRetryAfterPausesEveryCallOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{takes: time.Millisecond, then: func(n int64) step {
			if n <= 10 {
				return respond(429)
			}
			return respond(200)
		}}
		p := policy(transport)
		began := time.Now()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() { assert.Equal(t, 2, p.Do(t.Context(), request("POST")).Attempts) })
		}
		time.Sleep(100 * time.Millisecond) //nolint:forbidigo // virtual time
		held := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 1, held.Attempts, "it was sent into the pause")
		group.Wait()
		assert.GreaterOrEqual(t, time.Since(began), 500*time.Millisecond)
		assert.LessOrEqual(t, time.Since(began), 1010*time.Millisecond, "429s met side by side count once")
		assert.Equal(t, int64(21), transport.total.Load())
	})
}

func TestRunOf429sEndsWithAResponseThatIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before int // 429s
		step   step
		ends   bool
	}{
		"one, a success":        {1, respond(200), true},
		"three, a success":      {3, respond(200), true},
		"one, a 404":            {1, respond(404), true},
		"one, a server error":   {1, respond(500), false},
		"one, no response":      {1, fail(reset), false},
		"three, a gateway's":    {3, respond(502), false},
		"three, a 409":          {3, respond(409), true},
		"one, a 503":            {1, respond(503), false},
		"one, a 499 of its own": {1, respond(499), true},
	} {
		synctest.Test(t, func(t *testing.T) {
			steps := slices.Repeat([]step{respond(429)}, row.before)
			transport := play(append(steps, row.step, respond(429), respond(200))...)
			p := policy(transport)
			for transport.calls.Load() < int64(row.before+3) {
				p.Do(t.Context(), request("GET"))
			}
			wait, n := transport.times[row.before+2].Sub(transport.times[row.before+1]), row.before+1
			if row.ends {
				n = 1
			}
			assert.LessOrEqual(t, wait, time.Second<<(n-1), name)
			assert.Greater(t, wait, time.Second<<(n-1)/2, name)
		})
	}
}

func TestSuccessOfACallSentBeforeThePauseEndsNoRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(
			after(10*time.Millisecond, respond(429)), after(20*time.Millisecond, respond(200)), respond(429), respond(200),
		)
		p := policy(transport)
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status) })
		}
		group.Wait()
		assert.Greater(t, transport.times[3].Sub(transport.times[2]), time.Second)
	})
}

func TestSignInEndsNoRunOf429s(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(429), respond(200), respond(429), respond(200))
		p := policy(transport)
		first := make(chan *retry.Result, 1)
		go func() { first <- p.Do(t.Context(), request("GET")) }()
		synctest.Wait()
		time.Sleep(100 * time.Millisecond) //nolint:forbidigo // virtual time
		signIn := request("POST")
		signIn.Unmetered = true
		p.Do(t.Context(), signIn)
		assert.Equal(t, 200, (<-first).Status)
		assert.Greater(t, transport.times[3].Sub(transport.times[2]), time.Second)
	})
}

func TestCallsSideBySideShareAPauseToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{then: func(n int64) step {
			if n <= 5 {
				return after(time.Duration(n)*10*time.Millisecond, respond(429))
			}
			return respond(200)
		}}
		p := policy(transport)
		ends := make([]time.Time, 5)
		var group sync.WaitGroup
		for i := range ends {
			group.Go(func() {
				assert.Equal(t, 200, p.Do(t.Context(), request("POST")).Status)
				ends[i] = time.Now()
			})
		}
		group.Wait()
		assert.Len(t, slices.Compact(ends), 1)
	})
}

func TestCallHeldByA429WithoutRetryAfterReturnsItWhenItCannotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := policy(play(respond(429)), func(c *retry.Config) { c.Retries = 0 })
		p.Do(t.Context(), request("GET"))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		res := p.Do(ctx, request("GET"))
		assert.Equal(t, 429, res.Status)
		assert.Zero(t, res.Attempts)
		require.ErrorIs(t, res.Stop, context.DeadlineExceeded)
		assert.Zero(t, time.Since(began))
	})
}

func TestPauseOfTheOthersDoesNotHoldSignInsNorTheirsTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(429), respond(200))
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		p.Do(t.Context(), request("GET"))
		began := time.Now()
		signIn := request("POST")
		signIn.Unmetered = true
		assert.Equal(t, 200, p.Do(t.Context(), signIn).Status)
		assert.Zero(t, time.Since(began))
	})
	synctest.Test(t, func(t *testing.T) {
		p := policy(play(respond(429), respond(200)), func(c *retry.Config) { c.Retries = 0 })
		signIn := request("POST")
		signIn.Unmetered = true
		p.Do(t.Context(), signIn)
		began := time.Now()
		assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
		assert.Zero(t, time.Since(began))
	})
}

func TestCallsDoNotComeBackTogetherAfterARetryAfter(t *testing.T) {
	t.Parallel()
	spreadOf := func(times []time.Time) (low, high time.Duration) {
		low, high = time.Hour, 0
		for _, at := range times[1:] {
			low, high = min(low, at.Sub(times[0])), max(high, at.Sub(times[0]))
		}
		return low, high
	}
	synctest.Test(t, func(t *testing.T) { // one client holds back 40 calls
		transport := play(respond(429, "Retry-After", "1"), respond(200))
		p := policy(transport, func(c *retry.Config) { c.Concurrency = 100 })
		var group sync.WaitGroup
		group.Go(func() { p.Do(t.Context(), request("GET")) })
		synctest.Wait()
		for range 40 {
			group.Go(func() { p.Do(t.Context(), request("GET")) })
		}
		group.Wait()
		low, high := spreadOf(transport.times)
		assert.GreaterOrEqual(t, low, time.Second)
		assert.LessOrEqual(t, high, 1100*time.Millisecond)
		assert.Greater(t, high-low, 50*time.Millisecond)
		slices.SortFunc(transport.times, time.Time.Compare)
		assert.Greater(t, len(slices.Compact(transport.times)), 30)
	})
	synctest.Test(t, func(t *testing.T) { // 20 clients
		waits := make([]time.Time, 1, 21)
		waits[0] = time.Now()
		for range 20 {
			transport := play(respond(429, "Retry-After", "1"), respond(200))
			began := time.Now()
			policy(transport).Do(t.Context(), request("GET"))
			waits = append(waits, waits[0].Add(time.Since(began)))
		}
		low, high := spreadOf(waits)
		assert.GreaterOrEqual(t, low, time.Second)
		assert.LessOrEqual(t, high, 1100*time.Millisecond)
		assert.Greater(t, high-low, 30*time.Millisecond)
	})
}

func TestSpreadNeverPassesADeadlineThatRetryAfterMeets(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
			defer cancel()
			transport := play(respond(429, "Retry-After", "10"), respond(200))
			p := policy(transport)
			var group sync.WaitGroup
			group.Go(func() { assert.Equal(t, 200, p.Do(ctx, request("GET")).Status, "its own") })
			synctest.Wait()
			group.Go(func() { assert.Equal(t, 200, p.Do(ctx, request("GET")).Status, "another's") })
			group.Wait()
		})
	}
}
