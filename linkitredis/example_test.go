package linkitredis_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitredis"
	"github.com/linkit-go/linkit/linkittest"
)

// Two processes share one sign-in. In production the address is that of a Redis server, and the encryption key is read
// from where secrets are kept.
func Example() {
	ctx := context.Background()
	server := linkittest.NewServer()
	defer server.Close()
	fake, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	key := []byte("an example of a key of 32 bytes.")

	for process := range 2 {
		rdb := redis.NewClient(&redis.Options{Addr: fake.Addr()})
		store := linkitredis.New(rdb, linkitredis.WithEncryption(key))
		client, err := linkit.NewClient(
			linkit.WithBaseURL(server.URL),
			linkit.WithLogin(linkittest.Email, linkittest.Password),
			linkit.WithSessionStore(store),
		)
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := client.Branches.List(ctx, nil); err != nil {
			fmt.Println(err)
		}
		_ = client.Close()
		_ = rdb.Close()
		fmt.Println("process", process+1, "has its branches")
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Path)
	}
	// Output:
	// process 1 has its branches
	// process 2 has its branches
	// POST /auth/login
	// GET /branches
	// GET /branches
}

// A limit of 25 requests a second, for all processes together.
func ExampleStore_Limiter() {
	fake, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	rdb := redis.NewClient(&redis.Options{Addr: fake.Addr()})
	defer func() { _ = rdb.Close() }()

	limiter := linkitredis.New(rdb).Limiter("linkit", 25, 5)
	for range 3 {
		if err := limiter.Wait(context.Background()); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("three requests may be sent")
	// Output: three requests may be sent
}
