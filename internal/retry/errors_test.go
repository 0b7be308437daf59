package retry_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/linkit-go/linkit/internal/retry"
)

var errShutdown = errors.New("shutting down")

func TestCauseOfTheCallersEndStaysInTheChain(t *testing.T) {
	t.Parallel()
	busy := func(c *retry.Config) { c.Concurrency = 1 }
	for name, row := range map[string]struct {
		prepare func(*retry.Policy)
		step    step
		change  func(*retry.Config)
	}{
		"while it is sent":             {nil, hang, quick},
		"while a retry is waited for":  {nil, respond(500), func(c *retry.Config) { c.WaitMin, c.WaitMax = time.Hour, time.Hour }},
		"in a pause":                   {func(p *retry.Policy) { p.Do(context.Background(), request("GET")) }, respond(429, "Retry-After", "50"), func(c *retry.Config) { c.Retries = 0 }},
		"while a slot is waited for":   {func(p *retry.Policy) { go p.Do(context.Background(), request("GET")); synctest.Wait() }, after(20*time.Second, respond(200)), busy},
		"while a limit is waited for":  {func(p *retry.Policy) { p.Do(context.Background(), request("GET")) }, respond(200), func(c *retry.Config) { c.Rate, c.Burst = 0.01, 1 }},
		"while a token is waited for":  {nil, respond(200), quick},
		"before anything has happened": {nil, respond(200), quick},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := policy(play(row.step), row.change)
			if row.prepare != nil {
				row.prepare(p)
			}
			r := request("GET")
			if name == "while a token is waited for" {
				r.Credential = waiting{}
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			if name == "before anything has happened" {
				cancel(errShutdown)
			}
			time.AfterFunc(5*time.Second, func() { cancel(errShutdown) })
			res := p.Do(ctx, r)
			assert.False(t, res.Denied, name)
			err := errors.Join(res.Err, res.Stop)
			require.ErrorIs(t, err, errShutdown, name)
			require.ErrorIs(t, err, context.Canceled, name)
			time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		})
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errShutdown)
			defer cancel()
			res := policy(play(hang)).Do(ctx, request("GET"))
			require.ErrorIs(t, res.Err, errShutdown)
			require.ErrorIs(t, res.Err, context.DeadlineExceeded)
		})
	}
}

// waiting is a credential that is never there.
type waiting struct{}

func (waiting) TryAuthorize(context.Context, time.Time) ([]string, bool) { return nil, false }
func (waiting) Clean(*retry.Result)                                      {}
func (waiting) Authorize(ctx context.Context) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// limit is a limiter in one function.
type limit func(context.Context) error

func (l limit) Wait(ctx context.Context) error { return l(ctx) }

func TestLimitersAreAskedBeforeEachAttemptOutsideItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		slow := func(name string) limit {
			return func(context.Context) error {
				asked = append(asked, name)
				time.Sleep(time.Minute) //nolint:forbidigo // virtual time
				return nil
			}
		}
		transport := play(respond(503), respond(200))
		p := policy(transport, func(c *retry.Config) { c.Limiters = []retry.Limiter{slow("a"), slow("b")} })
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 200, res.Status)
		assert.Equal(t, []string{"a", "b", "a", "b"}, asked)

		signIn := request("POST")
		signIn.Unmetered = true
		p.Do(t.Context(), signIn)
		assert.Len(t, asked, 4, "a sign-in is outside the limits")
	})
}

func TestLimitersOwnErrorEndsTheCallUnsent(t *testing.T) {
	t.Parallel()
	down := errors.New("redis is down")
	n := 0
	p := policy(play(respond(503)), quick, func(c *retry.Config) {
		c.Concurrency = 1
		c.Limiters = []retry.Limiter{limit(func(context.Context) error {
			if n++; n > 1 {
				return down
			}
			return nil
		})}
	})
	res := p.Do(t.Context(), request("PUT"))
	var own *retry.LimiterError
	require.ErrorAs(t, res.Stop, &own)
	require.ErrorIs(t, res.Stop, down)
	assert.Equal(t, 1, res.Attempts)
	assert.True(t, res.Sent, "the first attempt's 503 leaves it open")
	res = p.Do(t.Context(), request("POST"))
	require.ErrorIs(t, res.Stop, down)
	assert.Zero(t, res.Attempts)
	assert.False(t, res.Sent)
}

func TestLimitersDeadlineIsTheCallersOnlyWhereThereIsOne(t *testing.T) {
	t.Parallel()
	exhausted := rate.NewLimiter(rate.Every(time.Hour), 1)
	exhausted.Allow()
	internal := limit(func(context.Context) error { return fmt.Errorf("redis: %w", context.DeadlineExceeded) })
	for name, l := range map[string]retry.Limiter{"a rate.Limiter": exhausted, "another's": internal} {
		p := policy(play(respond(200)), func(c *retry.Config) { c.Limiters = []retry.Limiter{l} })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		res := p.Do(ctx, request("GET"))
		require.ErrorIs(t, res.Stop, context.DeadlineExceeded, name)
		assert.Zero(t, res.Attempts, name)
	}
	p := policy(play(respond(200)), func(c *retry.Config) { c.Limiters = []retry.Limiter{internal} })
	res := p.Do(t.Context(), request("GET"))
	require.NotErrorIs(t, res.Stop, context.DeadlineExceeded)
	require.ErrorContains(t, res.Stop, "redis")
}

