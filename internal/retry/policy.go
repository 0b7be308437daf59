// Package retry sends one HTTP request as often as is safe and sensible. It decides when to send again and how long to
// wait, and shares a pause, a limit of requests in flight, a rate limit and a retry budget among all requests of a Policy.
package retry

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"
)

// Config is what a Policy is made of.
type Config struct {
	Transport      http.RoundTripper
	AttemptTimeout time.Duration // one attempt, its answer's body included
	Retries        int           // further attempts
	WaitMin        time.Duration
	WaitMax        time.Duration
	MaxRetryAfter  time.Duration // longest Retry-After that is waited for
	Concurrency    int           // attempts in flight
	Rate           float64       // attempts per second; 0: no limit
	Burst          int
	Failures       int           // consecutive ones that open the breaker; 0: no breaker
	Cooldown       time.Duration // of the breaker
	MaxBody        int64         // of a 2xx
	MaxErrorBody   int64         // of any other answer; the rest is cut off
}

// Policy sends requests. It is safe for concurrent use.
type Policy struct {
	Config
	loop    retryablehttp.Client
	slots   *slots
	limiter *rate.Limiter // nil: none
	pause   pause
	budget  budget
	breaker *breaker // nil: none
	plain   bool     // Transport is net/http's own, which sends nothing twice unless nothing was written
}

// New returns a Policy. It starts nothing.
func New(c Config) *Policy {
	p := &Policy{Config: c, slots: newSlots(c.Concurrency)}
	// No CloseIdleConnections shows through attempts: retryablehttp calls it after every failure, on the pool that all
	// calls share. No Timeout: attempts bound themselves.
	p.loop.HTTPClient = &http.Client{Transport: attempts{}, CheckRedirect: refuseRedirect}
	p.loop.RetryMax = math.MaxInt // check counts
	p.loop.CheckRetry, p.loop.Backoff = check, backoff
	p.loop.ErrorHandler = retryablehttp.PassthroughErrorHandler
	if c.Rate > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(c.Rate), c.Burst)
	}
	if c.Failures > 0 {
		p.breaker = newBreaker(c.Failures, c.Cooldown)
	}
	p.budget.left.Store(budgetSize)
	_, p.plain = c.Transport.(*http.Transport)
	return p
}

func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Request is what to send.
type Request struct {
	Method string
	URL    *url.URL
	Header http.Header // handed over: Do adds Authorization
	Shared bool        // Header is complete, and isn't written to
	Body   []byte

	Idempotent bool // a second delivery does no harm: send again even when the first may have arrived
	Once       bool // never send again
	Unmetered  bool // takes no slot, rate token or budget, and no pause holds it

	Credential Credential // nil: the request is sent without one
	// Attempt, when set, is called before each attempt with its number and how long it had to wait; the context it
	// returns carries the attempt, and the function is called with what came of it.
	Attempt func(ctx context.Context, n int, waited time.Duration) (context.Context, func(status int, err error))
	// Retry, when set, is called before each wait for a further attempt, with what the last one came to.
	Retry func(last *Result, wait time.Duration)
	// Exhausted, when set, is called when only the empty retry budget kept a request from being sent again.
	Exhausted func()

	// Earlier is what came of sending the same request before: its attempts and Sent go on counting.
	Earlier *Result
}

// Credential is who asks.
type Credential interface {
	// Authorize returns the Authorization header for an attempt. Its error ends the request. Where it may not wait, nil says
	// that it would have to.
	Authorize(ctx context.Context, now time.Time, mayWait bool) ([]string, error)
	// Clean takes the credential out of a result that other requests are about to see.
	Clean(*Result)
}

// Result is what came of a Request: an answer, or the reason why there is none.
type Result struct {
	Status     int // 0: no answer
	Header     http.Header
	Body       []byte
	RetryAfter time.Duration // what the answer asks; 0: nothing
	Began      time.Time     // the last attempt
	Received   time.Time

	Err    error // why there is no answer
	Stop   error // why it wasn't sent (again) although it might have been
	Denied bool  // Stop is Authorize's

	Attempts  int
	Sent      bool // an attempt may have taken effect without our knowing
	Throttled bool // an answer asked to slow down

	buffer *[]byte // under Body, when that is a pooled one
}

// Release gives the body's memory back: Body, and what points into it, must not be used from then on.
func (r *Result) Release() {
	if r.buffer != nil {
		*r.buffer = r.Body[:0]
		buffers.Put(r.buffer)
		r.buffer, r.Body = nil, nil
	}
}

