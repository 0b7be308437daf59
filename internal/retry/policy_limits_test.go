package retry_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestPauseOfAnotherCallIsWaitedForWhereItFitsTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := policy(play(respond(429, "Retry-After", "10"), respond(200)), func(c *retry.Config) { c.Retries = 0 })
		p.Do(t.Context(), request("GET"))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		res := p.Do(ctx, request("POST"))
		assert.Equal(t, 200, res.Status)
		assert.Equal(t, 1, res.Attempts)
		require.NoError(t, res.Stop)
		assert.GreaterOrEqual(t, time.Since(began), 10*time.Second)
		assert.LessOrEqual(t, time.Since(began), 11*time.Second)
	})
}

func TestRetryAfterOfAFailurePausesNobodyElse(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 502, 504, 404} {
		synctest.Test(t, func(t *testing.T) {
			p := policy(play(respond(status, "Retry-After", "10"), respond(200)), func(c *retry.Config) { c.Retries = 0 })
			p.Do(t.Context(), request("GET"))
			began := time.Now()
			assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status, status)
			assert.Zero(t, time.Since(began), status)
		})
	}
}

func TestEveryRetryButAThrottledOneCostsTheBudget(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		step    step
		retries int64 // that a full budget of 500 pays for
	}{
		"a plain 503":    {respond(503), 100},
		"a reset":        {fail(reset), 100},
		"a refused dial": {fail(errRefused), 100},
		"a timeout":      {fail(os.ErrDeadlineExceeded), 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := play(row.step)
				p := policy(transport, quick)
				for range 200 {
					p.Do(t.Context(), request("GET"))
				}
				assert.Equal(t, 200+row.retries, transport.calls.Load())
			})
		})
	}
}

func TestSlotsComeBackFromCallsThatFollowEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const slots = 10
		transport := &gate{takes: time.Second}
		p := policy(transport, func(c *retry.Config) { c.Concurrency = slots })
		for range 2*slots + 1 {
			assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
		}
		began := time.Now()
		var group sync.WaitGroup
		for range slots {
			group.Go(func() { p.Do(t.Context(), request("GET")) })
		}
		group.Wait()
		assert.Equal(t, time.Second, time.Since(began), "not all slots were free")
		assert.Equal(t, int64(slots), transport.most.Load())
	})
}

func TestSlotComesBackHoweverAnAttemptEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]step{
		"a response": respond(200), "an error status": respond(500), "no response": fail(io.EOF), "a broken body": brokenBody, "a timeout": hang,
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := play(end)
			p := policy(transport, func(c *retry.Config) { c.Concurrency, c.Retries = 2, 0 })
			for range 5 {
				p.Do(t.Context(), request("GET"))
			}
			transport.steps = []step{after(time.Second, respond(200))}
			began := time.Now()
			var group sync.WaitGroup
			for range 2 {
				group.Go(func() { p.Do(t.Context(), request("GET")) })
			}
			group.Wait()
			assert.Equal(t, time.Second, time.Since(began), name)
		})
	}
}

func TestRetriesTakeTokensOfTheRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(500), respond(500), respond(200))
		p := policy(transport, func(c *retry.Config) { c.Rate, c.Burst, c.WaitMin, c.WaitMax = 0.1, 1, 1, 1 })
		began := time.Now()
		assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
		assert.InDelta(t, 20*time.Second, time.Since(began), float64(time.Second), "three attempts take three tokens")
	})
}

func TestCancelEndsTheWaitForTheRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(200))
		p := policy(transport, func(c *retry.Config) { c.Rate, c.Burst = 0.01, 1 })
		p.Do(t.Context(), request("GET"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		res := p.Do(ctx, request("POST"))
		require.ErrorIs(t, res.Stop, context.Canceled)
		assert.Zero(t, res.Attempts)
		assert.False(t, res.Sent)
		assert.Equal(t, time.Second, time.Since(began))
		assert.Equal(t, int64(1), transport.calls.Load())
	})
}

func TestWaitsForARetryVaryBetweenHalfAndTheWhole(t *testing.T) {
	t.Parallel()
	low, high := time.Hour, time.Duration(0)
	for range 400 {
		synctest.Test(t, func(t *testing.T) {
			transport := play(respond(500), respond(200))
			policy(transport, func(c *retry.Config) { c.WaitMin, c.WaitMax = 100, 100 }).Do(t.Context(), request("GET"))
			wait := transport.times[1].Sub(transport.times[0])
			low, high = min(low, wait), max(high, wait)
		})
	}
	assert.GreaterOrEqual(t, low, time.Duration(50))
	assert.LessOrEqual(t, low, time.Duration(55), "waits don't go down to half")
	assert.LessOrEqual(t, high, time.Duration(100))
	assert.GreaterOrEqual(t, high, time.Duration(95), "waits don't reach the whole")
}

