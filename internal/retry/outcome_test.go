package retry_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestOnlyWhatIsSafeIsSentAgain(t *testing.T) {
	t.Parallel()
	const once, again, paused = 1, 4, 9
	for _, row := range []struct {
		name       string
		step       step
		get, post  int64 // attempts
		getLost    bool
		traced     bool // by the trace, which a read has none of: its Sent is left open
		postIsSent bool
	}{
		{"refused at dial", fail(errRefused), again, again, false, false, false},
		{"unknown host", fail(&net.DNSError{Err: "no such host"}), again, again, false, false, false},
		{"no connection, by the trace", traced(false, errors.New("handshake reset")), again, again, false, true, false},
		{"connection got, then reset", traced(true, reset), again, once, true, false, true},
		{"connection got, then a dial error behind a wrapper", traced(true, errRefused), again, once, true, true, true},
		{"reset, no trace", fail(reset), again, once, true, false, true},
		{"EOF", fail(io.EOF), again, once, true, false, true},
		{"attempt timeout", hang, again, once, true, false, true},
		{"broken-off body", brokenBody, again, once, true, false, true},
		{"429", respond(429), paused, paused, false, false, false},
		{"429 with Retry-After", respond(429, "Retry-After", "1"), again, again, false, false, false},
		{"429 with Retry-After 0", respond(429, "Retry-After", "0"), paused, paused, false, false, false},
		{"503", respond(503), again, once, true, false, true},
		{"503 with Retry-After", respond(503, "Retry-After", "1"), again, again, false, false, false},
		{"503 with Retry-After 0", respond(503, "Retry-After", "0"), again, again, false, false, false},
		{"503 with an unreadable Retry-After", respond(503, "Retry-After", "soon"), again, once, true, false, true},
		{"503 with a negative Retry-After", respond(503, "Retry-After", "-5"), again, once, true, false, true},
		{"503 with a Retry-After of the past", respond(503, "Retry-After", "Fri, 31 Dec 1999 23:59:00 GMT"), again, again, false, false, false},
		{"408", respond(408), again, once, true, false, true},
		{"425", respond(425), again, once, false, false, false},
		{"500", respond(500), again, once, true, false, true},
		{"502", respond(502), again, once, true, false, true},
		{"504", respond(504), again, once, true, false, true},
		{"512", respond(512), again, once, true, false, true},
		{"520", respond(520), again, once, true, false, true},
		{"530", respond(530), again, once, true, false, true},
		{"599", respond(599), again, once, true, false, true},
		{"999", respond(999), again, once, true, false, true},
		{"511", respond(511), once, once, false, false, false},
		{"507", respond(507), once, once, false, false, false},
		{"400", respond(400), once, once, false, false, false},
		{"404", respond(404), once, once, false, false, false},
		{"409", respond(409), once, once, false, false, false},
		{"501", respond(501), once, once, false, false, false},
		{"505", respond(505), once, once, false, false, false},
		{"redirect", respond(307, "Location", "https://elsewhere.test/"), once, once, false, false, false},
		{"redirect to nowhere", respond(302, "Location", "http://[::1"), once, once, false, false, false},
		{"200", respond(200), once, once, false, false, false},
		{"untrusted certificate", fail(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), once, once, true, false, true},
		{"wrong host name", traced(false, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}), once, once, false, true, false},
		{"TLS alert", traced(false, &net.OpError{Op: "remote error", Err: tls.AlertError(40)}), once, once, false, true, false},
		{"plain HTTP on a TLS port", traced(false, http.ErrSchemeMismatch), once, once, false, true, false},
		{"a TLS port's alert to plain HTTP", fail(errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03\x01"`)), once, once, true, false, true},
		{"not TLS at all", traced(false, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), once, once, false, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{"GET", "PUT", "DELETE", "POST", "PATCH"} {
				synctest.Test(t, func(t *testing.T) {
					transport := play(row.step)
					res := policy(transport).Do(t.Context(), request(method))
					want, sent := row.get, row.getLost
					if method == "POST" || method == "PATCH" {
						want, sent = row.post, row.postIsSent
					}
					assert.Equal(t, want, transport.calls.Load(), "attempts of %s", method)
					assert.Equal(t, int(want), res.Attempts, method)
					if !row.traced || method != "GET" {
						assert.Equal(t, sent, res.Sent, "Sent of %s", method)
					}
				})
			}
		})
	}
}

func TestStatusIsKeptWhenTheAnswerIsCutShort(t *testing.T) {
	t.Parallel()
	for _, status := range []int{101, 199, 300, 404} {
		res := policy(play(func(r *http.Request) (*http.Response, error) {
			resp, _ := brokenBody(r)
			resp.StatusCode = status
			return resp, nil
		})).Do(t.Context(), request("GET"))
		assert.Equal(t, status, res.Status)
		assert.Equal(t, `{"da`, string(res.Body))
		require.NoError(t, res.Err)
	}
}

