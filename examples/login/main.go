// Login shows a sign-in looking after itself, with tokens of two seconds: one in use is renewed
// before it ends, one that ended is replaced before the next call, and one that the server revokes
// costs a 401 that no caller sees.
//
//	go run ./examples/login
package main

import (
	"context"
	"fmt"
	"log"
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
	server.SetTokenTTL(2 * time.Second)

	began := time.Now()
	client := server.Client(
		linkit.WithLogin(linkittest.Email, linkittest.Password),
		linkit.WithHooks(linkit.Hooks{Attempt: shown(began)}),
	)

	fmt.Println("A call every 0.3 s, with tokens of two seconds: they are renewed while they last.")
	for range 10 {
		if _, err := client.Products.List(ctx, nil); err != nil {
			return err
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}

	fmt.Println("A rest of more than two seconds: the token ends unused, and the next call signs in first.")
	if err := pause(ctx, 2200*time.Millisecond); err != nil {
		return err
	}
	if _, err := client.Products.List(ctx, nil); err != nil {
		return err
	}

	fmt.Println("The server revokes the token: the 401 is the client's to deal with.")
	server.ExpireTokens()
	if _, err := client.Products.List(ctx, nil); err != nil {
		return err
	}

	session, err := client.Auth.Session(ctx)
	if err != nil {
		return err
	}
	fmt.Printf(
		"signed in as %s until %s; the token prints as %v\n",
		session.User.Email,
		session.ExpiresAt.Format(time.TimeOnly),
		session.Token,
	)
	return nil
}

// shown prints what is sent. Sign-ins tell themselves apart.
func shown(began time.Time) func(context.Context, *linkit.Event) (context.Context, func(*linkit.Event)) {
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
