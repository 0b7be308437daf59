package main

import (
	"context"
	"fmt"
	"go/version"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit"
)

// times makes calls one after the other.
func times(call func(context.Context) error) func(context.Context, int) error {
	return func(ctx context.Context, n int) error {
		for range n {
			if err := call(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

func find(lines []line, who string) *line {
	for i := range lines {
		if lines[i].who == who {
			return &lines[i]
		}
	}
	panic("no contestant " + who) // a slip in this program
}

// onEach runs a piece of work over each protocol: most rounds over plain HTTP, where the clients
// are most of the time.
func (b *bench) onEach(ctx context.Context, work func(c *server, protocol string, rounds int) error) error {
	for _, protocol := range []string{plainHTTP, overTLS, http2} {
		rounds := b.of(15, 3)
		if protocol == plainHTTP {
			rounds = b.of(41, 3)
		}
		err := func() error {
			c, err := start(ctx, spec{Protocol: protocol, Canned: true})
			if err != nil {
				return err
			}
			defer c.stop()
			return work(c, protocol, rounds)
		}()
		if err != nil {
			return err
		}
	}
	return nil
}

func smallGet(ctx context.Context, b *bench) error {
	return b.onEach(ctx, func(c *server, protocol string, rounds int) error {
		client, err := c.keyed()
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }()
		race := contest{work: "One small GET, " + protocol, unit: "call", rounds: rounds, warm: 100, memory: true}
		for _, p := range append(c.peers(), c.bounded()) {
			race.contestants = append(
				race.contestants,
				contestant{p.name, b.of(600, 300), times(func(ctx context.Context) error { return p.product(ctx, productID(1)) })},
			)
		}
		race.contestants = append(race.contestants, contestant{sdk, b.of(600, 300), times(func(ctx context.Context) error {
			v, err := client.Products.Get(ctx, productID(1))
			if err != nil {
				return err
			}
			return checkProduct(v.IvID, v.AveragePrice, v.Created.Time)
		})})
		lines, err := b.race(ctx, race)
		if err != nil || protocol != plainHTTP {
			return err
		}
		own, careful := find(lines, sdk), find(lines, bounded)
		b.atMost("small GET, time beside hand-written with a timeout", own.beside(careful), 1.05, "")
		b.exactly("small GET, allocations more than hand-written with a timeout", math.Round(own.allocs-careful.allocs), 8)
		for _, name := range []string{restyTwo, restyThree} {
			b.exactly("small GET, allocations beside "+name, own.allocs/find(lines, name).allocs, 0.99)
		}
		return nil
	})
}

func onePage(ctx context.Context, b *bench) error {
	return b.onEach(ctx, func(c *server, protocol string, rounds int) error {
		client, err := c.keyed()
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }()
		race := contest{work: "A page of 100 records, " + protocol, unit: "page", rounds: rounds, warm: 20, memory: true}
		for _, p := range c.peers() {
			race.contestants = append(race.contestants, contestant{p.name, b.of(80, 50), times(func(ctx context.Context) error {
				_, err := p.page(ctx, 1)
				return err
			})})
		}
		race.contestants = append(race.contestants, contestant{sdk, b.of(80, 50), times(func(ctx context.Context) error {
			v, err := client.Products.List(
				ctx,
				&linkit.ProductListParams{ListParams: linkit.ListParams{Page: 1, Limit: pageSize}},
			)
			if err == nil && len(v.Data) != pageSize {
				err = fmt.Errorf("%d records", len(v.Data))
			}
			return err
		})})
		lines, err := b.race(ctx, race)
		if err != nil || protocol != plainHTTP {
			return err
		}
		own, hand := find(lines, sdk), find(lines, handWritten)
		time, garbage := pageBounds()
		b.atMost("page of 100, time beside hand-written", own.ratio, time, "")
		b.atMost("page of 100, garbage beside hand-written", own.garbage/hand.garbage, garbage, "")
		return nil
	})
}

// pageBounds are what a page may cost beside a hand-written one. From Go 1.27 on, encoding/json is
// the engine that the SDK uses too.
func pageBounds() (time, garbage float64) {
	if version.Compare(runtime.Version(), "go1.27") >= 0 {
		return 1.25, 1.25
	}
	return 0.75, 0.6
}

const goroutines = 64

// crowd makes n calls from 64 goroutines; wrong says of a call's number and error what is wrong, if
// anything is.
func crowd(call func(context.Context, int) error, wrong func(int, error) error) func(context.Context, int) error {
	return func(ctx context.Context, n int) error {
		var next atomic.Int64
		var failed atomic.Pointer[error]
		var group sync.WaitGroup
		for range goroutines {
			group.Go(func() {
				for i := int(next.Add(1)); i <= n && failed.Load() == nil; i = int(next.Add(1)) {
					if err := wrong(i, call(ctx, i)); err != nil {
						failed.CompareAndSwap(nil, &err)
					}
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

func none(_ int, err error) error { return err }

// everyHundredth checks the calls of the failing contest: each hundredth must fail.
func everyHundredth(i int, err error) error {
	if !fails(i) {
		return err
	}
	if err == nil {
		return fmt.Errorf("call %d did not fail", i)
	}
	return nil
}

// fails picks one call of each hundred, and not the last: the wait for its retries would be a
// round's end, with nobody else at work.
func fails(i int) bool { return i%100 == 1 }

func hundredthFails(i int) string {
	if fails(i) {
		return failingID
	}
	return productID(1)
}

// pools are the clients of the crowded contests: name and one call.
func pools(c *server, client *linkit.Client) []peer {
	ps := append(c.peers(), c.bounded(), c.retryable(ownPool, nil))
	return append(ps, peer{sdk, func(ctx context.Context, ivID string, _ []byte, _ any) error {
		v, err := client.Products.Get(ctx, ivID)
		if err != nil {
			return err
		}
		return checkProduct(v.IvID, v.AveragePrice, v.Created.Time)
	}})
}

func (p peer) get(ctx context.Context, ivID string) error {
	if p.name == sdk {
		return p.send(ctx, ivID, nil, nil)
	}
	return p.product(ctx, ivID)
}

func (c *server) crowded() (*linkit.Client, error) {
	return c.keyed(linkit.WithMaxConcurrency(goroutines), linkit.WithRetryWait(time.Millisecond, time.Millisecond))
}

func parallel(ctx context.Context, b *bench) error {
	c, err := start(ctx, spec{Protocol: overTLS, Canned: true})
	if err != nil {
		return err
	}
	defer c.stop()
	client, err := c.crowded()
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	race := contest{work: "64 goroutines, small GETs, HTTP/1.1 over TLS", unit: "call", rounds: b.of(61, 3), warm: 640}
	for _, p := range pools(c, client) {
		units := b.of(6000, 1000)
		if p.name == ownPool {
			units /= 10 // a call costs many times as much
		}
		race.contestants = append(
			race.contestants,
			contestant{p.name, units, crowd(func(ctx context.Context, _ int) error { return p.get(ctx, productID(1)) }, none)},
		)
	}
	lines, err := b.race(ctx, race)
	if err != nil {
		return err
	}
	own := find(lines, sdk)
	b.atLeast(
		"64 goroutines over TLS, calls a second beside hand-written with a timeout",
		1/own.beside(find(lines, bounded)),
		0.95,
	)
	b.atLeast("64 goroutines over TLS, calls a second beside hand-written", 1/own.ratio, 0.93)
	b.atLeast(
		"64 goroutines over TLS, calls a second beside go-retryablehttp with its own pool",
		find(lines, ownPool).ratio/own.ratio,
		5,
	)
	return nil
}

// failing compares each client with itself: all calls succeed, and one in a hundred gets a 500,
// which those that retry retry three times.
func failing(ctx context.Context, b *bench) error {
	c, err := start(ctx, spec{Protocol: overTLS, Canned: true})
	if err != nil {
		return err
	}
	defer c.stop()
	client, err := c.crowded()
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	for _, p := range pools(c, client) {
		if p.name != sdk && p.name != handWritten && p.name != retryable {
			continue
		}
		units, hard := b.of(6000, 1000), b.of(6000, 1000)
		if p.name == retryable {
			hard /= 4 // a call costs several times as much
		}
		lines, err := b.race(ctx, contest{
			work: "64 goroutines over TLS, " + p.name, unit: "call", rounds: b.of(15, 3), warm: 640,
			contestants: []contestant{
				{"no call fails", units, crowd(func(ctx context.Context, _ int) error { return p.get(ctx, productID(1)) }, none)},
				{
					"1 % fail",
					hard,
					crowd(func(ctx context.Context, i int) error { return p.get(ctx, hundredthFails(i)) }, everyHundredth),
				},
			},
		})
		if err != nil {
			return err
		}
		if p.name == sdk {
			b.atLeast(
				"64 goroutines over TLS, 1 % failing calls, calls a second beside its own clean rate",
				1/lines[1].ratio,
				0.9,
			)
		}
	}
	return nil
}
