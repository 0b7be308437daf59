package linkit_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// tenants is a server that fails every second request, and notes a header that no request should
// have.
func tenants(t *testing.T) (base string, seen *atomic.Int64) {
	t.Helper()
	seen = new(atomic.Int64)
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Tenant") != "" {
			seen.Add(1)
		}
		if n.Add(1)%2 == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, product1)
	}))
	t.Cleanup(server.Close)
	return server.URL, seen
}

func TestWhatForeignCodeWritesToARequestStaysInThatAttempt(t *testing.T) {
	t.Parallel()
	var first atomic.Bool
	spoil := func(r *http.Request) {
		if first.CompareAndSwap(false, true) {
			r.Header.Set("X-Tenant", "shop-1")
			for _, values := range r.Header {
				values[0] += "-spoiled"
			}
			r.URL.Path = "/elsewhere"
		}
	}
	for name, change := range map[string]func(*http.Transport){
		"registered protocol": func(tr *http.Transport) {
			tr.RegisterProtocol("http", roundTrip(func(r *http.Request) (*http.Response, error) {
				spoil(r)
				return nil, http.ErrSkipAltProtocol
			}))
		},
		"Proxy function": func(tr *http.Transport) {
			tr.Proxy = func(r *http.Request) (*url.URL, error) { spoil(r); return nil, nil }
		},
	} {
		first.Store(false)
		base, seen := tenants(t)
		tr := &http.Transport{}
		change(tr)
		client := dialing(t, base, linkit.WithHTTPClient(&http.Client{Transport: tr}),
			linkit.WithHeader("X-Shop", "one"), linkit.WithOrganization("org_1"))
		for range 3 {
			_, err := client.Products.Get(t.Context(), "ITEM-1")
			require.NoError(t, err, name)
		}
		assert.Equal(t, int64(1), seen.Load(), name)
		tr.CloseIdleConnections()
	}
}

// refusingProxy responds to each CONNECT with a status.
func refusingProxy(t *testing.T, status int) (proxy *url.URL, connects *atomic.Int64) {
	t.Helper()
	connects = new(atomic.Int64)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					connects.Add(1)
					_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", status, http.StatusText(status))
				}
			}()
		}
	}()
	return &url.URL{
		Scheme: "http",
		User:   url.UserPassword("proxyuser", "pr0xy-pass"),
		Host:   listener.Addr().String(),
	}, connects
}

func TestProxysRefusalOfTheTunnelIsNotLinkits(t *testing.T) {
	t.Parallel()
	for status, attempts := range map[int]int64{403: 1, 407: 1, 429: 3, 502: 3, 503: 3} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			proxy, connects := refusingProxy(t, status)
			tr := &http.Transport{Proxy: http.ProxyURL(proxy)}
			client := dialing(
				t,
				"https://linkit.test/api/v1",
				linkit.WithHTTPClient(&http.Client{Transport: tr}),
				linkit.WithRetries(2),
			)
			_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
			var te *linkit.TransportError
			require.ErrorAs(t, err, &te)
			assert.False(t, te.Sent)
			require.NotErrorIs(t, err, linkit.ErrUncertain)
			require.ErrorContains(t, err, fmt.Sprintf("the proxy refused the tunnel: %d %s", status, http.StatusText(status)))
			assert.Equal(t, attempts, connects.Load())
			for _, secret := range []string{"pr0xy-pass", base64.StdEncoding.EncodeToString([]byte("proxyuser:pr0xy-pass")), testKey} {
				assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, te), secret)
			}
		})
	}
}

func TestTransportAtTheTimeOfNewClientCounts(t *testing.T) {
	t.Parallel()
	base, _ := tenants(t)
	never := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("a transport set too late") })
	hc := &http.Client{}
	own := dialing(t, base, linkit.WithHTTPClient(hc))
	hc.Transport = canned{body: product1}
	set := dialing(t, "http://127.0.0.1:1", linkit.WithHTTPClient(hc))
	hc.Transport = never
	for _, client := range []*linkit.Client{own, set} {
		_, err := client.Products.Get(t.Context(), "ITEM-1")
		require.NoError(t, err)
	}
}

func TestContextsThatHooksAndTransportsPrintShowNoField(t *testing.T) {
	t.Parallel()
	var printed []string
	note := func(ctx context.Context) { printed = append(printed, fmt.Sprintf("%v %+v %s", ctx, ctx, ctx)) }
	status := http.StatusServiceUnavailable
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		note(r.Context())
		defer func() { status = http.StatusOK }()
		header := http.Header{"X-Debug": r.Header["Authorization"]}
		return &http.Response{
			StatusCode: status,
			Header:     header,
			Body:       io.NopCloser(strings.NewReader(product1)),
			Request:    r,
		}, nil
	})
	hook := func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) {
		note(ctx)
		return ctx, nil
	}
	client := newClient(t, transport, linkit.WithHooks(linkit.Hooks{Call: hook, Attempt: hook}))
	var response linkit.Response
	_, err := client.Products.Get(linkit.ContextWithResponse(t.Context(), &response), "ITEM-1")
	require.NoError(t, err)
	require.Len(t, printed, 5)
	for _, text := range printed {
		for _, secret := range []string{testKey, "X-Debug", "ITEM-1", "/products"} {
			assert.NotContains(t, text, secret)
		}
	}
}

func TestCauseOfACancelOrDeadlineStaysInTheError(t *testing.T) {
	t.Parallel()
	errShutdown := errors.New("shutting down")
	hang := roundTrip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, hang)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errShutdown) })
		_, err := client.Products.Get(ctx, "ITEM-1")
		require.ErrorIs(t, err, errShutdown)
		require.ErrorIs(t, err, context.Canceled)

		ctx, stop := context.WithTimeoutCause(t.Context(), time.Second, errShutdown)
		defer stop()
		_, err = client.Products.Create(ctx, linkit.ProductParams{IvID: "ITEM-1"})
		require.ErrorIs(t, err, errShutdown)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, linkit.ErrUncertain)
	})
}

func TestA429WithoutRetryAfterOnlySlowsDown(t *testing.T) {
	t.Parallel()
	const limited = `{"code":429,"error":"Too Many Requests"}`
	synctest.Test(t, func(t *testing.T) {
		rs := &replies{
			responses: []reply{{status: 429, body: limited}, {status: 429, body: limited}, {status: 201, body: product1}},
		}
		client, err := linkit.NewClient(
			linkit.WithBaseURL(testBase),
			linkit.WithAPIKey(testKey),
			linkit.WithHTTPClient(&http.Client{Transport: rs}),
		)
		require.NoError(t, err)
		began := time.Now()
		_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
		require.NoError(t, err)
		assert.Len(t, rs.requests, 3)
		assert.GreaterOrEqual(t, time.Since(began), 1500*time.Millisecond, "1 s and 2 s, each less up to a half")
		assert.LessOrEqual(t, time.Since(began), 3*time.Second)
	})
	rs := &replies{responses: []reply{{status: 429, body: limited}}}
	_, err := newClient(t, rs, linkit.WithRetries(0)).Products.Get(t.Context(), "ITEM-1")
	require.ErrorIs(t, err, linkit.ErrRateLimited)
	assert.Len(t, rs.requests, 1)
}
