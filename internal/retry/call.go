package retry

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// call is the state of one [Policy.Do]. It is the transport of its own http.Client, and the policy
// of its own retryablehttp.Client. One goroutine uses it at a time.
type call struct {
	policy  *Policy
	request *Request
	http    http.Client
	loop    retryablehttp.Client
	first   retryablehttp.Request // what the loop sends: each attempt makes its own of it
	result  Result
	last    outcome // of the last attempt

	wait    time.Duration // before the next attempt
	retries int           // made so far, without those after a pause
	pauses  int           // responses in a row that asked to slow down, without saying for how long
	waited  int           // all that were waited for
	permit  func(error)   // reports the attempt to the breaker, which has allowed it

	hasSlot      bool
	hasRateToken bool // for the next attempt
	queued       bool // the attempt at hand was held back
	probe        bool // it passes a pause that nobody waits for
	sending      bool // it has begun
	attempted    bool // it has ended: last is its outcome
	willRetry    bool // after wait
}

func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// errNoResponse tells http.Client that there is no response. Why is in the call's result.
var errNoResponse = errors.New("no response")

// RoundTrip waits until an attempt may be made, and makes it. The response's body has been read
// into the call's result.
func (c *call) RoundTrip(hr *http.Request) (*http.Response, error) {
	ctx, began, waited := hr.Context(), time.Now(), c.wait
	c.wait, c.queued, c.sending, c.attempted = 0, false, false, false
	defer c.leave(ctx)
	authorization, ok := c.admit(ctx)
	if !ok {
		return nil, errNoResponse
	}
	if c.queued {
		waited += time.Since(began)
	}
	r, res := c.request, &c.result
	around, header, done := ctx, r.Header(), func(*Result) {}
	if r.Attempt != nil {
		var err error
		if around, done, err = r.Attempt(ctx, res.Attempts+1, waited, header); err != nil {
			res.Stop, res.Denied = err, true
			return nil, errNoResponse
		}
	}
	if authorization != nil {
		header["Authorization"] = slices.Clone(authorization)
	}
	c.sending, c.hasRateToken = true, false
	res.Attempts++
	x := c.send(around, hr, header)
	c.last = c.classify(ctx, &x)
	c.record()
	done(res)
	if x.err != nil {
		return nil, errNoResponse
	}
	x.resp.Request, x.resp.Body = hr, http.NoBody
	return x.resp, nil
}

// maxTokenWaits bounds how often one attempt waits for a token: one that expires in the queue each
// time is used all the same.
const maxTokenWaits = 3

// admit waits until the attempt may be made, and returns its Authorization. A token that must be
// waited for is waited for without the slot; then admission starts over.
func (c *call) admit(ctx context.Context) (authorization []string, ok bool) {
	credential := c.request.Credential
	for waits := 0; c.enter(ctx); waits++ {
		if credential == nil {
			return nil, true
		}
		if atHand, ok := credential.TryAuthorize(ctx, time.Now()); ok {
			return atHand, true
		}
		if waits == maxTokenWaits {
			return authorization, true
		}
		c.leave(ctx)
		var err error
		if authorization, err = credential.Authorize(ctx); err != nil {
			c.result.Stop, c.result.Denied = err, true
			if ctx.Err() != nil { // the caller's own end
				c.result.Stop, c.result.Denied = contextError(ctx), false
			}
			return nil, false
		}
	}
	return nil, false
}

// enter waits for the shared pause, a slot and the limiters, and asks the breaker.
func (c *call) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		c.result.Stop = contextError(ctx)
		return false
	}
	if c.request.Unmetered {
		return true
	}
	p := c.policy
	for {
		if p.pause.current.Load() != nil && !c.waitForPause(ctx) || !p.slots.TryAcquire() && !c.waitForSlot(ctx) {
			return false
		}
		c.hasSlot = true
		if len(p.limiters) > 0 && !c.waitForLimiters(ctx) {
			return false
		}
		if c.probe || p.pause.current.Load() == nil {
			return p.breaker == nil || c.allow()
		}
		c.queued, c.hasSlot = true, false // a pause began while the call queued
		p.slots.Release()
	}
}

