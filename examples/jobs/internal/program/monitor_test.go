package program_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/linkittest"
)

func healthy() error { return nil }

// get returns the answer of a path of a monitor.
func get(t *testing.T, monitor *program.Monitor, path string) (code int, text string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+monitor.Addr+path, http.NoBody)
	require.NoError(t, err)
	response, err := new(http.Client).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func TestHealthzSaysWhyAJobIsNotWell(t *testing.T) {
	t.Parallel()
	var ill error
	monitor, err := program.NewMonitor(t.Context(), "127.0.0.1:0", func() error { return ill }, map[string]http.Handler{
		"GET /more": http.RedirectHandler("/healthz", http.StatusFound),
	})
	require.NoError(t, err)
	code, text, err := get(t, monitor, "/more")
	require.NoError(t, err)
	assert.Equal(t, 200, code)
	assert.Equal(t, "ok\n", text)
	ill = errors.New("no progress for 5m0s")
	code, text, err = get(t, monitor, "/healthz")
	require.NoError(t, err)
	assert.Equal(t, 503, code)
	assert.Equal(t, "no progress for 5m0s\n", text)
	require.NoError(t, monitor.Close(t.Context()))

	none, err := program.NewMonitor(t.Context(), "", nil, nil)
	require.NoError(t, err)
	assert.Empty(t, none.Addr)
	_, err = none.Meter("job").Int64Counter("job.sent")
	require.NoError(t, err)
	require.NoError(t, none.Close(t.Context()))
	_, err = program.NewMonitor(t.Context(), "127.0.0.1:nonsense", nil, nil)
	assert.Equal(t, program.ExitUsage, program.ExitCode(err))
}

func TestMetricsAreThoseOfAJobAndOfItsClient(t *testing.T) {
	t.Parallel()
	monitor, err := program.NewMonitor(t.Context(), "127.0.0.1:0", healthy, nil)
	require.NoError(t, err)
	sent, err := monitor.Meter("job").Int64Counter("job.sent")
	require.NoError(t, err)
	sent.Add(t.Context(), 3)
	_, err = linkittest.New(t).Client(monitor.Hooks()).Orders.Get(t.Context(), "none")
	require.Error(t, err)
	code, text, err := get(t, monitor, "/metrics")
	require.NoError(t, err)
	assert.Equal(t, 200, code)
	assert.Regexp(t, `(?m)^job_sent_total\{.*\} 3$`, text)
	assert.Contains(t, text, `"/orders/{id}"`)
	require.NoError(t, monitor.Close(t.Context()))
	_, _, err = get(t, monitor, "/metrics")
	require.Error(t, err, "it is closed")
}

func TestCloseSaysThatItsTimeWasOverBeforeTheRequests(t *testing.T) {
	t.Parallel()
	asked, ended := make(chan struct{}), make(chan struct{})
	monitor, err := program.NewMonitor(t.Context(), "127.0.0.1:0", healthy, map[string]http.Handler{
		"GET /slow": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
			close(ended)
		}),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+monitor.Addr+"/slow", http.NoBody)
	require.NoError(t, err)
	answered := make(chan error, 1)
	go func() {
		_, err := new(http.Client).Do(request) //nolint:bodyclose // it has no response
		answered <- err
	}()
	<-asked
	over, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, monitor.Close(over), context.Canceled)
	cancel()
	require.ErrorIs(t, <-answered, context.Canceled)
	<-ended
}
