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
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// timeoutError is an attempt that ran out of its own time. It is a net.Error, and not
// context.DeadlineExceeded, which is only ever the caller's deadline.
type timeoutError struct{ text string }

func (e *timeoutError) Error() string { return e.text }
func (*timeoutError) Timeout() bool   { return true }
func (*timeoutError) Temporary() bool { return true }

// contextError returns why ctx ended: its error, and its cause where that is another.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(err, cause) { // or there is neither
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// explain returns the error of an exchange as the caller should see it. ctx is the caller's.
func (p *Policy) explain(ctx context.Context, x *exchange, query string) (_ error, timedOut bool) {
	if ctx.Err() != nil {
		return contextError(ctx), false
	}
	var ne net.Error
	timeout := errors.As(x.err, &ne) && ne.Timeout()
	if deadline, ok := ctx.Deadline(); ok && timeout && !time.Now().Before(deadline) {
		return deadlineError(ctx), false // a dial's timer may fire before the context's
	}
	err := cleaned(x.err, query)
	switch {
	case x.expired:
		return &timeoutError{fmt.Sprintf("no response within %v", p.AttemptTimeout)}, true
	case errors.Is(x.err, context.DeadlineExceeded):
		return &timeoutError{"the transport gave up: " + err.Error()}, true
	case errors.Is(x.err, context.Canceled): // not by the caller
		return errors.New("the transport gave up: " + err.Error()), false
	}
	return err, timeout
}

// deadlineError waits a moment for a context whose deadline has passed to end, so that its cause is
// known.
func deadlineError(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return contextError(ctx)
	case <-time.After(10 * time.Millisecond):
		return context.DeadlineExceeded
	}
}

// LimiterError is a limiter's own error, which ended a request before an attempt.
type LimiterError struct{ err error }

// Error returns the limiter's text.
func (e *LimiterError) Error() string { return "the rate limiter failed: " + e.err.Error() }

// Unwrap returns the limiter's error, unless that would pass for the caller's own cancel or
// deadline.
func (e *LimiterError) Unwrap() error {
	if errors.Is(e.err, context.Canceled) || errors.Is(e.err, context.DeadlineExceeded) {
		return nil
	}
	return e.err
}

// limiterError tells the caller's own end from a limiter's failure.
func limiterError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	_, limited := ctx.Deadline()
	if limited && (errors.Is(err, context.DeadlineExceeded) || wouldExceedDeadline(err)) {
		return fmt.Errorf("%w: the rate limit's next turn comes after it", context.DeadlineExceeded)
	}
	return &LimiterError{err}
}

// wouldExceedDeadline reports whether err is that of a [rate.Limiter] whose next turn comes after
// the deadline. It is only a text there.
func wouldExceedDeadline(err error) bool {
	return strings.HasSuffix(err.Error(), "would exceed context deadline")
}

var _ Limiter = (*rate.Limiter)(nil)

// userinfo is a name and password in a URL.
var userinfo = regexp.MustCompile(`//[^/\s"'?#]*@`)

// cleaned removes from an error what its text shows of the query, of a proxy's password, and of a
// response that isn't HTTP.
func cleaned(err error, query string) error {
	var ue *url.Error
	for errors.As(err, &ue) && ue.Err != nil {
		err = ue.Err
	}
	text := err.Error()
	clean := text
	if query != "" {
		clean = strings.ReplaceAll(clean, query, "[query]")
	}
	if before, _, found := strings.Cut(clean, "invalid proxy address"); found {
		clean = before + "invalid proxy address" // which goes on with the address, whose password may have any form
	}
	clean = userinfo.ReplaceAllString(clean, "//")
	for _, quote := range []struct{ mark, end string }{{"malformed", `":`}, {"transport connection broken", `"`}} {
		before, after, found := strings.Cut(clean, quote.mark) // net/http's, which goes on with a header or a status line
		if i := strings.IndexAny(after, quote.end); i >= 0 {
			after = after[:i]
		}
		if found {
			clean = strings.TrimRight(before+quote.mark+after, ": [")
		}
	}
	if clean != text {
		return errors.New(clean)
	}
	return err
}

// TunnelError is a proxy's refusal to open a tunnel (CONNECT) to the server.
type TunnelError struct {
	Status int    // 0: unknown
	reason string // the proxy's own text where the status is unknown
}

// Error names the proxy's status.
func (e *TunnelError) Error() string {
	text := "the proxy refused the tunnel: " + e.reason
	if e.Status != 0 {
		text += strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
	}
	return strings.TrimRight(text, ": ")
}

// final reports whether the proxy will refuse the next attempt too. A refusal with a reason of its
// own is a rule's.
func (e *TunnelError) final() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.Status >= 400 && e.Status < 500 || e.reason != ""
}

// CheckTunnel is the OnProxyConnectResponse of a transport whose [TunnelError] is to be exact.
func CheckTunnel(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &TunnelError{Status: resp.StatusCode}
}

// refusedTunnel returns the error of an exchange that didn't get past a proxy. Without
// [CheckTunnel], net/http's error is only the text of the proxy's status.
func refusedTunnel(x *exchange, target *url.URL, proxied bool) *TunnelError {
	var te *TunnelError
	if x.resp != nil || errors.As(x.err, &te) {
		return te
	}
	if !proxied || target.Scheme != "https" || x.trace.had() {
		return nil
	}
	switch text := x.err.Error(); text {
	case "", "unknown status code":
		return &TunnelError{}
	default:
		for status := http.StatusContinue; status <= lastStandardStatus; status++ {
			if text == http.StatusText(status) {
				return &TunnelError{Status: status}
			}
		}
		if isReason(x.err) {
			return &TunnelError{reason: text}
		}
	}
	return nil
}

// isReason reports whether an error from before a connection is the text of a status line in the
// proxy's own words. Any other error at that time has a type or says which package it is from.
func isReason(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) {
		return false
	}
	plain := reflect.TypeOf(err) == reflect.TypeOf(io.EOF)
	for _, prefix := range []string{"http: ", "net/http: ", "tls: ", "x509: ", "http2: ", "malformed "} {
		plain = plain && !strings.HasPrefix(err.Error(), prefix)
	}
	return plain
}

// isDial reports whether no connection was made.
func isDial(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) ||
		errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect")
}

// isHandshake reports whether a TLS connection couldn't be made for good: an untrusted certificate,
// or one side speaks plain HTTP and the other TLS.
func isHandshake(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		certificate  x509.CertificateInvalidError
		record       tls.RecordHeaderError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &certificate) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// isAlert reports whether either side ended the connection with a TLS alert, at whatever time: as
// crypto/tls tells it, or in response to plain HTTP.
func isAlert(err error) bool {
	var alert tls.AlertError
	var op *net.OpError
	return errors.As(err, &alert) || errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") ||
		strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`)
}
