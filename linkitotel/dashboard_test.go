package linkitotel_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitotel"
	"github.com/linkit-go/linkit/linkittest"
)

// The queries of the dashboard must name metrics and labels that exist, and leave out no metric.
func TestDashboardQueriesWhatIsMeasured(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("dashboard.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	require.NotEmpty(t, dashboard.Panels)
	exported := exportedLabels(t)
	unused := maps.Clone(exported)
	metric := regexp.MustCompile(`\b((?:http_client|linkit_client)_\w+)\{([^}]*)\}`)
	label := regexp.MustCompile(`(\w+)[=!]~?"`)
	grouping := regexp.MustCompile(`by \(([^)]*)\)`)
	legend := regexp.MustCompile(`\{\{(\w+)\}\}`)
	for _, panel := range dashboard.Panels {
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			found := metric.FindStringSubmatch(target.Expr)
			require.NotNil(t, found, target.Expr)
			name := strings.TrimSuffix(strings.TrimSuffix(found[1], "_bucket"), "_count")
			require.Contains(t, exported, name)
			delete(unused, name)
			for _, match := range label.FindAllStringSubmatch(found[2], -1) {
				assert.Contains(t, exported[name], match[1], target.Expr)
			}
			var groups []string
			if by := grouping.FindStringSubmatch(target.Expr); by != nil {
				groups = strings.Split(by[1], ", ")
			}
			for _, group := range groups {
				if group != "le" {
					assert.Contains(t, exported[name], group, target.Expr)
				}
			}
			for _, match := range legend.FindAllStringSubmatch(target.LegendFormat, -1) {
				assert.Contains(t, groups, match[1], target.LegendFormat)
			}
		}
	}
	assert.Empty(t, slices.Collect(maps.Keys(unused)), "metrics that no panel shows")
}

// exportedLabels returns the labels of each metric as Prometheus has them.
func exportedLabels(t *testing.T) map[string]map[string]bool {
	t.Helper()
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutTargetInfo())
	require.NoError(t, err)
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	hooks := linkitotel.Hooks(linkitotel.WithMeterProvider(meters))
	server := linkittest.New(t)
	load(t, server, hooks, 1)
	server.Refuse("/products", "ITEM-2", 422, "barcode is in use")
	client := server.Client(linkit.WithHooks(hooks))
	_, err = client.Products.Bulk(t.Context(), linkit.BulkCreate, []linkit.ProductParams{{IvID: "ITEM-2"}})
	require.ErrorIs(t, err, linkit.ErrRejected)
	client = server.Client(linkit.WithHooks(hooks), linkit.WithLogin(linkittest.Email, "wrong"))
	_, err = client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrLogin)
	families, err := registry.Gather()
	require.NoError(t, err)
	found := map[string]map[string]bool{}
	for _, family := range families {
		labels := map[string]bool{}
		for _, metric := range family.GetMetric() {
			for _, each := range metric.GetLabel() {
				labels[each.GetName()] = true
			}
		}
		found[family.GetName()] = labels
	}
	require.NoError(t, meters.Shutdown(context.Background()))
	return found
}
