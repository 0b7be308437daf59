// Package session caches a token. It fetches one when it is first needed, and a new one before it
// expires or when it is rejected: one at a time, however many callers ask. It knows nothing of what
// a token is or where it comes from.
package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fetchTimeout = time.Minute     // one run of the source
	closeTimeout = 5 * time.Second // Close, for a source that ignores its context
)

var (
	// ErrClosed is returned for a token that would have to be fetched after Close.
	ErrClosed = errors.New("the client is closed")
	// ErrReentrant is returned to a source that asks its own cache.
	ErrReentrant = errors.New("the function that supplies the credential must not use the client")
	// ErrTimeout is returned when the source takes longer than a minute. It is a net.Error that has
	// timed out.
	ErrTimeout error = timeoutError{}

	errReset = errors.New("reset")
)

// Source fetches tokens.
type Source[T any] interface {
	// Fetch returns a new token. old is the one that it replaces, or the one last rejected; nil if
	// there is none. skipStore reports that [Cache.Reset] was called: a stored token must not be used.
	// Fetch runs on a context that no caller's cancellation reaches, for a minute at most.
	Fetch(ctx context.Context, old *Token[T], skipStore bool) (Grant[T], error)
}

// Config configures a [Cache].
type Config[T any] struct {
	Source Source[T]
	// Classify reports whether the source's error is a rejection, which makes the wait before the next
	// fetch grow, and the least that this wait must be: 0 means a second, less means no wait at all.
	Classify func(error) (rejected bool, wait time.Duration)
	// RenewalFailed is called after a failed fetch while the old token is still good, with the
	// context that the source ran on. It must not block.
	RenewalFailed func(context.Context, error)
	// Same reports whether a token is no other than the rejected one that it replaces, and would be
	// rejected again: the next replacement waits. Where Same is nil, [Cache.Replayed] tells.
	Same func(rejected, next T) bool
}

// Cache holds at most one token. Use [New].
type Cache[T any] struct {
	Config[T]
	current atomic.Pointer[Token[T]]

	mu         sync.Mutex // never held while the source runs
	generation uint64
	flight     *flight[T] // the run of the source that callers wait for
	latest     *flight[T] // the last run, which Reset may have abandoned
	running    int        // runs of the source, abandoned ones included
	closed     bool
	idle       chan struct{} // closed when the last run ends after Close
	skipStore  bool          // Reset was called since the last token
	lastErr    error         // why there is no token
	cooldown   backoff       // without a token: calls fail with lastErr
	renewal    backoff       // with one: it is used

	lastRejected     *Token[T]   // also the one that Reset forgot
	rejectionBackoff backoff     // new tokens are rejected as well
	rejectedGen      uint64      // the generation that rejectionBackoff has counted
	rejecting        atomic.Bool // rejectionBackoff has begun
	doubtBackoff     backoff     // tokens that seemed to have expired were replaced in vain
	doubtedGen       uint64      // the generation that it has counted: the server's clock is believed of later ones
	allowance        allowance
}

// New returns an empty Cache. It starts nothing.
func New[T any](c Config[T]) *Cache[T] {
	return &Cache[T]{Config: c, idle: make(chan struct{})}
}

// Get returns a good token, and fetches one if there is none. While there is one that need not be
// renewed yet, it takes no lock.
func (c *Cache[T]) Get(ctx context.Context, now time.Time) (*Token[T], error) {
	if t := c.current.Load(); t != nil && t.fresh(now) {
		return t, nil
	}
	if ctx.Value(c) != nil {
		return nil, ErrReentrant
	}
	for {
		t, f, err := c.tokenOrFlight(ctx, now)
		if f == nil {
			return t, err
		}
		next, err := f.wait(ctx, c)
		now = time.Now()
		switch {
		case err == nil:
			return next, nil
		case errors.Is(err, errReset):
			continue
		case t != nil && c.current.Load() == t && !t.Expired(now):
			return t, nil
		}
		return nil, err
	}
}

// TryGet is Get without waiting: it returns nil where Get would wait or fail. Where a token is due,
// it begins to fetch it in the background.
func (c *Cache[T]) TryGet(ctx context.Context, now time.Time) *Token[T] {
	if t := c.current.Load(); t != nil && t.fresh(now) {
		return t
	} else if t == nil || t.Expired(now) || ctx.Value(c) != nil {
		return nil // Get fetches: a fetch begun here might fail before Get could wait for it
	}
	t, f, _ := c.tokenOrFlight(ctx, now)
	if f != nil {
		return nil
	}
	return t
}

// tokenOrFlight returns a token to use now, or the flight to wait for, with the token to fall back
// on.
func (c *Cache[T]) tokenOrFlight(ctx context.Context, now time.Time) (*Token[T], *flight[T], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.current.Load()
	good := t != nil && !t.Expired(now)
	if good && t.fresh(now) {
		return t, nil, nil
	}
	if c.flight == nil {
		switch {
		case good && (c.closed || c.renewal.active(now)):
			return t, nil, nil
		case c.closed:
			return nil, nil, ErrClosed
		case c.cooldown.active(now):
			return nil, nil, c.lastErr
		}
		c.start(ctx, t)
	}
	if good && t.age(now) < t.waitAt {
		return t, nil, nil
	}
	return t, c.flight, nil
}

// Reset forgets the token and ends every wait.
func (c *Cache[T]) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.current.Swap(nil); t != nil {
		c.lastRejected = t
	}
	c.cooldown, c.renewal = backoff{}, backoff{}
	c.endRejection()
	c.doubtBackoff = backoff{}
	c.skipStore = true
	if f := c.flight; f != nil {
		c.flight = nil
		f.err = errReset
		f.cancel(errReset)
	}
}

// Close cancels a run of the source and waits for it to end. A source that takes more than 5 s for
// that is an error. Close may be called more than once.
func (c *Cache[T]) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		if c.running == 0 {
			close(c.idle)
		}
	}
	if c.flight != nil {
		c.flight.cancel(ErrClosed)
	}
	c.mu.Unlock()
	select {
	case <-c.idle:
		return nil
	case <-time.After(closeTimeout):
		return fmt.Errorf("a sign-in did not end within %v of Close", closeTimeout)
	}
}

// install makes g the current token; c.mu is held.
func (c *Cache[T]) install(g Grant[T], now time.Time) *Token[T] {
	c.generation++
	t := newToken(g, c.generation, now)
	if old := c.lastRejected; c.Same != nil && old != nil && !c.skipStore {
		// Before t can be used: a call that meets its rejection must find the wait.
		if c.Same(old.Value, t.Value) {
			c.beginRejection(t, now)
		} else {
			c.endRejection()
		}
	}
	c.current.Store(t)
	c.cooldown, c.renewal, c.lastErr, c.lastRejected, c.skipStore = backoff{}, backoff{}, nil, nil, false
	c.allowance.take(now, t.life)
	return t
}

// backOff sets how long not to fetch again after err; c.mu is held.
func (c *Cache[T]) backOff(now time.Time, err error, good bool) {
	rejected, wait := c.Classify(err)
	c.lastErr = err
	c.renewal.grow(now, maxBackoff) // a new token ends both
	c.renewal.extend(now, wait)
	switch {
	case rejected && !good:
		c.cooldown.grow(now, maxRejectedBackoff)
	case wait >= 0:
		c.cooldown.extend(now, minBackoff)
	}
	c.cooldown.extend(now, wait)
}
