// Catalogue reads a whole catalogue with its total known in advance, raises prices, and writes the
// changed products back. Where a request fails, its products are named and written again; products
// that are rejected one by one are counted and named.
//
//	go run ./examples/catalogue
//
// It works on a fake server that rejects one of the requests, and one product of another. With
// -live and a LINKIT_* credential it works on the service; -yes lets it write there.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	err := run(ctx)
	cancel()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	options := []linkit.Option{linkit.WithPrefetch(4), linkit.WithBulkSize(250)}
	client, err := demo.NewClient(example, options...) // in your program: linkit.NewClient, with linkit.FromEnv()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	prices, err := raised(ctx, client)
	if err != nil {
		return err
	}
	fmt.Printf("%d prices go up by 5 %%\n", len(prices))

	failed, err := write(ctx, client, prices)
	if err != nil {
		return err
	}
	for _, request := range failed {
		first, end := request.Offset, request.Offset+request.Count
		fmt.Printf("not written: %s to %s: %v\n", prices[first].IvID, prices[end-1].IvID, request.Err)
		again, err := write(ctx, client, prices[first:end])
		if err = errors.Join(err, failures(again)); err != nil {
			return err
		}
	}
	return nil
}

// raised reads the catalogue and returns what changes in it: 5 % more for what costs less than 50.
func raised(ctx context.Context, client *linkit.Client) ([]linkit.ProductParams, error) {
	total, err := client.Products.Count(ctx, nil)
	if err != nil {
		return nil, err
	}
	var prices []linkit.ProductParams
	read := 0
	// Products that are added meanwhile come last, so that they move no others.
	oldestFirst := &linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "created"}}
	for product, err := range client.Products.All(ctx, oldestFirst) {
		if err != nil {
			return nil, fmt.Errorf("after %d of %d products: %w", read, total, err)
		}
		if read++; read%100 == 0 || read == total {
			fmt.Printf("\rread %d of %d products (%d %%)", read, total, 100*read/total)
		}
		if product.AveragePrice < 50 {
			params := product.Params() // the whole record: what a write leaves out may be lost
			params.AveragePrice = linkit.Ptr(math.Round(product.AveragePrice*105) / 100)
			prices = append(prices, params)
		}
	}
	fmt.Println()
	return prices, nil
}

// write sends the records in requests side by side, counts those that were taken and those that
// were rejected, and returns the requests that failed. One failure doesn't stop the others.
func write(
	ctx context.Context, client *linkit.Client, records []linkit.ProductParams,
) (failed []linkit.BulkResult, err error) {
	written, rejected := 0, 0
	err = client.Products.BulkAll(ctx, linkit.BulkUpdate, linkit.Records(records...), func(request linkit.BulkResult) {
		var some *linkit.RejectedError
		switch {
		case errors.As(request.Err, &some): // the others of the request were taken
			rejected += some.Count
			written += request.Count - some.Count
			for _, r := range some.Records {
				fmt.Printf("\rrejected: %s: %d %s\n", r.Key, r.StatusCode, r.Message)
			}
		case request.Err != nil:
			failed = append(failed, request)
			return
		default:
			written += request.Count
		}
		fmt.Printf("\rwrote %d of %d", written, len(records))
	})
	fmt.Printf("\rwrote %d of %d, %d rejected\n", written, len(records), rejected)
	if err != nil && (len(failed) == 0 && rejected == 0 || ctx.Err() != nil) {
		return failed, err // not of a request: of the source, or the end of ctx
	}
	return failed, nil
}

func failures(requests []linkit.BulkResult) (err error) {
	for _, request := range requests {
		err = errors.Join(err, request.Err)
	}
	return err
}
