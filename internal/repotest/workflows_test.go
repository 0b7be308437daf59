package repotest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The oldest Go that users may have is the one of go.mod, and what CI tests with.
func TestWorkflowsTestWithTheOldestGo(t *testing.T) {
	t.Parallel()
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, root, "go.mod"))
	require.NotNil(t, version)
	assert.Contains(t, read(t, root, ".github/workflows/ci.yml"), `"`+version[1]+`"`)
}

func TestEveryStageSaysWhatItChecksAndEveryWorkflowRunsStagesThatExist(t *testing.T) {
	t.Parallel()
	stages, err := filepath.Glob(filepath.Join(root, "script/stages/*.sh"))
	require.NoError(t, err)
	require.NotEmpty(t, stages)
	var names []string
	for _, stage := range stages {
		base := filepath.Base(stage)
		name := regexp.MustCompile(`^\d\d-([a-z]+)\.sh$`).FindStringSubmatch(base)
		require.NotNil(t, name, "%s: two digits, a hyphen and a word", base)
		assert.NotContains(t, names, name[1])
		names = append(names, name[1])
		assert.True(
			t,
			strings.HasPrefix(read(t, filepath.Dir(stage), base), "# "),
			"%s: the first line says what it checks",
			base,
		)
	}
	callers, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	require.NoError(t, err)
	for _, file := range append(callers, filepath.Join(root, "Makefile")) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, call := range regexp.MustCompile(`script/check(.*)`).FindAllStringSubmatch(string(text), -1) {
			assert.Subset(t, names, strings.Fields(call[1]), file)
		}
	}
}
