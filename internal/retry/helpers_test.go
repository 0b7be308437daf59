package retry_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
)

// script is a transport that plays one step per attempt, and the last one from then on.
type script struct {
	steps []step
	mu    sync.Mutex // guards times
	calls atomic.Int64
	times []time.Time // of each attempt; read after the bubble is still
}

type step func(*http.Request) (*http.Response, error)

func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	n := int(s.calls.Add(1))
	s.times = append(s.times, time.Now())
	s.mu.Unlock()
	return s.steps[min(n, len(s.steps))-1](r)
}

func respond(status int, headers ...string) step {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{
			StatusCode:    status,
			Header:        h,
			Body:          io.NopCloser(strings.NewReader("{}")),
			ContentLength: -1,
			Request:       r,
		}, nil
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

// hang does not respond until its context ends.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// brokenBody responds with 200 and breaks off.
func brokenBody(r *http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(`{"da`), &failingReader{io.ErrUnexpectedEOF})
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{},
		Body:          io.NopCloser(body),
		ContentLength: 100,
		Request:       r,
	}, nil
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
		Method: method, URL: &url.URL{Scheme: "https", Host: "linkit.test", Path: "/x"},
		Header: func() http.Header { return http.Header{} },
		Body:   []byte(`{"a":1}`), Idempotent: idempotent,
	}
}

var (
	reset      = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	errRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
)

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// credential is one whose header never has to be waited for.
type credential func() ([]string, error)

func (c credential) TryAuthorize(context.Context, time.Time) ([]string, bool) {
	header, err := c()
	return header, err == nil
}

func (c credential) Authorize(context.Context) ([]string, error) { return c() }

func (credential) Clean(*retry.Result) {}

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// gate is a transport that counts who is inside and responds after a while.
type gate struct {
	inside, most, total atomic.Int64
	takes               time.Duration
	then                func(n int64) step
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	in, n := g.inside.Add(1), g.total.Add(1)
	for most := g.most.Load(); in > most && !g.most.CompareAndSwap(most, in); most = g.most.Load() {
	}
	time.Sleep(g.takes) //nolint:forbidigo // virtual time
	g.inside.Add(-1)
	if g.then != nil {
		return g.then(n)(r)
	}
	return respond(200)(r)
}

// after plays s when d has passed.
func after(d time.Duration, s step) step {
	return func(r *http.Request) (*http.Response, error) {
		time.Sleep(d) //nolint:forbidigo // virtual time
		return s(r)
	}
}

type readerFunc func([]byte) (int, error)

func breaking(failures int) func(*retry.Config) {
	return func(c *retry.Config) { c.Failures, c.Cooldown, c.Retries = failures, 10*time.Second, 0 }
}

// replay is r once more, after last.
func replay(r *retry.Request, last *retry.Result) *retry.Request {
	return r.Again(last)
}

// quick retries at once, in no time that would refill the budget.
func quick(c *retry.Config) { c.WaitMin, c.WaitMax = 1, 1 }