// refusingProxy responds to every CONNECT with a status line.
func refusingProxy(t *testing.T, line string) *url.URL {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = fmt.Fprintf(conn, "%s\r\nContent-Length: 0\r\n\r\n", line)
			_ = conn.Close()
		}
	}()
	return &url.URL{Scheme: "http", Host: listener.Addr().String(), User: url.UserPassword("me", "pr0xy-secret")}
}

func TestProxysRefusalSaysSoAndSendsNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		line, text string
		attempts   int
	}{
		{"HTTP/1.1 403 Forbidden", "the proxy refused the tunnel: 403 Forbidden", 1},
		{"HTTP/1.1 407 Proxy Authentication Required", "the proxy refused the tunnel: 407 Proxy Authentication Required", 1},
		{"HTTP/1.1 429 Too Many Requests", "the proxy refused the tunnel: 429 Too Many Requests", 4},
		{"HTTP/1.1 502 Bad Gateway", "the proxy refused the tunnel: 502 Bad Gateway", 4},
		{"HTTP/1.1 503 Service Unavailable", "the proxy refused the tunnel: 503 Service Unavailable", 4},
		{"HTTP/1.1 403 pr0xy-secret is wrong", "the proxy refused the tunnel: 403 Forbidden", 1},
	} {
		for _, exact := range []bool{true, false} {
			if !exact && row.line == "HTTP/1.1 403 pr0xy-secret is wrong" {
				continue // net/http passes on the text alone
			}
			for _, method := range []string{"GET", "POST"} {
				transport := &http.Transport{Proxy: http.ProxyURL(refusingProxy(t, row.line))}
				if exact {
					transport.OnProxyConnectResponse = retry.CheckTunnel
				}
				res := policy(transport, quick).Do(t.Context(), request(method))
				require.EqualError(t, res.Err, row.text)
				assert.Equal(t, row.attempts, res.Attempts, row.line)
				assert.False(t, res.Sent, "%s %s", method, row.line)
			}
		}
	}
}

func TestProxysPasswordShowsInNoError(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		errors.New(`invalid proxy address "http://me:pr0xy/sec ret@host": parse failed`),
		errors.New("proxyconnect http://me:pr0xy-secret@127.0.0.1:3128 failed"),
		&url.Error{Op: "parse", URL: "http://me:pr0xy-secret@%zz", Err: errors.New("invalid")},
	} {
		res := policy(play(fail(err)), quick).Do(t.Context(), request("GET"))
		assert.NotContains(t, res.Err.Error(), "pr0xy")
		assert.NotContains(t, res.Err.Error(), "ret@")
	}
}

func TestContextsOfTransportsAndHooksShowNothing(t *testing.T) {
	t.Parallel()
	var printed []string
	transport := play(func(r *http.Request) (*http.Response, error) {
		printed = append(printed, fmt.Sprintf("%v %+v %s", r.Context(), r.Context(), r.Context()))
		return respond(503, "X-Debug", r.Header.Get("Authorization"))(r)
	})
	r := request("PUT")
	r.Credential = credential(func() ([]string, error) { return []string{"s3cret-key"}, nil })
	r.Attempt = func(ctx context.Context, _ int, _ time.Duration, _ http.Header) (context.Context, func(*retry.Result), error) {
		printed = append(printed, fmt.Sprintf("%v", ctx))
		return ctx, func(*retry.Result) {}, nil
	}
	policy(transport, quick).Do(t.Context(), r)
	require.Len(t, printed, 8)
	for _, text := range printed {
		assert.NotContains(t, text, "s3cret-key")
		assert.NotContains(t, text, "X-Debug")
		assert.NotContains(t, text, "linkit.test")
	}
}

func TestWhatATransportWritesStaysInThatAttempt(t *testing.T) {
	t.Parallel()
	r := request("PUT")
	r.Header = func() http.Header { return http.Header{"Accept": {"application/json"}} }
	shared := []string{"s3cret-key"}
	r.Credential = credential(func() ([]string, error) { return shared, nil })
	transport := play(func(hr *http.Request) (*http.Response, error) {
		assert.Empty(t, hr.Header.Get("X-Tenant"))
		assert.Equal(t, "application/json", hr.Header.Get("Accept"))
		assert.Equal(t, "s3cret-key", hr.Header.Get("Authorization"))
		assert.Equal(t, "/x", hr.URL.Path)
		body := make([]byte, 7)
		n, _ := hr.Body.Read(body)
		assert.Equal(t, `{"a":1}`, string(body[:n]))
		hr.Header.Set("X-Tenant", "shop-1")
		hr.Header["Accept"][0] = "text/html"
		hr.Header["Authorization"][0] = "other"
		hr.URL.Path, hr.Method, hr.Host = "/y", "GET", "elsewhere"
		clear(body)
		return respond(503)(hr)
	})
	p := policy(transport, quick)
	p.Do(t.Context(), r)
	p.Do(t.Context(), r)
	assert.Equal(t, int64(8), transport.calls.Load())
}

func TestAttemptAfterOneThatTimedOutUsesANewConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pooled, fresh := play(hang, fail(reset), respond(200)), play(respond(500))
		p := policy(pooled, func(c *retry.Config) { c.NewConnection = fresh })
		res := p.Do(t.Context(), request("GET"))
		assert.Equal(t, 200, res.Status)
		assert.Equal(t, int64(1), fresh.calls.Load())
		assert.Equal(t, int64(3), pooled.calls.Load())
	})
}
