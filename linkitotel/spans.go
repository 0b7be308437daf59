package linkitotel

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/linkit-go/linkit"
)

// observer has the hooks.
type observer struct {
	tracer      trace.Tracer
	propagators propagation.TextMapPropagator
	metrics     *metrics
}

// call observes a call, automatic sign-ins included.
func (o *observer) call(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
	ctx, span := o.start(ctx, "linkit ", trace.SpanKindInternal, e)
	return ctx, func(e *linkit.Event) {
		failure := callErrorType(e)
		if span.IsRecording() {
			attributes := []attribute.KeyValue{attribute.Int("linkit.attempts", e.Attempt)}
			if e.Rejected > 0 {
				attributes = append(attributes, attribute.Int("linkit.rejected_records", e.Rejected))
			}
			span.SetAttributes(append(attributes, endAttributes(e, failure)...)...)
			setStatus(span, failure)
		}
		span.End()
		o.metrics.call(ctx, e, failure)
	}
}

// attempt observes an attempt, and sends its trace context with it.
func (o *observer) attempt(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
	ctx, span := o.start(ctx, "", trace.SpanKindClient, e)
	if span.IsRecording() {
		if e.Attempt > 1 {
			span.SetAttributes(semconv.HTTPRequestResendCount(e.Attempt - 1))
		}
		if e.Wait > 0 {
			span.SetAttributes(attribute.Float64("linkit.wait", e.Wait.Seconds()))
		}
	}
	ended := o.metrics.attempt(ctx, e)
	carrier := &header{ctx: ctx}
	o.propagators.Inject(ctx, carrier)
	return carrier.ctx, func(e *linkit.Event) {
		failure := attemptErrorType(e)
		if span.IsRecording() {
			attributes := endAttributes(e, failure)
			if e.RetryAfter > 0 {
				attributes = append(attributes, attribute.Float64("linkit.retry_after", e.RetryAfter.Seconds()))
			}
			span.SetAttributes(attributes...)
			setStatus(span, failure)
		}
		span.End()
		ended(e, failure)
	}
}

// start starts a span with the attributes that a sampler may decide by.
func (o *observer) start(
	ctx context.Context, prefix string, kind trace.SpanKind, e *linkit.Event,
) (context.Context, trace.Span) {
	attributes := append(serverAttributes(e.Server),
		semconv.HTTPRequestMethodKey.String(e.Method), semconv.URLTemplate(e.Route))
	if e.SignIn {
		attributes = append(attributes, attribute.Bool("linkit.sign_in", true))
	}
	return o.tracer.Start(ctx, prefix+e.Method+" "+e.Route, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
}

// maxRequestID is the longest X-Request-Id that is recorded.
const maxRequestID = 80

// endAttributes are those that only the end of a call or an attempt can tell. A call that was held back
// without an attempt has the status of another call's response.
func endAttributes(e *linkit.Event, failure string) (attributes []attribute.KeyValue) {
	if e.StatusCode > 0 && e.Attempt > 0 {
		attributes = append(attributes, semconv.HTTPResponseStatusCode(e.StatusCode))
	}
	if failure != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(failure))
	}
	if e.RequestID != "" && len(e.RequestID) <= maxRequestID && e.Attempt > 0 {
		attributes = append(attributes, semconv.HTTPResponseHeader("x-request-id", strings.ToValidUTF8(e.RequestID, "?")))
	}
	return attributes
}

// setStatus marks a span that failed. The text of the error may hold ids, and stays out.
func setStatus(span trace.Span, failure string) {
	if failure != "" {
		span.SetStatus(codes.Error, "")
	}
}

// header is a [propagation.TextMapCarrier] for the headers of one attempt.
type header struct {
	ctx context.Context //nolint:containedctx // the one that is being made
	set http.Header
}

func (h *header) Get(key string) string { return h.set.Get(key) }

func (h *header) Keys() (keys []string) {
	for key := range h.set {
		keys = append(keys, key)
	}
	return keys
}

// Set leaves out a value that can't be sent: it is not worth a failed call.
func (h *header) Set(key, value string) {
	if !sendable(value) {
		return
	}
	if h.set == nil {
		h.set = http.Header{}
	}
	h.set.Set(key, value)
	h.ctx = linkit.ContextWithHeader(h.ctx, key, value)
}

// sendable reports whether value is printable ASCII without spaces at its ends.
func sendable(value string) bool {
	notASCII := func(r rune) bool { return r < ' ' || r > '~' }
	return value != "" && strings.TrimSpace(value) == value && !strings.ContainsFunc(value, notASCII)
}

// globalPropagators are those of package otel or, as long as it has none, W3C Trace Context.
type globalPropagators struct{ propagation.TraceContext }

func (g globalPropagators) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	if global := otel.GetTextMapPropagator(); len(global.Fields()) > 0 {
		global.Inject(ctx, carrier)
		return
	}
	g.TraceContext.Inject(ctx, carrier)
}
