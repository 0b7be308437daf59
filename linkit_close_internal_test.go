package linkit

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// http2Server is a server of HTTP/2 over TLS that counts its connections.
type http2Server struct {
	*httptest.Server
	open atomic.Int64
}

func newHTTP2Server(t *testing.T, handler http.HandlerFunc) *http2Server {
	t.Helper()
	s := &http2Server{Server: httptest.NewUnstartedServer(handler)}
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.open.Add(1)
		case http.StateClosed:
			s.open.Add(-1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// client has its own transport, which trusts the server.
func (s *http2Server) client(t *testing.T) *Client {
	t.Helper()
	client, err := NewClient(WithBaseURL(s.URL), WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"))
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(s.Certificate())
	client.core.transport.TLSClientConfig.RootCAs = trusted
	return client
}

// assertAllClosed waits for the last connection to go: a close takes its time to reach the server.
func (s *http2Server) assertAllClosed(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool { return s.open.Load() == 0 }, 5*time.Second, time.Millisecond, "connections stay open")
}

func assertNoneOpen(t *testing.T, transport *transport) {
	t.Helper()
	transport.mu.Lock()
	defer transport.mu.Unlock()
	assert.Empty(t, transport.open)
}

func TestNothingStaysOfCallsThatWereCancelledBeforeClose(t *testing.T) { // not parallel: it counts goroutines
	entered := make(chan string)
	server := newHTTP2Server(t, func(_ http.ResponseWriter, r *http.Request) {
		entered <- r.Proto
		<-r.Context().Done()
	})
	before := runtime.NumGoroutine()
	for range 20 {
		client := server.client(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := client.Products.Get(ctx, "x")
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
		for range 3 {
			require.Equal(t, "HTTP/2.0", <-entered)
		}
		cancel()
		wg.Wait()
		require.NoError(t, client.Close())
		assertNoneOpen(t, client.core.transport)
	}
	server.assertAllClosed(t)
	// This function has a goroutine of its own.
	assert.Eventually(t, func() bool { return runtime.NumGoroutine()-1 <= before }, 5*time.Second, time.Millisecond, "goroutines stay")
}

func TestCallsInFlightOutliveCloseAndLeaveNoConnection(t *testing.T) {
	t.Parallel()
	entered, release := make(chan string), make(chan struct{})
	server := newHTTP2Server(t, func(w http.ResponseWriter, r *http.Request) {
		entered <- r.Proto
		<-release
		_, _ = io.WriteString(w, `{"id":"k7m2p9q4x1c8v5b","iv_id":"ITEM-1"}`)
	})
	client := server.client(t)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			_, err := client.Products.Get(t.Context(), "ITEM-1")
			assert.NoError(t, err)
		})
	}
	for range 5 {
		require.Equal(t, "HTTP/2.0", <-entered)
	}
	require.NoError(t, client.Close())
	assert.Positive(t, server.open.Load())
	close(release)
	wg.Wait()
	server.assertAllClosed(t)
	require.ErrorIs(t, client.Do(t.Context(), "GET", "/x", nil, nil, nil), ErrClosed)
}

func TestDialThatEndsAfterCloseLeavesNoConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	transport := newTransport(1)
	dialing, closed := make(chan struct{}), make(chan struct{})
	transport.dialer.Control = func(string, string, syscall.RawConn) error {
		close(dialing)
		<-closed
		return nil
	}
	dialed := make(chan error)
	go func() {
		_, err := transport.dial(t.Context(), "tcp", listener.Addr().String())
		dialed <- err
	}()
	<-dialing
	transport.close()
	close(closed)
	require.ErrorIs(t, <-dialed, net.ErrClosed)
	conn, err := listener.Accept()
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the connection stays open")
	assertNoneOpen(t, transport)
}

func TestClosedConnectionsAreForgotten(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close") // each request opens a connection, and its response closes it
		_, _ = io.WriteString(w, `{}`)
	}))
	defer server.Close()
	client, err := NewClient(WithBaseURL(server.URL), WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close()) }()
	for range 20 {
		require.NoError(t, client.Do(t.Context(), "GET", "/x", nil, nil, nil))
	}
	transport := client.core.transport
	assert.Eventually(t, func() bool {
		transport.mu.Lock()
		defer transport.mu.Unlock()
		return len(transport.open) == 0
	}, 5*time.Second, time.Millisecond, "closed connections are kept in memory")
}
