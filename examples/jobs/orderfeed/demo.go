package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/feed"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/linkittest"
)

const (
	demoOrders   = 400
	demoEvery    = 2 * time.Second
	demoPatience = time.Minute
	demoSecret   = "demonstration-secret"
)

// demo is a demonstration: a fake server, a feed with a database of its own, and what goes wrong on
// the way.
type demo struct {
	out    *program.Output
	server *linkittest.Server
	engine *feed.Feed
	books  *books
	url    string // of the webhooks
	sent   int    // webhooks
	began  time.Time
}

// demonstrate shows orderfeed on a fake server, whatever variables are set.
func demonstrate(stop program.Stop, out *program.Output) (err error) {
	ctx := stop.Begin
	folder, err := os.MkdirTemp("", "orderfeed-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	d := &demo{out: out, server: linkittest.NewServer(), books: newBooks()}
	defer d.server.Close()
	db, err := database.Open(ctx, filepath.Join(folder, "orders.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	d.engine, err = feed.New(ctx, feed.Config{
		DB: db, Client: d.server.Client(), Receiver: d.books, Every: demoEvery, MaxBackoff: time.Second,
		Log: slog.New(slog.DiscardHandler), // the retries of what goes wrong
	})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.url = "http://" + listener.Addr().String() + "/webhooks/" + demoSecret
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/{secret}", d.engine.Webhooks(demoSecret))
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = web.Serve(listener) }() // until Close
	defer func() { err = errors.Join(err, web.Close()) }()

	begin, halt := context.WithCancel(ctx)
	ended := make(chan error, 1)
	running := program.Stop{Begin: begin, Finish: stop.Finish}
	go func() { ended <- d.engine.Run(running) }()
	err = d.run(ctx)
	halt()
	return errors.Join(err, <-ended)
}

func demoID(i int) string { return fmt.Sprintf("o%014d", i) }

// untold reports whether no webhook ever tells of an order.
func untold(i int) bool { return i%3 == 0 }

func (d *demo) run(ctx context.Context) error {
	d.out.Printf("orderfeed demonstrates itself on a fake server in this process, with SQLite in a temporary folder.")
	d.out.Printf("-live works on the service; -help lists the flags.\n")
	d.server.Inject(linkittest.Fault{Path: "/orders/{id}", DropAfter: true, Times: 5})
	d.books.lose = true

	d.out.Printf("1. %d orders are placed. Webhooks tell of two thirds of them, three times each; polling finds the\n"+
		"   others. One webhook is forged. Five responses of Linkit are lost, and one of the receiver:",
		demoOrders)
	d.place("pending")
	if err := d.tell(ctx, nil, `{"id":"forged","status":"delivered"}`); err != nil {
		return err
	}
	if err := d.wait(ctx, demoOrders); err != nil {
		return err
	}
	d.out.Printf("2. All are confirmed. The webhooks come out of order: one of an order's three still says pending:")
	old := d.bodies()
	d.place("confirmed")
	if err := d.tell(ctx, old, ""); err != nil {
		return err
	}
	if err := d.wait(ctx, 2*demoOrders); err != nil {
		return err
	}
	d.out.Printf("3. All are delivered, and no webhook says so. They leave the lists of open orders, as polling notices:")
	d.place("delivered")
	if err := d.wait(ctx, 3*demoOrders); err != nil {
		return err
	}
	return d.account(ctx)
}

// place gives all orders a status.
func (d *demo) place(status linkit.OrderStatus) {
	d.began = time.Now()
	for i := range demoOrders {
		d.server.AddOrders(linkit.Order{
			ID: demoID(i), SourceReference: fmt.Sprintf("WEB-%d", 1000+i), OrderStatus: status,
			Currency: "SAR", TotalAmount: 10 + float64(i)/4,
		})
	}
}

// bodies returns the webhooks that Linkit would send now.
func (d *demo) bodies() []string {
	bodies := make([]string, demoOrders)
	for i := range bodies {
		_, body := d.server.Peek(linkittest.OrganizationID, "/orders/"+demoID(i))
		bodies[i] = string(body)
	}
	return bodies
}

// tell sends three webhooks of each order that is told of, in any order, and one more unless it is
// empty. If there are old ones, one of the three is.
func (d *demo) tell(ctx context.Context, old []string, more string) error {
	now := d.bodies()
	if old == nil {
		old = now
	}
	var all []string
	for i := range demoOrders {
		if !untold(i) {
			all = append(all, now[i], old[i], now[i])
		}
	}
	if more != "" {
		all = append(all, more)
	}
	//nolint:gosec // no secret
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	client := &http.Client{Timeout: 10 * time.Second, Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for _, body := range all {
		if err := post(ctx, client, d.url, body); err != nil {
			return err
		}
	}
	d.sent += len(all)
	return nil
}

func post(ctx context.Context, client *http.Client, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("a webhook was not taken: %s", response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// wait waits until so many distinct events were handed on.
func (d *demo) wait(ctx context.Context, events int) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for d.books.count() < events {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d events were handed on: %w", d.books.count(), events, context.Cause(ctx))
		case <-ticker.C:
		}
	}
	d.out.Printf("   %d events handed on, in %.1f s\n", events, time.Since(d.began).Seconds())
	return nil
}

// account compares the events of every order with what happened to it.
func (d *demo) account(ctx context.Context) error {
	for i := range demoOrders {
		if got := d.books.story(demoID(i)); got != "pending confirmed delivered" {
			return fmt.Errorf("the events of order %s say %q", demoID(i), got)
		}
	}
	totals, err := d.engine.Totals(ctx)
	if err != nil {
		return err
	}
	events, again := d.books.count(), d.books.repeated()
	d.out.Printf("Accounted for: %d orders at Linkit, %d stored; each new, confirmed and delivered in this order, once.",
		demoOrders, totals.Orders)
	d.out.Printf("   %d webhooks were taken, one of them forged: it left nothing.", d.sent)
	d.out.Printf("   %d events are in order_events; %d were handed on, and %d of them again after the lost response.",
		totals.Events, events, again)
	if totals.Orders != demoOrders || totals.Events != int64(events) || totals.WaitingEvents > 0 {
		return errors.New("the tables say something else")
	}
	return nil
}

// books is a receiver that keeps what it accepts. As an ERP should, it tells events by their ids.
type books struct {
	mu      sync.Mutex
	lose    bool // the response to the first batch
	seen    map[int64]bool
	again   int
	stories map[string][]string // by order
}

func newBooks() *books { return &books{seen: map[int64]bool{}, stories: map[string][]string{}} }

// HandOn implements [feed.Receiver].
func (b *books) HandOn(_ context.Context, events []feed.Event, _ time.Time) (accepted int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range events {
		if b.seen[e.ID] {
			b.again++
			continue
		}
		b.seen[e.ID] = true
		b.stories[e.OrderID] = append(b.stories[e.OrderID], e.To)
	}
	if b.lose {
		b.lose = false
		return 0, errors.New("the receiver's response was lost")
	}
	return len(events), nil
}

func (b *books) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.seen)
}

func (b *books) repeated() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.again
}

// story returns the statuses of an order, as the events told them.
func (b *books) story(order string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.stories[order], " ")
}
