package retry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

// expiring is a credential whose header has expired again whenever its turn comes.
type expiring struct {
	asked int
	err   error
}

func (*expiring) TryAuthorize(context.Context, time.Time) ([]string, bool) { return nil, false }
func (*expiring) Clean(*retry.Result)                                      {}
func (e *expiring) Authorize(context.Context) ([]string, error) {
	e.asked++
	return []string{"key"}, e.err
}

func TestTokenThatExpiresInTheQueueIsUsedAfterThreeWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // ends with a deadlock if the only slot is held meanwhile
		r, credential := request("POST"), new(expiring)
		r.Credential = credential
		var authorization []string
		res := policy(play(func(hr *http.Request) (*http.Response, error) {
			authorization = hr.Header["Authorization"]
			return respond(200)(hr)
		}), func(c *retry.Config) { c.Concurrency = 1 }).Do(t.Context(), r)
		assert.Equal(t, 200, res.Status)
		assert.Equal(t, 3, credential.asked)
		assert.Equal(t, []string{"key"}, authorization)
	})
}

func TestRequestWithoutACredentialHasNoAuthorization(t *testing.T) {
	t.Parallel()
	policy(play(func(hr *http.Request) (*http.Response, error) {
		assert.NotContains(t, hr.Header, "Authorization")
		return respond(200)(hr)
	})).Do(t.Context(), request("GET"))
}

func TestNoRetryIsReportedAfterTheCallersEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := request("GET")
	r.Retry = func(*retry.Result, time.Duration) { t.Error("there is none") }
	res := policy(play(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, reset
	})).Do(ctx, r)
	require.ErrorIs(t, res.Err, context.Canceled)
	require.NoError(t, res.Stop)
	assert.Equal(t, 1, res.Attempts)
}

func TestOnlyAnAttemptThatTimedOutIsFollowedByANewConnection(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		step  step
		fresh int64
	}{
		"its own time was up":        {hang, 1},
		"a dial's or a read's timer": {fail(timeoutError{}), 1},
		"the transport's deadline":   {fail(fmt.Errorf("mine: %w", context.DeadlineExceeded)), 1},
		"the transport's cancel":     {fail(fmt.Errorf("mine: %w", context.Canceled)), 0},
		"a reset":                    {fail(reset), 0},
		"a 504":                      {respond(504), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			fresh := play(respond(200))
			p := policy(play(row.step, respond(200)), func(c *retry.Config) { c.NewConnection = fresh })
			assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status, name)
			assert.Equal(t, row.fresh, fresh.calls.Load(), name)
		})
	}
}

// A slot that were given back twice would let more calls through than WithConcurrency says.
func TestSlotIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, p *retry.Policy){
		"a token can't be had": func(t *testing.T, p *retry.Policy) {
			t.Helper()
			r := request("GET")
			r.Credential = &expiring{err: errors.New("no sign-in")}
			require.Error(t, p.Do(t.Context(), r).Stop)
		},
		"it took none": func(t *testing.T, p *retry.Policy) {
			t.Helper()
			r := request("GET")
			r.Unmetered = true
			require.NoError(t, p.Do(t.Context(), r).Stop)
		},
		"a pause began while the call queued": func(t *testing.T, p *retry.Policy) {
			t.Helper()
			once := request("GET")
			once.Once = true
			go p.Do(t.Context(), once) // holds the slot, and meets the 429
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			require.ErrorIs(t, p.Do(ctx, request("GET")).Stop, context.DeadlineExceeded)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := &gate{takes: time.Second, then: func(n int64) step {
					if n == 1 && name == "a pause began while the call queued" {
						return respond(429, "Retry-After", "30")
					}
					return respond(200)
				}}
				p := policy(g, func(c *retry.Config) { c.Concurrency = 1 })
				end(t, p)
				var group sync.WaitGroup
				for range 4 {
					group.Go(func() { assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status) })
				}
				group.Wait()
				assert.Equal(t, int64(1), g.most.Load())
			})
		})
	}
}

