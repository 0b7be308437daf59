package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit"
)

const wholeList = 3750 // pages of 100: the 375,000 records of Linkit's own telemetry sample

// pager reads pages one after the other, as every client but the SDK does.
func (p peer) pager(ctx context.Context, pages int) error {
	for number := 1; number <= pages; number++ {
		got, err := p.page(ctx, number)
		if err != nil {
			return err
		}
		if !got.HasNext && number < pages {
			return fmt.Errorf("the list ends with page %d", number)
		}
	}
	return nil
}

// atOnce reads pages from several goroutines, in any order: what a program can do by hand when it
// doesn't mind the order.
func (p peer) atOnce(width int) func(context.Context, int) error {
	return func(ctx context.Context, pages int) error {
		var next, read atomic.Int64
		var group sync.WaitGroup
		var failed atomic.Pointer[error]
		for range width {
			group.Go(func() {
				for number := int(next.Add(1)); number <= pages && failed.Load() == nil; number = int(next.Add(1)) {
					if _, err := p.page(ctx, number); err != nil {
						failed.CompareAndSwap(nil, &err)
						return
					}
					read.Add(1)
				}
			})
		}
		group.Wait()
		if err := failed.Load(); err != nil {
			return *err
		}
		return nil
	}
}

// steady notes how a page's cost grows in the course of a walk.
type steady struct{ growth []float64 }

// all reads pages through Products.All, and the whole list to its very end. It checks each record's
// place in the order.
func (s *steady) all(client *linkit.Client, records int) func(context.Context, int) error {
	return func(ctx context.Context, pages int) error {
		read, quarter := 0, max(pages/4, 11)
		var tenth, first, third time.Time
		for p, err := range client.Products.All(ctx, nil) {
			if err != nil {
				return err
			}
			if want := productID(records - 1 - read); p.IvID != want { // the newest come first
				return fmt.Errorf("%s came in the place of %s", p.IvID, want)
			}
			read++
			switch read {
			case 10 * pageSize:
				tenth = time.Now()
			case quarter * pageSize:
				first = time.Now()
			case (pages - quarter) * pageSize:
				third = time.Now()
			}
			if read == pages*pageSize && read < records {
				break
			}
		}
		if read != pages*pageSize {
			return fmt.Errorf("%d records instead of %d", read, pages*pageSize)
		}
		if quarter > 20 {
			early := first.Sub(tenth).Seconds() / float64(quarter-10)
			s.growth = append(s.growth, time.Since(third).Seconds()/float64(quarter)/early)
		}
		return nil
	}
}

func walk(ctx context.Context, b *bench, delay time.Duration) error {
	pages := b.of(wholeList, 60)
	c, err := start(ctx, spec{Protocol: plainHTTP, Products: pages * pageSize})
	if err != nil {
		return err
	}
	defer c.stop()
	if err := c.delay(delay); err != nil {
		return err
	}
	ahead, err := c.keyed(linkit.WithPrefetch(8))
	if err != nil {
		return err
	}
	defer func() { _ = ahead.Close() }()
	plain, err := c.keyed()
	if err != nil {
		return err
	}
	defer func() { _ = plain.Close() }()

	race := contest{
		work:   fmt.Sprintf("A walk of %d pages, %v a page", pages, delay),
		unit:   "page",
		rounds: b.of(3, 1),
		warm:   20,
		heap:   true,
	}
	some := b.of(300, 20)
	for _, p := range c.peers() {
		if delay == 0 || p.name == handWritten {
			race.contestants = append(race.contestants, contestant{p.name, some, p.pager})
		}
	}
	var cost, unused steady
	if delay == 0 {
		race.contestants = append(race.contestants, contestant{sdk, some, unused.all(plain, pages*pageSize)})
	}
	race.contestants = append(race.contestants, contestant{readingAhead, pages, cost.all(ahead, pages*pageSize)})
	lines, err := b.race(ctx, race)
	if err != nil {
		return err
	}
	for i := range lines {
		if race.contestants[i].units < pages {
			lines[i].note = fmt.Sprintf(", the first %d pages", some)
		}
	}
	if delay == 50*time.Millisecond {
		own := find(lines, readingAhead)
		b.atLeast("walk at 50 ms, WithPrefetch(8), times as fast as page by page", 1/own.ratio, 7.5)
		b.atMost("walk at 50 ms, peak heap above the start", float64(own.peak())/(1<<20), 16, "MiB")
	}
	if delay != 20*time.Millisecond && len(cost.growth) > 0 {
		b.atMost(
			fmt.Sprintf("walk at %v, a page of the last quarter beside one from page 10 to the first", delay),
			median(cost.growth),
			1.1,
			"",
		)
	}
	return nil
}

func thousandPages(ctx context.Context, b *bench) error {
	pages := b.of(1000, 60)
	c, err := start(ctx, spec{Protocol: plainHTTP, Products: pages * pageSize})
	if err != nil {
		return err
	}
	defer c.stop()
	if err := c.delay(20 * time.Millisecond); err != nil {
		return err
	}
	client, err := c.keyed(linkit.WithPrefetch(8))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	hand := c.peers()[0]
	lines, err := b.race(ctx, contest{
		work: fmt.Sprintf("%d pages at 20 ms", pages), unit: "page", rounds: b.of(3, 1), warm: 20, heap: true,
		contestants: []contestant{
			{handWritten, pages, hand.pager},
			{"hand-written, 8 at once, in any order", pages, hand.atOnce(8)},
			{readingAhead, pages, new(steady).all(client, pages*pageSize)},
		},
	})
	if err != nil {
		return err
	}
	b.atLeast("1,000 pages at 20 ms, WithPrefetch(8), times as fast as page by page", 1/lines[2].ratio, 7)
	b.atMost("1,000 pages at 20 ms, peak heap above the start", float64(lines[2].peak())/(1<<20), 16, "MiB")
	return nil
}
