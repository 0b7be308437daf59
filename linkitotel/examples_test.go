package linkitotel_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// Without Prometheus, the load only serves its metrics.
func TestLoadExampleMakesCalls(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "load.exe")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./examples/load").CombinedOutput()
	require.NoError(t, err, "%s", output)
	output, err = exec.CommandContext(t.Context(), binary, "-for", "1s").CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Regexp(t, `\n[1-9]\d* calls, [1-9]\d* of them failed\n`, string(output))
}
