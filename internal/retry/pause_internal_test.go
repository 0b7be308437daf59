package retry

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOneOfManyIsTheProbe(t *testing.T) {
	t.Parallel()
	const callers, turns = 2, 5_000
	h := &hold{began: time.Now()}
	var arrived atomic.Int64
	probes := make([]atomic.Int64, turns)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for turn := range turns {
				arrived.Add(1)
				for spins := 1; arrived.Load() < int64(callers*(turn+1)); spins++ {
					if spins%10_000 == 0 {
						runtime.Gosched()
					}
				}
				if h.mayProbe(h.began.Add(time.Duration(turn+1) * probeEvery)) {
					probes[turn].Add(1)
				}
			}
		})
	}
	wg.Wait()
	for turn := range turns {
		require.Equal(t, int64(1), probes[turn].Load(), "turn %d", turn)
	}
}
