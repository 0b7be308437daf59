// Load calls a fake server for a while and serves the metrics of linkitotel for Prometheus. With
// -prometheus it also runs that program and counts the series; with -svg it runs the queries of
// dashboard.json too, and draws their results.
//
//	go run ./examples/load -for 10s
//	go run ./examples/load -prometheus prometheus -svg ../docs/dashboard.svg
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
	"github.com/linkit-go/linkit/linkittest"
)

func main() {
	period := flag.Duration("for", 2*time.Minute, "how long to make calls")
	native := flag.Bool("native", false, "make the duration a native histogram")
	program := flag.String("prometheus", "", "the program to scrape the metrics with")
	svg := flag.String("svg", "", "the file to draw the dashboard's panels to")
	flag.Parse()
	if err := run(context.Background(), *period, *native, *program, *svg); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, period time.Duration, native bool, program, svg string) error {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutTargetInfo())
	if err != nil {
		return err
	}
	options := []sdkmetric.Option{sdkmetric.WithReader(reader)}
	if native {
		options = append(options, sdkmetric.WithView(sdkmetric.NewView(
			sdkmetric.Instrument{Name: "http.client.request.duration"},
			sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
		)))
	}
	meters := sdkmetric.NewMeterProvider(options...)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	metrics := &http.Server{Handler: serve(registry), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- metrics.Serve(listener) }()
	defer func() { _ = metrics.Close() }()
	fmt.Printf("http://%s/metrics for %v\n", listener.Addr(), period)

	var scraper *scraper
	if program != "" {
		if scraper, err = startPrometheus(ctx, program, listener.Addr().String(), native); err != nil {
			return err
		}
		defer scraper.stop()
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, period)
	defer cancel()
	calls, failed := makeLoad(ctx, period, linkitotel.Hooks(linkitotel.WithMeterProvider(meters)))
	fmt.Printf("%d calls, %d of them failed\n", calls, failed)
	if scraper != nil {
		if err := scraper.report(context.WithoutCancel(ctx), began, period, svg); err != nil {
			return err
		}
	}
	_ = metrics.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return meters.Shutdown(context.WithoutCancel(ctx))
}

// serve serves a registry in whatever form the scraper accepts.
func serve(registry *prometheus.Registry) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		families, err := registry.Gather()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...)
		w.Header().Set("Content-Type", string(format))
		encoder := expfmt.NewEncoder(w, format)
		for _, family := range families {
			if err := encoder.Encode(family); err != nil {
				return // the scraper has left
			}
		}
	})
}

// makeLoad makes calls until ctx ends: about 60 a second, at most 20 at once. Some meet an outage, a
// rate limit or an expired token.
func makeLoad(ctx context.Context, period time.Duration, hooks linkit.Hooks) (calls, failed int64) {
	server := linkittest.NewServer()
	defer server.Close()
	server.SetDelay(3 * time.Millisecond)
	server.Refuse("/skus", "ITEM-3_BR-07", http.StatusUnprocessableEntity, "the branch is closed")
	client := server.Client(
		linkit.WithLogin(linkittest.Email, linkittest.Password),
		linkit.WithRetryWait(20*time.Millisecond, 200*time.Millisecond),
		linkit.WithHooks(hooks),
	)
	server.AddBranches(linkit.Branch{IvID: "BR-07"})
	for i := range 200 {
		server.AddProducts(linkit.Product{IvID: fmt.Sprintf("ITEM-%d", i), AveragePrice: 7.25})
	}
	ticker := time.NewTicker(16 * time.Millisecond)
	defer ticker.Stop()
	began := time.Now()
	var running sync.WaitGroup
	var done, failures atomic.Int64
	slots := make(chan struct{}, 20)
	for step := 0; ctx.Err() == nil; step++ {
		<-ticker.C
		disturb(server, float64(time.Since(began))/float64(period), step)
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			err := call(ctx, client, step)
			if ctx.Err() != nil {
				return // the time is up
			}
			done.Add(1)
			if err != nil {
				failures.Add(1)
			}
		})
	}
	running.Wait()
	return done.Load(), failures.Load()
}

// disturb makes the server misbehave, by how much of the time has passed.
func disturb(server *linkittest.Server, passed float64, step int) {
	switch {
	case passed > 0.25 && passed < 0.4 && step%4 == 0: // an outage, in part
		server.Inject(linkittest.Fault{Method: http.MethodGet, Status: http.StatusServiceUnavailable, Times: 1 + step%5})
	case passed > 0.55 && passed < 0.65 && step%10 == 0:
		server.Inject(linkittest.Fault{
			Method: http.MethodGet, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}},
		})
	case passed > 0.8 && passed < 0.9 && step%20 == 0:
		server.ExpireTokens()
	}
}

// call makes one of the calls that a program makes. Each is about another record.
func call(ctx context.Context, client *linkit.Client, step int) error {
	id := fmt.Sprintf("ITEM-%d", step%220) // not all exist
	switch step % 8 {
	case 0:
		_, err := client.SKUs.Bulk(ctx, linkit.BulkUpdate, []linkit.SKUParams{
			{IvID: id + "_BR-07", Qty: linkit.Ptr(step)}, {IvID: "ITEM-3_BR-07", Qty: linkit.Ptr(1)},
		})
		return err
	case 1, 2:
		_, err := client.Products.List(ctx, &linkit.ProductListParams{Search: id})
		return err
	default:
		_, err := client.Products.Get(ctx, id)
		return err
	}
}
