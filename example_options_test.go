package linkit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// environment sets the variables that FromEnv reads, as a service's unit or a container does, and
// clears the others.
func environment(values map[string]string) (restore func()) {
	before := map[string]string{}
	for _, name := range variables {
		before[name] = os.Getenv(name)
		_ = os.Setenv(name, values[name]) // an empty variable is no variable
	}
	return func() {
		for name, value := range before {
			_ = os.Setenv(name, value)
		}
	}
}

// The same program runs against a sandbox and in production.
func ExampleFromEnv() {
	server := linkittest.NewServer()
	defer server.Close()
	defer environment(map[string]string{"LINKIT_API_KEY": linkittest.APIKey, "LINKIT_BASE_URL": server.URL})()

	client, err := linkit.NewClient(linkit.FromEnv(), linkit.WithUserAgent("stock-sync/1.4"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	status, err := client.Auth.Check(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.User.Type, status.ServiceOperational)
	// Output: api_key true
}

// The key is asked for again after a 401: rotating it needs no restart.
func ExampleWithAPIKeyFunc() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddAPIKey("the-new-key")

	key := linkittest.APIKey // in a vault, say
	client := server.Client(linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return key, nil }))
	_, err := client.Products.Count(context.Background(), nil)
	fmt.Println(err)

	key = "the-new-key"
	server.RevokeAPIKey(linkittest.APIKey)
	_, err = client.Products.Count(context.Background(), nil)
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
}

// Processes that share a folder make one sign-in between them.
func ExampleWithSessionStore() {
	server := linkittest.NewServer()
	defer server.Close()
	dir, err := os.MkdirTemp("", "linkit-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	for range 2 { // a program that is started twice
		client := server.Client(
			linkit.WithLogin(linkittest.Email, linkittest.Password),
			linkit.WithSessionStore(linkit.FileSessionStore(dir)),
		)
		if _, err := client.Products.Count(context.Background(), nil); err != nil {
			fmt.Println(err)
		}
	}
	for _, request := range server.Requests() {
		fmt.Println(request.Method, request.Path)
	}
	// Output:
	// POST /auth/login
	// GET /products
	// GET /products
}

// Hooks see every attempt, and how each came out.
func ExampleWithHooks() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Status: http.StatusServiceUnavailable})

	attempt := func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
		return ctx, func(e *linkit.Event) { fmt.Println(e.Attempt, e.Method, e.Route, e.StatusCode) }
	}
	client := server.Client(linkit.WithHooks(linkit.Hooks{Attempt: attempt}))
	_, err := client.Products.Count(context.Background(), nil)
	fmt.Println(err)
	// Output:
	// 1 GET /products 503
	// 2 GET /products 200
	// <nil>
}

// A line for each retry and each call, with no id, header or body in it. The times, which vary, are
// left out here.
func ExampleWithLogger() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Status: http.StatusServiceUnavailable})

	steady := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Value.Kind() == slog.KindDuration {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: steady}))
	_, err := server.Client(linkit.WithLogger(logger)).Products.Get(context.Background(), "ITEM-1")
	fmt.Println(errors.Is(err, linkit.ErrNotFound))
	// Output:
	// level=WARN msg="linkit: retrying" method=GET route=/products/{iv_id} attempts=1 status=503
	// level=ERROR msg="linkit: call failed" method=GET route=/products/{iv_id} attempts=2 status=404
	// true
}

// A call waits for its turn, as long as its context lets it.
func ExampleWithRateLimit() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client(linkit.WithRateLimit(20, 2)) // 2 at once, then one every 50 ms
	began := time.Now()
	for range 4 {
		if _, err := client.Products.Count(context.Background(), nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(time.Since(began) > 90*time.Millisecond)
	// Output: true
}

// While the service is down, calls fail at once instead of adding to its load.
func ExampleWithCircuitBreaker() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Status: http.StatusBadGateway, Times: -1})
	client := server.Client(linkit.WithCircuitBreaker(2, time.Minute), linkit.WithRetries(0))
	for range 4 {
		_, err := client.Products.Count(context.Background(), nil)
		fmt.Println(errors.Is(err, linkit.ErrServer), errors.Is(err, linkit.ErrCircuitOpen), len(server.Requests()))
	}
	// Output:
	// true false 1
	// true false 2
	// true true 2
	// true true 2
}

// A correlation id that finds the call in Linkit's logs, and the response's own.
func ExampleContextWithResponse() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client()

	var response linkit.Response
	ctx := linkit.ContextWithHeader(context.Background(), "X-Correlation-Id", "sync-42")
	_, err := client.Products.Get(linkit.ContextWithResponse(ctx, &response), "ITEM-1")
	fmt.Println(errors.Is(err, linkit.ErrNotFound), response.StatusCode, response.Attempts)
	fmt.Println(server.Requests()[0].Header.Get("X-Correlation-Id"))
	// Output:
	// true 404 1
	// sync-42
}

// nightly lets requests through at night only.
type nightly struct{ open <-chan struct{} }

func (n nightly) Wait(ctx context.Context) error {
	select {
	case <-n.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Any limit can be a Limiter; package linkitredis has one that a fleet shares.
func ExampleWithLimiter() {
	server := linkittest.NewServer()
	defer server.Close()
	open := make(chan struct{})
	close(open) // it is night
	client := server.Client(linkit.WithLimiter(nightly{open}))
	count, err := client.Products.Count(context.Background(), nil)
	fmt.Println(count, err)
	// Output: 0 <nil>
}
