package linkitredis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

// horizon is how far ahead a place is reserved. What a process that is killed had reserved is lost: a second's requests
// at most.
const horizon = time.Second

// justLook reserves no place.
const justLook = -time.Microsecond

//go:embed limiter.lua
var limiterScript string

var script = redis.NewScript(limiterScript)

// limit is what a Limiter is made of.
type limit struct {
	name      string
	perSecond float64
	burst     int
}

// Limiter is a rate limit for all processes that name it: a [linkit.Limiter] for [linkit.WithLimiter]. Its methods are
// safe for concurrent use.
type Limiter struct {
	store   *Store
	limit   limit
	key     string
	local   *rate.Limiter // while Redis fails
	turn    chan struct{} // held by the caller that waits for a place; the others of this process queue behind it
	waiting atomic.Int32  // callers that queue
	invalid error
}

// Limiter returns the limit called name: perSecond requests a second on average, and up to burst at once, for all
// processes that name it under the same prefix. They must agree on perSecond and burst. Both must be positive: with
// other values every Wait is an error. The same arguments return the same Limiter.
//
// Within a process, waiting requests are let through in order. While Redis fails, each process limits itself to the
// same rate and burst.
func (s *Store) Limiter(name string, perSecond float64, burst int) *Limiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := limit{name, perSecond, burst}
	l, ok := s.limiters[wanted]
	if !ok {
		l = &Limiter{
			store: s, limit: wanted, key: s.key("limit", name),
			local: rate.NewLimiter(rate.Limit(perSecond), burst), turn: make(chan struct{}, 1),
		}
		switch {
		case !(perSecond > 0) || math.IsInf(perSecond, 0):
			l.invalid = fmt.Errorf("linkitredis: Limiter: perSecond must be positive, and is %v", perSecond)
		case burst <= 0:
			l.invalid = fmt.Errorf("linkitredis: Limiter: burst must be positive, and is %d", burst)
		case s.client == nil:
			l.invalid = errNoClient
		}
		if !math.IsNaN(perSecond) { // which no map finds again
			s.limiters[wanted] = l
		}
	}
	return l
}

// Wait returns when one request may be sent. It returns early, with an error, when ctx ends, and at once, with
// [context.DeadlineExceeded], when the request's turn is after ctx's deadline.
func (l *Limiter) Wait(ctx context.Context) error {
	if l.invalid != nil {
		return l.invalid
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.waiting.Load() == 0 {
		wait, reserved, err := l.reserve(ctx)
		if err != nil {
			return l.waitAlone(ctx)
		}
		if reserved {
			return pause(ctx, wait)
		}
	}
	return l.queue(ctx)
}

// queue waits for a place in line. One caller at a time asks Redis, so that they are let through in order.
func (l *Limiter) queue(ctx context.Context) error {
	waiting := l.waiting.Add(1)
	defer l.waiting.Add(-1)
	atLeast := min(float64(int(waiting)-l.limit.burst)*l.interval()*1e3, 1e18)
	if wait := time.Duration(atLeast); late(ctx, wait) {
		return tooLate(wait)
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	wait, err := l.place(ctx)
	<-l.turn
	if errors.Is(err, errAlone) {
		return l.waitAlone(ctx)
	}
	if err != nil {
		return err
	}
	return pause(ctx, wait)
}

// errAlone says that Redis can't be asked.
var errAlone = errors.New("linkitredis: this process goes on alone")

// place asks until a place is reserved, and returns the wait until it.
func (l *Limiter) place(ctx context.Context) (time.Duration, error) {
	for {
		wait, reserved, err := l.reserve(ctx)
		switch {
		case err != nil:
			return 0, errAlone
		case reserved:
			return wait, nil
		}
		if late(ctx, wait) {
			return 0, tooLate(wait)
		}
		if err := sleep(ctx, wait-horizon+upTo(horizon/8)); err != nil {
			return 0, err
		}
	}
}

// reserve asks Redis for a place. While Redis fails, it only tries it in the background.
func (l *Limiter) reserve(ctx context.Context) (wait time.Duration, reserved bool, err error) {
	ahead := horizon
	if deadline, ok := ctx.Deadline(); ok { // a place that can't be waited for isn't reserved
		ahead = min(ahead, time.Until(deadline))
	}
	if b := l.store.breaker; b.isFailed() {
		if b.allow() {
			go func() { _, _ = run(context.WithoutCancel(ctx), b, "limit", l.script(justLook), nil) }()
		}
		return 0, false, errDown
	}
	ctx, cancel := halfOf(ctx)
	defer cancel()
	reply, err := ask(ctx, l.store.breaker, "limit", l.script(ahead), nil)
	if err != nil {
		return 0, false, err
	}
	return time.Duration(reply[1]) * time.Microsecond, reply[0] == 1, nil
}

func (l *Limiter) script(ahead time.Duration) func(context.Context) ([]int64, error) {
	interval := l.interval()
	early := min(interval*float64(l.limit.burst-1), 1e15)
	return func(ctx context.Context) ([]int64, error) {
		reply, err := script.Run(ctx, l.store.client, []string{l.key}, interval, early, ahead.Microseconds()).Int64Slice()
		if err == nil && len(reply) != 2 {
			err = fmt.Errorf("the script returned %d values", len(reply))
		}
		return reply, err
	}
}

// interval is the time between requests at the rate, in microseconds: a year at most.
func (l *Limiter) interval() float64 { return min(1e6/l.limit.perSecond, 365*24*3600*1e6) }

// halfOf leaves half of the time that ctx has for going on alone.
func halfOf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// waitAlone waits by this process's own limit.
func (l *Limiter) waitAlone(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := l.local.Reserve()
	if err := pause(ctx, r.Delay()); err != nil {
		r.Cancel()
		return err
	}
	return nil
}

// pause waits for a turn, unless that is too late.
func pause(ctx context.Context, wait time.Duration) error {
	if late(ctx, wait) {
		return tooLate(wait)
	}
	return sleep(ctx, wait)
}

func late(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < wait
}

func tooLate(wait time.Duration) error {
	return fmt.Errorf("linkitredis: the rate limit has room in %v, which is after the deadline: %w",
		wait.Round(time.Millisecond), context.DeadlineExceeded)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// upTo returns a random duration, which keeps processes apart.
func upTo(d time.Duration) time.Duration { return rand.N(d) } //nolint:gosec // no secret
