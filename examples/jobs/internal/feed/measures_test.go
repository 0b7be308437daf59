package feed

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/linkittest"
)

// figures returns what a reader has, each by its name and attributes.
func figures(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	found := map[string]int64{}
	add := func(name string, points []metricdata.DataPoint[int64]) {
		for _, point := range points {
			found[name+" "+point.Attributes.Encoded(attribute.DefaultEncoder())] = point.Value
		}
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				add(m.Name, data.DataPoints)
			case metricdata.Gauge[int64]:
				add(m.Name, data.DataPoints)
			default:
				assert.Fail(t, "another kind", "%s: %T", m.Name, data)
			}
		}
	}
	return found
}

func TestEachStepIsMeasured(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	r := newRig(t, filepath.Join(t.TempDir(), "orders.db"), func(c *Config) { c.Meter = meters.Meter("orderfeed") })
	r.add("o1 o2", "pending")
	r.tell("o1")
	r.tell("o1")
	assert.Equal(t, http.StatusBadRequest, post(t, "POST", r.url, "no order"))
	assert.Equal(t, http.StatusNoContent, post(t, "POST", r.url, orderBody("forged", "pending")))
	waiting := figures(t, reader)
	assert.EqualValues(t, 2, waiting["orderfeed.hints.waiting "], waiting)
	r.start()
	r.handed("o1", "o1 new  pending")
	r.handed("o2", "o2 new  pending")
	r.idle("linkit_fetch_order")
	r.eventually(func() bool { return figures(t, reader)["orderfeed.events.handed_on "] == 2 }, "both are handed on")
	got := figures(t, reader)
	for name, want := range map[string]int64{
		"orderfeed.webhooks http.response.status_code=204": 3, "orderfeed.webhooks http.response.status_code=400": 1,
		"orderfeed.fetches result=stored": 2, "orderfeed.fetches result=missing": 1, "orderfeed.events change=new": 2,
		"orderfeed.hints.waiting ": 0, "orderfeed.events.waiting ": 0,
	} {
		assert.Equal(t, want, got[name], "%s: %s", name, fmt.Sprint(got))
	}
	assert.Positive(t, got["orderfeed.walk.differences "], got)
}

func TestFetchThatFailedIsMeasured(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	r := newRig(t, sqlite(t), func(c *Config) { c.Meter = meters.Meter("orderfeed") })
	r.server.Inject(linkittest.Fault{
		Path: "/orders/o1", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}},
	})
	snoozed(t, work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: "o1"}), time.Hour)
	assert.EqualValues(t, 1, figures(t, reader)["orderfeed.fetches result=failed"])
}

// What waits is counted as the metrics are read: an error there belongs to the reader, and ends with the feed.
func TestReadingTheMetricsFailsWhileTheDatabaseDoes(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	r := newRig(t, sqlite(t), func(c *Config) { c.Meter = meters.Meter("orderfeed") })
	require.NoError(t, r.DB.Close())
	require.ErrorContains(t, reader.Collect(t.Context(), new(metricdata.ResourceMetrics)), "database is closed")
	r.measures.stop()
	require.NoError(t, reader.Collect(t.Context(), new(metricdata.ResourceMetrics)))
}

var errMeter = errors.New("the meter is broken")

// brokenMeter is a meter that fails at the last of some things it makes.
type brokenMeter struct {
	noop.Meter
	left int
}

func (m *brokenMeter) err() error {
	if m.left--; m.left == 0 {
		return errMeter
	}
	return nil
}

func (m *brokenMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return noop.Int64Counter{}, m.err()
}

func (m *brokenMeter) Int64ObservableGauge(
	string, ...metric.Int64ObservableGaugeOption,
) (metric.Int64ObservableGauge, error) {
	return noop.Int64ObservableGauge{}, m.err()
}

func (m *brokenMeter) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return noop.Registration{}, m.err()
}

func TestFeedIsNotMadeWithoutItsMetrics(t *testing.T) {
	t.Parallel()
	db, err := database.Open(t.Context(), sqlite(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	config := Config{DB: db, Client: linkittest.New(t).Client()}
	for made := range 8 {
		config.Meter = &brokenMeter{left: made + 1}
		_, err := New(t.Context(), config)
		require.ErrorIs(t, err, errMeter, "after %d", made)
	}
	config.Meter = &brokenMeter{left: 9}
	f, err := New(t.Context(), config)
	require.NoError(t, err)
	f.release()
}
