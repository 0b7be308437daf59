package program_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/program"
)

func TestTheFirstSignalEndsWhatBeginsAndTheSecondWhatIsInFlight(t *testing.T) {
	process, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	stop, end := program.Signals(t.Context())
	defer end()
	require.NoError(t, process.Signal(syscall.SIGTERM))
	<-stop.Begin.Done()
	require.ErrorIs(t, context.Cause(stop.Begin), program.ErrSignal)
	require.NoError(t, stop.Finish.Err())
	require.NoError(t, process.Signal(os.Interrupt))
	<-stop.Finish.Done()
	require.ErrorIs(t, context.Cause(stop.Finish), program.ErrSignal)
}

func TestParseSaysHowAProgramEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		code int
		ok   bool
	}{
		{"-once", 0, true}, {"-help", 0, false}, {"-nonsense", 2, false}, {"argument", 2, false},
	} {
		var text bytes.Buffer
		set := flag.NewFlagSet("job", flag.ContinueOnError)
		set.SetOutput(&text)
		set.Bool("once", false, "")
		code, ok := program.Parse(set, []string{c.args})
		assert.Equal(t, c.code, code, c.args)
		assert.Equal(t, c.ok, ok, c.args)
		assert.Equal(t, !c.ok, text.Len() > 0, c.args)
		assert.True(t, c.ok || c.code == 0 || strings.Contains(text.String(), c.args), text.String())
	}
}

func TestHealthzSaysWhyAJobIsNotWell(t *testing.T) {
	t.Parallel()
	var ill error
	monitor, err := program.NewMonitor(t.Context(), "127.0.0.1:0", func() error { return ill }, map[string]http.Handler{
		"GET /more": http.RedirectHandler("/healthz", http.StatusFound),
	})
	require.NoError(t, err)
	get := func(path string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+monitor.Addr+path, http.NoBody)
		require.NoError(t, err)
		response, err := new(http.Client).Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	code, text := get("/more")
	assert.Equal(t, 200, code)
	assert.Equal(t, "ok\n", text)
	ill = errors.New("no progress for 5m0s")
	code, text = get("/healthz")
	assert.Equal(t, 503, code)
	assert.Equal(t, "no progress for 5m0s\n", text)
	code, _ = get("/metrics")
	assert.Equal(t, 200, code)
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
