package retry

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
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestErrorTextsShowNoQueryNoPasswordAndNoQuotedResponse(t *testing.T) {
	t.Parallel()
	const query = "search=private&page=2"
	for text, want := range map[string]string{
		"read tcp 127.0.0.1:5: reset":                                                    "read tcp 127.0.0.1:5: reset",
		"reading /x?search=private&page=2: reset":                                        "reading /x?[query]: reset",
		`invalid proxy address "http://me:p@host"`:                                       "invalid proxy address",
		"proxyconnect http://me:p%40@proxy:3128 failed":                                  "proxyconnect http://proxy:3128 failed",
		"mail to a@b failed":                                                             "mail to a@b failed",
		`malformed HTTP response "SSH-2.0"`:                                              "malformed HTTP response",
		`malformed MIME header line: Set-Cookie s3cret`:                                  "malformed MIME header line",
		`malformed"s3cret"`:                                                              "malformed",
		`malformed chunked encoding`:                                                     "malformed chunked encoding",
		`net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15"`: "net/http: HTTP/1.x transport connection broken: malformed HTTP response",
		`transport connection broken: unexpected "s3cret"`:                               "transport connection broken: unexpected",
	} {
		assert.EqualError(t, cleaned(errors.New(text), query), want)
	}
	plain := errors.New("reset")
	assert.Same(t, plain, cleaned(plain, query), "one that shows nothing is passed on")
	assert.Same(t, plain, cleaned(&url.Error{Op: "Get", URL: "/x?" + query, Err: &url.Error{Op: "Get", URL: "/y", Err: plain}}, ""))
	empty := &url.Error{Op: "Get", URL: "https://linkit.test/x?" + query}
	assert.NotContains(t, cleaned(empty, query).Error(), "private")
}

func TestRefusedTunnelSaysWithWhichStatus(t *testing.T) {
	t.Parallel()
	assert.EqualError(t, &TunnelError{Status: 403}, "the proxy refused the tunnel: 403 Forbidden")
	assert.EqualError(t, &TunnelError{Status: 799}, "the proxy refused the tunnel: 799")
	assert.EqualError(t, &TunnelError{reason: "Blocked by policy"}, "the proxy refused the tunnel: Blocked by policy")
	assert.EqualError(t, &TunnelError{}, "the proxy refused the tunnel")

	require.NoError(t, CheckTunnel(t.Context(), nil, nil, &http.Response{StatusCode: http.StatusOK}))
	var refused *TunnelError
	require.ErrorAs(t, CheckTunnel(t.Context(), nil, nil, &http.Response{StatusCode: http.StatusCreated}), &refused)
	assert.Equal(t, 201, refused.Status)
}

func TestTunnelIsTriedAgainUnlessTheProxyRefusesForGood(t *testing.T) {
	t.Parallel()
	for status, final := range map[int]bool{
		0: false, 302: false, 399: false, 400: true, 403: true, 407: true, 408: false, 425: false, 429: false, 499: true, 500: false, 502: false,
	} {
		assert.Equal(t, final, (&TunnelError{Status: status}).final(), "%d", status)
	}
	assert.True(t, (&TunnelError{reason: "Blocked by policy"}).final())
}

func TestProxysRefusalIsToldFromOtherErrors(t *testing.T) {
	t.Parallel()
	https, plain := &url.URL{Scheme: "https"}, &url.URL{Scheme: "http"}
	connected := new(trace)
	connected.got.Store(true)
	for name, row := range map[string]struct {
		x       exchange
		target  *url.URL
		proxied bool
		want    *TunnelError
	}{
		"the text of a status":            {exchange{err: errors.New("Forbidden")}, https, true, &TunnelError{Status: 403}},
		"the first status":                {exchange{err: errors.New("Continue")}, https, true, &TunnelError{Status: 100}},
		"the last status":                 {exchange{err: errors.New("Network Authentication Required")}, https, true, &TunnelError{Status: 511}},
		"no text":                         {exchange{err: errors.New("")}, https, true, &TunnelError{}},
		"net/http's word for no text":     {exchange{err: errors.New("unknown status code")}, https, true, &TunnelError{}},
		"a text of the proxy's":           {exchange{err: errors.New("Blocked by policy")}, https, true, &TunnelError{reason: "Blocked by policy"}},
		"exact":                           {exchange{err: &TunnelError{Status: 407}}, https, false, &TunnelError{Status: 407}},
		"without a proxy":                 {exchange{err: errors.New("Forbidden")}, https, false, nil},
		"plain HTTP has no tunnel":        {exchange{err: errors.New("Forbidden")}, plain, true, nil},
		"there was a connection":          {exchange{err: errors.New("Forbidden"), trace: connected}, https, true, nil},
		"there was a response":            {exchange{err: errors.New("Forbidden"), resp: new(http.Response)}, https, true, nil},
		"the end of the connection":       {exchange{err: io.EOF}, https, true, nil},
		"its end in the middle":           {exchange{err: io.ErrUnexpectedEOF}, https, true, nil},
		"a cancel":                        {exchange{err: context.Canceled}, https, true, nil},
		"net/http's own":                  {exchange{err: errors.New("http: server gave HTTP response to HTTPS client")}, https, true, nil},
		"net/http's transport's":          {exchange{err: errors.New("net/http: TLS handshake timeout")}, https, true, nil},
		"crypto/tls's":                    {exchange{err: errors.New("tls: first record does not look like a TLS handshake")}, https, true, nil},
		"crypto/x509's":                   {exchange{err: errors.New("x509: certificate has expired")}, https, true, nil},
		"HTTP/2's":                        {exchange{err: errors.New("http2: no cached connection")}, https, true, nil},
		"a response that isn't HTTP":      {exchange{err: errors.New("malformed HTTP status code")}, https, true, nil},
		"an error with a type of its own": {exchange{err: fmt.Errorf("dialing: %w", net.ErrClosed)}, https, true, nil},
	} {
		assert.Equal(t, row.want, refusedTunnel(&row.x, row.target, row.proxied), name)
	}
}

