package linkit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

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
