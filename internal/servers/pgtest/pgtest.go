// Package pgtest starts real PostgreSQL servers for tests, from the programs of an installed
// PostgreSQL such as Debian's.
//
// A server listens on a free port of 127.0.0.1, keeps its data in a temporary folder, trusts every
// connection, and ends with the test. Where PostgreSQL isn't installed the test is skipped, or fails
// if the variable CI is "true".
package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/linkit-go/linkit/internal/servers"
)

const (
	endTimeout   = time.Minute
	readyTimeout = 5 * time.Second
)

// An Option configures a Server.
type Option func(*Server)

// WithFsync makes the server write to disk before it confirms a commit, as a server in production
// does. By default it doesn't, which is faster and survives everything but the machine's own crash.
func WithFsync() Option { return WithSetting("fsync", "on") }

// WithSetting sets a parameter of postgresql.conf.
func WithSetting(name, value string) Option {
	return func(s *Server) { s.settings[name] = value }
}

// A Server is a PostgreSQL server. Its methods are safe for concurrent use.
type Server struct {
	tb       testing.TB
	folder   string // where postgres and initdb are
	base     string // a folder of its own
	data     string
	port     int
	settings map[string]string

	mu        sync.Mutex
	largest   int // the largest file it may write, in bytes; 0: any
	process   *servers.Process
	databases int
}

// New starts a server that ends with the test.
func New(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	s := start(tb, opts...)
	tb.Cleanup(s.close)
	return s
}

var shared struct {
	sync.Mutex
	server *Server
}

// Shared returns a server for all the tests of a package, each of which should use a Database of its
// own and neither stop nor restart it. The package's TestMain must call [Main].
func Shared(tb testing.TB) *Server {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		shared.server = start(tb)
	}
	return shared.server
}

// Main runs the tests, ends the server of [Shared], and returns the code for os.Exit.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.close()
	}
	return code
}

func start(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is correct
	slices.Reverse(debian)                                  // the newest first
	folder := servers.Folder(tb, "postgresql", debian, "postgres", "initdb")
	s := &Server{tb: tb, folder: folder, process: new(servers.Process), settings: map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200",
		"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
	}}
	for _, opt := range opts {
		opt(s)
	}
	if s.settings["fsync"] == "on" {
		s.settings["full_page_writes"], s.settings["synchronous_commit"] = "on", "on"
	}
	s.initialize()
	for attempt := 1; ; attempt++ {
		s.port = servers.FreePort(tb)
		s.process = servers.NewProcess(s.postgres, s.ready)
		err := s.process.Start()
		if err == nil {
			break
		}
		if attempt == 3 { // another program may have taken the port, but not three times
			s.close()
			tb.Fatalf("PostgreSQL doesn't start: %v", err)
		}
	}
	return s
}

// close ends the server and removes its data.
func (s *Server) close() {
	s.Kill()
	_ = os.RemoveAll(s.base)
}

// initialize makes the folder of data. It isn't the test's TempDir, which another user can't enter.
func (s *Server) initialize() {
	s.tb.Helper()
	base, err := os.MkdirTemp("", "linkit-pgtest-") //nolint:usetesting // see above
	if err != nil {
		s.tb.Fatal(err)
	}
	s.base = base
	if err := own(base); err != nil {
		s.close()
		s.tb.Fatal(err)
	}
	s.data = filepath.Join(base, "data")
	command := s.program("initdb", "-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N",
		"--wal-segsize=1")
	command.Dir = base
	if text, err := command.CombinedOutput(); err != nil {
		s.close()
		s.tb.Fatalf("initdb: %v\n%s", err, text)
	}
}

// program returns a command of PostgreSQL's, as a user that it accepts.
func (s *Server) program(name string, args ...string) *exec.Cmd {
	// Not the test's context: that ends before the test's cleanup.
	command := exec.CommandContext( //nolint:gosec // one of PostgreSQL's programs
		context.Background(), filepath.Join(s.folder, name), args...)
	command.Env = append(os.Environ(), "LC_ALL=C")
	unprivileged(command)
	return command
}

// postgres returns the command of the server.
func (s *Server) postgres() *exec.Cmd {
	args := []string{"-D", s.data, "-p", strconv.Itoa(s.port)}
	for name, value := range s.settings {
		args = append(args, "-c", name+"="+value)
	}
	command := s.program("postgres", args...)
	if s.largest > 0 {
		const block = 512 // of ulimit, in any POSIX shell
		command.Args = slices.Concat([]string{
			"sh", "-c", `ulimit -f "$0" && exec "$@"`, strconv.Itoa(s.largest / block), command.Path,
		}, args)
		command.Path = "/bin/sh"
	}
	command.Dir = s.data
	return command
}

// ready reports whether the server takes connections.
func (s *Server) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	return execute(ctx, s.dsn("postgres"), "SELECT 1") == nil
}

func (s *Server) dsn(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Database creates a database and returns its connection string. The string stays valid when the
// server is restarted.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.databases++
	name := "test" + strconv.Itoa(s.databases)
	if err := execute(tb.Context(), s.dsn("postgres"), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	return s.dsn(name)
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// Stop ends the server as an administrator does: it cancels every connection.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process.End(syscall.SIGINT, endTimeout)
}

// Kill ends the server without letting it tidy up: it recovers when it is started again.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process.End(syscall.SIGQUIT, endTimeout)
}

// Crash ends the server by SIGKILL: its other processes notice, and end as well.
func (s *Server) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process.Kill()
}

// Start starts a stopped server again, with its data and on its port.
func (s *Server) Start() {
	s.tb.Helper()
	if err := s.Restart(); err != nil {
		s.tb.Fatalf("PostgreSQL doesn't start again: %v", err)
	}
}

// Restart is Start where an error doesn't end the test. It waits for what a crashed server has left.
func (s *Server) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	const attempts = 100
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for attempt := 1; ; attempt++ {
		err := s.process.Start()
		if err == nil || attempt == attempts {
			return err
		}
		<-ticker.C
	}
}

// LimitFiles restarts the server so that it can't write files of more than so many bytes, 1 MiB at
// least: whatever grows beyond that fails as on a full disk. 0 lifts the limit.
func (s *Server) LimitFiles(largest int) {
	s.tb.Helper()
	s.Stop()
	s.mu.Lock()
	s.largest = largest
	s.mu.Unlock()
	s.Start()
}

// Pid returns the number of the process that starts the others.
func (s *Server) Pid() int { return s.process.Pid() }

// Log returns the end of what the server has logged.
func (s *Server) Log() string { return s.process.Log() }
