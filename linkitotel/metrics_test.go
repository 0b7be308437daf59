package linkitotel_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
	"github.com/linkit-go/linkit/linkittest"
)

func TestMetricsOfCallsAndAttempts(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	server.AddProducts(linkit.Product{IvID: "ITEM-1"})
	r := newTelemetry(t)
	var during []string
	server.Inject(linkittest.Fault{Path: "/products/{iv_id}", Status: http.StatusServiceUnavailable, Times: 2})
	server.Inject(linkittest.Fault{Path: "/products", Header: http.Header{}, Match: func(linkittest.Request) bool {
		during = r.points("http.client.active_requests")
		return false
	}})
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithHooks(r.hooks))
	_, err := client.Products.Get(t.Context(), "ITEM-1")
	require.NoError(t, err)
	_, err = client.Products.Get(t.Context(), "ITEM-2")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	_, err = client.Products.List(t.Context(), nil)
	require.NoError(t, err)

	assert.Equal(t, []string{
		"error.type=ErrNotFound http.request.method=GET http.response.status_code=404 url.template=/products/{iv_id} 1",
		"error.type=ErrServer http.request.method=GET http.response.status_code=503 url.template=/products/{iv_id} 2",
		"http.request.method=GET http.response.status_code=200 url.template=/products 1",
		"http.request.method=GET http.response.status_code=200 url.template=/products/{iv_id} 1",
		"http.request.method=POST http.response.status_code=200 url.template=/auth/login 1",
	}, r.points("http.client.request.duration"))
	assert.Equal(t, []string{"http.request.method=GET 1", "http.request.method=POST 0"}, during)
	assert.Equal(
		t,
		[]string{"http.request.method=GET 0", "http.request.method=POST 0"},
		r.points("http.client.active_requests"),
	)
	assert.Equal(t, []string{"2", "error.type=ErrNotFound 1"}, r.points("linkit.client.calls"))
	assert.Equal(t, []string{"2"}, r.points("linkit.client.retries"))
	assert.Equal(t, []string{"1"}, r.points("linkit.client.sign_ins"))
	assert.Empty(t, r.points("linkit.client.rejected_records"))

	found := r.metrics()
	duration := found["http.client.request.duration"]
	assert.Equal(t, "s", duration.Unit)
	histogram, ok := duration.Data.(metricdata.Histogram[float64])
	require.True(t, ok)
	conventional := []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	assert.Equal(t, conventional, histogram.DataPoints[0].Bounds)
	for _, point := range histogram.DataPoints {
		assert.Positive(t, point.Sum)
		assert.True(t, point.Attributes.HasValue("server.address"))
		assert.True(t, point.Attributes.HasValue("server.port"))
	}
	assert.Equal(t, "s", found["linkit.client.wait.time"].Unit)
	waits, ok := found["linkit.client.wait.time"].Data.(metricdata.Sum[float64])
	require.True(t, ok)
	require.Len(t, waits.DataPoints, 1)
	assert.Positive(t, waits.DataPoints[0].Value)
}

func TestAnAttemptWithoutAResponseHasNoStatus(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	r := newTelemetry(t)
	client := server.Client(linkit.WithHooks(r.hooks), linkit.WithRetries(0))
	server.Inject(linkittest.Fault{DropBefore: true})
	_, err := client.Products.List(t.Context(), nil)
	require.Error(t, err)
	assert.Equal(t, []string{"error.type=connection http.request.method=GET url.template=/products 1"},
		r.points("http.client.request.duration"))
}

func TestFailedSignInsAreCounted(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	r := newTelemetry(t)
	client := server.Client(linkit.WithLogin(linkittest.Email, "wrong"), linkit.WithHooks(r.hooks))
	_, err := client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrLogin)
	assert.Equal(t, []string{"error.type=ErrBadRequest 1"}, r.points("linkit.client.sign_ins"))
	assert.Equal(t, []string{"error.type=ErrLogin 1"}, r.points("linkit.client.calls"))
}

