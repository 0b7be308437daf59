// Quickstart lists, adds, changes and removes products.
//
//	go run ./examples/quickstart
//
// It works on a fake server. With -live and LINKIT_API_KEY, or LINKIT_EMAIL and LINKIT_PASSWORD, it
// works on the service; -yes lets it write there.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
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
	client, err := demo.NewClient(example) // in your program: linkit.NewClient(linkit.FromEnv())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	page, err := client.Products.List(ctx, &linkit.ProductListParams{ListParams: linkit.ListParams{Limit: 5}})
	if err != nil {
		return err
	}
	fmt.Printf("%d of %d products:\n", page.Count, page.TotalCount)
	for _, product := range page.Data {
		fmt.Printf("  %-24s %-36s %8.2f\n", product.IvID, product.NameEn, product.AveragePrice)
	}

	product, err := client.Products.Create(ctx, linkit.ProductParams{
		IvID:         "QUICKSTART-" + time.Now().UTC().Format("20060102-150405"),
		NameEn:       "Panadol Extra, 24 tablets",
		NameAr:       "بنادول إكسترا، 24 قرصًا",
		AveragePrice: linkit.Ptr(11.5),
	})
	if err != nil {
		return err
	}
	fmt.Printf("added   %s at %.2f\n", product.IvID, product.AveragePrice)
	err = reprice(ctx, client, product, 12.75)
	return errors.Join(err, remove(ctx, client, product.IvID))
}

// reprice changes one field: an update replaces the whole product, so it starts from what there is.
func reprice(ctx context.Context, client *linkit.Client, product *linkit.Product, price float64) error {
	params := product.Params()
	params.AveragePrice = &price
	changed, err := client.Products.Update(ctx, product.IvID, params)
	if err != nil {
		return err
	}
	fmt.Printf("changed %s to %.2f\n", changed.IvID, changed.AveragePrice)
	return nil
}

func remove(ctx context.Context, client *linkit.Client, ivID string) error {
	if err := client.Products.Delete(ctx, ivID); err != nil {
		return err
	}
	if _, err := client.Products.Get(ctx, ivID); !errors.Is(err, linkit.ErrNotFound) {
		return fmt.Errorf("%s is still there: %w", ivID, err)
	}
	fmt.Printf("removed %s\n", ivID)
	return nil
}
