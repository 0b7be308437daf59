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

	"github.com/linkit-go/linkit/linkittest"
)

// exampleOutput is a part of each example's output that shows that it worked. Examples that are
// modules of their own have a stage of script/check.
var exampleOutput = map[string]string{
	"catalogue":     "not written: ITEM-",
	"errors":        "it had taken effect all the same",
	"login":         "the token prints as [redacted]",
	"probe":         "an unknown member of a product is kept",
	"organizations": "3 organizations, 1 sign-in(s)",
	"quickstart":    "removed QUICKSTART-",
	"sandbox":       "# With organization header",
}

// withoutLive are the examples that never call the service.
var withoutLive = []string{"sandbox"}

func TestEveryExampleRuns(t *testing.T) {
	t.Parallel()
	mains, err := filepath.Glob(filepath.Join(root, "examples/*/main.go"))
	require.NoError(t, err)
	require.NotEmpty(t, mains)
	var names []string
	for _, file := range mains {
		folder := filepath.Dir(file)
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			continue
		}
		// Reading the source here lets a change to it invalidate the cached result of the test.
		source := read(t, folder, "main.go")
		assert.Contains(t, source, "//\tgo run ", "its comment says how to run it")
		names = append(names, filepath.Base(folder))
	}
	programs := build(t, names...)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runExample(t, name, programs(name))
		})
	}
}

// runExample runs an example's program while LINKIT_* variables lead to a server in the place of the service.
// Only -live may send anything there, and nothing may be written without -yes.
func runExample(t *testing.T, name, program string) {
	t.Helper()
	require.Contains(t, exampleOutput, name, "name a part of its output that shows that it worked")
	service := linkittest.New(t)
	service.AddUser("user@example.com", "your_password", linkittest.OrganizationID)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := func(args ...string) (string, error) {
		command := exec.CommandContext(ctx, program, args...)
		command.Env = append(
			environment(),
			"LINKIT_BASE_URL="+service.URL,
			"LINKIT_EMAIL=user@example.com",
			"LINKIT_PASSWORD=your_password",
		)
		output, err := command.CombinedOutput()
		return string(output), err
	}

	var args []string
	if name == "sandbox" {
		args = []string{"-for", "100ms"}
	}
	output, err := run(args...)
	require.NoError(t, err, output)
	assert.Contains(t, output, exampleOutput[name])
	assert.Empty(t, service.Requests(), "without -live")
	if slices.Contains(withoutLive, name) {
		return
	}

	output, err = run("-live")
	for _, request := range service.Requests() {
		assert.True(
			t,
			request.Method == http.MethodGet || request.Route == "/auth/login",
			"written without -yes: %s %s",
			request.Method,
			request.Path,
		)
	}
	if err == nil {
		assert.NotEmpty(t, service.Requests(), "-live")
		return // it only reads
	}
	assert.Contains(t, output, "add -yes")
	assert.Contains(
		t,
		output,
		strings.TrimPrefix(strings.TrimSuffix(service.URL, "/api/v1"), "http://"),
		"the host that it would write to",
	)
	assert.Empty(t, service.Requests())

	output, err = run("-live", "-yes")
	require.NoError(t, err, output)
	assert.NotEmpty(t, service.Requests(), "-live -yes")
}

// build builds examples, and returns where their programs are.
func build(t *testing.T, names ...string) (program func(name string) string) {
	t.Helper()
	folder := t.TempDir()
	arguments := []string{"build", "-ldflags=-s -w", "-o", folder + string(filepath.Separator)}
	for _, name := range names {
		arguments = append(arguments, "./examples/"+name)
	}
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return func(name string) string {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		return filepath.Join(folder, name)
	}
}

// environment returns the environment without LINKIT_* variables.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LINKIT_") })
}

// The commands that the sandbox prints are the documentation's, and get the responses that it
// shows.
func TestSandboxLinesWork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sandbox := exec.CommandContext(ctx, build(t, "sandbox")("sandbox"), "-for", "30s")
	sandbox.Env = environment()
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
