package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
)

// Monitor serves what is measured, and whether the job is well.
type Monitor struct {
	Addr     string // "" without -listen
	provider metric.MeterProvider
	close    func(context.Context) error
}

// NewMonitor serves /metrics and /healthz on addr, or measures nothing if addr is empty. /healthz
// responds with 200, or with 503 and the error that healthy returns. More handlers, by their
// patterns, may be nil.
func NewMonitor(
	ctx context.Context, addr string, healthy func() error, more map[string]http.Handler,
) (*Monitor, error) {
	if addr == "" {
		return &Monitor{provider: noop.NewMeterProvider(), close: func(context.Context) error { return nil }}, nil
	}
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutTargetInfo())
	if err != nil {
		return nil, err
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, Usage(fmt.Errorf("-listen: %w", err))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := healthy(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	for pattern, handler := range more {
		mux.Handle(pattern, handler)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return &Monitor{Addr: listener.Addr().String(), provider: provider, close: func(ctx context.Context) error {
		err := server.Shutdown(ctx)
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return errors.Join(err, provider.Shutdown(ctx))
	}}, nil
}

// Meter returns the meter of a job.
func (m *Monitor) Meter(name string) metric.Meter { return m.provider.Meter(name) }

// Hooks measures a client's calls.
func (m *Monitor) Hooks() linkit.Option {
	return linkit.WithHooks(linkitotel.Hooks(linkitotel.WithMeterProvider(m.provider)))
}

// Close ends the serving, within ctx.
func (m *Monitor) Close(ctx context.Context) error { return m.close(ctx) }