func TestFailedDialIsToldFromALostConnection(t *testing.T) {
	t.Parallel()
	for err, dial := range map[error]bool{
		&net.OpError{Op: "dial", Err: io.EOF}:          true,
		&net.OpError{Op: "proxyconnect", Err: io.EOF}:  true,
		&net.OpError{Op: "socks connect", Err: io.EOF}: true,
		&net.DNSError{Err: "no such host"}:             true,
		&net.OpError{Op: "read", Err: io.EOF}:          false,
		&net.OpError{Op: "write", Err: io.EOF}:         false,
		io.EOF:                                         false,
	} {
		assert.Equal(t, dial, isDial(fmt.Errorf("wrapped: %w", err)), "%v", err)
	}
}

func TestLimitersErrorIsTheCallersDeadlineOnlyWhereItSaysSo(t *testing.T) {
	t.Parallel()
	limited, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	down := errors.New("redis is down")
	late := errors.New("rate: Wait(n=1) would exceed context deadline")
	for _, ctx := range []context.Context{limited, t.Context()} {
		err := limiterError(ctx, down)
		require.ErrorIs(t, err, down)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "the rate limiter failed: redis is down")
	}
	require.ErrorIs(t, limiterError(limited, late), context.DeadlineExceeded)
	require.NotErrorIs(t, limiterError(t.Context(), late), context.DeadlineExceeded)
	for _, of := range []error{context.Canceled, context.DeadlineExceeded} {
		err := limiterError(t.Context(), of)
		require.NotErrorIs(t, err, of, "it would pass for the caller's")
		require.EqualError(t, err, "the rate limiter failed: "+of.Error())
	}
}

func TestEndOfAContextIsToldOnceWithItsCause(t *testing.T) {
	t.Parallel()
	require.NoError(t, contextError(t.Context()))
	plain, cancel := context.WithCancel(t.Context())
	cancel()
	require.EqualError(t, contextError(plain), "context canceled")
	caused, cancelCause := context.WithCancelCause(t.Context())
	cancelCause(errors.New("shutting down"))
	require.EqualError(t, contextError(caused), "context canceled: shutting down")
}

func TestHandshakeThatFailsForGoodIsToldFromAReset(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"an unverified certificate": &tls.CertificateVerificationError{Err: errors.New("no")},
		"an unknown authority":      x509.UnknownAuthorityError{},
		"another host's":            x509.HostnameError{Certificate: new(x509.Certificate), Host: "linkit.test"},
		"an expired one":            x509.CertificateInvalidError{Reason: x509.Expired},
		"no TLS at all":             tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
		"plain HTTP":                http.ErrSchemeMismatch,
	} {
		assert.True(t, isHandshake(fmt.Errorf("wrapped: %w", err)), name)
	}
	assert.False(t, isHandshake(io.EOF))
}

func TestErrorOfATransportWithoutAProxyIsNoProxys(t *testing.T) {
	t.Parallel()
	refused := errors.New("Forbidden") // a status line's text
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, refused }}
	p := New(Config{Transport: transport, AttemptTimeout: time.Minute, Concurrency: 1})
	target := &url.URL{Scheme: "https", Host: "linkit.test"}
	res := p.Do(t.Context(), &Request{Method: "GET", URL: target, Header: func() http.Header { return http.Header{} }})
	require.ErrorIs(t, res.Err, refused)
	var tunnel *TunnelError
	require.NotErrorAs(t, res.Err, &tunnel)
}

func TestTimeoutOfAnAttemptSaysHowLongWasWaited(t *testing.T) {
	t.Parallel()
	p := New(Config{AttemptTimeout: 30 * time.Second, Concurrency: 1})
	err, late := p.explain(t.Context(), &exchange{err: io.EOF, expired: true}, "")
	assert.True(t, late)
	require.EqualError(t, err, "no response within 30s")
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout())
	assert.True(t, timeout.Temporary(), "as context.DeadlineExceeded") //nolint:staticcheck // old callers ask
}
