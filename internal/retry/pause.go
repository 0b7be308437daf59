package retry

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// pause holds every call back for as long as a response asks for. A 429 that doesn't say for how
// long begins one that doubles with each such response in a row.
type pause struct {
	current atomic.Pointer[hold]
	run     atomic.Int64 // 429s in a row that didn't say for how long; those met side by side count once

	mu       sync.Mutex // held to begin a pause
	runBegan time.Time  // when the last of the run arrived
}

// hold is one pause.
type hold struct {
	until    time.Time
	asked    time.Duration // by Retry-After; 0: the response didn't say
	result   Result        // that began it
	over     bool          // longer than anyone waits: calls get the result at once, but for a probe a second
	probe    atomic.Int64  // when the next probe may be sent, in nanoseconds since began
	began    time.Time     // with probe
	replaced chan struct{} // closed when a longer pause takes its place
}

const probeEvery = time.Second

// throttle begins the pause that the call's last response asks for.
func (p *Policy) throttle(c *call) {
	c.pauses++
	switch {
	case !c.last.pausing:
		c.pauses = 0
		if !c.request.Unmetered {
			p.pause.mu.Lock()
			defer p.pause.mu.Unlock()
			p.pause.pauseUntil(time.Now().Add(c.result.RetryAfter), c, c.result.RetryAfter > p.MaxRetryAfter)
		}
	case !c.request.Unmetered:
		c.last.pauseLeft = p.slowDown(c)
	}
}

// slowDown returns how long the call has to wait after a 429 that doesn't say. Calls that meet one
// side by side share a pause.
func (p *Policy) slowDown(c *call) time.Duration {
	s := &p.pause
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	old := s.current.Load()
	sideBySide := !c.result.Began.After(s.runBegan)
	if sideBySide && old != nil && now.Before(old.until) && !old.over {
		return old.until.Sub(now)
	}
	if !sideBySide || s.run.Load() == 0 {
		s.run.Add(1)
	}
	s.runBegan = now
	wait := p.pauseFor(int(s.run.Load()))
	s.pauseUntil(now.Add(wait), c, false)
	return wait
}

// pauseFor returns how long to wait after n 429s in a row that don't say: twice WaitMin, doubling
// to WaitMax, less a random amount. The amounts are those by which, in simulations, twenty
// processes that sign in at once all pass a limit of two in three seconds: little at first, when no
// window has passed yet, much while many are left, and little again when the last attempts must not
// come too early.
func (p *Policy) pauseFor(n int) time.Duration {
	wait := doubled(2*p.WaitMin, p.WaitMax, n-1)
	switch {
	case n <= 2:
		return shortened(wait, 0.1)
	case n <= 4:
		return shortened(wait, 0.5)
	case n == 5 && rand.N(2) == 0: //nolint:gosec // jitter, not secrecy
		return shortened(wait/2+wait/10, 1.0/6)
	case n == 5:
		return shortened(wait, 0.1)
	}
	return shortened(wait, 0.3)
}

// accepted notes that the server took a request: a run of 429s has ended, and so has a pause that
// only a probe passed.
func (p *Policy) accepted(c *call) {
	if c.probe {
		p.pause.current.Store(nil)
	}
	if c.last.status < 400 {
		p.budget.add(1)
	}
	if c.last.status >= http.StatusInternalServerError || p.pause.run.Load() == 0 {
		return
	}
	p.pause.mu.Lock()
	defer p.pause.mu.Unlock()
	if c.result.Began.After(p.pause.runBegan) { // one sent before the pause proves nothing
		p.pause.run.Store(0)
	}
}

// pauseUntil begins a pause, unless a longer one is under way; p.mu is held.
func (p *pause) pauseUntil(until time.Time, c *call, over bool) {
	old := p.current.Load()
	if old != nil && !old.until.Before(until) {
		return
	}
	h := &hold{
		until: until, asked: c.result.RetryAfter, result: *c.shared(), over: over,
		began: time.Now(), replaced: make(chan struct{}),
	}
	h.probe.Store(int64(probeEvery))
	p.current.Store(h)
	if old != nil {
		close(old.replaced)
	}
}

// mayProbe lets one caller a second through.
func (h *hold) mayProbe(now time.Time) bool {
	due, passed := h.probe.Load(), now.Sub(h.began)
	return int64(passed) >= due && h.probe.CompareAndSwap(due, int64(passed+probeEvery))
}

// waitForPause waits until no pause holds the call. A call that can't or mustn't wait for that ends
// with the response that began the pause, unless it has a result of its own.
func (c *call) waitForPause(ctx context.Context) bool {
	for {
		h := c.policy.pause.current.Load()
		if h == nil || c.probe {
			return true
		}
		now := time.Now()
		left := h.until.Sub(now)
		deadline, limited := ctx.Deadline()
		c.queued = true
		switch {
		case left <= 0:
			c.policy.pause.current.CompareAndSwap(h, nil)
			continue
		case h.over:
			if c.probe = h.mayProbe(now); !c.probe {
				c.failPaused(h, left, nil)
			}
			return c.probe
		case limited && deadline.Sub(now) <= left:
			c.failPaused(h, left, context.DeadlineExceeded)
			return false
		}
		if !h.wait(ctx, left+spread(ctx, left, h.asked)) {
			c.failPaused(h, left, contextError(ctx))
			return false
		}
	}
}

// wait waits for d, or until another pause replaces h. It is false where ctx ends first.
func (h *hold) wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
	case <-h.replaced:
	case <-ctx.Done():
		return false
	}
	return true
}

// spread returns a random wait of up to a tenth of what a Retry-After asked for, so that calls
// don't come back at once. With left, it stays before ctx's deadline where left does.
func spread(ctx context.Context, left, asked time.Duration) time.Duration {
	longest := asked / 10
	if deadline, ok := ctx.Deadline(); ok {
		longest = min(longest, (time.Until(deadline)-left)/2)
	}
	return rand.N(max(longest, 0) + 1) //nolint:gosec // jitter, not secrecy
}

// useResultOf takes over another call's result, unless this one has one of its own.
func (c *call) useResultOf(other *Result) bool {
	own := c.result
	if own.Status != 0 || own.Err != nil {
		return false
	}
	c.result = *other
	c.result.Attempts, c.result.Sent, c.result.Lost, c.result.Stop = own.Attempts, own.Sent, own.Lost, own.Stop
	return true
}

// failPaused ends a call that a pause holds back.
func (c *call) failPaused(h *hold, left time.Duration, stop error) {
	if c.useResultOf(&h.result) {
		c.result.RetryAfter = left
	}
	c.result.Stop = stop
}
