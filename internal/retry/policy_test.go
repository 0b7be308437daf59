package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestLastAnswerIsReturnedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		res := policy(play(fail(reset), respond(502), respond(503, "X-Request-Id", "r7"))).Do(t.Context(), request("GET"))
		assert.Equal(t, 503, res.Status)
		assert.Equal(t, "{}", string(res.Body))
		assert.Equal(t, "r7", res.Header.Get("X-Request-Id"))
		assert.Equal(t, 4, res.Attempts)
		assert.True(t, res.Sent)
		require.NoError(t, res.Err)
		require.NoError(t, res.Stop)
	})
}

func TestWaitsDoubleWithJitterUpToTheMost(t *testing.T) {
	t.Parallel()
	low, high := time.Hour, time.Duration(0)
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			transport := play(respond(500))
			policy(transport, func(c *retry.Config) { c.Retries, c.WaitMax = 4, 2*time.Second }).Do(t.Context(), request("GET"))
			for i, most := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 2 * time.Second} {
				wait := transport.times[i+1].Sub(transport.times[i])
				assert.LessOrEqual(t, wait, most)
				assert.GreaterOrEqual(t, wait, most/2)
				if i == 0 {
					low, high = min(low, wait), max(high, wait)
				}
			}
		})
	}
	assert.Greater(t, high-low, 50*time.Millisecond, "the waits do not vary")
}

func TestLongRetryAfterIsReturnedAtOnce(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"61":                   61 * time.Second,
		"9223372037":           9223372036 * time.Second,
		"99999999999999999999": 9223372036 * time.Second,
	} {
		for _, status := range []int{429, 503} {
			synctest.Test(t, func(t *testing.T) {
				transport, began := play(respond(status, "Retry-After", header)), time.Now()
				res := policy(transport).Do(t.Context(), request("GET"))
				assert.Equal(t, status, res.Status)
				assert.Equal(t, 1, res.Attempts)
				assert.Equal(t, want, res.RetryAfter)
				require.NoError(t, res.Stop)
				assert.Zero(t, time.Since(began))
			})
		}
	}
}

func TestWaitThatCannotFitTheDeadlineIsNotBegun(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]step{"response": respond(429, "Retry-After", "5"), "no response": fail(errRefused)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				transport, began := play(first), time.Now()
				res := policy(transport).Do(ctx, request("GET"))
				assert.Zero(t, time.Since(began))
				assert.Equal(t, int64(1), transport.calls.Load())
				require.ErrorIs(t, res.Stop, context.DeadlineExceeded)
				assert.True(t, res.Status == 429 || errors.Is(res.Err, syscall.ECONNREFUSED))
			})
		})
	}
}

func TestCancelEndsAWaitAtOnceAndKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		began := time.Now()
		res := policy(play(respond(429, "Retry-After", "30"))).Do(ctx, request("GET"))
		assert.Equal(t, 2*time.Second, time.Since(began))
		assert.Equal(t, 429, res.Status)
		require.ErrorIs(t, res.Stop, context.Canceled)
	})
}

func TestEveryAttemptCarriesTheBodyAndTheNewestAuthorization(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		transport := play(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			seen = append(seen, r.Header.Get("Authorization")+" "+string(body))
			return respond(503)(r)
		})
		r, n := request("PUT"), 0
		r.Credential = credential(func() ([]string, error) { n++; return []string{fmt.Sprint("token-", n)}, nil })
		policy(transport).Do(t.Context(), r)
		assert.Equal(t, []string{`token-1 {"a":1}`, `token-2 {"a":1}`, `token-3 {"a":1}`, `token-4 {"a":1}`}, seen)
	})
}

func TestAnEarlierAttemptsHeaderIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var requests []*http.Request
		transport := play(func(r *http.Request) (*http.Response, error) {
			requests = append(requests, r) // as a transport does that still writes it out
			return respond(503)(r)
		})
		r, n := request("GET"), 0
		r.Credential = credential(func() ([]string, error) { n++; return []string{fmt.Sprint("token-", n)}, nil })
		policy(transport).Do(t.Context(), r)
		for i, hr := range requests {
			assert.Equal(t, fmt.Sprint("token-", i+1), hr.Header.Get("Authorization"))
		}
	})
}

func TestEmptyBodyIsNotSentChunked(t *testing.T) {
	t.Parallel()
	r := request("POST")
	r.Body = []byte{}
	policy(play(func(hr *http.Request) (*http.Response, error) {
		assert.Nil(t, hr.Body)
		assert.Zero(t, hr.ContentLength)
		return respond(200)(hr)
	})).Do(t.Context(), r)
}

func TestOnceIsOnce(t *testing.T) {
	t.Parallel()
	r := request("GET")
	r.Once = true
	transport := play(respond(503, "Retry-After", "1"))
	assert.Equal(t, 503, policy(transport).Do(t.Context(), r).Status)
	assert.Equal(t, int64(1), transport.calls.Load())
}

func TestRefusedAuthorizationEndsTheCall(t *testing.T) {
	t.Parallel()
	transport := play(respond(200))
	r := request("GET")
	r.Credential = credential(func() ([]string, error) { return nil, io.ErrNoProgress })
	res := policy(transport).Do(t.Context(), r)
	require.ErrorIs(t, res.Stop, io.ErrNoProgress)
	assert.True(t, res.Denied)
	assert.Zero(t, transport.calls.Load())
}

func TestAnswerOverTheBoundIsAnErrorAndNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int64{"announced": 4 << 20, "not announced": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := play(func(r *http.Request) (*http.Response, error) {
				body := io.NopCloser(io.LimitReader(zeros{}, 4<<20))
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: length}, nil
			})
			res := policy(transport).Do(t.Context(), request("GET"))
			require.ErrorContains(t, res.Err, "more than 1 MiB")
			assert.Equal(t, int64(1), transport.calls.Load())
			assert.True(t, res.Sent)
		})
	}
}

func TestReplayCountsOnAndKeepsItsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(respond(502))
		r := request("DELETE")
		res := policy(transport).Do(t.Context(), r.Again(&retry.Result{Attempts: 1}))
		assert.Equal(t, int64(4), transport.calls.Load())
		assert.Equal(t, 5, res.Attempts)
	})
}

func TestTransportPanicPassesAndFreesItsSlot(t *testing.T) {
	t.Parallel()
	p := policy(
		play(func(*http.Request) (*http.Response, error) { panic("mine") }, respond(200)),
		func(c *retry.Config) { c.Concurrency = 1 },
	)
	assert.PanicsWithValue(t, "mine", func() { p.Do(t.Context(), request("GET")) })
	assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
}

func TestTransportWithNeitherAnswerNorErrorIsAnError(t *testing.T) {
	t.Parallel()
	res := policy(play(func(*http.Request) (*http.Response, error) { return nil, nil })).Do(t.Context(), request("POST"))
	require.ErrorContains(t, res.Err, "neither")
}
