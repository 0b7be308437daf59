package feed

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
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
