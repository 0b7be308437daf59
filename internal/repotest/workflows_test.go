package repotest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
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

// A tag of an action can be moved; a commit can't.
func TestActionsArePinnedByCommit(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	require.NoError(t, err)
	for _, file := range files {
		text := read(t, filepath.Dir(file), filepath.Base(file))
		for _, use := range regexp.MustCompile(`uses: (.*)`).FindAllStringSubmatch(text, -1) {
			assert.Regexp(t, `^[\w./-]+@[0-9a-f]{40} # v\d`, use[1], file)
		}
	}
}

// Whoever imports a module beside the root gets the version of the root that its go.mod requires.
func TestPublishedModulesRequireTheRootsVersion(t *testing.T) {
	t.Parallel()
	for _, module := range siblings {
		text, err := os.ReadFile(filepath.Join(root, module, "go.mod"))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		assert.Contains(t, string(text), "\t"+rootModule+" v"+linkit.Version+"\n", module)
	}
}
