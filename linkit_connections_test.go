package linkit_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestAttemptAfterATimeoutUsesANewConnection(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]func() []linkit.Option{
		"own transport": func() []linkit.Option { return nil },
		"caller's transport": func() []linkit.Option {
			return []linkit.Option{linkit.WithHTTPClient(&http.Client{Transport: &http.Transport{}})}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan net.Conn, 100)
			base, _ := wireServer(t, func(conn net.Conn, n int64) {
				seen <- conn
				if n == 2 {
					return // it hangs, as a connection does that a firewall has forgotten
				}
				say(conn, okAnswer(product1))
			})
			client := dialing(t, base, append(opts(), linkit.WithAttemptTimeout(time.Second))...)
			for range 2 {
				_, err := client.Products.Get(t.Context(), "x")
				require.NoError(t, err)
			}
			first, second, third := <-seen, <-seen, <-seen
			assert.Same(t, first, second, "the connection is reused")
			assert.NotSame(t, second, third, "after a timeout it isn't")
		})
	}
}

// The counterpart of a connection that ends while the client's process is stopped: the pool hasn't
// noticed yet.
func TestConnectionWhoseEndHasArrivedCarriesNoPOST(t *testing.T) {
	t.Parallel()
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		_, _ = fmt.Fprint(w, product1)
	}))
	defer server.Close()
	client := dialing(t, server.URL)
	for n := range int64(50) {
		_, err := client.Products.Get(t.Context(), "x")
		require.NoError(t, err)
		server.CloseClientConnections()
		_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "x"})
		require.NoError(t, err)
		require.Equal(t, n+1, posts.Load())
	}
}

func TestPlainHTTPNeverGoesThroughAProxy(t *testing.T) {
	t.Parallel()
	var atProxy atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { atProxy.Add(1) }))
	defer proxy.Close()
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, product1) }),
	)
	defer server.Close()
	to, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	theirs := &http.Transport{Proxy: http.ProxyURL(to)}
	client := dialing(t, server.URL, linkit.WithHTTPClient(&http.Client{Transport: theirs}))
	for range 3 {
		_, err = client.Products.Get(t.Context(), "x")
		require.NoError(t, err)
	}
	assert.Zero(t, atProxy.Load(), "the proxy would see the key in clear")
	still, err := theirs.Proxy(nil)
	require.NoError(t, err)
	assert.Equal(t, to, still, "the caller's transport is not changed")
}
