package linkitredis

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func logged(buffer *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(buffer, nil)) }

// hang is a Redis client that ignores its context until release is closed.
func hang(release <-chan struct{}) func(context.Context) (int, error) {
	return func(context.Context) (int, error) {
		<-release
		return 1, nil
	}
}

func fail(context.Context) (int, error) { return 0, errors.New("connection refused") }

func succeed(context.Context) (int, error) { return 7, nil }

func TestHungStepIsLeftAfterASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := new(breaker)
		release := make(chan struct{})
		began := time.Now()
		var late []int
		_, err := ask(t.Context(), b, "load", hang(release), func(v int) { late = append(late, v) })
		require.ErrorIs(t, err, errTimeout)
		assert.Equal(t, stepTime, time.Since(began))
		_, err = ask(t.Context(), b, "load", succeed, nil)
		require.ErrorIs(t, err, errDown, "the next step doesn't wait")
		assert.Equal(t, stepTime, time.Since(began))

		close(release)
		synctest.Wait()
		assert.Equal(t, []int{1}, late, "what comes too late is given back")
		assert.True(t, b.isFailed(), "and doesn't count as a success")

		time.Sleep(cooldown) //nolint:forbidigo // in a synctest bubble
		failing := func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 2, ctx.Err()
		}
		_, err = ask(t.Context(), b, "load", failing, func(v int) { late = append(late, v) })
		require.Error(t, err)
		synctest.Wait()
		assert.Equal(t, []int{1}, late, "an error gives nothing to give back")
	})
}

func TestCallerLeavesAtItsOwnDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := new(breaker)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var late []int
		release := make(chan struct{})
		_, err := ask(ctx, b, "load", hang(release), func(v int) { late = append(late, v) })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.False(t, b.isFailed(), "the caller's end is not Redis' failure")
		close(release)
		synctest.Wait()
		assert.Equal(t, []int{1}, late)
		assert.False(t, b.isFailed())

		release = make(chan struct{})
		_, err = ask(ctx, b, "load", hang(release), nil)
		require.Error(t, err)
		time.Sleep(stepTime) //nolint:forbidigo // in a synctest bubble
		synctest.Wait()
		assert.True(t, b.isFailed(), "a step that hangs counts, though nobody waits for it")
		close(release)
	})
}

func TestFailedRedisIsTriedAgainOncePerCooldown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := new(breaker)
		_, err := ask(t.Context(), b, "load", fail, nil)
		require.ErrorContains(t, err, "linkitredis: load: connection refused")

		time.Sleep(cooldown) //nolint:forbidigo // in a synctest bubble
		release := make(chan struct{})
		var hung sync.WaitGroup
		hung.Go(func() { _, _ = ask(context.Background(), b, "load", hang(release), nil) })
		synctest.Wait()
		for range 10 {
			_, err = ask(t.Context(), b, "load", succeed, nil)
			require.ErrorIs(t, err, errDown, "one attempt at a time")
		}
		close(release)
		hung.Wait()
		v, err := ask(t.Context(), b, "load", succeed, nil)
		require.NoError(t, err)
		assert.Equal(t, 7, v)
	})
}

func TestOutageIsLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := &breaker{logger: logged(&log)}
		outage := func() {
			for range 5 {
				_, _ = ask(t.Context(), b, "load", fail, nil)
				time.Sleep(2 * cooldown) //nolint:forbidigo // in a synctest bubble
			}
			_, err := ask(t.Context(), b, "save", succeed, nil)
			require.NoError(t, err)
		}
		outage()
		assert.Equal(t, 1, strings.Count(log.String(), "level=WARN msg="), log.String())
		assert.Contains(t, log.String(), "step=load error=\"connection refused\"")
		assert.Equal(t, 1, strings.Count(log.String(), `level=INFO msg="linkitredis: Redis is back"`), log.String())
		for range 4 { // the last one begins after 40 seconds
			outage()
		}
		assert.Equal(t, 2, strings.Count(log.String(), "\n"), "once a minute at most: %s", log.String())
		time.Sleep(logEvery) //nolint:forbidigo // in a synctest bubble
		for range 20 {       // one outage, of more than three minutes
			_, _ = ask(t.Context(), b, "load", fail, nil)
			time.Sleep(10 * cooldown) //nolint:forbidigo // in a synctest bubble
		}
		assert.Equal(t, 3, strings.Count(log.String(), "\n"), log.String())
		outage()
		assert.Equal(t, 4, strings.Count(log.String(), "\n"), log.String())
	})
}

func TestPanickingClientIsAFailure(t *testing.T) {
	t.Parallel()
	b := new(breaker)
	_, err := ask(t.Context(), b, "load", func(context.Context) (int, error) { panic("a secret") }, nil)
	require.ErrorContains(t, err, "the Redis client panicked with a string")
	assert.NotContains(t, err.Error(), "secret")
	assert.True(t, b.isFailed())
}
