package faults_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

const apiKey = "k3y-Zp0aQ9w8e7r6t5y4"

// duration is how long each load lasts; LINKIT_FAULTS=1m makes it longer than in CI.
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("LINKIT_FAULTS")
	if text == "" {
		return 3 * time.Second
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, "LINKIT_FAULTS")
	return d
}

// newClient returns a client whose waits are short.
func newClient(t *testing.T, base string, opts ...linkit.Option) *linkit.Client {
	t.Helper()
	base0 := []linkit.Option{
		linkit.WithBaseURL(base), linkit.WithAPIKey(apiKey), linkit.WithMaxConcurrency(16),
		linkit.WithRetryWait(20*time.Millisecond, 500*time.Millisecond), linkit.WithAttemptTimeout(2 * time.Second),
	}
	client, err := linkit.NewClient(append(base0, opts...)...)
	require.NoError(t, err)
	return client
}

// assertClosed checks that nothing of a closed client is left.
func assertClosed(t *testing.T, client *linkit.Client, port, goroutines int) {
	t.Helper()
	require.NoError(t, client.Close())
	assert.Eventually(
		t,
		func() bool { return connectionsTo(t, port) == 0 },
		5*time.Second,
		20*time.Millisecond,
		"connections are left",
	)
	assert.Eventually(
		t,
		func() bool { return runtime.NumGoroutine() <= goroutines },
		5*time.Second,
		20*time.Millisecond,
		"goroutines are left",
	)
}

// keepalive_requests closes a connection after 50 requests, and a reload closes all that are idle.
func TestWritesSurviveReloadsAndClosedConnections(t *testing.T) {
	for name, listen := range map[string]string{"HTTP/1.1": "", "HTTP/2": " http2"} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t)
			server := startNginx(t, b, listen, "keepalive_requests 50;")
			goroutines := runtime.NumGoroutine() + 8 // the backend's own
			client := newClient(t, baseURL(server))
			ctx, stop := context.WithCancel(t.Context())
			reloads := make(chan struct{})
			go func() {
				defer close(reloads)
				ticker := time.NewTicker(400 * time.Millisecond)
				defer ticker.Stop()
				for {
					select {
					case <-ticker.C:
						server.Reload()
					case <-ctx.Done():
						return
					}
				}
			}()
			l := load(client, 24, duration(t))
			stop()
			<-reloads
			l.check(t, b)
			b.CloseClientConnections()
			assertClosed(t, client, server.Port, goroutines)
		})
	}
}

// limit_req responds 429 without Retry-After: a job only takes longer.
func TestARateLimitOnlySlowsDown(t *testing.T) {
	b := newBackend(t)
	server := startNginx(t, b, "", "limit_req zone=calls burst=5 nodelay; limit_req_status 429;")
	client := newClient(
		t,
		baseURL(server),
		linkit.WithRetryWait(50*time.Millisecond, 500*time.Millisecond),
		linkit.WithBulkSize(10),
		linkit.WithMaxConcurrency(4),
	)
	defer func() { require.NoError(t, client.Close()) }()
	const records = 3000
	sent := 0
	err := client.Products.BulkAll(t.Context(), linkit.BulkUpsert, numbered(records), func(r linkit.BulkResult) {
		assert.NoError(t, r.Err)
		sent += r.Count
	})
	require.NoError(t, err)
	assert.Equal(t, records, sent)
	for i := range records {
		require.Equal(t, 1, b.written(key(i)))
	}
}

// client_max_body_size rejects with 413: BulkAll halves its requests until they fit.
func TestABodyLimitHalvesBulkRequests(t *testing.T) {
	b := newBackend(t)
	server := startNginx(t, b, "", "client_max_body_size 8k;")
	client := newClient(t, baseURL(server))
	defer func() { require.NoError(t, client.Close()) }()
	require.NoError(t, client.Products.BulkAll(t.Context(), linkit.BulkCreate, numbered(4000), nil))
	for i := range 4000 {
		require.Equal(t, 1, b.written(key(i)))
	}
	var products []linkit.ProductParams
	for product, err := range numbered(1000) {
		require.NoError(t, err)
		products = append(products, product)
	}
	_, err := client.Products.Bulk(t.Context(), linkit.BulkCreate, products)
	require.ErrorContains(t, err, "WithBulkSize")
}

