package retry

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// However takers, those that give up and those that are done follow each other, no more slots are
// taken than there are, and none is lost.
func TestSlotsAreNeverMoreNorLost(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 2, 7} {
		s := newSlots(most)
		take := func(ctx context.Context) error {
			if s.TryAcquire() {
				return nil
			}
			return s.Acquire(ctx)
		}
		var held, peak, refused atomic.Int64
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				for range 500 {
					ctx, cancel := context.WithCancel(context.Background())
					if rand.N(2) == 0 {
						go cancel()
					}
					if err := take(ctx); err != nil {
						assert.ErrorIs(t, err, context.Canceled)
						refused.Add(1)
						cancel()
						continue
					}
					now := held.Add(1)
					for seen := peak.Load(); now > seen && !peak.CompareAndSwap(seen, now); seen = peak.Load() {
					}
					runtime.Gosched()
					held.Add(-1)
					s.Release()
					cancel()
				}
			})
		}
		group.Wait()
		assert.Equal(t, int64(most), peak.Load())
		assert.Positive(t, refused.Load())
		for range most {
			require.NoError(t, take(t.Context()))
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, take(ended), context.Canceled)
		assert.Empty(t, s.given)
	}
}

func TestSlotThatCameFreeMeanwhileIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	s := newSlots(2)
	require.NoError(t, s.Acquire(t.Context()))
	require.NoError(t, s.Acquire(t.Context()))
	require.False(t, s.TryAcquire())
	s.Release()
	require.True(t, s.TryAcquire())
	require.False(t, s.TryAcquire())
}

// Which of the two the waiter sees is a matter of chance.
func TestSlotGivenToOneThatGivesUpIsNotLost(t *testing.T) {
	t.Parallel()
	gaveUp := 0
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			s := newSlots(1)
			require.True(t, s.TryAcquire())
			ctx, cancel := context.WithCancel(t.Context())
			waiting := make(chan error, 1)
			go func() { waiting <- s.Acquire(ctx) }()
			synctest.Wait()
			cancel()
			s.Release()
			if err := <-waiting; err == nil {
				s.Release()
			} else {
				gaveUp++
			}
			require.Empty(t, s.given)
			require.True(t, s.TryAcquire())
			require.False(t, s.TryAcquire())
		})
	}
	assert.Positive(t, gaveUp)
}

func TestOneThatGivesUpWaitingLeavesTheSlotToTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1)
		require.True(t, s.TryAcquire())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.Acquire(ctx), context.Canceled)
		waiting := make(chan error, 1)
		go func() { waiting <- s.Acquire(t.Context()) }()
		synctest.Wait()
		s.Release()
		require.NoError(t, <-waiting)
		require.False(t, s.TryAcquire())
		s.Release()
		require.True(t, s.TryAcquire())
	})
}
