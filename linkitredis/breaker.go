package linkitredis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	stepTime = time.Second // the longest wait for Redis in one step
	cooldown = time.Second // after a failure, until a step tries again
	logEvery = time.Minute // the least time between two outages that are logged
)

var (
	errDown    = errors.New("linkitredis: Redis has just failed, and isn't tried again yet")
	errTimeout = fmt.Errorf("no response within %v", stepTime)
)

// breaker keeps a Redis that fails from holding back every step of every call: after a failure, steps fail at once,
// but for one attempt per cooldown. The Store and its Limiters have one between them.
type breaker struct {
	logger *slog.Logger // nil: silent

	mu        sync.Mutex
	failed    bool
	nextTry   time.Time // while failed
	lastTold  time.Time // when an outage was last logged
	untilBack bool      // the end of this outage is to be logged
}

// allow reports whether Redis may be asked now.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.failed {
		return true
	}
	now := time.Now()
	if now.Before(b.nextTry) {
		return false
	}
	b.nextTry = now.Add(stepTime + cooldown) // one attempt at a time
	return true
}

func (b *breaker) isFailed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// report takes the result of a step that began in time. err is why Redis is taken to have failed.
func (b *breaker) report(ctx context.Context, step string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.failed = false
		if b.untilBack {
			b.untilBack = false
			b.log(ctx, slog.LevelInfo, "linkitredis: Redis is back", slog.String("step", step))
		}
		return
	}
	now := time.Now()
	if !b.failed && (b.lastTold.IsZero() || now.Sub(b.lastTold) >= logEvery) {
		b.lastTold, b.untilBack = now, true
		b.log(ctx, slog.LevelWarn, "linkitredis: Redis failed; this process goes on alone",
			slog.String("step", step), slog.String("error", err.Error()))
	}
	b.failed, b.nextTry = true, now.Add(cooldown)
}

func (b *breaker) log(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	if b.logger != nil {
		b.logger.LogAttrs(context.WithoutCancel(ctx), level, message, attrs...)
	}
}

// use is what a step does with Redis.
type use[T any] func(context.Context) (T, error)

// result is what a step returned.
type result[T any] struct {
	value T
	err   error
}

// ask runs one step on Redis. It returns after stepTime, or when ctx ends, whatever the Redis client does; use goes on,
// and a value that nobody waits for any more goes to late, which may be nil.
func ask[T any](ctx context.Context, b *breaker, step string, use use[T], late func(T)) (T, error) {
	if !b.allow() {
		return *new(T), errDown
	}
	return run(ctx, b, step, use, late)
}

// run is ask for a step that is to be tried even while Redis fails.
func run[T any](ctx context.Context, b *breaker, step string, use use[T], late func(T)) (T, error) {
	used, out := make(chan result[T], 1), make(chan result[T])
	stepCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTime)
	go func() { used <- protect(stepCtx, use) }()
	go func() {
		defer cancel()
		var r result[T]
		select {
		case r = <-used:
			b.report(ctx, step, r.err)
		case <-stepCtx.Done():
			b.report(ctx, step, errTimeout)
			r.err = errTimeout
			defer func() { discard(<-used, late) }()
		}
		select {
		case out <- r:
		case <-ctx.Done():
			discard(r, late)
		}
	}()
	select {
	case r := <-out:
		if r.err != nil {
			r.err = fmt.Errorf("linkitredis: %s: %w", step, r.err)
		}
		return r.value, r.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

func discard[T any](r result[T], late func(T)) {
	if r.err == nil && late != nil {
		late(r.value)
	}
}

// protect turns a panic of the Redis client into an error: it would end the process.
func protect[T any](ctx context.Context, use use[T]) (r result[T]) {
	defer func() {
		if p := recover(); p != nil {
			r.err = fmt.Errorf("the Redis client panicked with a %T", p)
		}
	}()
	r.value, r.err = use(ctx)
	return r
}