func key(i int) string { return fmt.Sprintf("ITEM-%05d", i) }

func numbered(n int) func(func(linkit.ProductParams, error) bool) {
	return func(yield func(linkit.ProductParams, error) bool) {
		for i := range n {
			if !yield(linkit.ProductParams{IvID: key(i), NameEn: "a name"}, nil) {
				return
			}
		}
	}
}

func TestWritesSurviveEveryToxic(t *testing.T) {
	for _, toxic := range []string{
		`{"type":"latency","attributes":{"latency":20,"jitter":20}}`,
		`{"type":"reset_peer","toxicity":0.3,"attributes":{"timeout":150}}`,
		`{"type":"reset_peer","stream":"upstream","toxicity":0.3,"attributes":{"timeout":150}}`,
		`{"type":"timeout","toxicity":0.2,"attributes":{"timeout":300}}`,
		`{"type":"limit_data","toxicity":0.5,"attributes":{"bytes":20000}}`,
		`{"type":"limit_data","stream":"upstream","toxicity":0.5,"attributes":{"bytes":20000}}`,
		`{"type":"slow_close","attributes":{"delay":200}}`,
		`{"type":"slicer","attributes":{"average_size":64,"size_variation":32,"delay":50}}`,
		`{"type":"bandwidth","attributes":{"rate":200}}`,
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(toxic, `{"type":"`), `"`)
		if strings.Contains(toxic, "upstream") {
			name += " upstream"
		}
		t.Run(name, func(t *testing.T) {
			b := newBackend(t)
			server := startNginx(t, b, "")
			proxy := startToxiproxy(t, fmt.Sprintf("127.0.0.1:%d", server.Port))
			_, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
			require.NoError(t, err)
			client := newClient(t, "https://"+proxy.Listen+"/api/v1")
			load(client, 16, duration(t)/2).check(t, b)
			require.NoError(t, client.Close())
		})
	}
}

// through returns a transport that goes through a proxy; the certificate is the one that
// SSL_CERT_FILE names.
func through(t *testing.T, proxy string) *http.Transport {
	t.Helper()
	u, err := url.Parse(proxy)
	require.NoError(t, err)
	transport := &http.Transport{
		Proxy: http.ProxyURL(
			u,
		),
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     45 * time.Second,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func TestCallsGoThroughAConnectProxy(t *testing.T) {
	for name, proxy := range map[string]string{
		"without a password": "http://" + startTinyproxy(t),
		"with a password":    "http://clerk:pr0xy-Pa55-Zq@" + startTinyproxy(t, "BasicAuth clerk pr0xy-Pa55-Zq"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t)
			server := startNginx(t, b, "")
			client := newClient(t, baseURL(server), linkit.WithHTTPClient(&http.Client{Transport: through(t, proxy)}))
			defer func() { require.NoError(t, client.Close()) }()
			load(client, 4, duration(t)/3).check(t, b)
		})
	}
}

func TestAProxysRefusalIsNotLinkits(t *testing.T) {
	server := startNginx(t, newBackend(t), "")
	proxy := startTinyproxy(t, "BasicAuth clerk pr0xy-Pa55-Zq", "ConnectPort 1")
	for name, row := range map[string]struct{ user, reason string }{ // tinyproxy's own
		"wrong password": {"clerk:wr0ng-Pa55-Zq@", "401 Unauthorized"},
		"no password":    {"", "407 Proxy Authentication Required"},
		"forbidden port": {"clerk:pr0xy-Pa55-Zq@", "Access violation"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(
				t,
				baseURL(server),
				linkit.WithHTTPClient(&http.Client{Transport: through(t, "http://"+row.user+proxy)}),
			)
			defer func() { require.NoError(t, client.Close()) }()
			_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
			var lost *linkit.TransportError
			require.ErrorAs(t, err, &lost)
			assert.False(t, lost.Sent)
			assert.False(t, errors.Is(err, linkit.ErrUncertain))
			assert.Contains(t, err.Error(), "the proxy refused the tunnel: "+row.reason)
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "Pa55")
			assert.Equal(t, 1, lost.Attempts)
		})
	}
}
