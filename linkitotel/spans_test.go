package linkitotel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
	"github.com/linkit-go/linkit/linkittest"
)

func TestTraceOfOneCallHasItsAttemptsAndSignIns(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	server.AddProducts(linkit.Product{IvID: "ITEM-1"})
	const route = "/products/{iv_id}"
	server.Inject(linkittest.Fault{Path: route, Status: http.StatusServiceUnavailable, Times: 2})
	server.Inject(linkittest.Fault{Path: route, Status: http.StatusUnauthorized})
	r := newTelemetry(t)
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithHooks(r.hooks))
	ctx, program := r.tracer.Tracer("program").Start(t.Context(), "program")
	_, err := client.Products.Get(ctx, "ITEM-1")
	require.NoError(t, err)
	program.End()

	assert.Equal(t, tree(`
program [internal, Unset]
  linkit GET /products/{iv_id} [internal, Unset] status=200 linkit.attempts=4
    linkit POST /auth/login [internal, Unset] status=200 linkit.attempts=1 linkit.sign_in=true
      POST /auth/login [client, Unset] status=200 linkit.sign_in=true
    GET /products/{iv_id} [client, Error] error.type=ErrServer status=503
    GET /products/{iv_id} [client, Error] error.type=ErrServer http.request.resend_count=1 status=503
    GET /products/{iv_id} [client, Error] error.type=ErrUnauthorized http.request.resend_count=2 status=401
    linkit POST /auth/login [internal, Unset] status=200 linkit.attempts=1 linkit.sign_in=true
      POST /auth/login [client, Unset] status=200 linkit.sign_in=true
    GET /products/{iv_id} [client, Unset] http.request.resend_count=3 status=200
`), r.tree())

	host, port, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), "/api/v1"), ":")
	for _, span := range r.spans.Ended()[:len(r.spans.Ended())-1] { // all but the program's
		set := attribute.NewSet(span.Attributes()...)
		for key, want := range map[attribute.Key]string{"server.address": host, "server.port": port} {
			value, ok := set.Value(key)
			assert.True(t, ok)
			assert.Equal(t, want, value.String())
		}
		method, _ := set.Value("http.request.method")
		template, _ := set.Value("url.template")
		assert.Equal(t, strings.TrimPrefix(span.Name(), "linkit "), method.AsString()+" "+template.AsString())
		if resent, ok := set.Value("http.request.resend_count"); ok && resent.AsInt64() < 3 { // after a 503
			wait, _ := set.Value("linkit.wait")
			assert.Positive(t, wait.AsFloat64())
		}
		assert.False(t, set.HasValue("url.full"))
		assert.Empty(t, span.Events())
	}
}

// tree completes the text of a tree of spans.
func tree(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(text, "\n"), " status=", " http.response.status_code=")
}

func TestTraceOfAFailedCall(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	r := newTelemetry(t)
	client := server.Client(linkit.WithHooks(r.hooks))
	server.Inject(linkittest.Fault{Method: http.MethodPost, DropAfter: true})
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
	require.ErrorIs(t, err, linkit.ErrUncertain)
	server.Inject(linkittest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}})
	_, err = client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrRateLimited)

	assert.Equal(t, tree(`
linkit POST /products [internal, Error] error.type=ErrUncertain linkit.attempts=1
  POST /products [client, Error] error.type=connection
linkit GET /products [internal, Error] error.type=ErrRateLimited status=429 linkit.attempts=1
  GET /products [client, Error] error.type=ErrRateLimited status=429 linkit.retry_after=3600
`), r.tree())
}

func TestLeavingAllEarlyIsNoFailure(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	for i := range 250 {
		server.AddProducts(linkit.Product{IvID: fmt.Sprintf("ITEM-%d", i)})
	}
	r := newTelemetry(t)
	for _, err := range server.Client(linkit.WithHooks(r.hooks)).Products.All(t.Context(), nil) {
		require.NoError(t, err)
		break
	}
	server.Close() // waits for the page that was read ahead
	assert.NotContains(t, r.tree(), "Error")
	assert.Len(t, r.points("linkit.client.calls"), 1)
}

func TestAttemptsCarryTheirTraceContextAndSignInsNone(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	server.Inject(linkittest.Fault{Path: "/products", Status: http.StatusServiceUnavailable})
	r := newTelemetry(t)
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithHooks(r.hooks))
	ctx := linkit.ContextWithHeader(t.Context(), "X-Correlation-Id", "c-1")
	_, err := client.Products.List(ctx, nil)
	require.NoError(t, err)

	var sent, want []string
	for _, request := range server.Requests() {
		if request.Route == "/auth/login" {
			assert.Empty(t, request.Header.Get("Traceparent"))
			continue
		}
		assert.Equal(t, "c-1", request.Header.Get("X-Correlation-Id"))
		sent = append(sent, request.Header.Get("Traceparent"))
	}
	for _, span := range r.spans.Ended() {
		if span.Name() == "GET /products" {
			id := span.SpanContext()
			want = append(want, fmt.Sprintf("00-%s-%s-01", id.TraceID(), id.SpanID()))
		}
	}
	require.Len(t, want, 2)
	assert.Equal(t, want, sent)
}

