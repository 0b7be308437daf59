package linkitredis_test

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/repotest"
)

func TestFleetExampleSignsInOnce(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "fleet")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./examples/fleet").CombinedOutput()
	require.NoError(t, err, "%s", output)
	fleet := exec.CommandContext(t.Context(), binary, "-processes", "4", "-rate", "50", "-for", "1s")
	output, err = fleet.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "sign-ins: 1\n")
	assert.Regexp(t, `requests: [1-9]\d* in `, string(output))
}

func TestBlocksOfThePagesRun(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	repotest.Blocks{
		Root: "..", Module: "linkitredis",
		Imports: map[string]string{"hex": "encoding/hex", "redis": "github.com/redis/go-redis/v9"},
		Env:     []string{"REDIS_ADDR=" + r.addr, "LINKIT_STORE_KEY=" + testKeyHex},
	}.Run(t)
}

func TestExportedAPIIsRecorded(t *testing.T) {
	t.Parallel()
	repotest.Surface{Folder: ".", Packages: []string{"github.com/linkit-go/linkit/linkitredis"}}.Check(t)
}
