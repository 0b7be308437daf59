package retry

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

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
