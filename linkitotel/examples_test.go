package linkitotel_test

import (
	"testing"

	"github.com/linkit-go/linkit/internal/repotest"
)

func TestBlocksOfThePagesRun(t *testing.T) {
	t.Parallel()
	repotest.Blocks{
		Root: "..", Module: "linkitotel",
		Imports: map[string]string{
			"prometheus":     "github.com/prometheus/client_golang/prometheus",
			"otelprometheus": "go.opentelemetry.io/otel/exporters/prometheus",
			"sdkmetric":      "go.opentelemetry.io/otel/sdk/metric",
			"sdktrace":       "go.opentelemetry.io/otel/sdk/trace",
			"stdouttrace":    "go.opentelemetry.io/otel/exporters/stdout/stdouttrace",
			"stdoutmetric":   "go.opentelemetry.io/otel/exporters/stdout/stdoutmetric",
		},
	}.Run(t)
}

func TestExportedAPIIsRecorded(t *testing.T) {
	t.Parallel()
	repotest.Surface{Folder: ".", Packages: []string{"github.com/linkit-go/linkit/linkitotel"}}.Check(t)
}
