package retry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// outcome is what one attempt came to, as far as sending again depends on it.
type outcome struct {
	status     int  // 0: no usable answer
	retryAfter bool // the answer has a Retry-After that can be read
	unsent     bool // proven: the server got nothing
	timeout    bool // the attempt's own time was up
	final      bool // sending again can't help, or must not be
}

// sendAgain is the table of what is sent again.
func (o outcome) sendAgain(idempotent bool) bool {
	switch o.status {
	case 0:
		return !o.final && (o.unsent || idempotent)
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable:
		return idempotent || o.retryAfter
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return idempotent
	}
	return false
}

// lost reports whether the attempt may have taken effect without our knowing.
func (o outcome) lost() bool {
	switch o.status {
	case 0:
		return !o.unsent
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// throttled reports whether the server asked to slow down, rather than failed.
func (o outcome) throttled() bool {
	return o.status == http.StatusTooManyRequests || o.status == http.StatusServiceUnavailable && o.retryAfter
}

// cost is what a retry after o takes from the budget.
func (o outcome) cost() int64 {
	switch {
	case o.throttled():
		return 0
	case o.timeout:
		return timeoutCost
	}
	return retryCost
}

// retryAfter reads a Retry-After: seconds, or any HTTP date, which is reckoned by the answer's own clock where it has
// one. A figure too large for a Duration is the largest.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		const most = int64(1<<63-1) / int64(time.Second)
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > most {
			seconds = most
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0), true
}

// timeoutError is an attempt that ran out of its own time. It is a net.Error, and not context.DeadlineExceeded, which is
// only ever the caller's deadline.
type timeoutError struct{ text string }

func (e *timeoutError) Error() string { return e.text }
func (*timeoutError) Timeout() bool   { return true }
func (*timeoutError) Temporary() bool { return true }

// explain returns err as the caller should see it. ctx is the caller's, attempt the attempt's own.
func (p *Policy) explain(ctx, attempt context.Context, err error) (_ error, timedOut bool) {
	if ctx.Err() != nil {
		return ctx.Err(), false
	}
	var ne net.Error
	timeout := errors.As(err, &ne) && ne.Timeout()
	if deadline, ok := ctx.Deadline(); ok && timeout && !time.Now().Before(deadline) {
		return context.DeadlineExceeded, false // a dial's timer may fire before the context's
	}
	switch {
	case attempt.Err() != nil:
		return &timeoutError{fmt.Sprintf("no answer within %v", p.AttemptTimeout)}, true
	case errors.Is(err, context.DeadlineExceeded):
		return &timeoutError{"the transport gave up: " + err.Error()}, true
	case errors.Is(err, context.Canceled): // not by the caller
		return errors.New("the transport gave up: " + err.Error()), false
	}
	return err, timeout
}

// cleaned strips what an error shows of the query, and of an answer that isn't HTTP.
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

// isDial reports whether no connection was made.
func isDial(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// isHandshake reports whether a TLS connection couldn't be made for good: an untrusted certificate, or plain HTTP where TLS
// was expected.
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

// isAlert reports whether either side ended the connection with a TLS alert, at whatever time.
func isAlert(err error) bool {
	var alert tls.AlertError
	var op *net.OpError
	return errors.As(err, &alert) || errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}
