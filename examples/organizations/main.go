// Organizations counts the products of several organizations with one sign-in, and leaves out those
// that the user may not see.
//
//	go run ./examples/organizations
//	go run ./examples/organizations -live org_123 org_456
//
// It works on a fake server. With -live it reads the organizations named from the service, with the
// credential of the LINKIT_* variables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
)

func main() {
	flag.Parse()
	organizations := flag.Args()
	if len(organizations) == 0 {
		organizations = onFake
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	err := run(ctx, organizations)
	cancel()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, organizations []string) (err error) {
	var signIns atomic.Int64
	count := func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
		if e.SignIn {
			signIns.Add(1)
		}
		return ctx, nil
	}
	hooks := linkit.WithHooks(linkit.Hooks{Attempt: count})
	client, err := demo.NewClient(example, hooks) // in your program: linkit.NewClient(linkit.FromEnv(), hooks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

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
	fmt.Printf("%d organizations, %d sign-in(s)\n", len(organizations), signIns.Load())
	return nil
}
