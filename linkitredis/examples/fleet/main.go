// Fleet starts 20 processes of itself, which share a sign-in and a rate limit on Redis, and prints how many sign-ins
// and requests per second arrived at a fake server.
//
//	go run ./examples/fleet
//	go run ./examples/fleet -redis localhost:6379 -rate 50 -for 20s
//
// Without -redis, it runs a Redis in memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitredis"
	"github.com/linkit-go/linkit/linkittest"
)

// What a process of the fleet reads from its environment, beside the LINKIT_* variables of FromEnv.
const (
	redisVar = "FLEET_REDIS"
	rateVar  = "FLEET_RATE"
	forVar   = "FLEET_FOR"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	start := fleet
	if os.Getenv(redisVar) != "" {
		start = process
	}
	if err := start(ctx); err != nil {
		log.Fatal(err) //nolint:gocritic // nothing is left to stop
	}
}

// fleet starts the processes, and tells what arrived at the server.
func fleet(ctx context.Context) error {
	addr := flag.String("redis", "", "host:port of Redis; empty: one in memory")
	processes := flag.Int("processes", 20, "how many processes to start")
	rate := flag.Float64("rate", 20, "requests per second of all processes together")
	duration := flag.Duration("for", 5*time.Second, "how long the processes call")
	flag.Parse()

	if *addr == "" {
		inMemory, err := miniredis.Run()
		if err != nil {
			return err
		}
		defer inMemory.Close()
		*addr = inMemory.Addr()
	}
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg"})

	environment := append(os.Environ(),
		"LINKIT_BASE_URL="+server.URL, "LINKIT_EMAIL="+linkittest.Email, "LINKIT_PASSWORD="+linkittest.Password,
		"LINKIT_API_KEY=", "LINKIT_TOKEN=", redisVar+"="+*addr,
		rateVar+"="+strconv.FormatFloat(*rate, 'g', -1, 64), forVar+"="+duration.String(),
	)
	fmt.Printf("%d processes, %v requests per second between them, for %v\n", *processes, *rate, *duration)
	began := time.Now()
	var running []*exec.Cmd
	var failed error
	for range *processes {
		command := exec.CommandContext(ctx, os.Args[0]) //nolint:gosec // this program
		command.Env, command.Stdout, command.Stderr = environment, os.Stdout, os.Stderr
		if failed = command.Start(); failed != nil {
			break
		}
		running = append(running, command)
	}
	for _, command := range running {
		failed = errors.Join(failed, command.Wait())
	}
	took := time.Since(began)

	signIns, requests := 0, 0
	for _, r := range server.Requests() {
		if r.Path == "/auth/login" {
			signIns++
		} else {
			requests++
		}
	}
	fmt.Printf("sign-ins: %d\n", signIns)
	fmt.Printf("requests: %d in %.1f s, %.1f per second\n", requests, took.Seconds(), float64(requests)/took.Seconds())
	return failed
}

// process is one of the fleet: it reads a product again and again.
func process(ctx context.Context) error {
	rate, err := strconv.ParseFloat(os.Getenv(rateVar), 64)
	if err != nil {
		return err
	}
	duration, err := time.ParseDuration(os.Getenv(forVar))
	if err != nil {
		return err
	}
	rdb := redis.NewClient(&redis.Options{Addr: os.Getenv(redisVar)})
	defer func() { _ = rdb.Close() }()
	store := linkitredis.New(rdb)
	client, err := linkit.NewClient(
		linkit.FromEnv(),
		linkit.WithSessionStore(store),
		linkit.WithLimiter(store.Limiter("linkit", rate, 1)),
	)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()

	for end := time.Now().Add(duration); time.Now().Before(end); {
		if _, err := client.Products.Get(ctx, "ITEM-1"); err != nil {
			return err
		}
	}
	return nil
}
