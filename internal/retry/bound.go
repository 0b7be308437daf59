package retry

import (
	"context"
	"sync"
	"time"
)

// bound is the context of one attempt: it ends with the one around it, when the attempt's time is up, or with end. It is what
// context.WithTimeout makes, for less memory: it lies in the call, and what net/http derives from it takes no map.
type bound struct {
	context.Context //nolint:containedctx // the one around it
	deadline        time.Time
	timer           *time.Timer // nil: the context around it ends earlier
	unwatch         func() bool // nil: the context around it never ends

	mu    sync.Mutex
	taken bool             // first has been given
	err   error            // why it ended
	done  chan struct{}    // made when asked for
	first func()           // to be run at the end: net/http wants just one
	more  map[*func()]bool // the further ones
}

// begin starts the attempt's time.
func (b *bound) begin(now time.Time, timeout time.Duration) {
	b.deadline = now.Add(timeout)
	expire := b.expire
	if outer, ok := b.Context.Deadline(); ok && outer.Before(b.deadline) {
		b.deadline = outer
	} else {
		b.timer = time.AfterFunc(timeout, expire)
	}
	if err := b.Context.Err(); err != nil {
		b.close(err)
		return
	}
	if b.Context.Done() != nil {
		b.unwatch = context.AfterFunc(b.Context, expire)
	}
}

// expire ends the attempt for the caller's reason, or because its time is up.
func (b *bound) expire() {
	err := b.Context.Err()
	if err == nil {
		err = context.DeadlineExceeded
	}
	b.close(err)
}

// end is to be called when the attempt is over.
func (b *bound) end() {
	if b.timer != nil {
		b.timer.Stop()
	}
	if b.unwatch != nil {
		b.unwatch()
	}
	b.close(context.Canceled)
}

func (b *bound) close(err error) {
	b.mu.Lock()
	if b.err != nil {
		b.mu.Unlock()
		return
	}
	b.err = err
	if b.done != nil {
		close(b.done)
	}
	first, more := b.first, b.more
	b.first, b.more = nil, nil
	b.mu.Unlock()
	if first != nil {
		first()
	}
	for f := range more {
		(*f)()
	}
}

func (b *bound) Deadline() (time.Time, bool) { return b.deadline, true }

func (b *bound) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *bound) Done() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done == nil {
		b.done = make(chan struct{})
		if b.err != nil {
			close(b.done)
		}
	}
	return b.done
}

// AfterFunc is what package context looks for in a context that isn't its own.
func (b *bound) AfterFunc(f func()) (stop func() bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		go f()
		return func() bool { return false }
	case !b.taken:
		b.first, b.taken = f, true
		return b.forget
	}
	if b.more == nil {
		b.more = map[*func()]bool{}
	}
	b.more[&f] = true
	return func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		waiting := b.more[&f]
		delete(b.more, &f)
		return waiting
	}
}

func (b *bound) forget() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.first
	b.first = nil
	return was != nil
}