func TestOneProbeASecondIsSentWhileAnotherIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{then: func(n int64) step {
			if n == 1 {
				return respond(429, "Retry-After", "100")
			}
			return after(10*time.Second, respond(429, "Retry-After", "100"))
		}}
		p := policy(transport, func(c *retry.Config) { c.Retries = 0 })
		p.Do(t.Context(), request("GET"))
		var group sync.WaitGroup
		for range 40 { // 5 s, in steps of 125 ms
			time.Sleep(125 * time.Millisecond) //nolint:forbidigo // virtual time
			group.Go(func() { assert.Equal(t, 429, p.Do(t.Context(), request("GET")).Status) })
		}
		synctest.Wait()
		assert.Equal(t, int64(1+5), transport.total.Load())
		group.Wait()
	})
}

func TestRetryAfterOfACallsOwnResponseIsNotReplacedByAnothers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		pause   string // that the other call begins
		timeout time.Duration
		stop    error
	}{
		"a pause that nobody waits for":         {"3600", time.Hour, nil},
		"a pause that doesn't fit the deadline": {"30", 10 * time.Second, context.DeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := play(respond(500, "Retry-After", "5", "X-Request-Id", "own"), respond(429, "Retry-After", row.pause))
			p := policy(transport)
			ctx, cancel := context.WithTimeout(t.Context(), row.timeout)
			defer cancel()
			first := make(chan *retry.Result, 1)
			go func() { first <- p.Do(ctx, request("GET")) }()
			synctest.Wait()
			once := request("GET")
			once.Once = true
			p.Do(t.Context(), once)
			time.Sleep(4900 * time.Millisecond) //nolint:forbidigo // virtual time
			if row.stop == nil {
				p.Do(t.Context(), once) // the probe of that second
			}
			res := <-first
			assert.Equal(t, 500, res.Status, name)
			assert.Equal(t, "own", res.Header.Get("X-Request-Id"), name)
			assert.Equal(t, 5*time.Second, res.RetryAfter, name)
			assert.Equal(t, 1, res.Attempts, name)
			require.ErrorIs(t, res.Stop, row.stop, name)
		})
	}
}

func TestReplayBeginsWithTheSentOfWhatItRepeats(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		method   string
		earlier  retry.Result
		step     step
		attempts int
		sent     bool
	}{
		{"DELETE after a 401", "DELETE", retry.Result{Attempts: 1}, respond(404), 2, false},
		{"DELETE after a lost attempt and a 401", "DELETE", retry.Result{Attempts: 2, Sent: true}, respond(404), 3, true},
		{"POST after a 401, refused at dial", "POST", retry.Result{Attempts: 1}, fail(errRefused), 5, false},
		{"POST after a 401, then lost", "POST", retry.Result{Attempts: 1}, fail(reset), 2, true},
		{"POST after a 401, then refused", "POST", retry.Result{Attempts: 1}, respond(422), 2, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := replay(request(row.method), &row.earlier)
			res := policy(play(row.step), func(c *retry.Config) { c.WaitMin, c.WaitMax = 1, 1 }).Do(t.Context(), r)
			assert.Equal(t, row.attempts, res.Attempts)
			assert.Equal(t, row.sent, res.Sent)
		})
	}
}

// A body that were given back twice would be handed to two calls at once.
func TestPooledBodyIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	respond := func(text string) step {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode:    http.StatusOK,
				Header:        http.Header{},
				Body:          io.NopCloser(strings.NewReader(text)),
				ContentLength: -1,
			}, nil
		}
	}
	for range 200 {
		first := policy(play(respond(`{"a":1}`))).Do(t.Context(), request("GET"))
		first.Close()
		first.Close()
		assert.Nil(t, first.Body)
		const calls = 4
		results := make([]*retry.Result, calls)
		for i := range results {
			results[i] = policy(play(respond(strings.Repeat(string(rune('a'+i)), 64)))).Do(t.Context(), request("GET"))
		}
		for i, res := range results {
			require.Equal(t, strings.Repeat(string(rune('a'+i)), 64), string(res.Body))
			res.Close()
		}
	}
}