func TestRejectedRecordsAreCounted(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	server.Refuse("/products", "ITEM-2", http.StatusUnprocessableEntity, "barcode is in use")
	server.Refuse("/products", "ITEM-3", http.StatusConflict, "taken")
	r := newTelemetry(t)
	client := server.Client(linkit.WithHooks(r.hooks))
	_, err := client.Products.Bulk(t.Context(), linkit.BulkCreate, []linkit.ProductParams{
		{IvID: "ITEM-1"}, {IvID: "ITEM-2"}, {IvID: "ITEM-3"},
	})
	require.ErrorIs(t, err, linkit.ErrRejected)
	assert.Equal(t, []string{"2"}, r.points("linkit.client.rejected_records"))
	assert.Equal(t, []string{"error.type=ErrRejected 1"}, r.points("linkit.client.calls"))
	assert.Contains(t, r.tree(), "linkit POST /products/bulk [internal, Error] error.type=ErrRejected ")
	assert.Contains(t, r.tree(), " linkit.rejected_records=2\n")
}

// The number of series depends on the routes that a program uses and on the statuses that it meets, not on how much it
// does. In Prometheus a series is one label set, and with classic histograms 17 for each label set of the duration.
func TestLoadMakesAtMostFortySeries(t *testing.T) {
	t.Parallel()
	native := sdkmetric.NewView(sdkmetric.Instrument{Name: "http.client.request.duration"}, sdkmetric.Stream{
		Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20},
	})
	registry := prometheus.NewRegistry()
	exported, err := exporter.New(exporter.WithRegisterer(registry))
	require.NoError(t, err)
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exported), sdkmetric.WithView(native))
	hooks := linkitotel.Hooks(linkitotel.WithMeterProvider(meters))
	server := linkittest.New(t)
	load(t, server, hooks, 50)
	before := series(t, registry)
	load(t, server, hooks, 100)
	assert.Equal(t, before, series(t, registry), "more of the same adds no series")
	assert.LessOrEqual(t, len(before), 40, "%q", before)
	assert.Greater(t, len(before), 20)
	require.NoError(t, meters.Shutdown(context.Background()))
}

// load makes calls of several routes about n records, and has them meet several statuses.
func load(t *testing.T, server *linkittest.Server, hooks linkit.Hooks, n int) {
	t.Helper()
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway} {
		for _, path := range []string{"/products", "/products/{iv_id}", "/skus"} {
			server.Inject(linkittest.Fault{Method: http.MethodGet, Path: path, Status: status})
		}
	}
	server.Inject(linkittest.Fault{Method: http.MethodPut, Path: "/products/{iv_id}", DropBefore: true})
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithHooks(hooks))
	for i := range n {
		id := fmt.Sprintf("ITEM-%d-%d", n, i)
		_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: id, NameEn: "Adol"})
		require.NoError(t, err)
		_, err = client.Products.Get(t.Context(), id)
		require.NoError(t, err)
		_, err = client.Products.Get(t.Context(), id+"-unknown")
		require.ErrorIs(t, err, linkit.ErrNotFound)
		_, err = client.Products.Update(t.Context(), id, linkit.ProductParams{IvID: id, NameEn: "Adol 500 mg"})
		require.NoError(t, err)
		_, err = client.Products.List(t.Context(), &linkit.ProductListParams{Search: id})
		require.NoError(t, err)
		_, err = client.SKUs.List(t.Context(), &linkit.SKUListParams{ListParams: linkit.ListParams{Page: i + 1}})
		require.NoError(t, err)
		require.NoError(t, client.Products.Delete(t.Context(), id))
		require.Error(t, client.Do(t.Context(), http.MethodGet, "/customers/"+id, nil, nil, nil))
	}
}

// series returns the series of a registry as Prometheus counts them.
func series(t *testing.T, registry *prometheus.Registry) (found []string) {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName() + fmt.Sprint(metric.GetLabel())
			found = append(found, name)
			if buckets := metric.GetHistogram().GetBucket(); len(buckets) > 0 {
				for _, bucket := range buckets {
					found = append(found, fmt.Sprint(name, bucket.GetUpperBound()))
				}
				found = append(found, name+" +Inf", name+" sum")
			}
		}
	}
	return found
}
