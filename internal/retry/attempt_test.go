package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
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

// counted is a response's body that knows whether it was closed.
type counted struct {
	io.Reader
	closed *atomic.Int64
}

func (b counted) Close() error { b.closed.Add(1); return nil }

func TestEveryAnswersBodyIsClosed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		body   io.Reader
	}{
		"200":            {200, strings.NewReader("{}")},
		"200, broken":    {200, &failingReader{io.ErrUnexpectedEOF}},
		"200, too large": {200, io.LimitReader(zeros{}, 4<<20)},
		"404":            {404, strings.NewReader("{}")},
		"404, broken":    {404, &failingReader{io.ErrUnexpectedEOF}},
		"404, large":     {404, io.LimitReader(zeros{}, 4<<20)},
		"503":            {503, strings.NewReader("{}")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var closed atomic.Int64
			transport := play(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode:    row.status,
					Header:        http.Header{},
					Body:          counted{row.body, &closed},
					ContentLength: -1,
				}, nil
			})
			policy(transport, func(c *retry.Config) { c.WaitMin, c.WaitMax = 1, 1 }).Do(t.Context(), request("PUT"))
			assert.Equal(t, transport.calls.Load(), closed.Load())
		})
	}
}

func TestAnswerWithoutABodyIsAnAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 204, 301, 404, 429} {
		res := policy(play(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status}, nil
		}), func(c *retry.Config) { c.Retries = 0 }).Do(t.Context(), request("POST"))
		assert.Equal(t, status, res.Status)
		assert.Empty(t, res.Body)
		require.NoError(t, res.Err)
	}
}

func TestLengthOfAHeadsAnswerIsNotThatOfABody(t *testing.T) {
	t.Parallel()
	r := request("HEAD")
	r.Body = nil
	res := policy(play(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode:    http.StatusOK,
			Header:        http.Header{},
			Body:          http.NoBody,
			ContentLength: 50 << 20,
		}, nil
	})).Do(t.Context(), r)
	require.NoError(t, res.Err)
	assert.Equal(t, 200, res.Status)
}

func TestNothingOfAnAnswerStaysWhenTheNextAttemptGetsNone(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]step{"none at all": fail(io.ErrUnexpectedEOF), "half a one": brokenBody} {
		synctest.Test(t, func(t *testing.T) {
			transport := play(respond(429, "Retry-After", "7"), brokenBody, fail(reset), last)
			res := policy(transport).Do(t.Context(), request("GET"))
			require.ErrorIs(t, res.Err, io.ErrUnexpectedEOF, name)
			assert.Zero(t, res.Status, name)
			assert.Zero(t, res.RetryAfter, name)
			assert.Nil(t, res.Header, name)
			assert.Empty(t, res.Body, name)
			assert.InDelta(
				t,
				7350*time.Millisecond,
				transport.times[1].Sub(transport.times[0]),
				float64(350*time.Millisecond),
				name,
			)
			assert.LessOrEqual(
				t,
				transport.times[2].Sub(transport.times[1]),
				time.Second,
				"the Retry-After was an earlier response's",
			)
		})
		res := policy(
			play(respond(500), last),
			func(c *retry.Config) { c.Retries, c.WaitMin, c.WaitMax = 1, 1, 1 },
		).Do(
			t.Context(),
			request("GET"),
		)
		require.ErrorIs(t, res.Err, io.ErrUnexpectedEOF, name)
		assert.Empty(t, res.Body, name)
	}
}

// A read that fails says nothing of whether the request went out: the response has come.
func TestBrokenOffAnswerIsNeverProofThatNothingWasSent(t *testing.T) {
	t.Parallel()
	broken := func(err error, trace bool) step {
		return func(r *http.Request) (*http.Response, error) {
			if trace { // as a transport does that says when it looks for a connection, and no more
				httptrace.ContextClientTrace(r.Context()).GetConn("linkit.test:443")
			}
			return &http.Response{
				StatusCode:    http.StatusOK,
				Header:        http.Header{},
				Body:          io.NopCloser(&failingReader{err}),
				ContentLength: -1,
			}, nil
		}
	}
	for name, s := range map[string]step{
		"a dial error":         broken(errRefused, false),
		"a DNS error":          broken(&net.DNSError{Err: "no such host"}, false),
		"no connection traced": broken(io.ErrUnexpectedEOF, true),
	} {
		transport := play(s)
		res := policy(transport).Do(t.Context(), request("POST"))
		require.Error(t, res.Err, name)
		assert.Equal(t, int64(1), transport.calls.Load(), name)
		assert.True(t, res.Sent, name)
	}
}

// stale is a connection that responds to one request and takes no other.
type stale struct {
	net.Conn
	used atomic.Bool
}

func (c *stale) Write(b []byte) (int, error) {
	if c.used.Swap(true) {
		return 0, &net.OpError{Op: "write", Err: syscall.EPIPE}
	}
	return c.Conn.Write(b)
}

func TestPOSTThatMeetsAStaleConnectionAndThenARefusedDialIsSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Read(make([]byte, 4096))
			_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}()
		dials := 0
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			if dials++; dials == 1 {
				return &stale{Conn: ours}, nil
			}
			return nil, errRefused
		}}
		defer func() { _ = theirs.Close() }()
		defer transport.CloseIdleConnections()
		p := policy(transport)
		plain := func(method string) *retry.Request {
			r := request(method)
			r.URL.Scheme = "http"
			return r
		}
		get := plain("GET")
		get.Body = nil
		require.Equal(t, 200, p.Do(t.Context(), get).Status)
		synctest.Wait() // the connection is in the pool
		res := p.Do(t.Context(), plain("POST"))
		require.ErrorIs(t, res.Err, syscall.ECONNREFUSED)
		assert.Equal(t, 4, res.Attempts)
		assert.False(t, res.Sent, "nothing was written")
		assert.Equal(t, 1+4, dials)
	})
}

// late is a context whose deadline has passed and whose timer hasn't fired yet.
type late struct{ context.Context } //nolint:containedctx // a test's

func (late) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

func TestTimeoutAtTheCallersDeadlineIsTheDeadline(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"a dial's timer": &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded},
		"a read's timer": &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded},
	} {
		transport := play(fail(err))
		res := policy(transport).Do(late{t.Context()}, request("GET"))
		require.ErrorIs(t, res.Err, context.DeadlineExceeded, name)
		assert.Equal(t, int64(1), transport.calls.Load(), name)
	}
	res := policy(play(fail(reset))).Do(late{t.Context()}, request("GET"))
	require.ErrorIs(t, res.Err, syscall.ECONNRESET, "what is no timeout stays what it is")
}

func TestTransportsOwnCancelIsNotTheCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(fail(fmt.Errorf("mine: %w", context.Canceled)))
		res := policy(transport).Do(t.Context(), request("GET"))
		require.EqualError(t, res.Err, "the transport gave up: mine: context canceled")
		require.NotErrorIs(t, res.Err, context.Canceled)
		assert.Equal(t, int64(4), transport.calls.Load())
		var timeout net.Error
		assert.False(t, errors.As(res.Err, &timeout))
	})
}
