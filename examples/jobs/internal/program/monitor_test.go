package program_test

import (
	"context"
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
func get(t *testing.T, monitor *program.Monitor, path string) (text string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+monitor.Addr+path, http.NoBody)
	require.NoError(t, err)
	response, err := new(http.Client).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return string(body), err
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
	text, err := get(t, monitor, "/metrics")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^job_sent_total\{.*\} 3$`, text)
	assert.Contains(t, text, `"/orders/{id}"`)
	require.NoError(t, monitor.Close(t.Context()))
	_, err = get(t, monitor, "/metrics")
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
