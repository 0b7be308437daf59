package retry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// attempts is the RoundTripper under every Policy's http.Client. It keeps nothing: the call is in the request's context.
type attempts struct{}

// RoundTrip makes one attempt. What came of it is in the call's result: the response only leads backoff to the call, and is
// there even when there is no answer.
func (attempts) RoundTrip(hr *http.Request) (*http.Response, error) {
	resp := callOf(hr).roundTrip(hr)
	if resp == nil {
		resp = new(http.Response)
	}
	resp.Request, resp.Body = hr, http.NoBody
	return resp, nil
}

// roundTrip waits until the attempt may be made, and makes it. It returns nil where there is no answer.
func (c *call) roundTrip(hr *http.Request) *http.Response {
	ctx := c.Context
	began := time.Now()
	waited := c.wait
	c.again, c.fresh, c.wait, c.queued = false, false, 0, false

	authorization, ok := c.admitted(ctx, began)
	if !ok {
		return nil
	}
	defer c.leave()
	if !c.enter() {
		return nil
	}
	defer c.tell(ctx)
	if c.queued {
		waited += time.Since(began)
	}
	return c.attempt(hr, authorization, waited)
}

// brief is how long an authorization is not looked at again while a call queues.
const brief = 10 * time.Millisecond

// admitted waits until the call may go, and returns the authorization that it goes with. What was good when the wait began may
// have ended since, and nobody signs in while holding a slot.
func (c *call) admitted(ctx context.Context, now time.Time) (authorization []string, ok bool) {
	for {
		if authorization, ok = c.authorize(ctx, now, true); !ok || !c.admit(ctx) {
			return nil, false
		}
		if c.request.Credential == nil || !c.queued {
			return authorization, true
		}
		admitted := time.Now()
		if admitted.Sub(now) < brief {
			return authorization, true
		}
		if authorization, ok = c.authorize(ctx, admitted, false); ok && authorization != nil {
			return authorization, true
		}
		c.leave()
		if !ok {
			return nil, false
		}
		now = admitted
	}
}

func (c *call) authorize(ctx context.Context, now time.Time, mayWait bool) ([]string, bool) {
	if err := ctx.Err(); err != nil {
		c.result.Stop = err
		return nil, false
	}
	if c.request.Credential == nil {
		return nil, true
	}
	authorization, err := c.request.Credential.Authorize(ctx, now, mayWait)
	if err != nil {
		c.result.Stop, c.result.Denied = err, true
		if ctx.Err() != nil { // the caller's own end
			c.result.Stop, c.result.Denied = ctx.Err(), false
		}
		return nil, false
	}
	return authorization, true
}

// admit waits for the shared pause, a slot and the rate limit, and enter asks the breaker. leave gives the slot back.
func (c *call) admit(ctx context.Context) bool {
	if c.request.Unmetered {
		return true
	}
	p := c.policy
	for {
		if !c.outwait(ctx) {
			return false
		}
		if !p.slots.try() {
			c.queued = true
			if c.result.Stop = p.slots.wait(ctx); c.result.Stop != nil {
				return false
			}
		}
		if p.limiter != nil && !c.paid {
			c.queued = true
			if c.result.Stop = p.takeToken(ctx); c.result.Stop != nil {
				p.slots.free()
				return false
			}
			c.paid = true
		}
		if c.probe || p.pause.current.Load() == nil {
			return true
		}
		c.queued = true
		p.slots.free() // a pause began while this call queued
	}
}

func (c *call) leave() {
	if !c.request.Unmetered {
		c.policy.slots.free()
	}
}

// takeToken waits for the rate limit's next turn.
func (p *Policy) takeToken(ctx context.Context) error {
	err := p.limiter.Wait(ctx)
	if err != nil && ctx.Err() == nil { // the limiter's own words for a deadline that comes first
		return fmt.Errorf("%w: the rate limit's next turn comes after it", context.DeadlineExceeded)
	}
	if err != nil {
		return ctx.Err()
	}
	return nil
}

