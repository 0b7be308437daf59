package linkitredis

import (
	"context"
	"testing"
	"time"
)

// SetLease shortens the lease of locks, for tests that wait for its end.
func (s *Store) SetLease(d time.Duration) { s.lease = d }

// Reserve asks Redis once.
func (l *Limiter) Reserve(t testing.TB) (wait time.Duration, reserved bool) {
	t.Helper()
	wait, reserved, err := l.reserve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return wait, reserved
}

// Waiting is how many callers queue for a place.
func (l *Limiter) Waiting() int32 { return l.waiting.Load() }