// Do sends r until it has an answer to keep. It holds nothing when it returns but the answer's body: see Result.Release.
func (p *Policy) Do(ctx context.Context, r *Request) *Result {
	c := &call{Context: ctx, policy: p, request: r}
	c.first = bound{Context: c}
	if r.Earlier != nil {
		c.result.Attempts, c.result.Sent = r.Earlier.Attempts, r.Earlier.Sent
		c.replays = 1
	}

	hr := (&http.Request{
		Method: r.Method, URL: r.URL, Host: r.URL.Host, Header: noHeader,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(&c.first) //nolint:contextcheck // it is ctx, and knows the call
	c.send.Request = hr
	if len(r.Body) > 0 { // an empty []byte would go out chunked
		if err := c.send.SetBody(r.Body); err != nil {
			return &Result{Stop: err}
		}
	}
	resp, err := p.loop.Do(&c.send)
	if resp != nil {
		_ = resp.Body.Close() // http.NoBody: attempts read the real one
	}
	if err != nil && c.again {
		c.result.Stop = ctx.Err() // cut short while waiting
	}
	if err != nil && c.result.Status == 0 && c.result.Err == nil && c.result.Stop == nil {
		c.result.Stop = cleaned(err, r.URL.RawQuery) // http.Client refused the request itself
	}
	return &c.result
}

// noHeader stands for the header until an attempt sets it: http.Client would copy the real one, for redirects that aren't
// followed. Nobody writes to it.
var noHeader = http.Header{}

type callKey struct{}

// call is one Do, and the context that its requests carry: RoundTrip and check find it there. One goroutine uses it at a time.
type call struct {
	context.Context //nolint:containedctx // the caller's; one less to allocate for each call

	policy  *Policy
	request *Request
	result  Result
	first   bound         // of the first attempt
	last    outcome       // of the last attempt
	made    int           // attempts of this Do
	replays int           // 1 when this Do repeats an earlier one, which costs no retry
	wait    time.Duration // before the next attempt
	done    func(error)   // tells the breaker of the attempt that it let through
	send    retryablehttp.Request

	fresh  bool // last is new: the attempt was made
	queued bool // the attempt at hand had to wait
	paid   bool // the rate limit's token for the next attempt has been taken
	again  bool // it will be sent again, after wait
	probe  bool // let through a pause that nobody waits for
}

func callOf(hr *http.Request) *call {
	c, _ := hr.Context().Value(callKey{}).(*call)
	return c
}

// Value returns the call itself beside what the caller's context holds.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// check is retryablehttp's CheckRetry. It decides on what the attempt noted; the error stays nil, so that the answer is
// kept.
func check(ctx context.Context, resp *http.Response, _ error) (bool, error) {
	c, _ := ctx.Value(callKey{}).(*call)
	c.again = resp != nil && c.decide() // nil: http.Client refused the request
	if c.again && c.made == 1 {
		c.send.Request = c.send.Request.WithContext(c) //nolint:contextcheck // first, which ctx is, has ended
		c.send.Header = noHeader
	}
	return c.again, nil
}

func backoff(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
	return callOf(resp.Request).wait
}

func (c *call) decide() bool {
	p, r, res := c.policy, c.request, &c.result
	retries := res.Attempts - 1 - c.replays
	if !c.fresh || r.Once || !c.last.sendAgain(r.Idempotent) || retries >= p.Retries {
		return false
	}
	wait := p.nextWait(retries)
	if res.RetryAfter > 0 {
		wait = res.RetryAfter
	}
	if res.RetryAfter > p.MaxRetryAfter {
		return false
	}
	if deadline, ok := c.Deadline(); ok && time.Until(deadline) <= wait {
		res.Stop = context.DeadlineExceeded
		return false
	}
	if !r.Unmetered && !p.budget.take(c.last.cost()) {
		if r.Exhausted != nil {
			r.Exhausted()
		}
		return false
	}
	if r.Retry != nil {
		r.Retry(res, wait)
	}
	c.wait = wait
	return true
}

// nextWait doubles from WaitMin to WaitMax, less up to half by chance, so that clients don't come back in step.
func (p *Policy) nextWait(n int) time.Duration {
	wait := p.WaitMax
	if n < 62 && p.WaitMin <= p.WaitMax>>n {
		wait = p.WaitMin << n
	}
	return wait - rand.N(wait/2+1) //nolint:gosec // chance, not secrecy
}
