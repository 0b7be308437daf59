package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit"
)

const batch = 1000

func productParams(i int) linkit.ProductParams {
	p := product(i).Params()
	p.AveragePrice = linkit.Ptr(8.5)
	return p
}

// records is a source of n records that holds none of them.
func records[T any](n int, record func(int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i := range n {
			if !yield(record(i), nil) {
				return
			}
		}
	}
}

// bulkOneByOne sends requests one after the other, as a loop by hand would.
func (p peer) bulkOneByOne(ctx context.Context, requests int) error {
	for n := range requests {
		list := make([]linkit.ProductParams, batch)
		for i := range list {
			list[i] = productParams(n*batch + i)
		}
		body, err := json.Marshal(map[string]any{"mode": "upsert", "products": list})
		if err != nil {
			return err
		}
		var response struct {
			Success bool   `json:"success"`
			Message string `json:"message"`
		}
		if err := p.send(ctx, "/products/bulk", body, &response); err != nil {
			return err
		}
		if err := processed(response.Success, response.Message); err != nil {
			return err
		}
	}
	return nil
}

func processed(success bool, message string) error {
	if !success || !strings.HasPrefix(message, fmt.Sprintf("Processed %d ", batch)) {
		return fmt.Errorf("the server says %q", message)
	}
	return nil
}

// bulkAll sends requests through Products.BulkAll.
func bulkAll(client *linkit.Client) func(context.Context, int) error {
	return func(ctx context.Context, requests int) error {
		sent := 0
		var odd error
		err := client.Products.BulkAll(
			ctx,
			linkit.BulkUpsert,
			records(requests*batch, productParams),
			func(r linkit.BulkResult) {
				sent++
				if err := processed(r.Success, r.Message); err != nil {
					odd = err
				}
			},
		)
		if err == nil && odd == nil && sent != requests {
			odd = fmt.Errorf("%d requests instead of %d", sent, requests)
		}
		if err == nil {
			err = odd
		}
		return err
	}
}

func bulk(ctx context.Context, b *bench) error {
	c, err := start(ctx, spec{Protocol: plainHTTP, Canned: true})
	if err != nil {
		return err
	}
	defer c.stop()
	if err := c.delay(50 * time.Millisecond); err != nil {
		return err
	}
	client, err := c.keyed()
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	all, some := b.of(100, 20), b.of(25, 5)
	race := contest{
		work:   fmt.Sprintf("%d records of bulk upsert, 50 ms a request", all*batch),
		unit:   "request of 1,000",
		rounds: b.of(3, 1),
		warm:   10,
		heap:   true,
	}
	for _, p := range c.peers() {
		units := all
		if p.name != handWritten {
			units = some
		}
		race.contestants = append(race.contestants, contestant{p.name, units, p.bulkOneByOne})
	}
	race.contestants = append(
		race.contestants,
		contestant{sdk, all, bulkAll(client)},
		contestant{sdk + ", 4 times as many", 4 * all, bulkAll(client)},
	)
	lines, err := b.race(ctx, race)
	if err != nil {
		return err
	}
	own := find(lines, sdk)
	b.atLeast("100,000 upserts at 50 ms, times as fast as one by one", 1/own.ratio, 7)
	// The rounds' median: of four times as many collections, one that comes late is four times as
	// likely.
	b.atMost(
		"peak heap of 400,000 upserts beside that of 100,000",
		float64(median(find(lines, sdk+", 4 times as many").heaps))/float64(median(own.heaps)),
		1.25,
		"",
	)
	return nil
}

// uneven sends bulk requests of which one in fifty is slow: through BulkAll, and from ten
// goroutines that call Bulk.
func uneven(ctx context.Context, b *bench) error {
	c, err := start(ctx, spec{Protocol: plainHTTP, Canned: true})
	if err != nil {
		return err
	}
	defer c.stop()
	if err := c.slowOne(20*time.Millisecond, time.Second, 50); err != nil {
		return err
	}
	client, err := c.keyed()
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	requests := b.of(500, 60)
	lines, err := b.race(ctx, contest{
		work: fmt.Sprintf(
			"%d bulk requests of 20 ms, one in fifty of 1 s",
			requests,
		),
		unit:   "request of 1,000",
		rounds: b.of(3, 1),
		contestants: []contestant{
			{"ten goroutines with Bulk", requests, tenWithBulk(client)},
			{sdk, requests, bulkAll(client)},
		},
	})
	if err != nil {
		return err
	}
	b.atMost("500 bulk requests, one in fifty slow: BulkAll beside ten goroutines with Bulk", lines[1].ratio, 1.15, "")
	return nil
}

