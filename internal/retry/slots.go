package retry

import (
	"context"
	"sync/atomic"
)

// slots bounds the attempts in flight, first come, first served. While one is free, taking it is a single atomic operation: on
// a channel alone, a crowd of goroutines would wait for its lock.
type slots struct {
	most  int64
	asked atomic.Int64  // slots taken, and waited for
	given chan struct{} // slots on their way to one that waits
}

func newSlots(most int) *slots {
	return &slots{most: int64(most), given: make(chan struct{}, most)}
}

// try takes a slot, or asks for one: false is to be followed by wait.
func (s *slots) try() bool { return s.asked.Add(1) <= s.most }

func (s *slots) wait(ctx context.Context) error {
	select {
	case <-s.given:
		return nil
	case <-ctx.Done():
	}
	for {
		asked := s.asked.Load()
		if asked <= s.most { // one is on its way to each that waits
			<-s.given
			s.free()
			return ctx.Err()
		}
		if s.asked.CompareAndSwap(asked, asked-1) {
			return ctx.Err()
		}
	}
}

func (s *slots) free() {
	if s.asked.Add(-1) >= s.most {
		s.given <- struct{}{} // has room: there are no more slots than that
	}
}
