// Package retry sends one HTTP request, and retries it where that is safe. All requests of a
// [Policy] share a limit of requests in flight, rate limits, the pause that a server asks for, a
// retry budget and a circuit breaker.
package retry

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"
)

// maxPauses is how many responses in a row that ask to slow down, without saying for how long, a
// request waits for.
const maxPauses = 8

// Config configures a [Policy].
type Config struct {
	Transport      http.RoundTripper
	NewConnection  http.RoundTripper // for the attempt after one that timed out; nil: Transport
	AttemptTimeout time.Duration     // of one attempt, reading the response's body included
	Retries        int               // further attempts after the first
	WaitMin        time.Duration
	WaitMax        time.Duration
	MaxRetryAfter  time.Duration // longest Retry-After that is waited for
	Concurrency    int           // attempts in flight
	Rate           float64       // attempts per second; 0: no limit
	Burst          int
	Limiters       []Limiter     // further limits, asked in order before each attempt
	Failures       int           // consecutive failures that open the circuit breaker; 0: no breaker
	Cooldown       time.Duration // of the breaker
	MaxBody        int64         // of a 2xx response
	MaxErrorBody   int64         // of any other response; the rest is cut off
}

// Limiter is a rate limit. A *rate.Limiter is one.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Policy sends requests. It is safe for concurrent use.
type Policy struct {
	Config
	slots    *slots
	limiters []Limiter
	pause    pause
	budget   budget
	breaker  *breaker // nil: none
	plain    bool     // Transport is net/http's own, which resends nothing unless nothing was written
	proxied  bool     // ... and may use a proxy
}

// New returns a Policy. It starts nothing.
func New(c Config) *Policy {
	p := &Policy{Config: c, slots: newSlots(c.Concurrency)}
	if c.Rate > 0 {
		p.limiters = append(p.limiters, rate.NewLimiter(rate.Limit(c.Rate), c.Burst))
	}
	p.limiters = append(p.limiters, c.Limiters...)
	if c.Failures > 0 {
		p.breaker = newBreaker(c.Failures, c.Cooldown)
	}
	p.budget.left.Store(budgetSize)
	own, ok := c.Transport.(*http.Transport)
	p.plain, p.proxied = ok, ok && own.Proxy != nil
	return p
}

// Request is what to send. Do never writes to it.
type Request struct {
	Method string
	URL    *url.URL
	Header func() http.Header // makes the header of an attempt, without Authorization
	Body   []byte

	Idempotent bool // repeating it does no harm: it is retried even when an attempt may have been acted on
	Once       bool // it is never retried
	Unmetered  bool // it takes no slot, rate token or budget, and the other requests' pause doesn't hold it

	Credential Credential // nil: the request is sent without one
	// Attempt, when set, is called before each attempt with its number, how long it was held back, and
	// its header, to which it may add. The attempt is made with the context returned; the function
	// returned is called at its end. An error ends the request without the attempt.
	Attempt func(ctx context.Context, n int, waited time.Duration, header http.Header) (
		context.Context, func(*Result), error,
	)
	// Retry, when set, is called before each wait for a further attempt, with the result of the last
	// one.
	Retry func(last *Result, wait time.Duration)
	// Exhausted, when set, is called when only the empty retry budget prevented a retry.
	Exhausted func()

	repeats *Result // what Again was given
}

// Again returns a request that repeats r, whose result was last: its attempts go on counting.
func (r *Request) Again(last *Result) *Request {
	again := *r
	again.repeats = &Result{Attempts: last.Attempts, Sent: last.Sent, Lost: last.Lost}
	return &again
}

// Credential provides the Authorization header.
type Credential interface {
	// TryAuthorize returns the header that is at hand. It reports false where the header must be
	// waited for.
	TryAuthorize(ctx context.Context, now time.Time) ([]string, bool)
	// Authorize waits for the header. Its error ends the request.
	Authorize(ctx context.Context) ([]string, error)
	// Clean removes the credential from a result that other requests are about to see.
	Clean(*Result)
}

// Result is the response to a [Request], or the reason why there is none.
type Result struct {
	Status     int // 0: no response
	Header     http.Header
	Body       []byte
	RetryAfter time.Duration // what the response asks for; 0: nothing
	Began      time.Time     // the last attempt
	Received   time.Time

	Err    error // why there is no response
	Stop   error // why it wasn't sent, or not retried, although it might have been
	Denied bool  // Stop is the credential's, or that of Request.Attempt

	Attempts  int
	Sent      bool // an attempt may have been acted on without our knowing
	Lost      bool // likewise, by an attempt that got lost: a DELETE that then finds nothing has succeeded
	Throttled bool // a response asked to slow down

	buffer *[]byte // under Body, when that is a pooled one
}

// Do sends r until there is a response to keep. Afterwards it holds nothing but the response's
// body: see [Result.Close].
func (p *Policy) Do(ctx context.Context, r *Request) *Result {
	c := &call{policy: p, request: r}
	// The call has no CloseIdleConnections: retryablehttp would call it after every failure, on
	// connections that all calls share. Its client has no Timeout: attempts are bounded one by one.
	c.http = http.Client{Transport: c, CheckRedirect: refuseRedirect}
	c.loop.HTTPClient = &c.http
	c.loop.CheckRetry, c.loop.Backoff = c.checkRetry, c.backoff
	c.loop.ErrorHandler = retryablehttp.PassthroughErrorHandler
	c.loop.RetryMax = p.Retries + maxPauses // retriesLeft counts the two apart
	if r.repeats != nil {
		c.result = *r.repeats
	}
	c.first.Request = (&http.Request{
		Method: r.Method, URL: r.URL, Host: r.URL.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	_, err := c.loop.Do(&c.first)  //nolint:bodyclose // it is http.NoBody: the attempt has read the real one
	if err != nil && c.willRetry { // the wait was cut short
		c.result.Stop = contextError(ctx)
	}
	return &c.result
}
