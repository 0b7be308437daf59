package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"time"
)

// bench is one run of the program.
type bench struct {
	quick  bool
	lines  []line
	claims []claim
}

// of is how much of something to do.
func (b *bench) of(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}

// contestant does units of a contest's work: calls, pages or requests.
type contestant struct {
	name  string
	units int // a round
	do    func(ctx context.Context, units int) error
}

// contest is one piece of work, done by one contestant after the other, round after round.
type contest struct {
	work        string
	unit        string
	rounds      int
	warm        int  // units beforehand, so that connections are open; 0: none
	memory      bool // allocations and garbage are of interest
	heap        bool // the peak heap is
	contestants []contestant
}

// line is the result of a contestant.
type line struct {
	work, who, unit string
	took            []time.Duration // per unit, one a round
	ratio           float64         // to the first contestant's: the median of the rounds' own
	allocs, garbage float64         // per unit; 0: not shown
	heaps           []uint64        // at most above the start, one a round
	note            string
}

// beside is the median of the rounds' ratios to another contestant of the same race.
func (l *line) beside(other *line) float64 {
	ratios := make([]float64, len(l.took))
	for round := range ratios {
		ratios[round] = float64(l.took[round]) / float64(other.took[round])
	}
	return median(ratios)
}

func (l *line) median() time.Duration { return median(l.took) }

// peak is the most of all rounds; 0: not shown.
func (l *line) peak() uint64 {
	if len(l.heaps) == 0 {
		return 0
	}
	return slices.Max(l.heaps)
}

func median[T cmp.Ordered](of []T) T {
	s := slices.Sorted(slices.Values(of))
	return s[len(s)/2]
}

// race runs c and adds its lines to the table. Each round has an order of its own, so that nobody
// always follows the same.
func (b *bench) race(ctx context.Context, c contest) ([]line, error) {
	lines := make([]line, len(c.contestants))
	for i, who := range c.contestants {
		lines[i] = line{work: c.work, who: who.name, unit: c.unit}
		if c.warm == 0 {
			continue
		}
		if err := who.do(ctx, c.warm); err != nil {
			return nil, fmt.Errorf("%s: warming up: %w", who.name, err)
		}
	}
	order := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
	for range c.rounds {
		for _, i := range order.Perm(len(c.contestants)) {
			if err := lines[i].measure(ctx, c, c.contestants[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", lines[i].who, err)
			}
		}
	}
	for i := range lines {
		l := &lines[i]
		l.ratio = l.beside(&lines[0])
		l.allocs /= float64(c.rounds)
		l.garbage /= float64(c.rounds)
		fmt.Fprintf(os.Stderr, "  %s, %s: %s a %s\n", l.work, l.who, brief(l.median()), l.unit)
	}
	b.lines = append(b.lines, lines...)
	return b.lines[len(b.lines)-len(lines):], nil
}

// measure lets a contestant do its round. Garbage of others is collected beforehand; its own is its
// own affair.
func (l *line) measure(ctx context.Context, c contest, who contestant) error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var watched *heap
	if c.heap {
		watched = watchHeap()
	}
	began := time.Now()
	err := who.do(ctx, who.units)
	took := time.Since(began)
	if watched != nil {
		l.heaps = append(l.heaps, watched.peak())
	}
	if err != nil {
		return err
	}
	l.took = append(l.took, took/time.Duration(who.units))
	if c.memory {
		runtime.ReadMemStats(&after)
		l.allocs += float64(after.Mallocs-before.Mallocs) / float64(who.units)
		l.garbage += float64(after.TotalAlloc-before.TotalAlloc) / float64(who.units)
	}
	return nil
}

// heap samples how much memory objects take, those not yet collected included.
type heap struct {
	base  uint64
	most  atomic.Uint64
	stop  chan struct{}
	ended chan struct{}
}

func objects() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func watchHeap() *heap {
	h := &heap{base: objects(), stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(h.ended)
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				h.most.Store(max(h.most.Load(), objects()))
			case <-h.stop:
				return
			}
		}
	}()
	return h
}

// peak ends the watch and returns the most above the start.
func (h *heap) peak() uint64 {
	close(h.stop)
	<-h.ended
	return max(h.most.Load(), h.base) - h.base
}
