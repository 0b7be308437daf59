// Package session keeps a token: it gets one when it is first needed, a new one before it ends or when it is refused, and
// one at a time however many ask. It knows nothing of what a token is or where it comes from.
package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	patience     = time.Minute     // one run of the source
	closeWait    = 5 * time.Second // Close, for a source that doesn't heed its context
	shortest     = time.Second     // every back-off's first wait
	longestRenew = time.Minute
	longestRefus = 5 * time.Minute
	longestLife  = 100 * 365 * 24 * time.Hour // beyond, instants overflow
)

var (
	// ErrClosed is returned for a token that would have to be fetched after Close.
	ErrClosed = errors.New("the client is closed")
	// ErrInside is returned to a source that asks its own cache.
	ErrInside = errors.New("the function that supplies the credential must not use the client")
	// ErrHung is returned when the source takes longer than a minute. It is a net.Error that has timed out.
	ErrHung error = hungError{}

	errReset = errors.New("reset")
)

// Grant is a new token, as the source got it.
type Grant[T any] struct {
	Value T
	Asked time.Time     // when it was asked for: its life counts from here
	Life  time.Duration // 0: until it is refused
}

// Config is what a Cache is made of.
type Config[T any] struct {
	// Source gets a token. old is the one it replaces, nil if none; afresh says that Reset was called. It runs on a context
	// that the caller's cancel doesn't reach, for a minute at most.
	Source func(ctx context.Context, old *Token[T], afresh bool) (Grant[T], error)
	// Classify says of Source's error whether it was a refusal, which grows the wait, and how long to leave off at least: a
	// second, unless it says longer, and not at all when it is negative.
	Classify func(error) (refused bool, wait time.Duration)
	// RenewalFailed is told of a failure while the old token is still good, with the context that Source ran on. It must not
	// block.
	RenewalFailed func(context.Context, error)
}

// Token is one grant. It is never changed.
type Token[T any] struct {
	Value      T
	generation uint64
	asked      time.Time
	wall       int64         // asked, on the wall clock: a suspended machine's monotonic clock stands still
	life       time.Duration // 0: unknown
	soft, hard time.Duration // the ages from which it is renewed, and from which callers wait for that
	softAt     time.Time     // soft, as instants: the hot path only compares
	softWall   int64
}

func (t *Token[T]) age(now time.Time) time.Duration {
	return max(now.Sub(t.asked), time.Duration(now.UnixNano()-t.wall))
}

// Expired reports whether t is past its end. A token whose end is unknown never is.
func (t *Token[T]) Expired(now time.Time) bool { return t.life > 0 && t.age(now) >= t.life }

// NeverExpires reports whether t's end is unknown.
func (t *Token[T]) NeverExpires() bool { return t.life == 0 }

func (t *Token[T]) fresh(now time.Time) bool {
	return t.life == 0 || now.Before(t.softAt) && now.UnixNano() < t.softWall
}

// Cache holds at most one token. Use New.
type Cache[T any] struct {
	Config[T]
	current atomic.Pointer[Token[T]]

	mu         sync.Mutex // never held while the source runs
	generation uint64
	flight     *flight[T] // the run of the source that callers wait for
	latest     *flight[T] // the last one started, which may have been abandoned
	running    int        // runs of the source, abandoned ones included
	closed     bool
	idle       chan struct{} // closed when the last run ends after Close
	afresh     bool
	forgotten  *Token[T] // the token last refused
	lastErr    error     // why there is no token
	cooldown   backoff   // without a token: calls fail with lastErr
	renewal    backoff   // with one: it is used
	suspicion  backoff   // new tokens are refused as well: 401s are passed on
	suspect    uint64    // the generation that suspicion has counted
}

// New returns an empty Cache. It starts nothing.
func New[T any](c Config[T]) *Cache[T] {
	return &Cache[T]{Config: c, idle: make(chan struct{})}
}

// Get returns a good token, fetching one if need be. With a fresh one it takes no lock.
func (c *Cache[T]) Get(ctx context.Context, now time.Time) (*Token[T], error) {
	if t := c.current.Load(); t != nil && t.fresh(now) {
		return t, nil
	}
	if ctx.Value(c) != nil {
		return nil, ErrInside
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
		case ctx.Err() == nil && t != nil && c.current.Load() == t && !t.Expired(now):
			return t, nil
		}
		return nil, err
	}
}

// Peek returns a good token where there is one that needs no waiting for, and nil otherwise.
func (c *Cache[T]) Peek(now time.Time) *Token[T] {
	t := c.current.Load()
	if t == nil || !t.fresh(now) && (t.Expired(now) || t.age(now) >= t.hard) {
		return nil
	}
	return t
}

