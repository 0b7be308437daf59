package linkitotel_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
	"github.com/linkit-go/linkit/linkittest"
)

// The global providers may be set after Hooks was called. This test sets them, and so runs alone.
func TestGlobalProvidersAreTheDefault(t *testing.T) {
	hooks := linkitotel.Hooks(
		nil,
		linkitotel.WithTracerProvider(nil),
		linkitotel.WithMeterProvider((*sdkmetric.MeterProvider)(nil)),
		linkitotel.WithPropagators(nil),
	)
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	t.Cleanup(func() {
		otel.SetTracerProvider(tracenoop.NewTracerProvider())
		otel.SetMeterProvider(metricnoop.NewMeterProvider())
		otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator())
	})
	server := linkittest.New(t)
	client := server.Client(linkit.WithHooks(hooks))
	_, err := client.Products.List(t.Context(), nil)
	require.NoError(t, err)
	otel.SetTextMapPropagator(propagation.Baggage{})
	_, err = client.Products.List(t.Context(), nil)
	require.NoError(t, err)

	assert.Len(t, spans.Ended(), 4)
	assert.NotEmpty(t, (&telemetry{t: t, reader: reader}).points("linkit.client.calls"))
	assert.NotEmpty(t, server.Requests()[0].Header.Get("Traceparent"), "W3C Trace Context, as no propagator was set")
	assert.Empty(t, server.Requests()[1].Header.Get("Traceparent"))
}

// A provider that makes no instruments must not make calls fail.
func TestBrokenMeterProviderIsIgnored(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	server.Inject(linkittest.Fault{Path: "/products", Status: http.StatusServiceUnavailable})
	hooks := linkitotel.Hooks(linkitotel.WithMeterProvider(brokenProvider{}))
	_, err := server.Client(linkit.WithHooks(hooks)).Products.List(t.Context(), nil)
	require.NoError(t, err)
}

type brokenProvider struct{ metricnoop.MeterProvider }

func (brokenProvider) Meter(string, ...metric.MeterOption) metric.Meter { return brokenMeter{} }

type brokenMeter struct{ metricnoop.Meter }

func (brokenMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, nil
}

func (brokenMeter) Int64UpDownCounter(string, ...metric.Int64UpDownCounterOption) (metric.Int64UpDownCounter, error) {
	return nil, nil
}

func (brokenMeter) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return nil, nil
}

func (brokenMeter) Float64Counter(string, ...metric.Float64CounterOption) (metric.Float64Counter, error) {
	return nil, nil
}

// The server repeats what it was sent wherever it can.
func TestNothingRecordedHoldsASecretOrAnID(t *testing.T) {
	t.Parallel()
	const id, organization, search, text = "ITEM-77120", "org_9f2", "s3archterm", "n0tfound-text"
	server := linkittest.New(t)
	server.AddUser("buyer@example.com", "p4ssw0rd-x", organization)
	r := newTelemetry(t)
	var token string
	client := server.Client(
		linkit.WithLogin("buyer@example.com", "p4ssw0rd-x"),
		linkit.WithOrganization(organization),
		linkit.WithHooks(r.hooks),
	)
	session, err := client.Auth.Session(t.Context())
	require.NoError(t, err)
	token = session.Token.Reveal()
	server.Inject(linkittest.Fault{
		Path: "/products/{iv_id}", Status: http.StatusNotFound, Times: 2,
		Body:   fmt.Sprintf(`{"error":"%s %s %s %s"}`, text, id, organization, token),
		Header: http.Header{"X-Request-Id": {"request of " + token}, "X-Debug": {token}},
	})
	_, err = client.Products.Get(t.Context(), id)
	require.ErrorIs(t, err, linkit.ErrNotFound)
	require.Error(t, client.Products.Delete(t.Context(), id))
	_, err = client.Products.List(t.Context(), &linkit.ProductListParams{Search: search})
	require.NoError(t, err)
	require.Error(t, client.Do(t.Context(), http.MethodGet, "/customers/"+id+"/notes", nil, nil, nil))
	server.Inject(linkittest.Fault{DropBefore: true, Times: -1})
	_, err = client.SKUs.Get(t.Context(), id)
	require.Error(t, err)

	var recorded strings.Builder
	for _, span := range r.spans.Ended() {
		fmt.Fprintln(&recorded, span.Name(), span.Status(), span.Events())
		for _, each := range span.Attributes() {
			fmt.Fprintln(&recorded, each.Key, each.Value.String())
		}
	}
	for name := range r.metrics() {
		fmt.Fprintln(&recorded, name, r.points(name))
	}
	assert.Contains(t, recorded.String(), "/products/{iv_id}")
	assert.Contains(t, recorded.String(), "/customers/{id}/notes")
	assert.Contains(t, recorded.String(), "request of ")
	for _, hidden := range []string{
		id, organization, search, text, token, "buyer@example.com", "p4ssw0rd-x", "page=", "/api/v1", session.User.ID,
	} {
		assert.NotContains(t, recorded.String(), hidden)
	}
}

// Hooks of one return value serve several clients, and calls that run at the same time.
func TestHooksAreForManyClients(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	r := newTelemetry(t)
	done := make(chan error)
	for range 2 {
		client := server.Client(linkit.WithHooks(r.hooks))
		for range 10 {
			go func() {
				_, err := client.Products.List(context.Background(), nil)
				done <- err
			}()
		}
	}
	for range 20 {
		require.NoError(t, <-done)
	}
	assert.Equal(t, []string{"20"}, r.points("linkit.client.calls"))
	assert.Equal(t, []string{"http.request.method=GET 0"}, r.points("http.client.active_requests"))
}
