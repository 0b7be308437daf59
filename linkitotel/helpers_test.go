package linkitotel_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
)

// telemetry records what the hooks of one test report.
type telemetry struct {
	t      testing.TB
	tracer *sdktrace.TracerProvider
	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
	hooks  linkit.Hooks
}

func newTelemetry(t testing.TB) *telemetry {
	t.Helper()
	r := &telemetry{t: t, spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	r.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	t.Cleanup(func() {
		assert.NoError(t, r.tracer.Shutdown(context.Background()))
		assert.NoError(t, meters.Shutdown(context.Background()))
	})
	r.hooks = linkitotel.Hooks(
		linkitotel.WithTracerProvider(r.tracer),
		linkitotel.WithMeterProvider(meters),
		linkitotel.WithPropagators(propagation.TraceContext{}),
	)
	return r
}

// tree returns the spans as lines, each indented below its parent, in the order of their start.
func (r *telemetry) tree() string {
	spans := slices.Clone(r.spans.Ended())
	slices.SortStableFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	var text strings.Builder
	var below func(parent trace.SpanID, indent string)
	below = func(parent trace.SpanID, indent string) {
		for _, span := range spans {
			if span.Parent().SpanID() == parent {
				attributes := list(span.Attributes())
				fmt.Fprintf(&text, "%s%s [%s, %s]%s\n", indent, span.Name(), span.SpanKind(), span.Status().Code, attributes)
				below(span.SpanContext().SpanID(), indent+"  ")
			}
		}
	}
	below(trace.SpanID{}, "")
	return text.String()
}

// list returns attributes in the order of their names, without those that every span has or that
// differ from run to run.
func list(attributes []attribute.KeyValue) string {
	set := attribute.NewSet(attributes...)
	var text strings.Builder
	for _, each := range set.ToSlice() {
		switch each.Key {
		case "server.address",
			"server.port",
			"url.template",
			"http.request.method",
			"linkit.wait",
			"http.response.header.x-request-id":
		default:
			fmt.Fprintf(&text, " %s=%s", each.Key, each.Value.String())
		}
	}
	return text.String()
}

// metrics returns the data points by the metric's name.
func (r *telemetry) metrics() map[string]metricdata.Metrics {
	r.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(r.t, r.reader.Collect(context.Background(), &all))
	found := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			found[metric.Name] = metric
		}
	}
	return found
}

// points returns the points of one metric as lines: the attributes, then the value, or a histogram's count.
func (r *telemetry) points(name string) (lines []string) {
	r.t.Helper()
	add := func(set attribute.Set, value any) {
		attributes := slices.DeleteFunc(set.ToSlice(), func(each attribute.KeyValue) bool {
			return each.Key == "server.address" || each.Key == "server.port"
		})
		var text strings.Builder
		for _, each := range attributes {
			fmt.Fprintf(&text, "%s=%s ", each.Key, each.Value.String())
		}
		lines = append(lines, text.String()+fmt.Sprint(value))
	}
	switch data := r.metrics()[name].Data.(type) {
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			add(point.Attributes, point.Value)
		}
	case metricdata.Histogram[float64]:
		for _, point := range data.DataPoints {
			add(point.Attributes, point.Count)
		}
	}
	slices.Sort(lines)
	return lines
}
