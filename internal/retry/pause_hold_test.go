package retry_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestCallThatTheRateLimitRefusesFreesItsSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := policy(play(respond(200)), func(c *retry.Config) { c.Concurrency, c.Rate, c.Burst = 1, 10, 1 })
		p.Do(t.Context(), request("GET"))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, p.Do(ctx, request("GET")).Stop, context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		res := p.Do(ctx, request("GET"))
		require.NoError(t, res.Stop, "the only slot is held by a call that has ended")
		assert.Equal(t, 200, res.Status)
	})
}

func TestRetryAfterOfExactlyTheMostIsWaitedForByAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{then: func(n int64) step {
			if n == 1 {
				return respond(429, "Retry-After", "60")
			}
			return respond(200)
		}}
		p := policy(transport)
		began := time.Now()
		first := make(chan *retry.Result, 1)
		go func() { first <- p.Do(t.Context(), request("POST")) }()
		synctest.Wait()
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 200, res.Status, "another call")
		assert.InDelta(t, 63*time.Second, time.Since(began), float64(3*time.Second))
		res = <-first
		assert.Equal(t, 200, res.Status)
		assert.Equal(t, 2, res.Attempts)
		assert.GreaterOrEqual(t, time.Since(began), time.Minute)
		assert.LessOrEqual(t, time.Since(began), 66*time.Second)
	})
}

func TestProbeThatIsOverEndsNoLaterPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &gate{then: func(n int64) step {
			switch n {
			case 1:
				return respond(429, "Retry-After", "61")
			case 2: // the probe
				return fail(reset)
			case 3: // the same call, when the pause is over
				return after(2*time.Second, respond(200))
			case 4:
				return respond(429, "Retry-After", "30")
			}
			return respond(200)
		}}
		p := policy(transport, func(c *retry.Config) { c.WaitMin, c.WaitMax = 2*time.Second, 2*time.Second })
		began := time.Now()
		at := func(d time.Duration) { time.Sleep(d - time.Since(began)) } //nolint:forbidigo // virtual time
		assert.Equal(t, 429, p.Do(t.Context(), request("GET")).Status)
		at(60500 * time.Millisecond)
		probe := make(chan *retry.Result, 1)
		go func() { probe <- p.Do(t.Context(), request("GET")) }()
		at(63 * time.Second) // its second attempt is on its way
		once := request("GET")
		once.Once = true
		assert.Equal(t, 429, p.Do(t.Context(), once).Status)
		assert.Equal(t, 200, (<-probe).Status)
		assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
		assert.GreaterOrEqual(t, time.Since(began), 93*time.Second, "the pause was cut short")
		assert.LessOrEqual(t, time.Since(began), 96*time.Second)
	})
}

// What a call came to itself is never replaced by what another call did.
func TestCallThatIsStoppedKeepsItsOwnOutcome(t *testing.T) {
	t.Parallel()
	type row struct {
		own    step
		status int
		err    error
	}
	rows := map[string]row{
		"a response":  {respond(500, "X-Request-Id", "own"), 500, nil},
		"no response": {fail(io.EOF), 0, io.EOF},
	}
	check := func(t *testing.T, want row, res *retry.Result) {
		t.Helper()
		assert.Equal(t, want.status, res.Status)
		require.ErrorIs(t, res.Err, want.err)
		if want.status != 0 {
			assert.Equal(t, "own", res.Header.Get("X-Request-Id"))
		}
		assert.Equal(t, 1, res.Attempts)
		assert.True(t, res.Sent)
	}
	// stopped plays own to a call, and other to another call while the first waits to be sent again.
	stopped := func(t *testing.T, own, other step, change func(*retry.Config)) *retry.Result {
		t.Helper()
		p := policy(play(own, other), change)
		first := make(chan *retry.Result, 1)
		go func() { first <- p.Do(t.Context(), request("GET")) }()
		synctest.Wait()
		once := request("GET")
		once.Once = true
		p.Do(t.Context(), once)
		return <-first
	}
	for name, row := range rows {
		t.Run(name+", by the breaker", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				res := stopped(
					t,
					row.own,
					respond(503, "X-Request-Id", "other"),
					func(c *retry.Config) { c.Failures, c.Cooldown = 2, time.Minute },
				)
				require.ErrorIs(t, res.Stop, retry.ErrOpen)
				check(t, row, res)
			})
		})
		t.Run(name+", by a pause", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				res := stopped(t, row.own, respond(429, "Retry-After", "3600", "X-Request-Id", "other"), func(*retry.Config) {})
				require.NoError(t, res.Stop)
				check(t, row, res)
			})
		})
	}
}

func TestAdoptedOutcomeSaysNothingOfTheCallsOwnSending(t *testing.T) {
	t.Parallel()
	held := map[string]struct {
		first step
		stop  error
	}{
		"a response, by a pause":       {respond(429, "Retry-After", "3600"), nil},
		"a response, by the breaker":   {respond(500), retry.ErrOpen},
		"no response, and the breaker": {fail(reset), retry.ErrOpen},
	}
	for name, row := range held {
		for _, earlier := range []*retry.Result{nil, {Attempts: 2, Sent: true, Lost: true}} {
			p := policy(play(row.first), breaking(1))
			other := p.Do(t.Context(), request("POST"))
			r := request("POST")
			attempts, sent := 0, false
			if earlier != nil {
				r, attempts, sent = r.Again(earlier), earlier.Attempts, earlier.Sent
			}
			res := p.Do(t.Context(), r)
			require.ErrorIs(t, res.Stop, row.stop, name)
			assert.Equal(t, other.Status, res.Status, name)
			assert.Equal(t, other.Err, res.Err, name)
			assert.Equal(t, attempts, res.Attempts, name)
			assert.Equal(t, sent, res.Sent, name)
			assert.Equal(t, sent, res.Lost, name)
		}
	}
}

func TestBreakerCountsAnAnswerThoughTheCallerHasLeft(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := policy(play(func(r *http.Request) (*http.Response, error) {
		cancel()
		return respond(500)(r)
	}), breaking(1))
	p.Do(ctx, request("POST"))
	require.ErrorIs(t, p.Do(t.Context(), request("POST")).Stop, retry.ErrOpen)
}
