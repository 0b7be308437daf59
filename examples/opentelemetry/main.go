// Opentelemetry traces calls through hooks: a span for each call, and one below it for each attempt and sign-in. It is a module
// of its own, so that the SDK needs no OpenTelemetry.
//
//	go run -C examples/opentelemetry .
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"github.com/linkit-go/linkit"
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

func run(ctx context.Context) (err error) {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Path: "/products", Status: http.StatusServiceUnavailable})

	provider := trace.NewTracerProvider(trace.WithSyncer(printer{}))
	defer func() { err = errors.Join(err, provider.Shutdown(context.WithoutCancel(ctx))) }()
	client := server.Client(
		linkit.WithLogin(linkittest.Email, linkittest.Password),
		linkit.WithHooks(traced(provider.Tracer("github.com/linkit-go/linkit"))),
	)
	_, err = client.Products.List(ctx, nil)
	return err
}

// traced makes spans of calls and attempts. Routes are templates, so that no id reaches a trace.
func traced(tracer api.Tracer) linkit.Hooks {
	span := func(name string) func(context.Context, *linkit.Event) (context.Context, func(*linkit.Event)) {
		return func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
			ctx, span := tracer.Start(ctx, name+" "+e.Method+" "+e.Route, api.WithSpanKind(api.SpanKindClient))
			return ctx, func(e *linkit.Event) {
				span.SetAttributes(
					attribute.String("http.request.method", e.Method),
					attribute.String("url.template", e.Route),
					attribute.Int("http.response.status_code", e.StatusCode),
					attribute.Bool("linkit.sign_in", e.SignIn),
				)
				switch {
				case e.Err != nil:
					span.SetStatus(codes.Error, e.Err.Error())
				case e.StatusCode >= http.StatusBadRequest:
					span.SetStatus(codes.Error, http.StatusText(e.StatusCode))
				}
				span.End()
			}
		}
	}
	return linkit.Hooks{Call: span("call"), Attempt: span("attempt")}
}

// printer stands in for an exporter to a collector.
type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []trace.ReadOnlySpan) error {
	for _, span := range spans {
		fmt.Printf("%-34s %8v  span %s below %s  %s\n", span.Name(), span.EndTime().Sub(span.StartTime()).Round(time.Microsecond),
			span.SpanContext().SpanID(), span.Parent().SpanID(), span.Status().Code)
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }
