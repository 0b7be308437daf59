package linkitotel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
	"github.com/linkit-go/linkit/linkittest"
)

// The stdout exporters write spans and metrics as JSON. They write to a buffer here, of which only the
// names are printed; without WithWriter they write to standard output.
func Example() {
	ctx := context.Background()
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Path: "/products", Status: http.StatusServiceUnavailable})

	var output bytes.Buffer
	spans, err := stdouttrace.New(stdouttrace.WithWriter(&output))
	if err != nil {
		fmt.Println(err)
		return
	}
	metrics, err := stdoutmetric.New(stdoutmetric.WithWriter(&output))
	if err != nil {
		fmt.Println(err)
		return
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)) // WithBatcher in production
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)))

	client := server.Client(
		linkit.WithLogin(linkittest.Email, linkittest.Password),
		linkit.WithHooks(linkitotel.Hooks(linkitotel.WithTracerProvider(tracers), linkitotel.WithMeterProvider(meters))),
	)
	if _, err := client.Products.List(ctx, nil); err != nil {
		fmt.Println(err)
	}
	_ = tracers.Shutdown(ctx)
	_ = meters.Shutdown(ctx) // exports what was measured

	for decoder := json.NewDecoder(&output); decoder.More(); {
		var exported struct {
			Name         string
			ScopeMetrics []struct{ Metrics []struct{ Name string } }
		}
		if err := decoder.Decode(&exported); err != nil {
			fmt.Println(err)
			return
		}
		if exported.Name != "" {
			fmt.Println("span", exported.Name)
		}
		for _, scope := range exported.ScopeMetrics {
			for _, metric := range scope.Metrics {
				fmt.Println("metric", metric.Name)
			}
		}
	}
	// Output:
	// span POST /auth/login
	// span linkit POST /auth/login
	// span GET /products
	// span GET /products
	// span linkit GET /products
	// metric http.client.request.duration
	// metric http.client.active_requests
	// metric linkit.client.wait.time
	// metric linkit.client.calls
	// metric linkit.client.retries
	// metric linkit.client.sign_ins
}

// Prometheus' exporter is a reader of the meter provider. A program serves the registry by
// promhttp.HandlerFor. The view makes the duration a native histogram, which is one series for each
// label set instead of seventeen; Prometheus needs scrape_native_histograms for it.
func Example_prometheus() {
	ctx := context.Background()
	server := linkittest.NewServer()
	defer server.Close()

	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutTargetInfo())
	if err != nil {
		fmt.Println(err)
		return
	}
	native := sdkmetric.NewView(
		sdkmetric.Instrument{Name: "http.client.request.duration"},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
	)
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithView(native))
	defer func() { _ = meters.Shutdown(ctx) }()

	client := server.Client(linkit.WithHooks(linkitotel.Hooks(linkitotel.WithMeterProvider(meters))))
	for i := range 20 {
		_, _ = client.Products.Get(ctx, fmt.Sprint("ITEM-", i)) // none exists
	}
	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
	}
	for _, family := range families {
		fmt.Println(family.GetName(), len(family.GetMetric()))
	}
	// Output:
	// http_client_active_requests 1
	// http_client_request_duration_seconds 1
	// linkit_client_calls_total 1
}
