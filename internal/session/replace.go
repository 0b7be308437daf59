package session

import (
	"context"
	"time"
)

// Reason is why a token is to be replaced before its time.
type Reason int

const (
	// Rejected tokens are ones that the server says it doesn't accept.
	Rejected Reason = iota
	// Expired tokens were past their end when the response arrived, which may explain it.
	Expired
	// ExpiredByServer tokens were past their end by the server's clock alone.
	ExpiredByServer
)

// Replace returns a token other than t. It returns nil when that is not worth while: new tokens
// were replaced in vain, and it is too soon for another one.
func (c *Cache[T]) Replace(ctx context.Context, t *Token[T], why Reason) (*Token[T], error) {
	now := time.Now()
	c.mu.Lock()
	replace := c.mayReplace(now, t, why)
	if replace && c.current.Load() == t {
		c.lastRejected = t
		c.current.Store(nil)
	}
	c.mu.Unlock()
	if !replace {
		return nil, nil
	}
	return c.Get(ctx, now)
}

// mayReplace reports whether a token other than t is wanted. Where there is one already it costs
// nothing, unless the server's clock is not to be believed; c.mu is held.
func (c *Cache[T]) mayReplace(now time.Time, t *Token[T], why Reason) bool {
	current := c.current.Load() == t
	switch why {
	case Rejected:
		return !current || !c.rejectionBackoff.active(now)
	case Expired:
		return !current || !c.doubtBackoff.active(now)
	}
	if c.doubtBackoff.active(now) {
		return false
	}
	return !current || t.generation > c.doubtedGen && c.allowance.available(now, t.life)
}

// Replayed reports whether t, which [Cache.Replace] returned, changed the server's response. Tokens
// that don't make the next replacement for the same reason wait.
func (c *Cache[T]) Replayed(t *Token[T], why Reason, changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case why == Rejected && changed:
		c.endRejection()
	case why == Rejected && t.generation > c.rejectedGen:
		c.beginRejection(t, now)
	case why == Rejected:
	case changed:
		c.doubtBackoff = backoff{}
	case t.generation > c.doubtedGen:
		c.doubtedGen = t.generation
		c.doubtBackoff.grow(now, maxBackoff)
	}
}

// Accepted ends the wait after tokens that were rejected. It is cheap where there is none.
func (c *Cache[T]) Accepted() {
	if !c.rejecting.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endRejection()
}

// beginRejection begins the next wait after a token that is rejected as well; c.mu is held.
func (c *Cache[T]) beginRejection(t *Token[T], now time.Time) {
	c.rejectedGen = t.generation
	c.rejectionBackoff.grow(now, maxBackoff)
	c.rejecting.Store(true)
}

func (c *Cache[T]) endRejection() {
	c.rejectionBackoff = backoff{}
	c.rejecting.Store(false)
}
