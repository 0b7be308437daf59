package linkit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const pipedProduct = `{"id":"k7m2p9q4x1c8v5b","iv_id":"ITEM-1"}`

// pipeServer serves a client in the same synctest bubble over connections in memory, so that
// net/http's transport runs in virtual time.
type pipeServer struct {
	respond func(request int) string // returns what is written for the nth request: a response, a part of one, or nothing

	mu    sync.Mutex
	conns []net.Conn
	seen  []int // the connection that each request came on, in their order
}

func newPipeServer(t *testing.T, respond func(request int) string) *pipeServer {
	t.Helper()
	s := &pipeServer{respond: respond}
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, conn := range s.conns {
			_ = conn.Close()
		}
	})
	return s
}

// dial is the DialContext of the client's transport.
func (s *pipeServer) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, server)
	go s.serve(server, len(s.conns))
	return client, nil
}

func (s *pipeServer) serve(conn net.Conn, number int) {
	reader := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, number)
		request := len(s.seen)
		s.mu.Unlock()
		if _, err := io.WriteString(conn, s.respond(request)); err != nil {
			return
		}
	}
}

// client returns a client with its own transport, or with one of the caller's.
func (s *pipeServer) client(t *testing.T, own bool, opts ...Option) *Client {
	t.Helper()
	opts = append(opts, WithBaseURL("http://127.0.0.1:1"), WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"))
	theirs := &http.Transport{DialContext: s.dial}
	t.Cleanup(theirs.CloseIdleConnections)
	if !own {
		opts = append(opts, WithHTTPClient(&http.Client{Transport: theirs}))
	}
	client, err := NewClient(opts...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	if own {
		ownTransport(t, client).DialContext = s.dial
	}
	return client
}

// requests returns the connection that each request came on.
func (s *pipeServer) requests() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func responseOf(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestPOSTWhoseResponseTakesTooLongIsSeenOnceByTheServer(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]string{
		"no response":     "",
		"half a response": responseOf(pipedProduct)[:100],
	} {
		for _, own := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				server := newPipeServer(t, func(int) string { return response })
				client := server.client(t, own)
				began := time.Now()
				_, err := client.Products.Create(t.Context(), ProductParams{IvID: "x"})
				assert.Equal(t, 30*time.Second, time.Since(began), name)
				assert.Len(t, server.requests(), 1, name)
				var te *TransportError
				require.ErrorAs(t, err, &te, name)
				assert.True(t, te.Sent, name)
				assert.Equal(t, 1, te.Attempts, name)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "not the caller's")

				_, err = client.Products.Get(t.Context(), "x")
				require.Error(t, err, name)
				assert.Len(t, server.requests(), 1+4, "a GET is retried")
			})
		}
	}
}

func TestAttemptAfterATimeoutUsesANewConnection(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			server := newPipeServer(t, func(request int) string {
				switch request {
				case 1, 2:
					time.Sleep(time.Second) //nolint:forbidigo // virtual time: the two are sent side by side
				case 3:
					return "" // it hangs, as a connection does that a firewall has forgotten
				}
				return responseOf(pipedProduct)
			})
			client := server.client(t, own)
			var group sync.WaitGroup
			for range 2 {
				group.Go(func() {
					_, err := client.Products.Get(t.Context(), "x")
					assert.NoError(t, err)
				})
			}
			group.Wait()
			synctest.Wait() // both connections are idle
			_, err := client.Products.Get(t.Context(), "x")
			require.NoError(t, err)
			requests := server.requests()
			require.Len(t, requests, 4)
			assert.LessOrEqual(t, requests[2], 2, "an idle connection is reused")
			assert.Equal(t, 3, requests[3], "after a timeout none is, whichever it is (own transport: %v)", own)
		})
	}
}

func TestDeadlinesCutRealCallsShort(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			server := newPipeServer(t, func(int) string { return "" })
			client := server.client(t, own)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			_, err := client.Products.Create(ctx, ProductParams{})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(began))
			var te *TransportError
			require.ErrorAs(t, err, &te)
			assert.True(t, te.Sent)

			ctx, stop := context.WithCancelCause(t.Context())
			cause := errors.New("shutting down")
			time.AfterFunc(time.Second, func() { stop(cause) })
			began = time.Now()
			_, err = client.Products.Get(ctx, "x")
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, cause)
			assert.Equal(t, time.Second, time.Since(began))
		})
	}
}

func TestClientsOwnTransportUsesTheEnvironmentsProxyForHTTPSAlone(t *testing.T) {
	t.Parallel()
	for base, proxied := range map[string]bool{"https://linkit.test": true, "http://127.0.0.1:1": false} {
		client, err := NewClient(WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"), WithBaseURL(base))
		require.NoError(t, err)
		assert.Equal(t, proxied, ownTransport(t, client).Proxy != nil, base)
	}
}
