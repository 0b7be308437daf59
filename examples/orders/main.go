// Orders reads the orders that came since the last run, prints each day's totals per branch, and
// takes further orders as a webhook.
//
//	go run ./examples/orders
//	go run ./examples/orders -service -seen seen.json -listen 127.0.0.1:8099
//
// Without arguments it works on a fake server, sends itself one webhook, and ends. -service
// works on Linkit as the LINKIT_* variables say; it only reads. -seen keeps from one run to the
// next which orders were read. -listen waits for webhooks until interrupted: the URL that it prints
// has a secret in it, and is Linkit's to call through a proxy of yours that speaks TLS.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func main() {
	service := flag.Bool("service", false, "work on Linkit, not on one in memory")
	seen := flag.String("seen", "", "`file` of the orders that earlier runs read")
	listen := flag.String("listen", "", "`address` to wait on for webhooks until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *service, *seen, *listen)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, service bool, seen, listen string) (err error) {
	books, err := openBooks(seen)
	if err != nil {
		return err
	}
	if service {
		client, err := linkit.NewClient(linkit.FromEnv())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, client.Close()) }()
		return work(ctx, client, books, listen, nil)
	}
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(
		order("o00000000000001", "BR-OLAYA", 84.5, 30*time.Minute),
		order("o00000000000002", "BR-OLAYA", 19.25, 31*time.Minute),
		order("o00000000000003", "BR-TAHLIA", 230, 26*time.Hour),
	)
	client := server.Client()
	return work(ctx, client, books, listen, func(ctx context.Context, url string) error {
		late := order("o00000000000004", "BR-TAHLIA", 61.75, time.Minute)
		server.AddOrders(late)
		return post(ctx, client, late.ID, url)
	})
}

// work reads what is new, and takes webhooks: until interrupted when there is an address to listen
// on, and otherwise what itself, unless it is nil, sends.
func work(
	ctx context.Context,
	client *linkit.Client,
	books *books,
	listen string,
	itself func(ctx context.Context, url string) error,
) error {
	// Linkit documents neither a filter by time nor an order of this list, so it is read whole.
	for order, err := range client.Orders.All(ctx, nil) {
		if err != nil {
			return err
		}
		books.add(order)
	}
	books.print("orders since the last run")
	if err := books.save(); err != nil {
		return err
	}

	if listen == "" && itself == nil {
		return nil
	}
	address := cmp.Or(listen, "127.0.0.1:0")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	path := "/webhooks/" + rand.Text()
	mux := http.NewServeMux()
	mux.Handle("POST "+path, receive(client, books))
	web := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()

	url := "http://" + listener.Addr().String() + path
	if listen != "" {
		fmt.Println("waiting for webhooks at", url)
		<-ctx.Done()
	} else {
		err = itself(ctx, url)
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, web.Shutdown(stopping))
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	books.print("with the webhooks")
	return errors.Join(err, books.save())
}

// receive books the order of a webhook. Webhooks aren't signed: beside the secret in the path, what
// they say is read anew.
func receive(client *linkit.Client, books *books) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told, err := linkit.ParseOrder(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		order, err := client.Orders.Get(r.Context(), told.ID)
		switch {
		case errors.Is(err, linkit.ErrNotFound):
			http.Error(w, "no such order", http.StatusBadRequest)
			return
		case err != nil:
			log.Print(err)
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		books.add(*order) // once, however often it is told
		w.WriteHeader(http.StatusNoContent)
	})
}

// post is Linkit sending a webhook: the order in the form in which it is read.
func post(ctx context.Context, client *linkit.Client, id, url string) error {
	order, err := client.Orders.Get(ctx, id)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(order.Raw))
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	fmt.Printf("a webhook of %d bytes: %s\n", len(order.Raw), response.Status)
	return response.Body.Close()
}

func order(id, branch string, total float64, ago time.Duration) linkit.Order {
	return linkit.Order{
		ID: id, DestinationReference: branch, TotalAmount: total, Currency: "SAR", OrderStatus: linkit.OrderStatusConfirmed,
		SourceTimestamp: linkit.Time{Time: time.Now().Add(-ago)},
	}
}
