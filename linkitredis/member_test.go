package linkitredis_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitredis"
	"github.com/linkit-go/linkit/linkittest"
)

// A fleet is processes of this program, each with a client and a Store of its own.

const taskVar = "LINKITREDIS_TEST_TASK"

// task is what each process is to do.
type task struct {
	URL, Redis string
	Name       string        // its User-Agent, too
	Calls      int           // 0: until told to stop
	Every      time.Duration // between two calls
	Lease      time.Duration // 0: as it is
	Rate       float64       // of the limit that the fleet shares; 0: none
	UntilBack  bool          // goes on until its log says that Redis is back
}

// report is what a process tells at its end.
type report struct {
	Calls    int
	Failures []string
	Longest  time.Duration
	Log      string
}

// member is a process of a fleet. It calls once its standard input says so, and ends no later than that does.
func member() {
	var do task
	if err := json.Unmarshal([]byte(os.Getenv(taskVar)), &do); err != nil {
		panic(err)
	}
	var log syncBuffer
	store := linkitredis.New(redis.NewClient(&redis.Options{Addr: do.Redis}), withLog(&log))
	if do.Lease > 0 {
		store.SetLease(do.Lease)
	}
	opts := []linkit.Option{
		linkit.WithBaseURL(do.URL), linkit.WithUserAgent(do.Name),
		linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithSessionStore(store),
	}
	if do.Rate > 0 {
		opts = append(opts, linkit.WithAttemptTimeout(2*time.Second), linkit.WithLimiter(store.Limiter("fleet", do.Rate, 1)))
	}
	client, err := linkit.NewClient(opts...)
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	input := bufio.NewReader(os.Stdin)
	fmt.Println("ready")
	_, _ = input.ReadString('\n')
	stop, stopped := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, input)
		stopped()
	}()
	var r report
	more := func() bool {
		if do.UntilBack && !strings.Contains(log.String(), "Redis is back") && ctx.Err() == nil {
			return true
		}
		return do.Calls == 0 && stop.Err() == nil || r.Calls < do.Calls
	}
	for more() {
		began := time.Now()
		if _, err := client.Products.List(ctx, nil); err != nil {
			r.Failures = append(r.Failures, err.Error())
		}
		r.Calls++
		r.Longest = max(r.Longest, time.Since(began))
		<-time.After(do.Every)
	}
	if err := client.Close(); err != nil {
		r.Failures = append(r.Failures, err.Error())
	}
	r.Log = log.String()
	_ = json.NewEncoder(os.Stdout).Encode(r)
}

// process is a member as its test sees it.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr syncBuffer
}

// startFleet starts n members and returns once all of them wait for go. The test's end ends them.
func startFleet(t *testing.T, n int, do task) []*process {
	t.Helper()
	fleet := make([]*process, n)
	for i := range fleet {
		do.Name = fmt.Sprintf("member-%d", i)
		encoded, err := json.Marshal(do)
		require.NoError(t, err)
		p := &process{cmd: exec.Command(os.Args[0])} //nolint:noctx // ended by the cleanup
		p.cmd.Env = append(os.Environ(), roleVar+"=member", taskVar+"="+string(encoded))
		p.cmd.Stderr = &p.stderr
		p.stdin, err = p.cmd.StdinPipe()
		require.NoError(t, err)
		stdout, err := p.cmd.StdoutPipe()
		require.NoError(t, err)
		p.stdout = bufio.NewReader(stdout)
		require.NoError(t, p.cmd.Start())
		t.Cleanup(func() {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		})
		fleet[i] = p
	}
	for _, p := range fleet {
		line, err := p.stdout.ReadString('\n')
		require.NoError(t, err, p.stderr.String())
		require.Equal(t, "ready\n", line)
	}
	return fleet
}

// begin lets all members call at once.
func begin(t *testing.T, fleet []*process) {
	t.Helper()
	for _, p := range fleet {
		_, err := io.WriteString(p.stdin, "go\n")
		require.NoError(t, err)
	}
}

// finish waits for the members' ends, and checks that no call of theirs failed.
func finish(t *testing.T, fleet []*process) []report {
	t.Helper()
	reports := make([]report, len(fleet))
	for i, p := range fleet {
		require.NoError(t, json.NewDecoder(p.stdout).Decode(&reports[i]), p.stderr.String())
		assert.Empty(t, reports[i].Failures)
		assert.NotZero(t, reports[i].Calls)
	}
	return reports
}

// stop tells the members that their calls are over.
func stop(fleet []*process) {
	for _, p := range fleet {
		_ = p.stdin.Close()
	}
}

func signIns(server *linkittest.Server) (n int) {
	for _, r := range server.Requests() {
		if r.Path == "/auth/login" {
			n++
		}
	}
	return n
}

// eventually waits until condition holds.
func eventually(t *testing.T, within time.Duration, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, within, 10*time.Millisecond, what)
}
