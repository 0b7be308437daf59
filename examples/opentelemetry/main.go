// Opentelemetry traces and measures calls with package linkitotel, and prints the spans and
// metrics.
//
//	go run -C examples/opentelemetry .
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
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

// native makes the duration a native histogram: one series of Prometheus for each route and status,
// instead of seventeen.
var native = sdkmetric.NewView(
	sdkmetric.Instrument{Name: "http.client.request.duration"},
	sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
)

func run(ctx context.Context) (err error) {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Path: "/products", Status: http.StatusServiceUnavailable})

	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return err
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(printer{})) // in production WithBatcher
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithView(native))
	defer func() { err = errors.Join(err, tracers.Shutdown(ctx), meters.Shutdown(ctx)) }()

	client := server.Client(
		linkit.WithLogin(linkittest.Email, linkittest.Password),
		linkit.WithHooks(linkitotel.Hooks(linkitotel.WithTracerProvider(tracers), linkitotel.WithMeterProvider(meters))),
	)
	if _, err := client.Products.List(ctx, nil); err != nil {
		return err
	}
	return printMetrics(registry)
}

// printer stands in for an exporter to a collector.
type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		fmt.Printf("%-23s %8v  span %s below %s  %s\n",
			span.Name(), span.EndTime().Sub(span.StartTime()).Round(time.Microsecond),
			span.SpanContext().SpanID(), span.Parent().SpanID(), span.Status().Code)
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }

// printMetrics writes what Prometheus would scrape. A program serves it by promhttp.HandlerFor.
func printMetrics(registry *prometheus.Registry) error {
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(os.Stdout, family); err != nil {
			return err
		}
	}
	return nil
}
