package repotest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exampleOutput is a part of each example's output that shows that it worked. Examples that are
// modules of their own have a stage of script/check.
var exampleOutput = map[string]string{
	"catalogue":     "not written: ITEM-",
	"errors":        "it had arrived all the same",
	"login":         "the token prints as [redacted]",
	"orders":        "204 No Content",
	"organizations": "3 organizations, 1 sign-in",
	"quickstart":    "No LINKIT_* variable is set",
	"sandbox":       "# With organization header",
}

func TestEveryExampleRuns(t *testing.T) {
	t.Parallel()
	mains, err := filepath.Glob(filepath.Join(root, "examples/*/main.go"))
	require.NoError(t, err)
	require.NotEmpty(t, mains)
	for _, file := range mains {
		source, err := os.ReadFile(file) // read here, so that a change to it invalidates the cached test result
		require.NoError(t, err)
		folder := filepath.ToSlash(filepath.Dir(file))
		name := filepath.Base(folder)
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, exampleOutput, name, "name a part of its output that shows that it worked")
			assert.Contains(t, string(source), "//\tgo run ", "its comment says how to run it")
			var args []string
			if name == "sandbox" {
				args = []string{"-for", "100ms"}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			output, err := example(ctx, t, folder, args...).CombinedOutput()
			assert.NoError(t, err, "%s", output)
			assert.Contains(t, string(output), exampleOutput[name])
		})
	}
}

// example builds an example and returns the command that runs it, in an environment without a
// LINKIT_* variable.
func example(ctx context.Context, t *testing.T, folder string, args ...string) *exec.Cmd {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "example")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = folder // a module of its own is built with its go.mod
	build.Env = append(os.Environ(), "GOWORK=off")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	run := exec.CommandContext(ctx, binary, args...)
	run.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LINKIT_") })
	return run
}

// The commands that the sandbox prints are the documentation's, and get the responses that it
// shows.
func TestSandboxLinesWork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sandbox := example(ctx, t, filepath.Join(root, "examples/sandbox"), "-for", "30s")
	stdout, err := sandbox.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, sandbox.Start())
	defer func() { _ = sandbox.Wait() }()
	defer func() { _ = sandbox.Process.Kill() }()

	responses := map[string]string{} // by the comment above the command
	var title string
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "# "):
			title = strings.TrimPrefix(line, "# ")
		case strings.HasPrefix(line, "curl "):
			if title == "Sign in" {
				assert.Contains(
					t,
					line,
					`{"email": "user@example.com", "password": "your_password"}`,
					"as the documentation has it",
				)
			}
			responses[title] = send(ctx, t, arguments(line))
		}
		if strings.HasPrefix(line, "go run") { // the last line
			break
		}
	}
	require.NoError(t, lines.Err())
	require.Len(t, responses, 6)

	var signedIn struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
		User      struct {
			ID             string `json:"id"`
			Email          string `json:"email"`
			OrganizationID string `json:"organization_id"`
		} `json:"user"`
	}
	decoder := json.NewDecoder(strings.NewReader(responses["Sign in"]))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&signedIn), responses["Sign in"])
	assert.NotEmpty(t, signedIn.Token)
	assert.Equal(t, "user@example.com", signedIn.User.Email)
	assert.Equal(t, "org_123", signedIn.User.OrganizationID)
	assert.True(t, signedIn.ExpiresAt.After(time.Now()))

	for _, title := range []string{"Bearer token", "API key", "With organization header"} {
		assert.Contains(t, responses[title], `"iv_id":"ITEM-1001"`)
		assert.Contains(t, responses[title], "بنادول")
	}
	assert.JSONEq(t, read(t, root, "testdata/error-401.json"), responses["401: a key that nobody gave out"])
	assert.JSONEq(t, read(t, root, "testdata/error-403.json"), responses["403: somebody else's organization"])
}

// arguments splits a command as a shell does, for the quotes that the sandbox uses.
func arguments(line string) (args []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " ") {
		var arg string
		if quote := line[:1]; quote == `"` || quote == `'` {
			arg, line, _ = strings.Cut(line[1:], quote)
		} else {
			arg, line, _ = strings.Cut(line, " ")
		}
		args = append(args, arg)
	}
	return args
}

// send runs a curl command. Where there is no curl, it sends the same request itself, except in CI.
func send(ctx context.Context, t *testing.T, args []string) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil || os.Getenv("CI") == "true" {
		var stderr bytes.Buffer
		curl := exec.CommandContext(
			ctx,
			args[0],
			append([]string{"--silent", "--show-error", "--noproxy", "*"}, args[1:]...)...)
		curl.Stderr = &stderr
		output, err := curl.Output()
		require.NoError(t, err, "%s", stderr.String())
		return string(output)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "", nil)
	require.NoError(t, err)
	for i := 1; i < len(args); i++ {
		switch args[i] {
		case "-X":
			i++
			request.Method = args[i]
		case "-H":
			i++
			name, value, _ := strings.Cut(args[i], ": ")
			request.Header.Set(name, value)
		case "-d":
			i++
			request.Body = io.NopCloser(strings.NewReader(args[i]))
		default:
			request.URL, err = request.URL.Parse(args[i])
			require.NoError(t, err)
		}
	}
	response, err := new(http.Client).Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}
