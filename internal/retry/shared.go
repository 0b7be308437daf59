package retry

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The retry budget keeps an outage from multiplying traffic: a full one allows 100 retries in a row.
const (
	budgetSize  = 500
	retryCost   = 5
	timeoutCost = 10
)

type budget struct{ left atomic.Int64 }

func (b *budget) take(cost int64) bool {
	for {
		left := b.left.Load()
		if left < cost {
			return false
		}
		if b.left.CompareAndSwap(left, left-cost) {
			return true
		}
	}
}

func (b *budget) give() {
	for {
		left := b.left.Load()
		if left >= budgetSize || b.left.CompareAndSwap(left, left+1) {
			return
		}
	}
}

// pause holds every call back for as long as one answer's Retry-After asks.
type pause struct {
	mu      sync.Mutex // orders begin
	current atomic.Pointer[hold]
}

// hold is one Retry-After.
type hold struct {
	until    time.Time
	answer   Result        // that asked for it
	over     bool          // longer than anyone waits: calls get the answer at once, but for a probe a second
	probe    atomic.Int64  // when the next probe may go, in nanoseconds since begun
	begun    time.Time     // with probe
	replaced chan struct{} // closed when a longer hold takes its place
}

const probeEvery = time.Second

func (p *pause) begin(answer *Result, most time.Duration) {
	now := time.Now()
	h := &hold{until: now.Add(answer.RetryAfter), answer: *answer, over: answer.RetryAfter > most, begun: now, replaced: make(chan struct{})}
	h.probe.Store(int64(probeEvery))
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.current.Load()
	if old != nil && !old.until.Before(h.until) {
		return
	}
	p.current.Store(h)
	if old != nil {
		close(old.replaced)
	}
}

// mayProbe lets one caller a second through.
func (h *hold) mayProbe(now time.Time) bool {
	due, passed := h.probe.Load(), now.Sub(h.begun)
	return int64(passed) >= due && h.probe.CompareAndSwap(due, int64(passed+probeEvery))
}

// outwait waits until no pause holds the call. Where that can't or mustn't be waited for, the call ends with the answer that
// began the pause, unless it has one of its own.
func (c *call) outwait(ctx context.Context) bool {
	for {
		h := c.policy.pause.current.Load()
		if h == nil {
			return true
		}
		now := time.Now()
		left := h.until.Sub(now)
		c.queued = true
		if left <= 0 {
			c.policy.pause.current.CompareAndSwap(h, nil)
			continue
		}
		if h.over {
			if c.probe = h.mayProbe(now); !c.probe {
				c.adoptHold(h, left)
			}
			return c.probe
		}
		if deadline, ok := ctx.Deadline(); ok && deadline.Sub(now) <= left {
			c.adoptHold(h, left)
			c.result.Stop = context.DeadlineExceeded
			return false
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-h.replaced:
		case <-ctx.Done():
			c.adoptHold(h, left)
			c.result.Stop = ctx.Err()
		}
		timer.Stop()
		if c.result.Stop != nil {
			return false
		}
	}
}

// adopt takes over what another call came to, unless this one has come to something itself.
func (c *call) adopt(other *Result) bool {
	own := c.result
	if own.Status != 0 || own.Err != nil {
		return false
	}
	c.result = *other
	c.result.Attempts, c.result.Sent, c.result.Stop = own.Attempts, own.Sent, own.Stop
	return true
}

func (c *call) adoptHold(h *hold, left time.Duration) {
	if c.adopt(&h.answer) {
		c.result.RetryAfter = left
	}
}

// ErrOpen is why a call was not sent (again): too many attempts in a row have failed.
var ErrOpen = errors.New("the circuit is open")

// breaker stops sending when attempts fail in a row, and probes one by one after a while.
type breaker struct {
	two  *gobreaker.TwoStepCircuitBreaker[struct{}]
	last atomic.Pointer[Result] // of the failures
}

var (
	errFailed  = errors.New("failed")
	errIgnored = errors.New("the caller left")
)

func newBreaker(failures int, cooldown time.Duration) *breaker {
	return &breaker{two: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     cooldown,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return int64(counts.ConsecutiveFailures) >= int64(failures) },
		IsExcluded:  func(err error) bool { return errors.Is(err, errIgnored) },
	})}
}

// enter asks the breaker, where there is one, to let an attempt through. The call that it stops ends with the last failure.
func (c *call) enter() bool {
	b := c.policy.breaker
	if b == nil || c.request.Unmetered {
		return true
	}
	done, err := b.two.Allow()
	if err != nil {
		c.result.Stop = ErrOpen
		if last := b.last.Load(); last != nil {
			c.adopt(last)
		}
		return false
	}
	c.done = done
	return true
}

// tell passes on what became of an attempt that was let through; an attempt that panicked has failed.
func (c *call) tell(ctx context.Context) {
	if c.done == nil {
		return
	}
	done := c.done
	c.done = nil
	switch {
	case !c.fresh:
		done(errFailed)
	case c.last.status == 0 && ctx.Err() != nil:
		done(errIgnored)
	case c.last.status == 0 || c.last.status >= 500:
		c.policy.breaker.last.Store(c.shared())
		done(errFailed)
	default:
		done(nil)
	}
}
