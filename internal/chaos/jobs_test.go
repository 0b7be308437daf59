package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
	"github.com/linkit-go/linkit/linkittest"
)

const (
	patient    = 2 * time.Minute // for River's leases and rescues on a busy machine
	jobsFolder = "../../examples/jobs"
)

// jobs is the programs of examples/jobs on one PostgreSQL.
type jobs struct {
	service  *service
	baseURL  string // of nginx
	postgres *pgtest.Server
	dsn      string
	db       *pgxpool.Pool
	folder   string // of the programs
	running  []*job
}

func newJobs(t *testing.T, s *service, baseURL string) *jobs {
	t.Helper()
	j := &jobs{service: s, baseURL: baseURL, folder: t.TempDir()}
	// What is committed must outlive a SIGKILL of the server, but not the machine.
	j.postgres = pgtest.New(t, pgtest.WithSetting("synchronous_commit", "on"), pgtest.WithSetting("full_page_writes", "on"))
	j.dsn = j.postgres.Database(t)
	var err error
	j.db, err = pgxpool.New(t.Context(), j.dsn)
	require.NoError(t, err)
	t.Cleanup(j.db.Close)
	goCommand(t, "build", "-o", filepath.Join(j.folder, "stocksync"), "./stocksync")
	goCommand(t, "test", "-c", "-o", filepath.Join(j.folder, "orderfeed"), "./orderfeed") // the program, with shorter times
	return j
}

func goCommand(t *testing.T, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = jobsFolder
	text, err := command.CombinedOutput()
	require.NoError(t, err, "%s", text)
}

// job is a process that is started again whenever it ends, as by systemd.
type job struct {
	*servers.Process
	name    string
	addr    string // of its listener
	stop    context.CancelFunc
	minding sync.WaitGroup
}

// command returns a command of one of the programs.
func (j *jobs) command(program string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(j.folder, program), args...) //nolint:noctx // it ends with the test
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "LINKIT_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "LINKIT_BASE_URL="+j.baseURL, "LINKIT_API_KEY="+linkittest.APIKey,
		"LINKIT_ORGANIZATION_ID="+linkittest.OrganizationID, "ORDERFEED_TEST_WORKER=1", "WEBHOOK_SECRET="+webhookSecret)
	return command
}

// start starts a process.
func (j *jobs) start(t *testing.T, program string, args ...string) *job {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &job{name: program, addr: fmt.Sprintf("127.0.0.1:%d", servers.FreePort(t)), stop: cancel}
	args = append(args, "-listen", p.addr)
	p.Process = servers.StartProcess(t, func() *exec.Cmd { return j.command(program, args...) }, nil)
	p.minding.Go(func() { p.mind(t, ctx) })
	t.Cleanup(func() {
		cancel()
		p.minding.Wait()
	})
	j.running = append(j.running, p)
	return p
}

// mind starts the process again until ctx ends. It may have been killed, or have met a database that
// was away; that a person must do something is wrong.
func (p *job) mind(t *testing.T, ctx context.Context) {
	for {
		select {
		case <-p.Ended():
		case <-ctx.Done():
			return
		}
		if code := p.ExitCode(); code != -1 && !assert.Equal(t, 1, code, "%s: %s", p.name, p.Log()) {
			return
		}
		if !wait(ctx, 100*time.Millisecond) || !assert.NoError(t, p.Start()) {
			return
		}
	}
}

// healthy reports what the process says of itself.
func (p *job) healthy(t *testing.T) bool {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.addr+"/healthz", http.NoBody)
	require.NoError(t, err)
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// terminate ends the process as an administrator does.
func (p *job) terminate(t *testing.T) {
	t.Helper()
	eventually(t, p.name+" is healthy", func() bool { return p.healthy(t) })
	p.stop()
	p.minding.Wait()
	p.End(syscall.SIGTERM, time.Minute)
	assert.Zero(t, p.ExitCode(), "%s: %s", p.name, p.Log())
}

// victims returns the processes and the database, which comes twice.
func (j *jobs) victims() []*victim {
	s := j.postgres
	database := &victim{name: "postgres", blows: []blow{
		stops(itself(s.Pid)), stops(child(s.Pid)), stops(child(s.Pid)),
		killsChild(s.Pid), // all the others end, and recover
		{"kill", func(pause func()) error {
			s.Crash()
			pause()
			return s.Restart()
		}},
	}}
	all := []*victim{database, database}
	for _, p := range j.running {
		all = append(all, &victim{name: p.name, blows: []blow{stops(itself(p.Pid)), {"kill", func(func()) error {
			p.Kill()
			return nil
		}}}})
	}
	return all
}

// exec runs a statement, and reports whether it succeeded: the database may be away.
func (j *jobs) exec(ctx context.Context, statement string, args ...any) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := j.db.Exec(ctx, statement, args...)
	return err == nil
}

// eventually waits until the last of the settling is done.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	began := time.Now()
	require.Eventually(t, condition, patient, 50*time.Millisecond, what)
	t.Logf("%s after %v", what, time.Since(began).Round(100*time.Millisecond))
}
