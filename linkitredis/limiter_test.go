package linkitredis_test

import (
	"context"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkitredis"
)

// stoppedClock is a Redis whose clock only the test moves.
func stoppedClock(t *testing.T) (*miniredis.Miniredis, *redis.Client, time.Time) {
	t.Helper()
	m := miniredis.RunT(t)
	now := time.Date(2026, 11, 25, 10, 0, 0, 123_456_000, time.UTC)
	m.SetTime(now)
	client := redis.NewClient(&redis.Options{Addr: m.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	return m, client, now
}

func TestPlacesAreAnIntervalApart(t *testing.T) {
	t.Parallel()
	m, client, now := stoppedClock(t)
	reserve := linkitredis.New(client).Limiter("l", 4, 3).Reserve
	for i, want := range []int{0, 0, 0, 250, 500, 750, 1000} { // the burst, then the rate
		wait, reserved := reserve(t)
		assert.True(t, reserved, i)
		assert.Equal(t, time.Duration(want)*time.Millisecond, wait, i)
	}
	for range 3 { // a second ahead, and no further
		wait, reserved := reserve(t)
		assert.False(t, reserved)
		assert.Equal(t, 1250*time.Millisecond, wait)
	}
	m.SetTime(now.Add(250 * time.Millisecond))
	wait, reserved := reserve(t)
	assert.True(t, reserved)
	assert.Equal(t, time.Second, wait)

	m.SetTime(now.Add(time.Minute)) // a rest: the burst is there again, and no more
	for i, want := range []int{0, 0, 0, 250} {
		wait, reserved := reserve(t)
		assert.True(t, reserved)
		assert.Equal(t, time.Duration(want)*time.Millisecond, wait, i)
	}
	life := client.PTTL(t.Context(), "linkit:limit:l").Val()
	assert.LessOrEqual(t, life, time.Second, "the key expires when it says nothing any more")
}

func TestOddRatesAreExact(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.001, 0.3, 3, 7.7, 1234.5, 100_000} {
		m, client, now := stoppedClock(t)
		reserve := linkitredis.New(client).Limiter("l", rate, 1).Reserve
		const places = 200
		interval := 1e9 / rate
		for i := range places {
			m.SetTime(now.Add(time.Duration(math.Ceil(float64(i) * interval))))
			wait, reserved := reserve(t)
			require.True(t, reserved, "%v: %d", rate, i)
			require.LessOrEqual(t, wait, 2*time.Microsecond, "%v: %d", rate, i)
		}
		wait, _ := reserve(t)
		assert.InDelta(t, interval, float64(wait), interval/1000+2000, "%v", rate)
	}
}

func TestClockThatIsSetBackHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	m, client, now := stoppedClock(t)
	reserve := linkitredis.New(client).Limiter("l", 4, 1).Reserve
	reserve(t)
	m.SetTime(now.Add(-time.Hour)) // a failover to a machine whose clock is behind
	wait, _ := reserve(t)
	assert.LessOrEqual(t, wait, 1250*time.Millisecond)
}

func TestLimitIsNotHeldUpByWhatItsKeyHeld(t *testing.T) {
	t.Parallel()
	_, client, _ := stoppedClock(t)
	for name, value := range map[string]string{
		"junk": "junk", "far": "99999999999999999", "infinite": "inf", "nan": "nan", "empty": "",
	} {
		require.NoError(t, client.Set(t.Context(), "linkit:limit:"+name, value, 0).Err())
		wait, _ := linkitredis.New(client).Limiter(name, 4, 1).Reserve(t)
		assert.LessOrEqual(t, wait, 1250*time.Millisecond, name)
	}
}

func TestLimitIsSharedByAllWhoNameIt(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	const rate, burst, each, sharers = 100, 10, 50, 4
	began := time.Now()
	var wg sync.WaitGroup
	for range sharers {
		limiter := linkitredis.New(r.client()).Limiter("l", rate, burst)
		for range 5 {
			wg.Go(func() {
				for range each / 5 {
					assert.NoError(t, limiter.Wait(t.Context()))
				}
			})
		}
	}
	wg.Wait()
	ideal := time.Second * (sharers*each - burst) / rate
	assert.GreaterOrEqual(t, time.Since(began), ideal-20*time.Millisecond)
	assert.Less(t, time.Since(began), 3*ideal)
}

func TestLimitsOfTwoNamesAreApart(t *testing.T) {
	t.Parallel()
	_, client, _ := stoppedClock(t)
	store, other := linkitredis.New(client), linkitredis.New(client, linkitredis.WithPrefix("other:"))
	for _, limiter := range []*linkitredis.Limiter{
		store.Limiter("a", 1, 1), store.Limiter("b", 1, 1), other.Limiter("a", 1, 1),
	} {
		wait, reserved := limiter.Reserve(t)
		assert.True(t, reserved)
		assert.Zero(t, wait)
	}
	assert.Same(t, store.Limiter("a", 1, 1), store.Limiter("a", 1, 1), "they share a limit without Redis too")
	assert.NotSame(t, store.Limiter("a", 1, 1), store.Limiter("a", 1, 2))
}

