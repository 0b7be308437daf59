package retry

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// outcome is the result of one attempt, as far as retrying depends on it. That of a response to
// keep is only a status.
type outcome struct {
	status     int           // 0: no usable response
	retryAfter bool          // the response has a readable Retry-After
	asked      time.Duration // by Retry-After
	unsent     bool          // proven: the server got nothing
	timeout    bool          // the attempt's own time was up
	final      bool          // a retry can't help, or must not be made

	retryable bool          // the request may be retried
	lost      bool          // the attempt may have taken effect, and its response says nothing about that
	uncertain bool          // the server may have acted on the attempt
	throttled bool          // the server asked to slow down, rather than failed
	pausing   bool          // it didn't say for how long
	pauseLeft time.Duration // of the pause that pausing began
}

// lastStandardStatus is the highest that is registered. Gateways and CDNs add their own above it,
// for upstreams that failed.
const lastStandardStatus = http.StatusNetworkAuthenticationRequired

// judge is the table of what is retried, for an attempt that failed.
func (o *outcome) judge(idempotent bool) {
	switch o.status {
	case 0:
		o.lost, o.uncertain = !o.unsent, !o.unsent
		o.retryable = !o.final && (o.unsent || idempotent)
	case http.StatusTooManyRequests:
		o.throttled, o.pausing = true, o.asked == 0
		o.retryable = true
	case http.StatusServiceUnavailable:
		o.throttled, o.uncertain = o.retryAfter, !o.retryAfter
		o.retryable = o.retryAfter || idempotent
	case http.StatusTooEarly:
		o.retryable = idempotent
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		o.lost, o.uncertain = true, true
		o.retryable = idempotent
	default:
		upstream := o.status > lastStandardStatus
		o.lost, o.uncertain = upstream, upstream
		o.retryable = upstream && idempotent
	}
}

// cost is what a retry after a failure takes from the budget.
func (o *outcome) cost() int64 {
	if o.timeout {
		return timeoutCost
	}
	return retryCost
}

// classify notes the response of an attempt, or why there is none, in the call's result, and
// returns what retrying depends on.
func (c *call) classify(ctx context.Context, x *exchange) outcome {
	res := &c.result
	res.Status, res.Err, res.Header, res.RetryAfter = 0, nil, nil, 0
	var o outcome
	switch {
	case x.err != nil:
		o = c.classifyError(ctx, x)
	case x.resp.StatusCode < http.StatusBadRequest:
		res.Status, res.Header = x.resp.StatusCode, x.resp.Header
		return outcome{status: res.Status}
	default:
		res.Status, res.Header = x.resp.StatusCode, x.resp.Header
		o.status = res.Status
		o.asked, o.retryAfter = retryAfter(res.Header, res.Received)
		res.RetryAfter = o.asked
	}
	o.judge(c.request.Idempotent)
	return o
}

// classifyError is classify without a usable response.
func (c *call) classifyError(ctx context.Context, x *exchange) (o outcome) {
	p, res := c.policy, &c.result
	res.Close()
	res.Body = nil
	tunnel := refusedTunnel(x, c.request.URL, p.proxied)
	if tunnel != nil {
		x.err = tunnel
	}
	if x.resp == nil {
		o.unsent = tunnel != nil || x.trace.none() ||
			isDial(x.err) && (p.plain || !x.trace.had()) || isHandshake(x.err) && p.plain
	}
	res.Err, o.timeout = p.explain(ctx, x, c.request.URL.RawQuery)
	o.final = errors.Is(x.err, errTooLarge) || ctx.Err() != nil || isHandshake(x.err) || isAlert(x.err) ||
		tunnel != nil && tunnel.final()
	return o
}

// retryAfter reads a Retry-After: seconds, or any HTTP date, which is taken by the response's own
// clock where it has one. A figure too large for a Duration is the largest.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		const longest = int64(1<<63-1) / int64(time.Second)
		seconds, _ := strconv.ParseInt(text, 10, 64) // the largest int64 where it is larger
		return time.Duration(min(seconds, longest)) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0), true
}
