package linkitredis_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkitredis"
)

func TestWaitersAreLetThroughInOrderAtTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		limiter := linkitredis.New(client).Limiter("l", 4, 2)
		const waiters = 20
		began := time.Now()
		var mu sync.Mutex
		var order []int
		var after []time.Duration
		var all sync.WaitGroup
		for i := range waiters {
			all.Go(func() {
				assert.NoError(t, limiter.Wait(t.Context()))
				mu.Lock()
				defer mu.Unlock()
				order, after = append(order, i), append(after, time.Since(began))
			})
			synctest.Wait()
		}
		assert.Equal(t, 8, fake.count("limit"), "the first that waits asks again in its turn, and the others not yet")
		assert.Equal(t, int32(waiters-6), limiter.Waiting())
		all.Wait()
		for i := range waiters { // the burst, then the rate
			assert.Equal(t, i, order[i])
			assert.InDelta(t, time.Duration(max(0, i-1))*250*time.Millisecond, after[i], float64(time.Millisecond), i)
		}
		assert.LessOrEqual(t, fake.count("limit"), 2*waiters, "nobody asks again before there can be room")
	})
}

func TestWaitThatHasEndedTakesNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		limiter := linkitredis.New(client).Limiter("l", 0.25, 1)
		ended, end := context.WithCancel(t.Context())
		end()
		require.ErrorIs(t, limiter.Wait(ended), context.Canceled)
		synctest.Wait()
		assert.Zero(t, fake.count("limit"))

		require.NoError(t, limiter.Wait(t.Context()))
		waiting, end := context.WithCancel(t.Context())
		defer end()
		time.AfterFunc(2*time.Second, end)
		require.ErrorIs(t, limiter.Wait(waiting), context.Canceled)
		synctest.Wait()
		assert.Equal(t, 3, fake.count("limit"), "once when it came, once in its turn, and not at its end")
		began := time.Now()
		require.NoError(t, limiter.Wait(t.Context()))
		assert.InDelta(t, 2*time.Second, time.Since(began), float64(time.Millisecond), "the place is the next one's")
	})
}

func TestHungRedisTakesHalfOfADeadlineAndASecondAtMost(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ deadline, want time.Duration }{
		{700 * time.Millisecond, 350 * time.Millisecond},
		{time.Minute, time.Second},
		{0, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake, client := newFakeRedis(t)
			fake.set(time.Minute, nil)
			limiter := linkitredis.New(client, linkitredis.WithLogger(nil)).Limiter("l", 50, 5)
			ctx := t.Context()
			if row.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, row.deadline)
				defer cancel()
			}
			began := time.Now()
			require.NoError(t, limiter.Wait(ctx))
			assert.Equal(t, row.want, time.Since(began))
			<-time.After(5 * time.Minute) // until the commands have ended
		})
	}
}

func TestRedisThatFailedIsLookedAtWithoutTakingAPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		limiter := linkitredis.New(client, linkitredis.WithLogger(nil)).Limiter("l", 100, 1)
		fake.set(0, errors.New("LOADING"))
		for range 3 {
			require.NoError(t, limiter.Wait(t.Context()))
		}
		assert.Equal(t, 1, fake.count("limit"), "those that follow don't ask")
		assert.Zero(t, fake.count("look"))

		fake.set(500*time.Millisecond, nil)
		<-time.After(time.Second)
		began := time.Now()
		require.NoError(t, limiter.Wait(t.Context()))
		require.NoError(t, limiter.Wait(t.Context()))
		assert.LessOrEqual(t, time.Since(began), 20*time.Millisecond, "nobody waits for the look")
		<-time.After(time.Second)
		assert.Equal(t, 1, fake.count("look"), "one at a time")
		require.NoError(t, limiter.Wait(t.Context()))
		assert.Equal(t, 2, fake.count("limit"), "Redis is back")
	})
}

func TestTurnAfterTheDeadlineIsKnownAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := newFakeRedis(t)
		limiter := linkitredis.New(client).Limiter("l", 1, 3)
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for range 9 { // three at once, one in a second, five in line
			all.Go(func() { _ = limiter.Wait(ctx) })
			synctest.Wait()
		}
		require.Equal(t, int32(5), limiter.Waiting())
		// The sixth in line has its turn in three seconds, were the burst free.
		for deadline, fits := range map[time.Duration]bool{2999 * time.Millisecond: false, time.Minute: true} {
			short, stop := context.WithTimeout(ctx, deadline)
			done := make(chan error, 1)
			go func() { done <- limiter.Wait(short) }()
			synctest.Wait()
			assert.Equal(t, fits, len(done) == 0, deadline)
			if !fits {
				require.ErrorIs(t, <-done, context.DeadlineExceeded)
			}
			stop()
			synctest.Wait()
		}
		cancel()
		all.Wait()
	})
}

func TestPlaceAfterTheDeadlineIsNotTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := newFakeRedis(t)
		limiter := linkitredis.New(client).Limiter("l", 2, 1)
		require.NoError(t, limiter.Wait(t.Context()))
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, limiter.Wait(ctx), context.DeadlineExceeded)
		assert.Zero(t, time.Since(began), "it isn't waited for in vain")
		require.NoError(t, limiter.Wait(t.Context()))
		assert.InDelta(t, 500*time.Millisecond, time.Since(began), float64(time.Millisecond))
	})
}

func TestWaitersGoOnAloneWhenRedisFailsMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		limiter := linkitredis.New(client, linkitredis.WithLogger(nil)).Limiter("l", 1, 1)
		var all sync.WaitGroup
		began := time.Now()
		for range 10 {
			all.Go(func() { assert.NoError(t, limiter.Wait(t.Context())) })
			synctest.Wait()
		}
		require.Equal(t, int32(8), limiter.Waiting())
		fake.set(0, errors.New("LOADING"))
		all.Wait()
		assert.GreaterOrEqual(t, time.Since(began), 7*time.Second, "at the same rate")
		assert.LessOrEqual(t, time.Since(began), 10*time.Second)
	})
}
