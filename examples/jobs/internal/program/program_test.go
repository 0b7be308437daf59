package program_test

import (
	"bytes"
	"context"
	"flag"
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
