// Errors meets each failure that a program should know, and does about it what a program would.
//
//	go run ./examples/errors
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
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
	server.AddProducts(linkit.Product{IvID: "ITEM-1001", NameEn: "Adol 500 mg, 24 tablets", AveragePrice: 7.25})
	for _, step := range []struct {
		name string
		meet func(context.Context, *linkittest.Server) error
	}{
		{"401", unauthorized},
		{"403", forbidden},
		{"404 and 409", notFoundAndConflict},
		{"422", validation},
		{"429", rateLimited},
		{"lost connection", lostConnection},
	} {
		if err := step.meet(ctx, server); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// unauthorized: no retry helps, and the program can't go on. Say which credential to look at.
func unauthorized(ctx context.Context, server *linkittest.Server) error {
	client := server.Client(linkit.WithAPIKey("a-key-that-was-revoked"))
	_, err := client.Products.List(ctx, nil)
	if !errors.Is(err, linkit.ErrUnauthorized) {
		return fmt.Errorf("not a 401: %w", err)
	}
	fmt.Println("401: check LINKIT_API_KEY in the dashboard:", err)
	return nil
}

// forbidden: the credential is good, but not there. Leave the organization out and go on with the
// others.
func forbidden(ctx context.Context, server *linkittest.Server) error {
	client := server.Client()
	for _, id := range []string{"org_elsewhere", linkittest.OrganizationID} {
		count, err := client.ForOrganization(id).Products.Count(ctx, nil)
		var forbidden *linkit.ForbiddenError
		switch {
		case errors.Is(err, linkit.ErrServiceSuspended):
			fmt.Println("403: past due, so ask for the bill to be paid:", err)
		case errors.As(err, &forbidden):
			fmt.Printf("403: leaving out %s: %s\n", forbidden.OrganizationID, forbidden.Details)
		case err != nil:
			return err
		default:
			fmt.Printf("     %s has %d product(s)\n", id, count)
		}
	}
	return nil
}

// notFoundAndConflict: what isn't there is added, and what somebody else added meanwhile is changed
// instead.
func notFoundAndConflict(ctx context.Context, server *linkittest.Server) error {
	client := server.Client()
	wanted := linkit.ProductParams{IvID: "ITEM-1002", NameEn: "Panadol Extra, 24 tablets", AveragePrice: linkit.Ptr(11.5)}
	_, err := client.Products.Get(ctx, wanted.IvID)
	if !errors.Is(err, linkit.ErrNotFound) {
		return fmt.Errorf("not a 404: %w", err)
	}
	fmt.Println("404: adding", wanted.IvID)
	server.AddProducts(linkit.Product{IvID: wanted.IvID, NameEn: "Panadol"}) // another program is faster

	_, err = client.Products.Create(ctx, wanted)
	var conflict *linkit.APIError
	if !errors.Is(err, linkit.ErrConflict) || !errors.As(err, &conflict) {
		return fmt.Errorf("not a 409: %w", err)
	}
	fmt.Printf("409: %v is taken: changing it instead\n", conflict.Fields)
	_, err = client.Products.Update(ctx, wanted.IvID, wanted)
	return err
}

// validation: the record is wrong, not the program. Put it aside with the reason and go on with the
// next.
func validation(ctx context.Context, server *linkittest.Server) error {
	_, err := server.Client().Products.Create(ctx, linkit.ProductParams{NameEn: "No identifier"})
	var wrong *linkit.APIError
	if !errors.Is(err, linkit.ErrValidation) || !errors.As(err, &wrong) {
		return fmt.Errorf("not a 422: %w", err)
	}
	fmt.Println("422: put aside:", wrong.Details)
	return nil
}

// rateLimited: short waits are the client's. One longer than WithMaxRetryAfter comes back at once,
// with how long it is.
func rateLimited(ctx context.Context, server *linkittest.Server) error {
	server.Inject(linkittest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}})
	_, err := server.Client().Products.List(ctx, nil)
	var limited *linkit.APIError
	if !errors.Is(err, linkit.ErrRateLimited) || !errors.As(err, &limited) {
		return fmt.Errorf("not a 429: %w", err)
	}
	fmt.Println("429: trying again in", limited.RetryAfter)
	return nil
}

// lostConnection: a write that may have arrived isn't sent again by the client. Look before
// repeating it.
func lostConnection(ctx context.Context, server *linkittest.Server) error {
	client := server.Client()
	server.Inject(linkittest.Fault{Method: http.MethodPost, Path: "/products", DropAfter: true})
	wanted := linkit.ProductParams{IvID: "ITEM-1003", NameEn: "Vitamin C 1000 mg, effervescent"}
	_, err := client.Products.Create(ctx, wanted)
	var lost *linkit.TransportError
	if !errors.As(err, &lost) {
		return fmt.Errorf("the connection wasn't lost: %w", err)
	}
	fmt.Println("lost:", lost)
	if lost.Sent {
		_, err = client.Products.Get(ctx, wanted.IvID)
		if err == nil {
			fmt.Println("      it had arrived all the same: done")
			return nil
		}
		if !errors.Is(err, linkit.ErrNotFound) {
			return err
		}
	}
	_, err = client.Products.Create(ctx, wanted)
	return err
}
