package linkitredis_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitredis"
)

const (
	roleVar = "LINKITREDIS_TEST_ROLE" // what this program does instead of running the tests
	testKey = "0123456789abcdef0123456789abcdef"

	testKeyHex = "3031323334353637383961626364656630313233343536373839616263646566"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "redis":
		serveMiniredis(os.Args[1])
	case "member":
		member()
	default:
		redis.SetLogger(silent{})
		m.Run()
	}
}

// silent is go-redis' own logger, which tells of every connection that can't be made.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// redisProcess is a Redis of a test's own: redis-server, or, on a developer's machine without it, miniredis.
type redisProcess struct {
	t    testing.TB
	addr string
	dir  string
	cmd  *exec.Cmd
}

// startRedis starts Redis on a free loopback port. The test's end ends it.
func startRedis(t testing.TB) *redisProcess {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	r := &redisProcess{t: t, addr: listener.Addr().String(), dir: t.TempDir()}
	require.NoError(t, listener.Close())
	t.Cleanup(r.kill)
	r.start()
	return r
}

// start starts Redis on its port, and returns once it responds. Nothing is kept from an earlier one.
func (r *redisProcess) start() {
	r.t.Helper()
	_, port, err := net.SplitHostPort(r.addr)
	require.NoError(r.t, err)
	path, err := exec.LookPath("redis-server")
	if err == nil {
		arguments := []string{"--bind", "127.0.0.1", "--port", port, "--dir", r.dir, "--save", "", "--appendonly", "no"}
		r.cmd = exec.Command(path, arguments...) //nolint:noctx // ended by kill
	} else {
		ci, _ := strconv.ParseBool(os.Getenv("CI"))
		require.False(r.t, ci, "redis-server is missing: %v", err)
		r.cmd = exec.Command(os.Args[0], r.addr) //nolint:noctx // ended by kill
		r.cmd.Env = append(os.Environ(), roleVar+"=redis")
	}
	var output bytes.Buffer
	r.cmd.Stdout, r.cmd.Stderr = &output, &output
	require.NoError(r.t, r.cmd.Start())
	client := r.client()
	responds := func() bool { return client.Ping(context.Background()).Err() == nil }
	require.Eventually(r.t, responds, 20*time.Second, 10*time.Millisecond)
}

func (r *redisProcess) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill() // by its own handle; it also ends one that is stopped
	_ = r.cmd.Wait()
	r.cmd = nil
}

// client returns a client of its own, with go-redis' default timeouts.
func (r *redisProcess) client() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: r.addr})
	r.t.Cleanup(func() { _ = client.Close() })
	return client
}

// serveMiniredis is Redis where there is no redis-server. Its keys expire by the clock.
func serveMiniredis(addr string) {
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr(addr); err != nil {
		panic(err)
	}
	for last := time.Now(); ; {
		now := <-time.After(10 * time.Millisecond)
		m.FastForward(now.Sub(last))
		last = now
	}
}

// hungAddr returns the address of a server that takes connections and never responds.
func hungAddr(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	var conns []net.Conn
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
	})
	return listener.Addr().String()
}

func testSession(life time.Duration) *linkit.Session {
	return &linkit.Session{
		Token:     linkit.NewSecret("shared-t0ken"),
		ExpiresAt: linkit.Time{Time: time.Now().Add(life)},
		User:      linkit.User{ID: "usr_1", Email: "user@example.com", OrganizationID: "org_123"},
	}
}

// syncBuffer is a buffer for a logger that many goroutines use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func withLog(log *syncBuffer) linkitredis.Option {
	return linkitredis.WithLogger(slog.New(slog.NewTextHandler(log, nil)))
}
