package linkitotel

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/linkit-go/linkit"
)

// metrics holds the instruments.
type metrics struct {
	duration metric.Float64Histogram
	active   metric.Int64UpDownCounter

	calls, retries, signIns, rejected metric.Int64Counter
	wait                              metric.Float64Counter
}

// durationBounds are those that the semantic conventions ask for, in seconds.
var durationBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

func newMetrics(meter metric.Meter) *metrics {
	m := new(metrics)
	var err error
	m.duration, err = meter.Float64Histogram("http.client.request.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of HTTP client requests."), metric.WithExplicitBucketBoundaries(durationBounds...))
	m.duration = usable[metric.Float64Histogram](m.duration, err, noop.Float64Histogram{})
	m.active, err = meter.Int64UpDownCounter("http.client.active_requests", metric.WithUnit("{request}"),
		metric.WithDescription("Number of active HTTP requests."))
	m.active = usable[metric.Int64UpDownCounter](m.active, err, noop.Int64UpDownCounter{})
	m.wait, err = meter.Float64Counter("linkit.client.wait.time", metric.WithUnit("s"),
		metric.WithDescription("Time for which attempts were held back by back-off, pauses, the queue and limits."))
	m.wait = usable[metric.Float64Counter](m.wait, err, noop.Float64Counter{})

	counter := func(name, unit, description string) metric.Int64Counter {
		made, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		return usable[metric.Int64Counter](made, err, noop.Int64Counter{})
	}
	m.calls = counter("linkit.client.calls", "{call}", "Calls that ended, automatic sign-ins not counted.")
	m.retries = counter("linkit.client.retries", "{retry}", "Attempts after a call's first.")
	m.signIns = counter("linkit.client.sign_ins", "{sign_in}", "Automatic sign-ins.")
	m.rejected = counter("linkit.client.rejected_records", "{record}", "Records of bulk requests that responses rejected.")
	return m
}

// usable returns an instrument, or one that does nothing where the provider made none.
func usable[T any](made T, err error, none T) T {
	if err != nil {
		otel.Handle(err)
	}
	if isNil(made) {
		return none
	}
	return made
}

// call measures a call at its end.
func (m *metrics) call(ctx context.Context, e *linkit.Event, failure string) {
	attributes := serverAttributes(e.Server)
	server := metric.WithAttributes(attributes...)
	if failure != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(failure))
	}
	ended := m.calls
	if e.SignIn {
		ended = m.signIns
	}
	ended.Add(ctx, 1, metric.WithAttributes(attributes...))
	if e.Rejected > 0 {
		m.rejected.Add(ctx, int64(e.Rejected), server)
	}
}

// attempt measures an attempt. The returned function must be called at its end.
func (m *metrics) attempt(ctx context.Context, e *linkit.Event) (ended func(e *linkit.Event, failure string)) {
	attributes := serverAttributes(e.Server)
	server := metric.WithAttributes(attributes...)
	if e.Attempt > 1 {
		m.retries.Add(ctx, 1, server)
	}
	if e.Wait > 0 {
		m.wait.Add(ctx, e.Wait.Seconds(), server)
	}
	attributes = append(attributes, semconv.HTTPRequestMethodKey.String(e.Method))
	active := metric.WithAttributes(attributes...)
	m.active.Add(ctx, 1, active)
	return func(e *linkit.Event, failure string) {
		m.active.Add(ctx, -1, active)
		attributes := append(attributes, semconv.URLTemplate(e.Route))
		if e.StatusCode > 0 {
			attributes = append(attributes, semconv.HTTPResponseStatusCode(e.StatusCode))
		}
		if failure != "" {
			attributes = append(attributes, semconv.ErrorTypeKey.String(failure))
		}
		m.duration.Record(ctx, e.Duration.Seconds(), metric.WithAttributes(attributes...))
	}
}