func TestRetryAfterIsNeverUndercut(t *testing.T) {
	t.Parallel()
	// A bubble's clock starts at midnight UTC 2000-01-01.
	for header, want := range map[string]time.Duration{
		"7":                                7 * time.Second,
		" 7 ":                              7 * time.Second,
		"Sat, 01 Jan 2000 00:00:09 GMT":    9 * time.Second,
		"Saturday, 01-Jan-00 00:00:09 GMT": 9 * time.Second,
		"Sat Jan  1 00:00:09 2000":         9 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := play(respond(429, "Retry-After", header), respond(200))
			res := policy(transport).Do(t.Context(), request("POST"))
			assert.Equal(t, 200, res.Status)
			waited := transport.times[1].Sub(transport.times[0])
			assert.GreaterOrEqual(t, waited, want, header)
			assert.LessOrEqual(t, waited, want+want/10, header)
		})
	}
}

func TestRetryAfterOfThePastAsksForNothing(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"-5", "0", "Fri, 31 Dec 1999 23:59:00 GMT"} {
		res := policy(
			play(respond(429, "Retry-After", header)),
			func(c *retry.Config) { c.Retries = 0 },
		).Do(
			t.Context(),
			request("GET"),
		)
		assert.Zero(t, res.RetryAfter, header)
	}
}

func TestRetryAfterDateIsReckonedByTheServersClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := play(
			respond(429, "Retry-After", "Mon, 23 Nov 2026 10:00:05 GMT", "Date", "Mon, 23 Nov 2026 10:00:00 GMT"),
			respond(200),
		)
		policy(transport).Do(t.Context(), request("GET"))
		assert.InDelta(t, 5250*time.Millisecond, transport.times[1].Sub(transport.times[0]), float64(250*time.Millisecond))
	})
}

func TestAttemptTimeoutIsNotTheCallersDeadline(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]step{
		"no response": hang,
		"slow body": func(r *http.Request) (*http.Response, error) {
			resp, _ := respond(200)(r)
			resp.Body = io.NopCloser(readerFunc(func([]byte) (int, error) { <-r.Context().Done(); return 0, r.Context().Err() }))
			return resp, nil
		},
		"the transport's own words for it": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, errors.New("gave up")
		},
		"the transport's own deadline": fail(fmt.Errorf("mine: %w", context.DeadlineExceeded)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				res := policy(play(hangs), func(c *retry.Config) { c.Retries = 0 }).Do(t.Context(), request("GET"))
				var timeout net.Error
				require.ErrorAs(t, res.Err, &timeout)
				assert.True(t, timeout.Timeout())
				require.NotErrorIs(t, res.Err, context.DeadlineExceeded)
			})
		})
	}
}

func TestCallersDeadlineIsTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		transport := play(hang)
		res := policy(transport).Do(ctx, request("GET"))
		require.ErrorIs(t, res.Err, context.DeadlineExceeded)
		assert.Equal(t, int64(1), transport.calls.Load())
	})
}

func TestErrorsAreNeverURLErrors(t *testing.T) {
	t.Parallel()
	nested := &url.Error{
		Op:  "Get",
		URL: "https://linkit.test/x?search=private",
		Err: &url.Error{Op: "Get", URL: "https://other.test?q=private", Err: io.EOF},
	}
	res := policy(play(fail(nested))).Do(t.Context(), request("POST"))
	require.ErrorIs(t, res.Err, io.EOF)
	assert.NotContains(t, res.Err.Error(), "private")
	var ue *url.Error
	assert.NotErrorAs(t, res.Err, &ue)
}

func TestResultSaysWhatTheAttemptsLeftOpen(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		step                  step
		sent, lost, throttled bool
	}{
		"nothing":                 {respond(200), false, false, false},
		"refused at dial":         {fail(errRefused), false, false, false},
		"reset":                   {fail(reset), true, true, false},
		"broken-off body":         {brokenBody, true, true, false},
		"408":                     {respond(408), true, true, false},
		"425":                     {respond(425), false, false, false},
		"429":                     {respond(429), false, false, true},
		"500":                     {respond(500), true, true, false},
		"502":                     {respond(502), true, true, false},
		"503":                     {respond(503), true, false, false},
		"503 with Retry-After":    {respond(503, "Retry-After", "1"), false, false, true},
		"504":                     {respond(504), true, true, false},
		"a gateway's own failure": {respond(520), true, true, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := policy(play(row.step, respond(404)))
			res := p.Do(t.Context(), request("DELETE"))
			assert.Equal(t, row.sent, res.Sent, name)
			assert.Equal(t, row.lost, res.Lost, name)
			assert.Equal(t, row.throttled, res.Throttled, name)
			res = p.Do(t.Context(), replay(request("DELETE"), res))
			assert.Equal(t, row.sent, res.Sent, "%s, repeated", name)
			assert.Equal(t, row.lost, res.Lost, "%s, repeated", name)
		})
	}
}
