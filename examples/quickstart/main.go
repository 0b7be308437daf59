// Quickstart lists, adds, changes and removes products.
//
//	go run ./examples/quickstart
//
// Without a LINKIT_* variable it works on a Linkit in memory. With LINKIT_API_KEY, or LINKIT_EMAIL
// and LINKIT_PASSWORD, it works on the service; the one product that it adds there is removed
// again.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
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

func run(ctx context.Context) (err error) {
	options := []linkit.Option{linkit.FromEnv()}
	if !configured() {
		fmt.Println("No LINKIT_* variable is set: working on a Linkit in memory.")
		server := linkittest.NewServer()
		defer server.Close()
		server.AddProducts(
			linkit.Product{
				IvID:         "ITEM-1001",
				NameEn:       "Adol 500 mg, 24 tablets",
				NameAr:       "أدول 500 ملغ، 24 قرصًا",
				AveragePrice: 7.25,
			},
			linkit.Product{
				IvID:         "ITEM-1002",
				NameEn:       "Vitamin C 1000 mg, effervescent",
				NameAr:       "فيتامين سي 1000 ملغ فوار",
				AveragePrice: 21.5,
			},
		)
		options = []linkit.Option{linkit.WithBaseURL(server.URL), linkit.WithAPIKey(linkittest.APIKey)}
	}
	client, err := linkit.NewClient(options...)
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

// configured reports whether the environment says how to reach Linkit.
func configured() bool {
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "LINKIT_") && value != "" {
			return true
		}
	}
	return false
}
