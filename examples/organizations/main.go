// Organizations reads several organizations with one sign-in, and leaves out the one that the user
// may not see.
//
//	go run ./examples/organizations
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
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
	server.AddUser("buyer@example.com", "a-password", "org_riyadh", "org_jeddah")
	server.AddProducts(
		linkit.Product{OrganizationID: "org_riyadh", IvID: "ITEM-1001", NameEn: "Adol 500 mg, 24 tablets"},
		linkit.Product{OrganizationID: "org_riyadh", IvID: "ITEM-1002", NameEn: "Panadol Extra, 24 tablets"},
		linkit.Product{OrganizationID: "org_jeddah", IvID: "ITEM-1001", NameEn: "Adol 500 mg, 24 tablets"},
	)
	client := server.Client(linkit.WithLogin("buyer@example.com", "a-password"))

	organizations := []string{"org_riyadh", "org_jeddah", "org_dammam"}
	counts, errs := make([]int, len(organizations)), make([]error, len(organizations))
	var reading sync.WaitGroup
	for i, id := range organizations {
		reading.Go(func() {
			counts[i], errs[i] = client.ForOrganization(id).Products.Count(ctx, nil)
		})
	}
	reading.Wait()

	for i, id := range organizations {
		var forbidden *linkit.ForbiddenError
		switch err := errs[i]; {
		case errors.As(err, &forbidden):
			fmt.Printf("%s: left out: %s\n", id, forbidden.Details)
		case err != nil:
			return fmt.Errorf("%s: %w", id, err)
		default:
			fmt.Printf("%s: %d product(s)\n", id, counts[i])
		}
	}
	signIns := 0
	for _, request := range server.Requests() {
		if request.Route == "/auth/login" {
			signIns++
		}
	}
	fmt.Printf("%d organizations, %d sign-in\n", len(organizations), signIns)
	return nil
}