// tokenOrFlight returns a token to use now, or the flight to wait for, with the token to fall back on.
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
		case good && (c.closed || c.renewal.holds(now)):
			return t, nil, nil
		case c.closed:
			return nil, nil, ErrClosed
		case !good && c.cooldown.holds(now):
			return nil, nil, c.lastErr
		}
		c.start(ctx, t)
	}
	if good && t.age(now) < t.hard {
		return t, nil, nil
	}
	return t, c.flight, nil
}

// Replace returns a token other than t, which the server refused. It returns nil when new tokens have been refused as well,
// and it is too soon for another.
func (c *Cache[T]) Replace(ctx context.Context, t *Token[T]) (*Token[T], error) {
	now := time.Now()
	c.mu.Lock()
	if c.current.Load() == t {
		if c.suspicion.holds(now) {
			c.mu.Unlock()
			return nil, nil
		}
		c.forgotten = t
		c.current.Store(nil)
	}
	c.mu.Unlock()
	return c.Get(ctx, now)
}

// Replayed says whether a token that Replace returned was accepted.
func (c *Cache[T]) Replayed(t *Token[T], accepted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case accepted:
		c.suspicion = backoff{}
	case t.generation > c.suspect:
		c.suspect = t.generation
		c.suspicion.grow(time.Now(), longestRenew)
	}
}

// Reset forgets the token and ends every wait.
func (c *Cache[T]) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.current.Swap(nil); t != nil {
		c.forgotten = t
	}
	c.cooldown, c.renewal, c.suspicion = backoff{}, backoff{}, backoff{}
	c.afresh = true
	if f := c.flight; f != nil {
		c.flight = nil
		f.err = errReset
		close(f.done)
		f.cancel(errReset)
	}
}

// Close cancels a run of the source and waits for it. A source that doesn't end within 5 s is an error. It is idempotent.
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
	timer := time.NewTimer(closeWait)
	defer timer.Stop()
	select {
	case <-c.idle:
		return nil
	case <-timer.C:
		return fmt.Errorf("a sign-in did not end within %v of Close", closeWait)
	}
}

// install makes g the current token; c.mu is held.
func (c *Cache[T]) install(g Grant[T], now time.Time) *Token[T] {
	g.Life = min(max(g.Life, 0), longestLife)
	if now.Sub(g.Asked) >= g.Life-g.Life/5 {
		g.Asked = now // slower to get than to use up: counting from here keeps it from being asked for on every call
	}
	c.generation++
	t := &Token[T]{Value: g.Value, generation: c.generation, asked: g.Asked, wall: g.Asked.UnixNano(), life: g.Life}
	soft, hard := windows(t.life)
	t.soft, t.hard = t.life-soft, t.life-hard
	t.softAt, t.softWall = t.asked.Add(t.soft), t.wall+int64(t.soft)
	c.current.Store(t)
	c.cooldown, c.renewal, c.lastErr, c.forgotten, c.afresh = backoff{}, backoff{}, nil, nil, false
	return t
}

// windows returns how long before its end a token is renewed, and how long before it callers wait for that. The first is
// less up to a fifth by chance, so that a fleet started together doesn't renew together, and never more than a fifth of
// the life, which bounds the sign-ins to 1.25 a life.
func windows(life time.Duration) (soft, hard time.Duration) {
	soft = min(max(life/10, 30*time.Second), 5*time.Minute, life/5)
	soft -= rand.N(soft/5 + 1) //nolint:gosec // chance, not secrecy
	return soft, min(10*time.Second, life/20)
}

// leaveOff notes how long not to try again; c.mu is held.
func (c *Cache[T]) leaveOff(now time.Time, err error, good bool) {
	refused, wait := c.Classify(err)
	c.lastErr = err
	if good {
		c.renewal.grow(now, longestRenew)
		c.renewal.extend(now, wait)
	}
	switch {
	case refused && !good:
		c.cooldown.grow(now, longestRefus)
	case wait >= 0:
		c.cooldown.extend(now, shortest)
	}
	c.cooldown.extend(now, wait)
}

// backoff is a wait that doubles.
type backoff struct {
	until time.Time
	wait  time.Duration
}

func (b *backoff) holds(now time.Time) bool { return now.Before(b.until) }

// grow starts the next wait, twice the last and at most most.
func (b *backoff) grow(now time.Time, most time.Duration) {
	b.wait = min(max(2*b.wait, shortest), most)
	b.extend(now, b.wait)
}

// extend makes the wait last for d at least.
func (b *backoff) extend(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(b.until) {
		b.until = until
	}
}