func TestPropagatorsDecideWhatIsSent(t *testing.T) {
	t.Parallel()
	member, err := baggage.NewMemberRaw("shop", "الرياض 7")
	require.NoError(t, err)
	bag, err := baggage.New(member)
	require.NoError(t, err)
	for name, row := range map[string]struct {
		propagators propagation.TextMapPropagator
		want        map[string]bool // whether the header is sent
	}{
		"trace context": {propagation.TraceContext{}, map[string]bool{"Traceparent": true, "Baggage": false}},
		"baggage":       {propagation.Baggage{}, map[string]bool{"Traceparent": false, "Baggage": true}},
		"none":          {propagation.NewCompositeTextMapPropagator(), map[string]bool{"Traceparent": false, "Baggage": false}},
		"unsendable": {unsendable{}, map[string]bool{
			"X-Line": false, "X-Empty": false, "X-Before": false, "X-After": false, "X-Tab": false, "X-Del": false, "X-Arabic": false,
			"X-Between": true, "X-Tilde": true, "X-Good": true,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := linkittest.New(t)
			hooks := linkitotel.Hooks(
				linkitotel.WithTracerProvider(newTelemetry(t).tracer), linkitotel.WithPropagators(row.propagators),
			)
			_, err := server.Client(linkit.WithHooks(hooks)).Products.List(baggage.ContextWithBaggage(t.Context(), bag), nil)
			require.NoError(t, err)
			for key, sent := range row.want {
				assert.Equal(t, sent, server.Requests()[0].Header.Get(key) != "", key)
			}
		})
	}
}

// unsendable is a propagator whose values can't all stand in a header.
type unsendable struct{ propagation.TraceContext }

func (unsendable) Inject(_ context.Context, carrier propagation.TextMapCarrier) {
	for key, value := range map[string]string{
		"X-Line": "a\r\nb", "X-Empty": "", "X-Before": " a", "X-After": "a ", "X-Tab": "a\tb", "X-Del": "a\x7fb",
		"X-Arabic": "الرياض", "X-Between": "a b", "X-Tilde": "~",
	} {
		carrier.Set(key, value)
	}
	if keys := carrier.Keys(); len(keys) == 2 && carrier.Get("x-between") == "a b" { // it reads what it has set
		carrier.Set("X-Good", "yes")
	}
}

// A transport that makes spans of its own makes them below the attempt's.
func TestTransportsSeeTheAttemptsSpan(t *testing.T) {
	t.Parallel()
	r := newTelemetry(t)
	var seen trace.SpanContext
	transport := roundTripper(func(request *http.Request) (*http.Response, error) {
		seen = trace.SpanContextFromContext(request.Context())
		body := io.NopCloser(strings.NewReader(`{"data":[]}`))
		return &http.Response{StatusCode: http.StatusOK, Body: body, Request: request}, nil
	})
	client, err := linkit.NewClient(
		linkit.WithAPIKey("k3y"), linkit.WithHooks(r.hooks), linkit.WithHTTPClient(&http.Client{Transport: transport}),
	)
	require.NoError(t, err)
	_, err = client.Products.List(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, client.Close())
	require.Equal(t, "GET /products", r.spans.Ended()[0].Name())
	assert.Equal(t, r.spans.Ended()[0].SpanContext(), seen)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestCallsWithoutAnAttemptAreTraced(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	r := newTelemetry(t)
	client := server.Client(linkit.WithHooks(r.hooks), linkit.WithCircuitBreaker(1, time.Hour), linkit.WithRetries(0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Products.List(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	server.Inject(linkittest.Fault{Status: http.StatusInternalServerError})
	_, err = client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrServer)
	_, err = client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrCircuitOpen)

	assert.Equal(t, tree(`
linkit GET /products [internal, Error] error.type=canceled linkit.attempts=0
linkit GET /products [internal, Error] error.type=ErrServer status=500 linkit.attempts=1
  GET /products [client, Error] error.type=ErrServer status=500
linkit GET /products [internal, Error] error.type=ErrCircuitOpen linkit.attempts=0
`), r.tree())
	assert.Equal(t, []string{"error.type=ErrCircuitOpen 1", "error.type=ErrServer 1", "error.type=canceled 1"},
		r.points("linkit.client.calls"))
}

func TestCallsThatAreNotSampledArePropagatedAndMeasured(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	reader := sdkmetric.NewManualReader()
	hooks := linkitotel.Hooks(
		linkitotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))),
		linkitotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
		linkitotel.WithPropagators(propagation.TraceContext{}),
	)
	_, err := server.Client(linkit.WithHooks(hooks)).Products.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$", server.Requests()[0].Header.Get("Traceparent"))
	assert.Equal(t, []string{"1"}, (&telemetry{t: t, reader: reader}).points("linkit.client.calls"))
}

func TestRequestIDsAreRecordedUnlessTheyAreLong(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"req-7": `["req-7"]`, "": "", strings.Repeat("x", 81): "",
		strings.Repeat("x", 80): `["` + strings.Repeat("x", 80) + `"]`,
	} {
		server := linkittest.New(t)
		server.Inject(linkittest.Fault{Header: http.Header{"X-Request-Id": {id}}})
		r := newTelemetry(t)
		_, err := server.Client(linkit.WithHooks(r.hooks)).Products.List(t.Context(), nil)
		require.NoError(t, err)
		for _, span := range r.spans.Ended() {
			set := attribute.NewSet(span.Attributes()...)
			value, ok := set.Value("http.response.header.x-request-id")
			assert.Equal(t, want != "", ok, span.Name())
			if ok {
				assert.Equal(t, want, value.String())
			}
		}
	}
}
