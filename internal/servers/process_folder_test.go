//go:build unix

package servers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers"
)

// outcome is a test that tells how it ended.
type outcome struct {
	testing.TB

	text string
}

func (*outcome) Helper() {}

func (o *outcome) Fatalf(format string, args ...any) { o.end("fails: ", format, args) }

func (o *outcome) Skipf(format string, args ...any) { o.end("is skipped: ", format, args) }

func (o *outcome) end(how, format string, args []any) {
	o.text = how + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// folder returns what Folder returns, or how it ended the test.
func folder(t *testing.T, others []string, programs ...string) string {
	t.Helper()
	o := &outcome{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.text = servers.Folder(o, "postgresql", others, programs...)
	}()
	<-done
	return o.text
}

func TestWithoutAServerATestIsSkippedButNeverWhereCIIsSet(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	half, whole := t.TempDir(), t.TempDir()
	for _, path := range []string{
		filepath.Join(half, "postgres"), filepath.Join(whole, "postgres"), filepath.Join(whole, "initdb"),
	} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(half, "initdb"), 0o700))
	for ci, want := range map[string]string{
		"true":  "fails: postgres is not installed",
		"false": "is skipped: postgres is not installed: apt-get install postgresql",
		"":      "is skipped: postgres is not installed: apt-get install postgresql",
	} {
		t.Setenv("CI", ci)
		assert.Equal(t, want, folder(t, nil, "postgres", "initdb"), ci)
		assert.Equal(t, want, folder(t, []string{half}, "postgres", "initdb"), "a folder isn't a program")
		assert.Equal(t, whole, folder(t, []string{half, whole}, "postgres", "initdb"))
	}
	t.Setenv("PATH", whole)
	assert.Equal(t, whole, folder(t, nil, "postgres", "initdb"))
}
