package retry_test

import (
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestTimeRefillsTheRetryBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(500))
		p := policy(transport, quick)
		for range 40 {
			p.Do(t.Context(), request("GET"))
		}
		assert.Equal(t, int64(40+100), transport.calls.Load(), "an outage is not multiplied")
		time.Sleep(3 * time.Second) //nolint:forbidigo // virtual time
		for range 6 {
			transport.steps = []step{respond(500), respond(200)}
			transport.calls.Store(0)
			assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
			assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
		}
		transport.steps = []step{respond(500)}
		for range 40 {
			p.Do(t.Context(), request("GET"))
		}
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		before := transport.calls.Load()
		for range 100 {
			p.Do(t.Context(), request("GET"))
		}
		assert.Equal(t, int64(100+100), transport.calls.Load()-before, "full again within a minute of quiet")
	})
}

func TestSteadyOutageIsNotMultiplied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(500))
		p := policy(transport)
		const calls = 1200 // 10 a second for two minutes
		var group sync.WaitGroup
		for range calls {
			group.Go(func() { p.Do(t.Context(), request("GET")) })
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // virtual time
		}
		group.Wait()
		assert.LessOrEqual(t, transport.calls.Load(), int64(calls*12/10))
	})
}

func TestRetryBudgetEndsRetriesInAnOutage(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		step    step
		retries int64 // that a full budget of 500 pays for
	}{
		{"errors cost 5", respond(502), 100},
		{"timeouts cost 10", fail(os.ErrDeadlineExceeded), 50},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := play(row.step)
				p := policy(transport, quick)
				exhausted := 0
				for range 200 {
					r := request("GET")
					r.Exhausted = func() { exhausted++ }
					p.Do(t.Context(), r)
				}
				assert.Equal(t, 200+row.retries, transport.calls.Load())
				assert.Positive(t, exhausted)

				transport.steps = []step{respond(200)}
				for range 5 {
					p.Do(t.Context(), request("GET"))
				}
				transport.steps = []step{respond(502)}
				before := transport.calls.Load()
				p.Do(t.Context(), request("GET"))
				p.Do(t.Context(), request("GET"))
				assert.Equal(t, int64(3), transport.calls.Load()-before, "five successes pay for one retry")
			})
		})
	}
}

func TestFreeRequestsDoNotUseTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(502))
		p := policy(transport, quick)
		for range 200 {
			r := request("PUT")
			r.Unmetered = true
			p.Do(t.Context(), r)
		}
		assert.Equal(t, int64(800), transport.calls.Load())
		p.Do(t.Context(), request("PUT"))
		assert.Equal(t, int64(804), transport.calls.Load(), "the budget is full")
	})
}

func TestThrottlingCostsTheBudgetNothing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		throttled step
		attempts  int64
	}{
		"429":                  {respond(429), 1 + 8},
		"429 with Retry-After": {respond(429, "Retry-After", "1"), 1 + 3},
		"503 with Retry-After": {respond(503, "Retry-After", "1"), 1 + 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := play(after(time.Millisecond, row.throttled)) // so that all are sent before the first pause
				p := policy(transport, func(c *retry.Config) { c.Concurrency = 150 })
				var group sync.WaitGroup
				for range 150 { // more than a full budget pays for
					group.Go(func() { p.Do(t.Context(), request("GET")) })
				}
				group.Wait()
				assert.Equal(t, 150*row.attempts, transport.calls.Load())
			})
		})
	}
}

func TestRetryBudgetIsFilledByWhatWentWellAndNoFurther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(200))
		p := policy(transport, quick)
		attempts := func(calls int, s step) int64 {
			transport.steps = []step{s}
			before := transport.calls.Load()
			for range calls {
				p.Do(t.Context(), request("GET"))
			}
			return transport.calls.Load() - before
		}
		attempts(1000, respond(200))
		assert.Equal(t, int64(200+100), attempts(200, respond(502)), "successes save nothing up")
		attempts(50, respond(404))
		assert.Equal(t, int64(10), attempts(10, respond(502)), "a refusal pays for no retry")
		attempts(10, respond(301))
		assert.Equal(t, int64(10+2), attempts(10, respond(502)))
	})
}
