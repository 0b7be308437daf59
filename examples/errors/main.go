// Errors handles each failure that a program should expect.
//
//	go run ./examples/errors
//
// It works on a fake server, where each of them occurs. With -live and a LINKIT_* credential it
// works on the service; -yes lets it write there.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
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

	first := linkit.ProductParams{IvID: "ERRORS-1", NameEn: "Panadol Extra, 24 tablets", AveragePrice: linkit.Ptr(11.5)}
	second := linkit.ProductParams{IvID: "ERRORS-2", NameEn: "Vitamin C 1000 mg, effervescent"}
	tooLong := linkit.ProductParams{IvID: "ERRORS-3", NameEn: strings.Repeat("Vitamin C ", 30)}
	return errors.Join(
		readBrands(ctx, client),
		readOrganization(ctx, client, "org_elsewhere"),
		addOrChange(ctx, client, first),
		add(ctx, client, tooLong),
		add(ctx, client, second),
		remove(ctx, client, "ERRORS-1", "ERRORS-2", "ERRORS-3"),
		readGenerics(ctx, client), // the last, because the Retry-After is for all calls of the client
	)
}

// readBrands meets a 401. No retry helps, and a program can't go on: it says which credential to
// check.
func readBrands(ctx context.Context, client *linkit.Client) error {
	page, err := client.Brands.List(ctx, nil)
	if errors.Is(err, linkit.ErrUnauthorized) {
		fmt.Println("401: check LINKIT_API_KEY in the dashboard:", err)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Println(page.TotalCount, "brands")
	return nil
}

// readOrganization meets a 403. The credential is valid, but not there: the program leaves the
// organization out and goes on with the others.
func readOrganization(ctx context.Context, client *linkit.Client, id string) error {
	count, err := client.ForOrganization(id).Products.Count(ctx, nil)
	var forbidden *linkit.ForbiddenError
	switch {
	case errors.Is(err, linkit.ErrServiceSuspended):
		fmt.Println("403: the organization is past due:", err)
	case errors.As(err, &forbidden):
		fmt.Printf("403: leaving out %s: %s\n", forbidden.OrganizationID, forbidden.Details)
	case err != nil:
		return err
	default:
		fmt.Println(count, "products in", id)
	}
	return nil
}

// readGenerics meets a 429. The client itself waits for a Retry-After of up to WithMaxRetryAfter; a
// longer one is the program's to schedule.
func readGenerics(ctx context.Context, client *linkit.Client) error {
	page, err := client.Generics.List(ctx, nil)
	var limited *linkit.APIError
	if errors.Is(err, linkit.ErrRateLimited) && errors.As(err, &limited) {
		fmt.Println("429: trying again in", limited.RetryAfter)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Println(page.TotalCount, "generics")
	return nil
}

// addOrChange meets a 404 and a 409: it adds what isn't there, and changes what another program
// added meanwhile.
func addOrChange(ctx context.Context, client *linkit.Client, product linkit.ProductParams) error {
	_, err := client.Products.Get(ctx, product.IvID)
	if errors.Is(err, linkit.ErrNotFound) {
		fmt.Println("404: adding", product.IvID)
		_, err = client.Products.Create(ctx, product)
		if err == nil || !errors.Is(err, linkit.ErrConflict) {
			return err
		}
		fmt.Println("409: changing it instead, as it has been added meanwhile")
	}
	if err != nil && !errors.Is(err, linkit.ErrConflict) {
		return err
	}
	_, err = client.Products.Update(ctx, product.IvID, product)
	return err
}

// add meets a 422, where the record is wrong and not the program: it puts the record aside and goes
// on. It also loses a connection: the client doesn't retry a write that may have taken effect, so
// the program looks whether it did.
func add(ctx context.Context, client *linkit.Client, product linkit.ProductParams) error {
	_, err := client.Products.Create(ctx, product)
	switch {
	case errors.Is(err, linkit.ErrValidation):
		fmt.Printf("422: putting %s aside: %v\n", product.IvID, err)
		return nil
	case errors.Is(err, linkit.ErrUncertain):
		fmt.Println("uncertain:", err)
		_, err = client.Products.Get(ctx, product.IvID)
		if err == nil {
			fmt.Println("           it had taken effect all the same:", product.IvID, "is there")
		} else if errors.Is(err, linkit.ErrNotFound) {
			_, err = client.Products.Create(ctx, product)
		}
	}
	return err
}

// remove removes products that may be there.
func remove(ctx context.Context, client *linkit.Client, ivIDs ...string) (err error) {
	for _, ivID := range ivIDs {
		if gone := client.Products.Delete(ctx, ivID); !errors.Is(gone, linkit.ErrNotFound) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
