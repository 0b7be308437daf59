package retry_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestAttemptTimeoutFiresBeforeALaterDeadlineOfTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		transport, began := play(hang), time.Now()
		p := policy(transport, func(c *retry.Config) { c.Retries, c.WaitMin, c.WaitMax = 1, time.Second, time.Second })
		res := p.Do(ctx, request("GET"))
		var timeout net.Error
		require.ErrorAs(t, res.Err, &timeout)
		assert.True(t, timeout.Timeout())
		require.NotErrorIs(t, res.Err, context.DeadlineExceeded, "it was not the caller's deadline")
		require.NoError(t, res.Stop)
		require.NoError(t, ctx.Err())
		assert.Equal(t, 2, res.Attempts)
		assert.InDelta(t, 61*time.Second, time.Since(began), float64(time.Second))
	})
}

func TestRetryIsSentAfterAnAttemptThatTimedOutBeforeTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		res := policy(play(hang, respond(200))).Do(ctx, request("GET"))
		require.NoError(t, res.Err)
		assert.Equal(t, 200, res.Status)
		assert.Equal(t, 2, res.Attempts)
	})
}

// crypto/tls reports an alert as a net.OpError over an error of a type that it doesn't export.
func TestTLSAlertIsNotRetried(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"received":              &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")},
		"sent":                  &net.OpError{Op: "local error", Err: errors.New("tls: bad record MAC")},
		"received, wrapped":     &url.Error{Op: "Get", Err: &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}},
		"a bare exported alert": tls.AlertError(40),
	} {
		transport := play(fail(err))
		res := policy(transport).Do(t.Context(), request("GET"))
		require.Error(t, res.Err, name)
		assert.Equal(t, int64(1), transport.calls.Load(), name)
	}
	transport := play(fail(&net.OpError{Op: "read", Err: errors.New("tls: no alert")}))
	policy(transport, func(c *retry.Config) { c.WaitMin, c.WaitMax = 1, 1 }).Do(t.Context(), request("GET"))
	assert.Equal(t, int64(4), transport.calls.Load(), "any other network error is retried")
}

func TestTLSAlertOfARealServerIsNotRetried(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version}
		server.StartTLS()
		transport, ok := server.Client().Transport.(*http.Transport)
		require.True(t, ok)
		target, err := url.Parse(server.URL)
		require.NoError(t, err)
		r := request("GET")
		r.URL, r.Body = target, nil
		res := policy(transport).Do(t.Context(), r)
		require.ErrorContains(t, res.Err, "tls: ", name)
		assert.Equal(t, 1, res.Attempts, name)
		server.Close()
	}
}

func TestResponseOfExactlyTheLargestSizeIsRead(t *testing.T) {
	t.Parallel()
	const largest = 1 << 20
	for name, row := range map[string]struct{ length, size int64 }{
		"announced":     {largest, largest},
		"not announced": {-1, largest},
	} {
		respond := func(extra int64) step {
			return func(*http.Request) (*http.Response, error) {
				length := row.length
				if length > 0 {
					length += extra
				}
				body := io.NopCloser(io.LimitReader(zeros{}, row.size+extra))
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: length}, nil
			}
		}
		res := policy(play(respond(0))).Do(t.Context(), request("GET"))
		require.NoError(t, res.Err, name)
		assert.Len(t, res.Body, largest, name)
		res = policy(play(respond(1))).Do(t.Context(), request("GET"))
		require.Error(t, res.Err, name)
		assert.Equal(t, 1, res.Attempts, name)
	}
}
