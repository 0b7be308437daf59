// Catalogue walks a whole catalogue with its total known in advance, raises prices, and writes the
// changed list back. It works on a Linkit in memory, which refuses one of the requests: the records
// of that one are named, and written again.
//
//	go run ./examples/catalogue
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"net/http"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	err := run(ctx)
	cancel()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	server := linkittest.NewServer()
	defer server.Close()
	stock(server, 2500)
	client := server.Client(linkit.WithPrefetch(4), linkit.WithBulkSize(250))

	prices, err := raised(ctx, client)
	if err != nil {
		return err
	}
	fmt.Printf("%d prices go up by 5 %%\n", len(prices))

	server.Inject(linkittest.Fault{Method: http.MethodPost, Path: "/products/bulk", Status: http.StatusBadRequest})
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
	oldestFirst := &linkit.ProductListParams{
		ListParams: linkit.ListParams{Sort: "created"},
	} // new products come last, out of the way
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

// write sends the records in requests side by side, and returns the requests that failed. One
// failure doesn't stop the others.
func write(
	ctx context.Context,
	client *linkit.Client,
	records []linkit.ProductParams,
) (failed []linkit.BulkResult, err error) {
	written := 0
	err = client.Products.BulkAll(ctx, linkit.BulkUpdate, linkit.Records(records...), func(request linkit.BulkResult) {
		if request.Err != nil {
			failed = append(failed, request)
			return
		}
		written += request.Count
		fmt.Printf("\rwrote %d of %d", written, len(records))
	})
	fmt.Println()
	if err != nil && (len(failed) == 0 || ctx.Err() != nil) {
		return failed, err // not one request's: the source's, or the end of ctx
	}
	return failed, nil
}

func failures(requests []linkit.BulkResult) (err error) {
	for _, request := range requests {
		err = errors.Join(err, request.Err)
	}
	return err
}

// stock fills a server with products.
func stock(server *linkittest.Server, n int) {
	products := make([]linkit.Product, n)
	for i := range products {
		products[i] = linkit.Product{
			IvID: fmt.Sprintf("ITEM-%04d", i+1), NameEn: fmt.Sprintf("Article %d", i+1), NameAr: fmt.Sprintf("صنف %d", i+1),
			AveragePrice: 5 + float64(i%120)/2, IsEnabled: true,
		}
	}
	server.AddProducts(products...)
}
