package retry

import (
	"context"
	"sync/atomic"
)

// slots bounds the attempts in flight, first come, first served. While one is free, taking it is a
// single atomic operation: on a channel alone, a crowd of goroutines would wait for its lock.
type slots struct {
	size  int64
	asked atomic.Int64  // slots taken, and waited for
	given chan struct{} // slots on their way to one that waits
}

func newSlots(size int) *slots {
	return &slots{size: int64(size), given: make(chan struct{}, size)}
}

// TryAcquire takes a slot if one is free.
func (s *slots) TryAcquire() bool {
	for {
		asked := s.asked.Load()
		if asked >= s.size {
			return false
		}
		if s.asked.CompareAndSwap(asked, asked+1) {
			return true
		}
	}
}

// Acquire waits for a slot until ctx ends.
func (s *slots) Acquire(ctx context.Context) error {
	if s.asked.Add(1) <= s.size {
		return nil
	}
	select {
	case <-s.given:
		return nil
	case <-ctx.Done():
	}
	for {
		asked := s.asked.Load()
		if asked <= s.size { // one is on its way to each that waits
			<-s.given
			s.Release()
			return contextError(ctx)
		}
		if s.asked.CompareAndSwap(asked, asked-1) {
			return contextError(ctx)
		}
	}
}

// Release gives a slot back.
func (s *slots) Release() {
	if s.asked.Add(-1) >= s.size {
		s.given <- struct{}{} // has room: there are no more slots than that
	}
}
