// Login shows how a sign-in is kept, with tokens of two seconds: a token in use is renewed before
// it expires, an expired one is replaced before the next call, and one that the server rejects
// costs a 401 that no caller sees.
//
//	go run ./examples/login
//
// It works on a fake server. With -live, LINKIT_EMAIL and LINKIT_PASSWORD it reads from the
// service, whose tokens last longer than this program.
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
	hooks := linkit.WithHooks(linkit.Hooks{Attempt: printed(time.Now())})
	client, err := demo.NewClient(example, hooks) // in your program: linkit.NewClient(linkit.FromEnv(), hooks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	fmt.Println("A call every 0.3 s, with tokens of two seconds: each is renewed before it expires.")
	for range 10 {
		if _, err := client.Products.List(ctx, nil); err != nil {
			return err
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}

	fmt.Println("No call for more than two seconds: the token expires, and the next call signs in first.")
	if err := pause(ctx, 2200*time.Millisecond); err != nil {
		return err
	}
	if _, err := client.Products.List(ctx, nil); err != nil {
		return err
	}

	fmt.Println("The server rejects the token: the client signs in again and retries the call.")
	if _, err := client.Branches.List(ctx, nil); err != nil {
		return err
	}

	session, err := client.Auth.Session(ctx)
	if err != nil {
		return err
	}
	until := session.ExpiresAt.Format(time.TimeOnly)
	fmt.Printf("signed in as %s until %s; the token prints as %v\n", session.User.Email, until, session.Token)
	return nil
}

// printed returns a hook that prints each attempt.
func printed(began time.Time) func(context.Context, *linkit.Event) (context.Context, func(*linkit.Event)) {
	return func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) {
		return ctx, func(e *linkit.Event) {
			note := ""
			if e.SignIn {
				note = "  <- sign-in"
			}
			fmt.Printf("  %4.1fs  %-4s %-12s %d%s\n", time.Since(began).Seconds(), e.Method, e.Route, e.StatusCode, note)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
