package linkit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// endedCalls counts what hooks see.
type endedCalls struct {
	mu       sync.Mutex
	begun    int
	ended    int
	failures []error
}

func (c *endedCalls) hook(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	return ctx, func(e *linkit.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended++
		if e.Err != nil {
			c.failures = append(c.failures, e.Err)
		}
	}
}

func TestLeavingAWalkEarlyIsNoFailure(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 8} {
		for _, records := range []int{1, 100, 150} {
			synctest.Test(t, func(t *testing.T) {
				s := &listServer{
					ids:   numbered(5000),
					delay: func(page int) time.Duration { return time.Duration(page) * time.Second },
				}
				var calls, attempts endedCalls
				var log bytes.Buffer
				client := newClient(t, s, linkit.WithPrefetch(prefetch),
					linkit.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					linkit.WithHooks(linkit.Hooks{Call: calls.hook, Attempt: attempts.hook}))
				n := 0
				for _, err := range client.Products.All(t.Context(), nil) {
					require.NoError(t, err)
					if n++; n == records {
						break
					}
				}
				for _, c := range []*endedCalls{&calls, &attempts} {
					assert.Empty(t, c.failures)
					assert.Equal(t, c.begun, c.ended)
					assert.Positive(t, c.begun)
				}
				for _, level := range []string{"level=INFO", "level=WARN", "level=ERROR"} {
					assert.NotContains(t, log.String(), level)
				}
			})
		}
	}
}

func TestPagesReadAheadOfAnErrorAreNoFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &listServer{
			ids:   numbered(5000),
			delay: func(page int) time.Duration { return time.Duration(page) * time.Second },
			status: func(page int) int {
				return map[int]int{3: 403}[page]
			},
		}
		var calls endedCalls
		client := newClient(t, s, linkit.WithPrefetch(8), linkit.WithHooks(linkit.Hooks{Call: calls.hook}))
		_, err := walked(t.Context(), client)
		require.ErrorIs(t, err, linkit.ErrForbidden)
		require.Len(t, calls.failures, 1)
		require.ErrorIs(t, calls.failures[0], linkit.ErrForbidden)
	})
}

func TestTheCallersOwnCancelOfAWalkIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &listServer{ids: numbered(5000), delay: func(int) time.Duration { return time.Second }}
		var calls endedCalls
		var log bytes.Buffer
		client := newClient(
			t,
			s,
			linkit.WithHooks(linkit.Hooks{Call: calls.hook}),
			linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err := walked(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotEmpty(t, calls.failures)
		require.ErrorIs(t, calls.failures[0], context.DeadlineExceeded)
		assert.Contains(t, log.String(), "level=ERROR")
	})
}

func TestAWalkKeepsTheCauseOfItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shutdown := errors.New("mine: shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		s := &listServer{ids: numbered(500)}
		n := 0
		var failure error
		for _, err := range newClient(t, s).Products.All(ctx, nil) {
			if failure = err; err != nil {
				break
			}
			if n++; n == 50 {
				synctest.Wait()
				cancel(shutdown)
			}
		}
		require.ErrorIs(t, failure, context.Canceled)
		require.ErrorIs(t, failure, shutdown)
	})
}
