package session

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

// flight is one run of the source.
type flight[T any] struct {
	ctx         context.Context //nolint:containedctx // the run's own: its end ends every wait for the run
	cancel      context.CancelCauseFunc
	token       *Token[T] // token or err is set when ctx ends, or by the first that finds it ended
	err         error
	ended       chan struct{} // closed when the source has returned
	predecessor *flight[T]    // the run that this one gave up waiting for without having begun; set before ended
	pause       atomic.Pointer[pause]
}

// pause says that a run has no result before a time. The pauses of a run form a chain.
type pause struct {
	retryNotBefore time.Time
	err            error
	next           chan struct{} // closed when another one replaces it
}

type timeoutError struct{}

func (timeoutError) Error() string   { return fmt.Sprintf("no result within %v", fetchTimeout) }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// AbortError is returned when the source panics or ends its goroutine.
type AbortError struct{ text string }

func (e *AbortError) Error() string { return e.text }

// start runs the source on a goroutine of its own; c.mu is held.
func (c *Cache[T]) start(ctx context.Context, old *Token[T]) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, stop := context.WithTimeoutCause(ctx, fetchTimeout, ErrTimeout)
	f := &flight[T]{cancel: cancel, ended: make(chan struct{})}
	f.pause.Store(&pause{next: make(chan struct{})})
	ctx = context.WithValue(ctx, c, f)
	f.ctx = ctx
	previous := c.latest
	c.flight, c.latest = f, f
	c.running++
	if old == nil {
		old = c.lastRejected
	}
	skipStore := c.skipStore
	go func() {
		var grant Grant[T]
		var err error = &AbortError{"the source ended its goroutine"} // unless it returns or panics
		defer func() {
			close(f.ended)
			if r := recover(); r != nil {
				err = panicError(r)
			}
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx) // Close, or the minute is up: not the caller's deadline
			}
			c.settle(f, grant, err)
			stop()
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.running--; c.running == 0 && c.closed {
				close(c.idle)
			}
		}()
		// One run at a time: one that Reset abandoned must have ended, too.
		if f.predecessor = previous.waitEnded(ctx); f.predecessor != nil {
			return
		}
		grant, err = c.Source.Fetch(ctx, old, skipStore)
	}()
}

// waitEnded waits for the source to return. When ctx ends first, it returns the run that the source
// is still in.
func (f *flight[T]) waitEnded(ctx context.Context) *flight[T] {
	for f != nil {
		select {
		case <-f.ended:
			f = f.predecessor
		case <-ctx.Done():
			return f
		}
	}
	return nil
}

// panicError keeps a panic's value out of errors, except the runtime's own: it may show a request.
func panicError(r any) error {
	if re, ok := r.(runtime.Error); ok {
		return &AbortError{"panic: " + re.Error()}
	}
	return &AbortError{fmt.Sprintf("panic with a %T", r)}
}

// settle ends f, unless it has been ended before.
func (c *Cache[T]) settle(f *flight[T], g Grant[T], err error) {
	c.mu.Lock()
	if c.flight != f {
		c.mu.Unlock()
		return
	}
	c.flight = nil
	now := time.Now()
	old := c.current.Load()
	good := old != nil && !old.Expired(now)
	if err == nil {
		f.token = c.install(g, now)
	} else {
		f.err = err
		c.backOff(now, err, good)
	}
	c.mu.Unlock()
	if err != nil && good && c.RenewalFailed != nil && !errors.Is(err, ErrClosed) {
		c.RenewalFailed(f.ctx, err)
	}
}

// RetryNotBefore is only for the source, with the context that it runs on, when it won't have a
// token before a time. Callers whose deadline comes first get err at once.
func (c *Cache[T]) RetryNotBefore(ctx context.Context, at time.Time, err error) {
	f, _ := ctx.Value(c).(*flight[T]) // never nil
	old := f.pause.Swap(&pause{retryNotBefore: at, err: err, next: make(chan struct{})})
	close(old.next)
}

// wait returns f's result, or the cause of ctx's end. A source that ignores the end of its context
// is left behind.
func (f *flight[T]) wait(ctx context.Context, c *Cache[T]) (*Token[T], error) {
	deadline, limited := ctx.Deadline()
	for {
		p := f.pause.Load()
		if limited && deadline.Before(p.retryNotBefore) {
			return nil, fmt.Errorf("%w (not retried: %w)", p.err, context.DeadlineExceeded)
		}
		select {
		case <-p.next:
			continue
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-f.ctx.Done():
		}
		c.settle(f, Grant[T]{}, context.Cause(f.ctx)) //nolint:contextcheck // needs none
		return f.token, f.err
	}
}