func TestRetryIsReportedOnlyWhenThereIsOne(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		retries  int
		steps    []step
		attempts int
	}{
		"no retries":                   {0, []step{respond(500)}, 1},
		"no retries, a 429":            {0, []step{respond(429)}, 1},
		"retries":                      {2, []step{respond(500)}, 3},
		"eight 429s":                   {2, []step{respond(429)}, 9},
		"429s between the retries":     {2, []step{respond(429), respond(500), respond(429), respond(500), respond(429)}, 11},
		"429s after a Retry-After":     {2, []step{respond(429, "Retry-After", "1"), respond(429)}, 10},
		"429s after a retry":           {3, append(append(slices.Repeat([]step{respond(429)}, 5), respond(500)), append(slices.Repeat([]step{respond(429)}, 4), respond(200))...), 11},
		"eight 429s after a retry":     {3, []step{respond(429), respond(500), respond(429)}, 11},
		"a Retry-After after the 429s": {2, []step{respond(429), respond(429), respond(429, "Retry-After", "1")}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				reported := 0
				r := request("GET")
				r.Retry = func(*retry.Result, time.Duration) { reported++ }
				transport := play(row.steps...)
				res := policy(transport, func(c *retry.Config) { c.Retries = row.retries }).Do(t.Context(), r)
				assert.Equal(t, row.attempts, res.Attempts)
				assert.Equal(t, row.attempts-1, reported)
			})
		})
	}
}

func TestEndedContextSendsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, unmetered := range []bool{false, true} {
		transport := play(respond(200))
		r := request("GET")
		r.Unmetered = unmetered
		res := policy(transport).Do(ctx, r)
		require.ErrorIs(t, res.Stop, context.Canceled)
		assert.Zero(t, res.Attempts)
		assert.Zero(t, transport.calls.Load())
	}
}

func TestAttemptThatIsDeniedIsNotMade(t *testing.T) {
	t.Parallel()
	denied := errors.New("the organization is unknown")
	transport := play(respond(200))
	r := request("GET")
	r.Attempt = func(ctx context.Context, _ int, _ time.Duration, _ http.Header) (context.Context, func(*retry.Result), error) {
		return ctx, nil, denied
	}
	res := policy(transport).Do(t.Context(), r)
	require.Equal(t, denied, res.Stop)
	assert.True(t, res.Denied)
	assert.Zero(t, res.Attempts)
	assert.Zero(t, transport.calls.Load())
}

func TestAnAttemptTakesOneTokenHoweverOftenItIsAdmitted(t *testing.T) {
	t.Parallel()
	asked := 0
	p := policy(play(respond(200)), func(c *retry.Config) {
		c.Limiters = []retry.Limiter{limit(func(context.Context) error { asked++; return nil })}
	})
	r := request("GET")
	r.Credential = new(expiring)
	assert.Equal(t, 200, p.Do(t.Context(), r).Status)
	assert.Equal(t, 1, asked)
}

func TestHookLearnsHowLongTheAttemptWasHeldBack(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		step   step
		change func(*retry.Config)
		low    time.Duration
		high   time.Duration
	}{
		"not at all": {respond(200), quick, 0, 0},
		"by a slot":  {after(time.Second, respond(200)), func(c *retry.Config) { c.Concurrency = 1 }, time.Second, time.Second},
		"by a limit": {respond(200), func(c *retry.Config) { c.Rate, c.Burst = 1, 1 }, time.Second, time.Second},
		"by a pause": {respond(429, "Retry-After", "10"), func(c *retry.Config) { c.Retries = 0 }, 10 * time.Second, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := policy(play(row.step), row.change)
				if row.low > 0 {
					go p.Do(t.Context(), request("GET"))
					synctest.Wait()
				}
				held := time.Duration(-1)
				r := request("GET")
				r.Attempt = func(ctx context.Context, _ int, waited time.Duration, _ http.Header) (context.Context, func(*retry.Result), error) {
					held = waited
					return ctx, func(*retry.Result) {}, nil
				}
				p.Do(t.Context(), r)
				assert.GreaterOrEqual(t, held, row.low)
				assert.LessOrEqual(t, held, row.high)
			})
		})
	}
}

func TestEndOfAHooksContextIsNotTheAttemptsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := request("GET")
		r.Attempt = func(ctx context.Context, _ int, _ time.Duration, _ http.Header) (context.Context, func(*retry.Result), error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			return ctx, func(*retry.Result) { cancel() }, nil
		}
		res := policy(play(hang), func(c *retry.Config) { c.Retries = 0 }).Do(t.Context(), r)
		require.EqualError(t, res.Err, "the transport gave up: context deadline exceeded")
	})
}
