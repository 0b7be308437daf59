package linkitredis_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// fakeRedis responds to the scripts of locks and limits by the clock of a synctest bubble, in which no connection can
// be made.
type fakeRedis struct {
	mu       sync.Mutex
	latency  time.Duration // of every command
	failure  error         // of every command
	lost     string        // the kind of command whose response is lost after it took effect
	commands []string      // such as "ask", "take", "extend", "unlock", "limit", "look"
	locks    map[string]fakeLock
	due      map[string]time.Time // a limit's theoretical arrival time
}

type fakeLock struct {
	value string
	until time.Time
}

func newFakeRedis(t testing.TB) (*fakeRedis, *redis.Client) {
	t.Helper()
	f := &fakeRedis{locks: map[string]fakeLock{}, due: map[string]time.Time{}}
	client := redis.NewClient(&redis.Options{
		Addr: "127.0.0.1:1", MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	client.AddHook(f)
	t.Cleanup(func() { _ = client.Close() })
	return f, client
}

func (f *fakeRedis) set(latency time.Duration, failure error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latency, f.failure = latency, failure
}

// count returns how many commands of a kind there were.
func (f *fakeRedis) count(kind string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, command := range f.commands {
		if command == kind {
			n++
		}
	}
	return n
}

// holder returns the value that the lock called k has, "" if it is free.
func (f *fakeRedis) holder() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held("linkit:lock:k")
}

func (f *fakeRedis) held(key string) string {
	if lock := f.locks[key]; time.Now().Before(lock.until) {
		return lock.value
	}
	return ""
}

func (*fakeRedis) DialHook(next redis.DialHook) redis.DialHook { return next }

func (*fakeRedis) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook runs a command as Redis would: a hung one, too, when nobody waits for it any more.
func (f *fakeRedis) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		f.mu.Lock()
		latency := f.latency
		f.mu.Unlock()
		if latency > 0 {
			<-time.After(latency)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		kind, result := f.run(arg[string](cmd.Args(), 3), cmd.Args()[4:])
		f.commands = append(f.commands, kind)
		if f.failure != nil {
			cmd.SetErr(f.failure)
			return f.failure
		}
		value := result()
		if kind == f.lost {
			cmd.SetErr(io.ErrUnexpectedEOF)
			return io.ErrUnexpectedEOF
		}
		if scripted, ok := cmd.(*redis.Cmd); ok {
			scripted.SetVal(value)
		}
		return nil
	}
}

func arg[T any](args []any, i int) T {
	value, _ := args[i].(T)
	return value
}

func inMilliseconds(n int64) time.Time { return time.UnixMilli(time.Now().UnixMilli() + n) }

// run returns the kind of a command, and what has its effect.
func (f *fakeRedis) run(key string, args []any) (kind string, result func() any) {
	switch {
	case strings.Contains(key, ":limit:"):
		kind = "limit"
		if arg[int64](args, 2) < 0 {
			kind = "look"
		}
		return kind, func() any { return f.limit(key, arg[float64](args, 0), arg[float64](args, 1), arg[int64](args, 2)) }
	case len(args) == 3 && arg[int64](args, 2) == 0:
		return "ask", func() any {
			if f.held(key) != "" {
				return int64(-1)
			}
			return time.Now().UnixMilli()
		}
	case len(args) == 3:
		return "take", func() any {
			if f.held(key) != "" || time.Now().UnixMilli() >= arg[int64](args, 2) {
				return int64(-1)
			}
			f.locks[key] = fakeLock{arg[string](args, 0), inMilliseconds(arg[int64](args, 1))}
			return int64(1)
		}
	case len(args) == 2:
		return "extend", func() any {
			if f.held(key) != args[0] {
				return int64(0)
			}
			f.locks[key] = fakeLock{arg[string](args, 0), inMilliseconds(int64(arg[int](args, 1)))}
			return int64(1)
		}
	}
	return "unlock", func() any {
		held := f.held(key)
		if held == "" {
			return int64(-1)
		}
		if held != args[0] {
			return int64(0)
		}
		delete(f.locks, key)
		return int64(1)
	}
}

// limit is limiter.lua. All times are in microseconds.
func (f *fakeRedis) limit(key string, interval, early float64, horizon int64) any {
	due := max(0, float64(time.Until(f.due[key]).Microseconds()))
	wait := due - early
	reserved := int64(0)
	if horizon >= 0 && wait <= float64(horizon) {
		reserved = 1
		f.due[key] = time.Now().Add(time.Duration(due+interval) * time.Microsecond)
	}
	return []any{reserved, int64(max(wait, 0))}
}
