package retry

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// outcome is the result of one attempt, as far as retrying depends on it.
type outcome struct {
	status     int           // 0: no usable response
	retryAfter bool          // the response has a readable Retry-After
	asked      time.Duration // by Retry-After
	unsent     bool          // proven: the server got nothing
	timeout    bool          // the attempt's own time was up
	final      bool          // a retry can't help, or must not be made
	pauseLeft  time.Duration // of the pause that pausing began
}

// lastStandardStatus is the highest that is registered. Gateways and CDNs add their own above it, for upstreams that failed.
const lastStandardStatus = http.StatusNetworkAuthenticationRequired

// retryable is the table of what is retried.
func (o *outcome) retryable(idempotent bool) bool {
	switch o.status {
	case 0:
		return !o.final && (o.unsent || idempotent)
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable:
		return idempotent || o.retryAfter
	case http.StatusTooEarly:
		return idempotent
	}
	return o.lost() && idempotent
}

// lost reports whether the attempt may have taken effect, and its response says nothing about that.
func (o *outcome) lost() bool {
	switch o.status {
	case 0:
		return !o.unsent
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return o.status > lastStandardStatus
}

// uncertain reports whether the server may have acted on the attempt.
func (o *outcome) uncertain() bool {
	return o.lost() || o.status == http.StatusServiceUnavailable && !o.retryAfter
}

// throttled reports whether the server asked to slow down, rather than failed.
func (o *outcome) throttled() bool {
	return o.status == http.StatusTooManyRequests || o.status == http.StatusServiceUnavailable && o.retryAfter
}

// pausing reports whether the server asked to slow down without saying for how long.
func (o *outcome) pausing() bool { return o.status == http.StatusTooManyRequests && o.asked == 0 }

// cost is what a retry after o takes from the budget.
func (o *outcome) cost() int64 {
	switch {
	case o.throttled():
		return 0
	case o.timeout:
		return timeoutCost
	}
	return retryCost
}

// classify notes in the call's result what came of an attempt, and returns what retrying depends on.
func (c *call) classify(ctx context.Context, x *exchange) outcome {
	p, res := c.policy, &c.result
	res.Status, res.Err, res.Header, res.RetryAfter = 0, nil, nil, 0
	if x.err == nil {
		o := outcome{status: x.resp.StatusCode}
		res.Status, res.Header = o.status, x.resp.Header
		if o.status >= http.StatusBadRequest {
			o.asked, o.retryAfter = retryAfter(res.Header, res.Received)
			res.RetryAfter = o.asked
		}
		return o
	}
	res.Close()
	res.Body = nil
	o := outcome{}
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

// retryAfter reads a Retry-After: seconds, or any HTTP date, which is taken by the response's own clock where it has
// one. A figure too large for a Duration is the largest.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		const longest = int64(1<<63-1) / int64(time.Second)
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > longest {
			seconds = longest
		}
		return time.Duration(seconds) * time.Second, true
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
