package linkit_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// dialing returns a client with its own transport and a key.
func dialing(t *testing.T, base string, opts ...linkit.Option) *linkit.Client {
	t.Helper()
	client, err := linkit.NewClient(append([]linkit.Option{
		linkit.WithBaseURL(base), linkit.WithAPIKey(testKey), linkit.WithRetryWait(time.Millisecond, 2*time.Millisecond),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// wireServer reads requests off a real socket and lets behave do the rest; it counts the requests
// that took effect.
func wireServer(t *testing.T, behave func(conn net.Conn, n int64)) (base string, effects *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	effects = new(atomic.Int64)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				reader := bufio.NewReader(conn)
				for {
					r, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						return
					}
					n := effects.Add(1)
					behave(conn, n)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close() })
	return "http://" + listener.Addr().String(), effects
}

func say(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }

func okAnswer(body string) string {
	return fmt.Sprintf(
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		len(body),
		body,
	)
}

func hangUp(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, not an end
	}
	_ = conn.Close()
}

func TestPOSTThatMayHaveArrivedIsSeenOnceByTheServer(t *testing.T) {
	t.Parallel()
	for name, behave := range map[string]func(net.Conn, int64){
		"reset":              func(conn net.Conn, _ int64) { hangUp(conn) },
		"closed":             func(conn net.Conn, _ int64) { _ = conn.Close() },
		"half a status line": func(conn net.Conn, _ int64) { say(conn, "HTTP/1.1 2"); _ = conn.Close() },
		"half a response":    func(conn net.Conn, _ int64) { say(conn, okAnswer(product1)[:100]); hangUp(conn) },
		"not HTTP":           func(conn net.Conn, _ int64) { say(conn, "SSH-2.0-OpenSSH\r\n\r\n"); _ = conn.Close() },
		"500": func(conn net.Conn, _ int64) {
			say(conn, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, effects := wireServer(t, behave)
			client := dialing(t, base)
			_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "x"})
			assert.Equal(t, int64(1), effects.Load())
			if name == "500" {
				require.ErrorIs(t, err, linkit.ErrServer)
			} else {
				var te *linkit.TransportError
				require.ErrorAs(t, err, &te)
				assert.True(t, te.Sent)
				assert.Equal(t, 1, te.Attempts)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
			}

			_, err = client.Products.Get(t.Context(), "x")
			require.Error(t, err)
			assert.Equal(t, int64(1+4), effects.Load(), "a GET is sent again")
		})
	}
}

func TestPOSTRefusedAtDialIsSentAgain(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	client := dialing(t, "http://"+address, linkit.WithRetries(2))
	_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "x"})
	var te *linkit.TransportError
	require.ErrorAs(t, err, &te)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Equal(t, 3, te.Attempts)
	assert.False(t, te.Sent)
	assert.ErrorContains(t, err, "the server did not get it")
}

func TestPOSTOnAConnectionTheServerClosedMeanwhileGoesThroughOnce(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	base, effects := wireServer(t, func(conn net.Conn, n int64) {
		say(conn, okAnswer(product1))
		if n == 1 {
			_ = conn.Close() // while it is idle in the client's pool
			closed <- struct{}{}
		}
	})
	client := dialing(t, base)
	_, err := client.Products.Get(t.Context(), "x")
	require.NoError(t, err)
	<-closed
	_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "x"})
	if err == nil {
		assert.Equal(t, int64(2), effects.Load())
		return
	}
	var te *linkit.TransportError // the close crossed the write: then it must not be repeated
	require.ErrorAs(t, err, &te)
	assert.True(t, te.Sent)
	assert.Equal(t, int64(1), effects.Load())
}

func TestFailingCallsLeaveOtherCallsConnectionsAlone(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, strings.Repeat("x", 100<<10)) // more than is kept of it
			return
		}
		_, _ = io.WriteString(w, product1)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := dialing(t, server.URL, linkit.WithRetries(1))
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			for range 20 {
				_, err := client.Products.Get(t.Context(), "x")
				assert.NoError(t, err)
				_, err = client.Products.Get(t.Context(), "bad")
				assert.ErrorIs(t, err, linkit.ErrServer)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err = client.Products.Get(ctx, "x")
				assert.ErrorIs(t, err, context.Canceled)
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, opened.Load(), int64(10), "connections are kept although calls fail")
}

func TestUntrustedCertificateAndWrongProtocolAreFinal(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) })
	secure := httptest.NewUnstartedServer(handler)
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	defer secure.Close()
	_, err := dialing(t, secure.URL).Products.Get(t.Context(), "x")
	var te *linkit.TransportError
	require.ErrorAs(t, err, &te)
	assert.Equal(t, 1, te.Attempts)
	assert.False(t, te.Sent)
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown)

	plain := httptest.NewServer(handler)
	defer plain.Close()
	_, err = dialing(
		t,
		strings.Replace(plain.URL, "http://", "https://", 1),
	).Products.Create(
		t.Context(),
		linkit.ProductParams{},
	)
	require.ErrorAs(t, err, &te)
	assert.Equal(t, 1, te.Attempts)
	assert.False(t, te.Sent)
	assert.Zero(t, seen.Load())
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet
	server.TLS = &tls.Config{
		MaxVersion: tls.VersionTLS11, //nolint:forbidigo // the server is what must be refused
		MinVersion: tls.VersionTLS10, //nolint:forbidigo // likewise
	}
	server.StartTLS()
	defer server.Close()
	_, err := dialing(t, server.URL, linkit.WithRetries(0)).Products.Get(t.Context(), "x")
	require.ErrorContains(t, err, "protocol version")
}

func TestHTTP2CarriesCallsSideBySide(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, product1)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := dialing(t, server.URL, linkit.WithHTTPClient(server.Client()))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: strings.Repeat("x", 10_000)})
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, opened.Load(), int64(10))
}

func TestNothingStaysAfterClose(t *testing.T) {
	t.Parallel()
	var open atomic.Int64
	server := httptest.NewUnstartedServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, product1) }),
	)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	client, err := linkit.NewClient(linkit.WithBaseURL(server.URL), linkit.WithAPIKey(testKey))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { assert.NoError(t, getOne(t.Context(), client)) })
	}
	wg.Wait()
	assert.Positive(t, open.Load())
	require.NoError(t, client.Close())
	require.Eventually(
		t,
		func() bool { return open.Load() == 0 },
		5*time.Second,
		time.Millisecond,
		"idle connections stay open",
	)
}

// quiet keeps a server's complaints about what a test does to it out of the output.
var quiet = log.New(io.Discard, "", 0)