// attempt sends the request once, reads the answer whole, and notes what came of it. It returns nil where there is no answer.
func (c *call) attempt(hr *http.Request, authorization []string, waited time.Duration) *http.Response {
	p, r, res := c.policy, c.request, &c.result
	caller := c.Context
	res.Attempts++
	c.paid = false
	around, done := context.Context(c), func(int, error) {}
	if r.Attempt != nil {
		around, done = r.Attempt(c, res.Attempts, waited)
	}
	c.made++
	b := &c.first
	if c.made > 1 {
		b = new(bound)
	}
	b.Context, res.Began = around, time.Now()
	b.begin(res.Began, p.AttemptTimeout)
	defer b.end()
	ctx := context.Context(b)
	var connection *trace
	if r.Method != http.MethodGet && r.Method != http.MethodHead { // whether a read arrived changes nothing
		connection = new(trace)
		ctx = httptrace.WithClientTrace(ctx, connection.hooks())
	}
	if hr.Context() != ctx {
		hr = hr.WithContext(ctx) //nolint:contextcheck // it lies within the call, and so within the caller's
	}
	hr.Header = r.Header
	if c.made > 1 && !r.Shared {
		hr.Header = maps.Clone(r.Header) // the last attempt may still be writing it out
	}
	if authorization != nil && !r.Shared {
		hr.Header["Authorization"] = authorization
	}

	resp, err := p.Transport.RoundTrip(hr)
	res.Received = time.Now()
	if err == nil && resp == nil {
		err = errors.New("the transport returned neither an answer nor an error")
	}
	o := outcome{}
	if err == nil {
		if resp.Body == nil { // as http.Client, too, puts up with
			resp.Body = http.NoBody
		}
		o.status = resp.StatusCode
		if err = p.read(r.Method, resp, res); err != nil {
			o.status, o.final = 0, errors.Is(err, errTooLarge)
		}
	}
	res.Status, res.Err, res.Header, res.RetryAfter = o.status, nil, nil, 0
	if err != nil {
		res.Release()
		res.Body = nil
		o.unsent = resp == nil && (connection.none() || isDial(err) && (p.plain || !connection.had()) || isHandshake(err) && p.plain)
		res.Err, o.timeout = p.explain(caller, ctx, cleaned(err, hr.URL.RawQuery)) //nolint:contextcheck // both are wanted
		o.final = o.final || caller.Err() != nil || isHandshake(err) || isAlert(err)
	} else {
		res.Header = resp.Header
		if o.status >= http.StatusBadRequest {
			res.RetryAfter, o.retryAfter = retryAfter(resp.Header, res.Received)
		}
	}
	res.Sent = res.Sent || o.lost()
	res.Throttled = res.Throttled || o.throttled()
	c.last, c.fresh = o, true
	p.learn(c)
	done(res.Status, res.Err)
	if err != nil {
		return nil
	}
	return resp
}

// learn passes what the attempt showed on to all calls of p.
func (p *Policy) learn(c *call) {
	switch {
	case c.request.Unmetered:
	case c.last.throttled():
		if c.result.RetryAfter > 0 {
			p.pause.begin(c.shared(), p.MaxRetryAfter)
		}
	case c.last.status != 0:
		if c.probe {
			p.pause.current.Store(nil) // the server takes calls again, earlier than it said
		}
		if c.last.status < 400 {
			p.budget.give()
		}
	}
	c.probe = false
}

// shared is what other calls may come to see of the result.
func (c *call) shared() *Result {
	res := c.result
	if c.request.Credential != nil {
		c.request.Credential.Clean(&res)
	}
	return &res
}

var errTooLarge = errors.New("the answer is too large")

// buffers hold the bodies of 2xx answers, which are read often and kept briefly.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const mostPooled = 1 << 20

// read reads an answer's body into res: of a 2xx the whole, or it is an error; of any other status what there is, within
// bounds.
func (p *Policy) read(method string, resp *http.Response, res *Result) error {
	defer func() { _ = resp.Body.Close() }()
	res.Release()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		res.Body, _ = readUpTo(resp, nil, p.MaxErrorBody)
		_, _ = io.CopyN(io.Discard, resp.Body, p.MaxErrorBody) // a little more, to keep the connection
		return nil
	}
	buffer, _ := buffers.Get().(*[]byte)
	body, err := readUpTo(resp, *buffer, p.MaxBody+1)
	res.Body = body
	if cap(body) <= mostPooled {
		res.buffer = buffer
	}
	if int64(len(body)) > p.MaxBody || resp.ContentLength > p.MaxBody && method != http.MethodHead {
		return fmt.Errorf("%w: more than %d MiB", errTooLarge, p.MaxBody>>20)
	}
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return nil
}

// readUpTo reads most bytes at most, into body where that has room. It trusts a Content-Length for the room only so far.
func readUpTo(resp *http.Response, body []byte, most int64) ([]byte, error) {
	if room := min(max(resp.ContentLength+1, 512), most, mostPooled); int64(cap(body)) < room {
		body = make([]byte, 0, room)
	}
	for int64(len(body)) < most {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := resp.Body.Read(body[len(body):min(int64(cap(body)), most)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

// trace notes whether the transport had a connection to send on.
type trace struct{ asked, got atomic.Bool }

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
	}
}

// none is proof that nothing was sent. A transport that hides the trace proves nothing.
func (t *trace) none() bool { return t != nil && t.asked.Load() && !t.got.Load() }

// had reports whether there was a connection. Without a trace, which is a read's, it doesn't matter.
func (t *trace) had() bool { return t != nil && t.got.Load() }
