package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

// script is a transport that plays one step per attempt, and the last one from then on.
type script struct {
	steps []step
	calls atomic.Int64
	times []time.Time // of each attempt; read after the bubble is still
}

type step func(*http.Request) (*http.Response, error)

func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(s.calls.Add(1))
	s.times = append(s.times, time.Now())
	return s.steps[min(n, len(s.steps))-1](r)
}

func answer(status int, headers ...string) step {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: -1, Request: r}, nil
	}
}

func fail(err error) step { return func(*http.Request) (*http.Response, error) { return nil, err } }

// traced fails after telling the trace that it asked for a connection, and whether it got one.
func traced(got bool, err error) step {
	return func(r *http.Request) (*http.Response, error) {
		trace := httptrace.ContextClientTrace(r.Context())
		if trace == nil { // reads aren't traced
			return nil, err
		}
		trace.GetConn("linkit.test:443")
		if got {
			trace.GotConn(httptrace.GotConnInfo{})
		}
		return nil, err
	}
}

// hang answers nothing until its context ends.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// brokenBody answers 200 and breaks off.
func brokenBody(r *http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(`{"da`), &failingReader{io.ErrUnexpectedEOF})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: 100, Request: r}, nil
}

type failingReader struct{ err error }

func (r *failingReader) Read([]byte) (int, error) { return 0, r.err }

func policy(transport http.RoundTripper, change ...func(*retry.Config)) *retry.Policy {
	c := retry.Config{
		Transport: transport, AttemptTimeout: 30 * time.Second, Retries: 3,
		WaitMin: 500 * time.Millisecond, WaitMax: 10 * time.Second, MaxRetryAfter: time.Minute,
		Concurrency: 10, MaxBody: 1 << 20, MaxErrorBody: 64 << 10,
	}
	for _, f := range change {
		f(&c)
	}
	return retry.New(c)
}

func request(method string) *retry.Request {
	idempotent := method != http.MethodPost && method != http.MethodPatch
	return &retry.Request{
		Method: method, URL: &url.URL{Scheme: "https", Host: "linkit.test", Path: "/x"}, Header: http.Header{},
		Body: []byte(`{"a":1}`), Idempotent: idempotent,
	}
}

var (
	reset      = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	errRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
)

func TestLastAnswerIsReturnedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		res := policy(play(fail(reset), answer(502), answer(503, "X-Request-Id", "r7"))).Do(t.Context(), request("GET"))
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
			transport := play(answer(500))
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
				transport, began := play(answer(status, "Retry-After", header)), time.Now()
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
	for name, first := range map[string]step{"answer": answer(429, "Retry-After", "5"), "no answer": fail(errRefused)} {
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
		res := policy(play(answer(429, "Retry-After", "30"))).Do(ctx, request("GET"))
		assert.Equal(t, 2*time.Second, time.Since(began))
		assert.Equal(t, 429, res.Status)
		require.ErrorIs(t, res.Stop, context.Canceled)
	})
}

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestEveryAttemptCarriesTheBodyAndTheNewestAuthorization(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		transport := play(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			seen = append(seen, r.Header.Get("Authorization")+" "+string(body))
			return answer(503)(r)
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
			return answer(503)(r)
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
		return answer(200)(hr)
	})).Do(t.Context(), r)
}

func TestOnceIsOnce(t *testing.T) {
	t.Parallel()
	r := request("GET")
	r.Once = true
	transport := play(answer(503, "Retry-After", "1"))
	assert.Equal(t, 503, policy(transport).Do(t.Context(), r).Status)
	assert.Equal(t, int64(1), transport.calls.Load())
}

func TestRefusedAuthorizationEndsTheCall(t *testing.T) {
	t.Parallel()
	transport := play(answer(200))
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

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestReplayCountsOnAndKeepsItsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(answer(502))
		r := request("DELETE")
		r.Earlier = &retry.Result{Attempts: 1}
		res := policy(transport).Do(t.Context(), r)
		assert.Equal(t, int64(4), transport.calls.Load())
		assert.Equal(t, 5, res.Attempts)
	})
}

func TestTransportPanicPassesAndFreesItsSlot(t *testing.T) {
	t.Parallel()
	p := policy(play(func(*http.Request) (*http.Response, error) { panic("mine") }, answer(200)), func(c *retry.Config) { c.Concurrency = 1 })
	assert.PanicsWithValue(t, "mine", func() { p.Do(t.Context(), request("GET")) })
	assert.Equal(t, 200, p.Do(t.Context(), request("GET")).Status)
}

func TestTransportWithNeitherAnswerNorErrorIsAnError(t *testing.T) {
	t.Parallel()
	res := policy(play(func(*http.Request) (*http.Response, error) { return nil, nil })).Do(t.Context(), request("POST"))
	require.ErrorContains(t, res.Err, "neither")
}

// credential is one whose header never has to be waited for.
type credential func() ([]string, error)

func (c credential) Authorize(context.Context, time.Time, bool) ([]string, error) { return c() }
func (credential) Clean(*retry.Result)                                            {}
