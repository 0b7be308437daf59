package retry

import (
	"sync"
	"sync/atomic"
	"time"
)

// The retry budget keeps an outage from multiplying traffic: a full one pays for 100 retries in a
// row. Successes refill it, and so does time in which no retry is asked for: 50 s fill it.
const (
	budgetSize      = 500
	retryCost       = 5
	timeoutCost     = 10
	refillPerSecond = 10
	quiet           = time.Second // from which on time refills it
)

type budget struct {
	left atomic.Int64

	mu    sync.Mutex // held to take
	asked time.Time  // when a retry was last asked for
}

// take pays for a retry.
func (b *budget) take(cost int64, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if idle := now.Sub(b.asked); idle >= quiet {
		b.add(int64(idle.Seconds() * refillPerSecond))
	}
	b.asked = now
	if b.left.Add(-cost) < 0 {
		b.left.Add(cost)
		return false
	}
	return true
}

// add refills the budget, up to its size.
func (b *budget) add(tokens int64) {
	for {
		left := b.left.Load()
		if b.left.CompareAndSwap(left, min(left+tokens, budgetSize)) {
			return
		}
	}
}
