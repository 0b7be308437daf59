package linkittest

import (
	"net/http"
	"sync"
	"time"

	"github.com/linkit-go/linkit"
)

// WithLoginLimit allows a number of sign-ins per interval. Further ones get a 429 without a
// Retry-After, whatever their body, until the interval has passed since the first one, in whole
// seconds where it is a second or longer. This is how PocketBase limits sign-ins; its default is 2
// in 3 seconds. [Server.Client] waits between attempts for as long as it takes to get through, up
// to the SDK's default waits.
func WithLoginLimit(logins int, per time.Duration) Option {
	return func(s *settings) { s.loginLimit = limit{most: logins, per: per} }
}

// WithRateLimit allows a number of requests per interval, from all clients together. Further ones
// get a 429 without a Retry-After and have no effect, until the interval has passed since the first
// one, in whole seconds where it is a second or longer. This is how PocketBase limits requests; its
// default is 300 in 10 seconds. Sign-ins count as well, unless [WithLoginLimit] limits them
// separately. [Server.Client] waits between attempts for as long as it takes to get through, up to
// the SDK's default waits.
func WithRateLimit(requests int, per time.Duration) Option {
	return func(s *settings) { s.rateLimit = limit{most: requests, per: per} }
}

// limit is a number of requests per interval, without one if the interval is zero.
type limit struct {
	most int
	per  time.Duration
}

// limiter applies a limit as PocketBase does: in windows that begin with the first request after
// the last one ended.
type limiter struct {
	limit
	mu        sync.Mutex
	available int
	began     time.Time // the window
}

func (l *limiter) allow(now time.Time) bool {
	if l.per <= 0 {
		return true
	}
	if l.per >= time.Second {
		now = time.Unix(now.Unix(), 0)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.IsZero() || now.Sub(l.began) >= l.per {
		l.available, l.began = l.most, now
	}
	if l.available <= 0 {
		return false
	}
	l.available--
	return true
}

// limited returns the response to a request that exceeds a limit.
func (s *Server) limited(pattern string) (response, bool) {
	l := &s.rateLimit
	if pattern == "/auth/login" && s.loginLimit.per > 0 {
		l = &s.loginLimit
	}
	if l.allow(time.Now()) {
		return response{}, false
	}
	return pocketBase(http.StatusTooManyRequests, "Too many requests."), true
}

// retryWait returns the waits between attempts of [Server.Client]: milliseconds, or with a limit,
// in proportion to its interval as the SDK's default waits are to PocketBase's default interval.
func (s *settings) retryWait() linkit.Option {
	const sdkDefault = 10 * time.Second
	per := min(max(s.loginLimit.per, s.rateLimit.per), sdkDefault)
	return linkit.WithRetryWait(max(per/20, time.Millisecond), max(per, 20*time.Millisecond))
}