func TestLimitThatCannotBeIsAnErrorOfEveryWait(t *testing.T) {
	t.Parallel()
	_, client, _ := stoppedClock(t)
	store := linkitredis.New(client)
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.ErrorContains(t, store.Limiter("l", rate, 1).Wait(t.Context()), "perSecond must be positive")
	}
	for _, burst := range []int{0, -1} {
		require.ErrorContains(t, store.Limiter("l", 1, burst).Wait(t.Context()), "burst must be positive")
	}
	for _, rate := range []float64{math.SmallestNonzeroFloat64, math.MaxFloat64} {
		require.NoError(t, store.Limiter("l", rate, math.MaxInt).Wait(t.Context()))
	}
}

func TestWaitThatDoesNotFitTheDeadlineIsNotBegun(t *testing.T) {
	t.Parallel()
	_, client, _ := stoppedClock(t)
	limiter := linkitredis.New(client).Limiter("l", 0.01, 1)
	require.NoError(t, limiter.Wait(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()
	for range 3 {
		err := limiter.Wait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "has room in 1m40s")
	}
	assert.Less(t, time.Since(began), 5*time.Second)
	wait, _ := limiter.Reserve(t)
	assert.Equal(t, 100*time.Second, wait, "none of them reserved a place")
}

func TestCancelledWaitReturnsAtOnce(t *testing.T) {
	t.Parallel()
	_, client, _ := stoppedClock(t)
	limiter := linkitredis.New(client).Limiter("l", 0.01, 1)
	require.NoError(t, limiter.Wait(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 5 { // one in its turn, four behind it
		wg.Go(func() { assert.ErrorIs(t, limiter.Wait(ctx), context.Canceled) })
	}
	require.Eventually(t, func() bool { return limiter.Waiting() == 5 }, 20*time.Second, time.Millisecond)
	short, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	err := limiter.Wait(short)
	require.ErrorIs(t, err, context.DeadlineExceeded, "five wait before it, for 100 s each")
	require.ErrorContains(t, err, "has room in")
	cancel()
	wg.Wait()
	assert.Zero(t, limiter.Waiting())
	require.ErrorIs(t, limiter.Wait(ctx), context.Canceled)
}

func TestWaitForAReservedPlaceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, limiter := range map[string]*linkitredis.Limiter{
		"with Redis": func() *linkitredis.Limiter {
			_, client, _ := stoppedClock(t)
			return linkitredis.New(client).Limiter("l", 1, 1)
		}(),
		"without Redis": linkitredis.New(patientClient(t, "127.0.0.1:1"), linkitredis.WithLogger(nil)).Limiter("l", 1, 1),
	} {
		require.NoError(t, limiter.Wait(t.Context()), name)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		require.ErrorIs(t, limiter.Wait(ctx), context.Canceled, name)
	}
}

func TestPlaceThatWasNotWaitedForIsGivenBackWhereTheProcessIsAlone(t *testing.T) {
	t.Parallel()
	limiter := linkitredis.New(patientClient(t, "127.0.0.1:1"), linkitredis.WithLogger(nil)).Limiter("l", 1.0/3600, 1)
	require.NoError(t, limiter.Wait(t.Context()))
	for range 3 { // an hour each, were they not given back
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		time.AfterFunc(20*time.Millisecond, cancel)
		require.ErrorIs(t, limiter.Wait(ctx), context.Canceled)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	require.ErrorIs(t, limiter.Wait(ctx), context.DeadlineExceeded)
}

func TestLimiterGoesOnAloneWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, addr := range map[string]string{"gone": "127.0.0.1:1", "hung": hungAddr(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log syncBuffer
			limiter := linkitredis.New(patientClient(t, addr), withLog(&log)).Limiter("l", 50, 5)
			var most atomic.Int64
			var wg sync.WaitGroup
			const waits = 150
			began := time.Now()
			for range waits {
				wg.Go(func() {
					one := time.Now()
					assert.NoError(t, limiter.Wait(t.Context()))
					most.Store(max(most.Load(), int64(time.Since(one))))
				})
			}
			wg.Wait()
			ideal := time.Second * (waits - 5) / 50
			assert.GreaterOrEqual(t, time.Since(began), ideal-20*time.Millisecond, "at the same rate")
			assert.Less(t, time.Since(began), ideal+3*time.Second)
			assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
			assert.Contains(t, log.String(), "goes on alone")
		})
	}
}

func TestShortDeadlineIsKeptWhenRedisHangs(t *testing.T) {
	t.Parallel()
	limiter := linkitredis.New(patientClient(t, hungAddr(t)), linkitredis.WithLogger(nil)).Limiter("l", 50, 5)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	require.NoError(t, limiter.Wait(ctx), "half of the time is left for going on alone")
}

func TestLimiterAsksRedisAgainWhenItIsBack(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	r.kill()
	var log syncBuffer
	limiter := linkitredis.New(r.client(), withLog(&log)).Limiter("l", 100, 1)
	require.NoError(t, limiter.Wait(t.Context()))
	r.start()
	eventually(t, 20*time.Second, func() bool {
		require.NoError(t, limiter.Wait(t.Context()))
		return strings.Contains(log.String(), "Redis is back")
	}, "Redis is asked again")
	require.NoError(t, limiter.Wait(t.Context()))
	assert.Equal(t, int64(1), r.client().Exists(t.Context(), "linkit:limit:l").Val())
}
