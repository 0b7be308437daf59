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
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/transport"
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
	ownTransport(t, client).TLSClientConfig.RootCAs = trusted
	return client
}

// assertAllClosed waits for the last connection to go: a close takes its time to reach the server.
func (s *http2Server) assertAllClosed(t *testing.T) {
	t.Helper()
	assert.Eventually(
		t,
		func() bool { return s.open.Load() == 0 },
		5*time.Second,
		time.Millisecond,
		"connections stay open",
	)
}

// ownTransport returns the client's own transport.
func ownTransport(t *testing.T, client *Client) *transport.Transport {
	t.Helper()
	own, ok := client.core.transport.(*transport.Transport)
	require.True(t, ok)
	return own
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
		assert.Zero(t, ownTransport(t, client).Open())
	}
	server.assertAllClosed(t)
	// This function has a goroutine of its own.
	assert.Eventually(
		t,
		func() bool { return runtime.NumGoroutine()-1 <= before },
		5*time.Second,
		time.Millisecond,
		"goroutines stay",
	)
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
	own := ownTransport(t, client)
	assert.Eventually(
		t,
		func() bool { return own.Open() == 0 },
		5*time.Second,
		time.Millisecond,
		"closed connections are kept in memory",
	)
}
