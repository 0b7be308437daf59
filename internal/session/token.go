package session

import (
	"math/rand/v2"
	"time"
)

const maxLife = 100 * 365 * 24 * time.Hour // beyond, instants overflow

// Grant is a new token, as the source got it.
type Grant[T any] struct {
	Value T
	Asked time.Time     // when it was asked for: its life counts from here
	Life  time.Duration // not negative; 0: it is good until it is rejected
}

// Token is one grant. It is never changed.
type Token[T any] struct {
	Value      T
	generation uint64
	asked      time.Time
	wall       int64         // asked, on the wall clock: the monotonic clock of a suspended machine stands still
	life       time.Duration // 0: unknown
	renewAt    time.Duration // the age from which it is renewed
	waitAt     time.Duration // the age from which callers wait for that
	renewTime  time.Time     // renewAt on both clocks: the hot path only compares
	renewWall  int64
}

func newToken[T any](g Grant[T], generation uint64, now time.Time) *Token[T] {
	life := min(g.Life, maxLife)
	if now.Sub(g.Asked) >= life-life/5 {
		g.Asked = now // slower to get than to use up: count from here, or every call would ask for one
	}
	early, hard := windows(life)
	t := &Token[T]{
		Value: g.Value, generation: generation, asked: g.Asked, wall: g.Asked.UnixNano(),
		life: life, renewAt: life - early, waitAt: life - hard,
	}
	t.renewTime, t.renewWall = t.asked.Add(t.renewAt), t.wall+int64(t.renewAt)
	return t
}

// windows returns how long before its end a token is renewed, and how long before its end callers
// wait for the renewal. The first is shortened by a random amount of up to a fifth, so that a fleet
// that was started together doesn't renew together. It is never more than a fifth of the life,
// which bounds the fetches to 1.25 a life.
func windows(life time.Duration) (early, hard time.Duration) {
	early = min(max(life/10, 30*time.Second), 5*time.Minute, life/5)
	early -= rand.N(early/5 + 1) //nolint:gosec // spreads load; nothing secret
	return early, min(10*time.Second, life/20)
}

// age is by the clock that has advanced further.
func (t *Token[T]) age(now time.Time) time.Duration {
	return max(now.Sub(t.asked), time.Duration(now.UnixNano()-t.wall))
}

// Expired reports whether t is past its end. A token whose end is unknown never is.
func (t *Token[T]) Expired(now time.Time) bool { return t.life > 0 && t.age(now) >= t.life }

// NeverExpires reports whether t's end is unknown.
func (t *Token[T]) NeverExpires() bool { return t.life == 0 }

// fresh reports whether t need not be renewed yet.
func (t *Token[T]) fresh(now time.Time) bool {
	return t.life == 0 || now.Before(t.renewTime) && now.UnixNano() < t.renewWall
}
