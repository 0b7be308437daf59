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
	ctx    context.Context //nolint:containedctx // the run's own, which ends every wait for it
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when token or err is set
	token  *Token[T]
	err    error
	ended  chan struct{} // closed when the source has returned
	behind *flight[T]    // the run that this one gave up waiting for, never to begin; set before ended
	held   atomic.Pointer[hold]
}

// hold says that a run can't come to anything before a time. The holds of a run form a chain.
type hold struct {
	until time.Time
	err   error
	next  chan struct{} // closed when another takes its place
}

type hungError struct{}

func (hungError) Error() string   { return fmt.Sprintf("no result within %v", patience) }
func (hungError) Timeout() bool   { return true }
func (hungError) Temporary() bool { return true }

// BrokenError is returned when the source panics or ends its goroutine.
type BrokenError struct{ text string }

func (e *BrokenError) Error() string { return e.text }

// start runs the source in a goroutine of its own; c.mu is held.
func (c *Cache[T]) start(ctx context.Context, old *Token[T]) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, stop := context.WithTimeoutCause(ctx, patience, ErrHung)
	f := &flight[T]{cancel: cancel, done: make(chan struct{}), ended: make(chan struct{})}
	f.held.Store(&hold{next: make(chan struct{})})
	ctx = context.WithValue(ctx, c, f)
	f.ctx = ctx
	before := c.latest
	c.flight, c.latest = f, f
	c.running++
	if old == nil {
		old = c.forgotten
	}
	afresh := c.afresh
	go func() {
		var grant Grant[T]
		var err error = &BrokenError{"the source ended its goroutine"} // unless it returns or panics
		defer func() {
			close(f.ended)
			if r := recover(); r != nil {
				err = panicked(r)
			}
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx) // Close, or the minute is up: not the caller's deadline
			}
			c.settle(f, grant, err)
			stop()
			cancel(nil)
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.running--; c.running == 0 && c.closed {
				close(c.idle)
			}
		}()
		if f.behind = before.unended(ctx); f.behind != nil { // a Reset doesn't wait for the run that it abandons
			return
		}
		grant, err = c.Source(ctx, old, afresh)
	}()
}

// unended waits for the source to return. When ctx ends first, it returns the run that the source is still in.
func (f *flight[T]) unended(ctx context.Context) *flight[T] {
	for f != nil {
		select {
		case <-f.ended:
			f = f.behind
		case <-ctx.Done():
			return f
		}
	}
	return nil
}

// panicked keeps a panic's value out of errors, but for the runtime's own: it may show a request.
func panicked(r any) error {
	if re, ok := r.(runtime.Error); ok {
		return &BrokenError{"panic: " + re.Error()}
	}
	return &BrokenError{fmt.Sprintf("panic with a %T", r)}
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
		c.leaveOff(now, err, good)
	}
	close(f.done)
	c.mu.Unlock()
	if err != nil && good && c.RenewalFailed != nil && !errors.Is(err, ErrClosed) {
		c.RenewalFailed(f.ctx, err)
	}
}

// Hold is for the source, with the context that it runs on: nothing comes of it before until. Callers whose deadline comes first
// get err at once.
func (c *Cache[T]) Hold(ctx context.Context, until time.Time, err error) {
	f, ok := ctx.Value(c).(*flight[T])
	if !ok {
		return
	}
	old := f.held.Swap(&hold{until: until, err: err, next: make(chan struct{})})
	close(old.next)
}

// wait returns what f comes to, or ctx's error. A source that overstays is left behind.
func (f *flight[T]) wait(ctx context.Context, c *Cache[T]) (*Token[T], error) {
	deadline, limited := ctx.Deadline()
	for {
		h := f.held.Load()
		if limited && deadline.Before(h.until) {
			return nil, fmt.Errorf("%w (not sent again: %w)", h.err, context.DeadlineExceeded)
		}
		select {
		case <-f.done:
		case <-h.next:
			continue
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.ctx.Done():
			c.settle(f, Grant[T]{}, context.Cause(f.ctx)) //nolint:contextcheck // needs none
			<-f.done
		}
		return f.token, f.err
	}
}
