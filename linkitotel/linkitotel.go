// Package linkitotel traces and measures the calls of a [linkit.Client] with OpenTelemetry:
//
//	client, err := linkit.NewClient(linkit.FromEnv(), linkit.WithHooks(linkitotel.Hooks()))
//
// Names follow OpenTelemetry's semantic conventions for HTTP clients. Nothing that is recorded holds
// an id of a record or an organization, a query, a credential, or the text of an error, and of the
// headers only the response's X-Request-Id is recorded, in spans. Routes are templates, as in
// /products/{iv_id}, and url.full is left out.
//
// # Spans
//
// A call has an internal span, "linkit GET /products/{iv_id}", which covers its waits. Below it are a
// client span for each attempt, "GET /products/{iv_id}", and the span of a sign-in that the call made,
// which has attempts of its own and the attribute linkit.sign_in. The trace context of an attempt is
// sent with it, except with a sign-in, which belongs to all calls.
//
// # Metrics
//
//   - http.client.request.duration, a histogram in seconds: attempts, by method, route, server, status
//     and error.type
//   - http.client.active_requests: attempts in progress, by method and server
//   - linkit.client.calls: calls that ended, automatic sign-ins not counted, by server and error.type
//   - linkit.client.retries: attempts after a call's first, by server
//   - linkit.client.wait.time, in seconds: how long attempts were held back by back-off, pauses, the
//     queue and limits, by server
//   - linkit.client.sign_ins: automatic sign-ins, by server and error.type
//   - linkit.client.rejected_records: records of bulk requests that responses rejected, by server
//
// error.type is the name of the Err value of package linkit that the error matches, such as
// ErrRateLimited. If there is none, it is the status of the response, or canceled, timeout, dns,
// certificate, connect or connection if there was no response, or _OTHER.
package linkitotel

import (
	"reflect"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/linkit-go/linkit"
)

// scope names the library to a provider.
const scope = "github.com/linkit-go/linkit/linkitotel"

// Option sets one thing of [Hooks]. A nil Option is ignored.
type Option func(*config)

type config struct {
	tracers     trace.TracerProvider
	meters      metric.MeterProvider
	propagators propagation.TextMapPropagator
}

// WithTracerProvider sets where spans go. The default, also if provider is nil, is the global one of
// package otel.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) { c.tracers = provider }
}

// WithMeterProvider sets where metrics go. The default, also if provider is nil, is the global one of
// package otel.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(c *config) { c.meters = provider }
}

// WithPropagators sets what is sent of an attempt's context. The default, also if propagators is nil, is
// the global one of package otel or, as long as that propagates nothing, W3C Trace Context. An empty
// [propagation.NewCompositeTextMapPropagator] sends nothing. Values that a header can't hold are left
// out; a key that [linkit.ContextWithHeader] refuses makes the call fail with [linkit.ErrInvalid].
func WithPropagators(propagators propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagators = propagators }
}

// Hooks returns hooks for [linkit.WithHooks] that record spans and metrics. Any number of clients may
// use them. Providers are the caller's to shut down, after the clients are closed.
func Hooks(opts ...Option) linkit.Hooks {
	var c config
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	if isNil(c.tracers) {
		c.tracers = otel.GetTracerProvider()
	}
	if isNil(c.meters) {
		c.meters = otel.GetMeterProvider()
	}
	if isNil(c.propagators) {
		c.propagators = globalPropagators{}
	}
	o := &observer{
		tracer: c.tracers.Tracer(scope,
			trace.WithInstrumentationVersion(linkit.Version), trace.WithSchemaURL(semconv.SchemaURL)),
		propagators: c.propagators,
		metrics: newMetrics(c.meters.Meter(scope,
			metric.WithInstrumentationVersion(linkit.Version), metric.WithSchemaURL(semconv.SchemaURL))),
	}
	return linkit.Hooks{Call: o.call, Attempt: o.attempt}
}

// isNil reports whether v is nil, or an interface that holds a nil pointer.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return v == nil || value.Kind() == reflect.Pointer && value.IsNil()
}
