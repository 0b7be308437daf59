package retry

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// ErrOpen is why a call was not sent, or not retried: too many attempts in a row have failed.
var ErrOpen = errors.New("the circuit is open")

// breaker stops sending when attempts fail in a row, and probes one by one after a while.
type breaker struct {
	steps *gobreaker.TwoStepCircuitBreaker[struct{}]
	last  atomic.Pointer[Result] // of the failures
}

var (
	errFailed  = errors.New("failed")
	errIgnored = errors.New("neither a failure nor a success")
)

func newBreaker(failures int, cooldown time.Duration) *breaker {
	return &breaker{steps: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     cooldown,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return int64(counts.ConsecutiveFailures) >= int64(failures) },
		IsExcluded:  func(err error) bool { return errors.Is(err, errIgnored) },
	})}
}

// allow asks the breaker to let an attempt through. A call that it stops ends with the last
// failure.
func (c *call) allow() bool {
	b := c.policy.breaker
	permit, err := b.steps.Allow()
	if err != nil {
		c.result.Stop = ErrOpen
		if last := b.last.Load(); last != nil {
			c.useResultOf(last)
		}
		return false
	}
	c.permit = permit
	return true
}

// report tells the breaker how an attempt ended that it let through. One that panicked has failed.
func (c *call) report(ctx context.Context) {
	permit := c.permit
	c.permit = nil
	switch {
	case !c.sending || c.attempted && c.last.status == 0 && ctx.Err() != nil: // it wasn't made, or the caller left
		permit(errIgnored)
	case !c.attempted:
		permit(errFailed)
	case c.last.status == 0 || c.last.status >= 500:
		c.policy.breaker.last.Store(c.shared())
		permit(errFailed)
	default:
		permit(nil)
	}
}
