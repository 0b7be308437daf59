package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnectionsAreKeptButNotForLong(t *testing.T) {
	t.Parallel()
	for concurrency, idle := range map[int]int{10: 100, 500: 500} {
		own := New(concurrency, false)
		assert.Equal(t, idle, own.MaxIdleConnsPerHost)
		assert.Equal(t, idle, own.MaxIdleConns)
		assert.Equal(t, 45*time.Second, own.IdleConnTimeout, "before a server's own limit closes them")
		assert.Equal(t, uint16(tls.VersionTLS12), own.TLSClientConfig.MinVersion)
		assert.True(t, own.ForceAttemptHTTP2)
		assert.Equal(t, 10*time.Second, own.TLSHandshakeTimeout)
		assert.Equal(t, 10*time.Second, own.dialer.Timeout)
		assert.Equal(t, 30*time.Second, own.dialer.KeepAlive)
		assert.Equal(t, 15*time.Second, own.HTTP2.SendPingTimeout)
		assert.Equal(t, 10*time.Second, own.HTTP2.PingTimeout)
	}
}

func TestPlainHTTPNeverGoesThroughAProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	assert.Nil(t, New(1, true).Proxy)
	assert.NotNil(t, New(1, false).Proxy)
}

func TestDialThatEndsAfterCloseLeavesNoConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	own := New(1, false)
	dialing, closed := make(chan struct{}), make(chan struct{})
	own.dialer.Control = func(string, string, syscall.RawConn) error {
		close(dialing)
		<-closed
		return nil
	}
	dialed := make(chan error)
	go func() {
		_, err := own.dial(t.Context(), "tcp", listener.Addr().String())
		dialed <- err
	}()
	<-dialing
	own.Close()
	close(closed)
	require.ErrorIs(t, <-dialed, net.ErrClosed)
	conn, err := listener.Accept()
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the connection stays open")
	assert.Zero(t, own.Open())
}

func TestClosedConnectionIsForgotten(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	own := New(1, false)
	conn, err := own.dial(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	assert.Equal(t, 1, own.Open())
	require.NoError(t, conn.Close())
	assert.Zero(t, own.Open())
	_, err = own.dial(t.Context(), "tcp", "127.0.0.1:0")
	require.Error(t, err)
	assert.Zero(t, own.Open())
	_, err = own.dial(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	own.Close()
	assert.Zero(t, own.Open(), "Close closes it, and forgets it")
}

// pair returns both ends of a TCP connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	client, err = New(1, false).dial(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	server, err = listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client, server
}

func TestEndOfAnIdleConnectionIsNoticed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		client, server := pair(t)
		require.NoError(t, server.Close())
		assert.False(t, Ended(client), "where it can't be told, nothing is assumed")
		return
	}
	for name, end := range map[string]func(net.Conn) error{
		"closed": net.Conn.Close,
		"reset": func(conn net.Conn) error {
			tcp, ok := conn.(*net.TCPConn)
			return errors.Join(map[bool]error{false: errors.New("no TCP")}[ok], tcp.SetLinger(0), tcp.Close())
		},
		"half closed": func(conn net.Conn) error {
			tcp, _ := conn.(*net.TCPConn)
			return tcp.CloseWrite()
		},
		"bytes that nobody asked for": func(conn net.Conn) error {
			_, err := io.WriteString(conn, "HTTP/1.1 408 Request Timeout")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := pair(t)
			assert.False(t, Ended(client))
			reading := make(chan struct{})
			go func() { // as net/http does of an idle connection
				defer close(reading)
				buffer := make([]byte, 1)
				_, _ = client.Read(buffer)
			}()
			assert.False(t, Ended(client), "it doesn't block, although another goroutine reads")
			require.NoError(t, client.SetReadDeadline(time.Unix(1, 0)))
			<-reading
			require.NoError(t, end(server))
			assert.Eventually(t, func() bool { return Ended(client) }, 5*time.Second, time.Millisecond)
			assert.True(t, Ended(client), "nothing is consumed")
		})
	}
	client, _ := pair(t)
	require.NoError(t, client.Close())
	assert.True(t, Ended(client), "closed at this end")
}

func TestEndUnderTLSIsNoticedForHTTP1Only(t *testing.T) {
	t.Parallel()
	for protocol, noticed := range map[string]bool{"http/1.1": true, "h2": false} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			raw, err := New(1, false).dial(t.Context(), "tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			trusting, ok := server.Client().Transport.(*http.Transport)
			require.True(t, ok)
			config := trusting.TLSClientConfig.Clone()
			config.ServerName, config.NextProtos = "example.com", []string{protocol}
			conn := tls.Client(raw, config)
			defer func() { _ = conn.Close() }()
			require.NoError(t, conn.HandshakeContext(t.Context()))
			assert.Equal(t, protocol == "h2", HTTP2(conn))
			server.CloseClientConnections()
			if !noticed {
				assert.False(t, Ended(conn))
				return
			}
			assert.Eventually(t, func() bool { return Ended(conn) }, 5*time.Second, time.Millisecond)
		})
	}
	client, server := net.Pipe()
	require.NoError(t, server.Close())
	assert.False(t, Ended(client), "it is no socket")
}

// proxied counts what comes to a proxy and to the server itself.
func proxied(t *testing.T) (base, proxy *url.URL, atServer, atProxy *atomic.Int64) {
	t.Helper()
	atServer, atProxy = new(atomic.Int64), new(atomic.Int64)
	count := func(n *atomic.Int64) *url.URL {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) }))
		t.Cleanup(server.Close)
		u, err := url.Parse(server.URL)
		require.NoError(t, err)
		return u
	}
	return count(atServer), count(atProxy), atServer, atProxy
}

func TestDirectPassesTheProxyBy(t *testing.T) {
	t.Parallel()
	base, proxy, atServer, atProxy := proxied(t)
	dials := 0
	theirs := &http.Transport{Proxy: http.ProxyURL(proxy), DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	direct := NewDirect(theirs)
	get := func() {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base.String(), http.NoBody)
		require.NoError(t, err)
		resp, err := direct.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	get()
	get()
	assert.Equal(t, int64(2), atServer.Load())
	assert.Zero(t, atProxy.Load())
	to, err := theirs.Proxy(nil)
	require.NoError(t, err)
	assert.Equal(t, proxy, to, "the caller's transport is not changed")
	assert.Equal(t, 1, dials)
	direct.Close()
	get()
	assert.Equal(t, 2, dials, "Close leaves no idle connection")
	assert.Equal(t, int64(3), atServer.Load())
	direct.Close()
	NewDirect(theirs).Close()

	theirs.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	theirs.RegisterProtocol("http", http.NewFileTransport(http.Dir(t.TempDir())))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base.String(), http.NoBody)
	require.NoError(t, err)
	resp, err := NewDirect(theirs).RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, int64(3), atServer.Load(), "without a proxy it is the caller's own that sends")

	theirs.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("no idea") }
	resp, err = NewDirect(theirs).RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, int64(4), atServer.Load(), "a proxy function that fails sends nobody through a proxy")
}
