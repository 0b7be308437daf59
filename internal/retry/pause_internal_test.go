package retry

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWaitsAfter429sThatDoNotSayVaryAsInTheSimulations(t *testing.T) {
	t.Parallel()
	p := New(Config{WaitMin: 500 * time.Millisecond, WaitMax: 10 * time.Second, Concurrency: 1})
	for n, want := range [][][2]float64{
		1: {{0.9, 1}}, 2: {{1.8, 2}}, 3: {{2, 4}}, 4: {{4, 8}}, 5: {{5, 6}, {9, 10}}, 6: {{7, 10}}, 7: {{7, 10}}, 9: {{7, 10}},
	} {
		met := make([]struct{ low, high, count float64 }, len(want))
		for range 1000 * len(want) {
			wait := p.pauseFor(n).Seconds()
			i := 0
			for i < len(want)-1 && wait > want[i][1] {
				i++
			}
			require.GreaterOrEqual(t, wait, want[i][0], "%d in a row", n)
			require.LessOrEqual(t, wait, want[i][1], "%d in a row", n)
			if met[i].count++; met[i].count == 1 {
				met[i].low, met[i].high = wait, wait
			}
			met[i].low, met[i].high = min(met[i].low, wait), max(met[i].high, wait)
		}
		for i, bounds := range want {
			margin := (bounds[1] - bounds[0]) / 20
			assert.Less(t, met[i].low, bounds[0]+margin, "%d in a row", n)
			assert.Greater(t, met[i].high, bounds[1]-margin, "%d in a row", n)
			assert.Greater(t, met[i].count, 800.0, "%d in a row: each range is as likely", n)
		}
	}
}

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