// waitForSlot waits for a slot that TryAcquire didn't find free.
func (c *call) waitForSlot(ctx context.Context) bool {
	c.queued = true
	c.result.Stop = c.policy.slots.Acquire(ctx)
	return c.result.Stop == nil
}

// leave undoes enter. The breaker gets to know how the attempt ended, if there was one.
func (c *call) leave(ctx context.Context) {
	if c.hasSlot {
		c.hasSlot = false
		c.policy.slots.Release()
	}
	if c.permit != nil {
		c.report(ctx)
	}
}

// waitForLimiters waits for the rate limits, once for each attempt. A limiter's own error ends the
// call.
func (c *call) waitForLimiters(ctx context.Context) bool {
	if c.hasRateToken {
		return true
	}
	c.queued = true
	for _, limiter := range c.policy.limiters {
		if err := limiter.Wait(ctx); err != nil {
			c.result.Stop = limiterError(ctx, err)
			return false
		}
	}
	c.hasRateToken = true
	return true
}

// checkRetry is the retryablehttp.CheckRetry. It decides on the noted outcome; its error is always
// nil, so that the response is kept.
func (c *call) checkRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	c.willRetry = c.attempted && c.last.retryable && c.prepareRetry(ctx)
	return c.willRetry, nil
}

func (c *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return c.wait }

// prepareRetry reports whether a retry that would be right is also affordable, and computes the
// wait before it.
func (c *call) prepareRetry(ctx context.Context) bool {
	p, r, res := c.policy, c.request, &c.result
	if r.Once || !c.retriesLeft() || res.RetryAfter > p.MaxRetryAfter {
		return false
	}
	wait := c.nextWait(ctx)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		res.Stop = context.DeadlineExceeded
		return false
	}
	if !r.Unmetered && !c.last.throttled && !p.budget.take(c.last.cost(), time.Now()) {
		if r.Exhausted != nil {
			r.Exhausted()
		}
		return false
	}
	if r.Retry != nil {
		r.Retry(res, wait)
	}
	if c.last.pausing {
		c.waited++
	} else {
		c.retries++
	}
	c.wait = wait
	return true
}

// retriesLeft counts apart the retries and the responses that only ask to slow down.
func (c *call) retriesLeft() bool {
	switch p := c.policy; {
	case p.Retries == 0 || c.retries+c.waited >= c.loop.RetryMax:
		return false
	case c.last.pausing:
		return c.pauses <= maxPauses
	default:
		return c.retries < p.Retries
	}
}

// nextWait returns how long to wait before the next attempt.
func (c *call) nextWait(ctx context.Context) time.Duration {
	p, retryAfter := c.policy, c.result.RetryAfter
	switch {
	case retryAfter > 0:
		return retryAfter + spread(ctx, retryAfter, retryAfter)
	case !c.last.pausing:
		return jittered(doubled(p.WaitMin, p.WaitMax, c.retries))
	case c.request.Unmetered:
		return p.pauseFor(c.pauses)
	}
	return c.last.pauseLeft
}

// doubled doubles lowest n times, up to highest.
func doubled(lowest, highest time.Duration, n int) time.Duration {
	if n < 62 && lowest <= highest>>n {
		return lowest << n
	}
	return highest
}

// jittered takes a random amount of up to half off a wait, so that clients don't come back in step.
func jittered(wait time.Duration) time.Duration { return shortened(wait, 0.5) }

// shortened takes a random amount of up to a share of it off a wait.
func shortened(wait time.Duration, share float64) time.Duration {
	return wait - rand.N(time.Duration(float64(wait)*share)+1) //nolint:gosec // jitter, not secrecy
}