func tenWithBulk(client *linkit.Client) func(context.Context, int) error {
	return func(ctx context.Context, requests int) error {
		var next atomic.Int64
		var group sync.WaitGroup
		errs := make([]error, 10)
		for i := range errs {
			group.Go(func() {
				for n := int(next.Add(1)); n <= requests && errs[i] == nil; n = int(next.Add(1)) {
					list := make([]linkit.ProductParams, batch)
					for k := range list {
						list[k] = productParams((n-1)*batch + k)
					}
					_, errs[i] = client.Products.Bulk(ctx, linkit.BulkUpsert, list)
				}
			})
		}
		group.Wait()
		return errors.Join(errs...)
	}
}

// catalogue lists and restocks 15,000 products at 25 branches.
func catalogue(ctx context.Context, b *bench) error {
	products, branches := b.of(15_000, 1000), 25
	total := products * branches
	c, err := start(ctx, spec{Protocol: plainHTTP, Products: products, Branches: branches})
	if err != nil {
		return err
	}
	defer c.stop()
	client, err := c.keyed(linkit.WithPrefetch(8))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	lines, err := b.race(ctx, contest{
		work: fmt.Sprintf("%d SKUs listed through SKUs.All", total), unit: "page", rounds: b.of(2, 1), heap: true,
		contestants: []contestant{{readingAhead, total / pageSize, func(ctx context.Context, pages int) error {
			seen := 0
			for sku, err := range client.SKUs.All(ctx, nil) {
				if err != nil {
					return err
				}
				if sku.ProductIvID == "" || sku.BranchIvID == "" || sku.Qty == nil {
					return fmt.Errorf("SKU %q is not whole", sku.IvID)
				}
				seen++
			}
			if seen != pages*pageSize {
				return fmt.Errorf("%d SKUs instead of %d", seen, pages*pageSize)
			}
			return nil
		}}},
	})
	if err != nil {
		return err
	}
	b.atMost("375,000 SKUs listed, peak heap above the start", float64(lines[0].peak())/(1<<20), 16, "MiB")
	stock := 0
	lines, err = b.race(ctx, contest{
		work: fmt.Sprintf(
			"%d SKUs restocked through SKUs.BulkAll",
			total,
		),
		unit:   "request of 1,000",
		rounds: b.of(2, 1),
		heap:   true,
		contestants: []contestant{{sdk, total / batch, func(ctx context.Context, requests int) error {
			stock++
			return restock(ctx, client, requests*batch, branches, stock)
		}}},
	})
	if err != nil {
		return err
	}
	b.atMost("375,000 SKUs restocked, peak heap above the start", float64(lines[0].peak())/(1<<20), 16, "MiB")
	return nil
}

// restock sets every SKU's stock, and asks the server for how many it did.
func restock(ctx context.Context, client *linkit.Client, total, branches, stock int) error {
	err := client.SKUs.BulkAll(ctx, linkit.BulkUpdate, records(total, func(i int) linkit.SKUParams {
		p, at := productID(i/branches), branchID(i%branches)
		return linkit.SKUParams{
			IvID:        p + "_" + at,
			ProductIvID: p,
			BranchIvID:  at,
			Qty:         linkit.Ptr(stock),
			Price:       linkit.Ptr(7.5),
			Available:   linkit.Ptr(true),
		}
	}), nil)
	if err != nil {
		return err
	}
	n, err := client.SKUs.Count(ctx, &linkit.SKUListParams{MinQty: linkit.Ptr(stock), MaxQty: linkit.Ptr(stock)})
	if err == nil && n != total {
		err = fmt.Errorf("%d SKUs have the new stock, of %d", n, total)
	}
	return err
}
