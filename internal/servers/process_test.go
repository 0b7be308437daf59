//go:build unix

package servers_test

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers"
)

const roleVar = "SERVERS_TEST_ROLE" // what this program does instead of running the tests

func TestMain(m *testing.M) {
	if os.Getenv(roleVar) == "" {
		m.Run()
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	p := servers.NewProcess(func() *exec.Cmd {
		command := family(w)
		command.Stderr = os.Stdout
		return command
	}, nil)
	if err := p.Start(); err != nil {
		panic(err)
	}
	_, _ = r.Read(make([]byte, 1)) // it has started its child
	p.Signal(syscall.SIGSTOP)
	_, _ = os.Stdout.WriteString("guarded\n")
	<-p.Ended()
}

// family is a process with a child, both of which hold w open.
func family(w *os.File) *exec.Cmd {
	command := exec.Command("/bin/sh", "-c", "sleep 1000 & echo started; wait") //nolint:noctx // ended by the tests
	command.Stdout = w
	return command
}

// requireWritten reads what was written.
func requireWritten(t *testing.T, r io.Reader, want string) {
	t.Helper()
	text := make([]byte, len(want))
	_, err := io.ReadFull(r, text)
	require.NoError(t, err)
	require.Equal(t, want, string(text))
}

// requireEnded waits until nobody holds the other end of r.
func requireEnded(t *testing.T, r *os.File) {
	t.Helper()
	require.NoError(t, r.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := io.Copy(io.Discard, r)
	require.NoError(t, err)
}

func TestKillEndsAProcessWithWhatItHasStarted(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _ = r.Close() }()
	p := servers.NewProcess(func() *exec.Cmd { return family(w) }, nil)
	for range 2 { // it can be started again
		require.NoError(t, p.Start())
		requireWritten(t, r, "started\n")
		p.Signal(syscall.SIGSTOP)
		p.Kill()
		assert.Equal(t, -1, p.ExitCode())
	}
	require.NoError(t, w.Close())
	requireEnded(t, r)
	p.Kill() // of no effect
}

func TestNothingOutlivesATestThatIsKilled(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _ = r.Close() }()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env, command.Stdout = append(os.Environ(), roleVar+"=test"), w
	require.NoError(t, command.Start())
	require.NoError(t, w.Close())
	requireWritten(t, r, "guarded\n")
	require.NoError(t, command.Process.Kill())
	require.Error(t, command.Wait())
	requireEnded(t, r)
}

func TestAProgramThatEndsInsteadOfStartingIsAnErrorWithWhatItWrote(t *testing.T) {
	t.Parallel()
	p := servers.NewProcess(func() *exec.Cmd {
		return exec.Command("/bin/sh", "-c", "echo no such file; exit 3") //nolint:noctx // it ends
	}, func() bool { return false })
	require.ErrorContains(t, p.Start(), "/bin/sh: the process ended: no such file")
	assert.Equal(t, 3, p.ExitCode())
}
