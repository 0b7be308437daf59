package linkit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/linkit-go/linkit/internal/redact"
	"github.com/linkit-go/linkit/internal/retry"
)

// Hooks observe every call and each of its attempts; either may be nil. Call wraps the attempts of
// a call. Hooks run on the goroutine of the call, and calls run concurrently. An automatic sign-in
// is a call of its own.
type Hooks struct {
	Call, Attempt Hook
}

// A Hook is called before a call or an attempt. The returned context must be derived from ctx; it
// is used for the rest of the call or, by the transport, for the attempt. The returned function is
// called at the end, with the same Event filled in. Both may be nil. Whether an attempt is retried
// is decided before hooks see its end.
type Hook func(ctx context.Context, e *Event) (context.Context, func(*Event))

// An Event describes a call or an attempt to a [Hook]. The fields from StatusCode on are set at the
// end.
type Event struct {
	Method, Route  string // GET, /products/{iv_id}
	OrganizationID string
	Server         string        // host:port of the base URL
	SignIn         bool          // an automatic sign-in
	Attempt        int           // of an attempt: its number, from 1; of a call, at its end: the number of attempts
	Wait           time.Duration // attempts only: the time it was held back by back-off, pause, queue and limits
	StatusCode     int           // 0: no response
	Duration       time.Duration // of the attempt or the call
	RetryAfter     time.Duration // what the response asks for; 0: nothing
	RequestID      string        // the response's X-Request-Id
	Rejected       int           // calls only: records of a bulk request that the response rejected
	// attempts only: a copy of the response's, with the credential masked and without Set-Cookie
	Header http.Header
	Err    error
}

// chain returns a hook that calls outer around inner.
func chain(outer, inner Hook) Hook {
	switch {
	case outer == nil:
		return inner
	case inner == nil:
		return outer
	}
	return func(ctx context.Context, e *Event) (context.Context, func(*Event)) {
		ctx, endOuter := begin(ctx, outer, e)
		ctx, endInner := begin(ctx, inner, e)
		return ctx, func(e *Event) {
			endInner(e)
			endOuter(e)
		}
	}
}

// begin calls a hook, which may be nil or return nil.
func begin(ctx context.Context, hook Hook, e *Event) (context.Context, func(*Event)) {
	none := func(*Event) {}
	if hook == nil {
		return ctx, none
	}
	next, end := hook(ctx, e)
	if next == nil {
		next = ctx
	}
	if end == nil {
		end = none
	}
	return next, end
}

// Response is what a call's last response said, apart from its body: see [ContextWithResponse].
type Response struct {
	StatusCode int // 0: no response
	Attempts   int // requests sent for the call, sign-ins not counted
	RequestID  string
	Header     http.Header // a copy, with the credential masked and without Set-Cookie
}

type responseKey struct{}

// ContextWithResponse returns a context for one call, which writes its response to r before it
// returns, also if it fails. Use one r per call. The All and BulkAll methods, which make many
// requests, and sign-ins don't write to it.
func ContextWithResponse(ctx context.Context, r *Response) context.Context {
	return context.WithValue(ctx, responseKey{}, r)
}

// withoutResponse returns a context whose calls write no response.
func withoutResponse(ctx context.Context) context.Context {
	if response, _ := ctx.Value(responseKey{}).(*Response); response == nil {
		return ctx
	}
	return context.WithValue(ctx, responseKey{}, (*Response)(nil))
}

// write fills in r with the result of op.
func (r *Response) write(op *operation, res *retry.Result) {
	secret := op.hidden()
	*r = Response{StatusCode: res.Status, Attempts: res.Attempts}
	if res.Header != nil {
		r.Header = redact.Header(res.Header, secret)
		r.RequestID = r.Header.Get("X-Request-Id")
	}
}

// observe calls the hooks and logs. finish must be called with the call's result.
func (c *core) observe(
	ctx context.Context,
	op *operation,
	req *retry.Request,
) (_ context.Context, finish func(*retry.Result, error)) {
	began := time.Now()
	event := Event{
		Method:         op.method,
		Route:          op.route,
		OrganizationID: op.organization,
		Server:         c.server,
		SignIn:         op.kind == automaticSignIn,
	}
	if c.hooks.Attempt != nil {
		req.Attempt = op.observeAttempt(c.hooks.Attempt, event)
	}
	onRetry := req.Retry
	req.Retry = func(last *retry.Result, wait time.Duration) {
		c.log(ctx, slog.LevelWarn, "linkit: retrying", op.attrs(last, last.Err, slog.Duration("wait", wait))...)
		if onRetry != nil {
			onRetry(last, wait)
		}
	}
	req.Exhausted = func() {
		c.log(ctx, slog.LevelWarn, "linkit: not retried: the retry budget is used up", op.attrs(new(retry.Result), nil)...)
	}
	ctx, end := begin(ctx, c.hooks.Call, &event)
	return ctx, func(res *retry.Result, err error) {
		level, message := slog.LevelDebug, "linkit: call"
		if abandoned(ctx, err) { // All was left, and had read ahead
			err, message = nil, "linkit: call no longer needed"
		}
		event.Attempt, event.Duration, event.Err = res.Attempts, time.Since(began), err
		event.setResponse(res, op.hidden())
		event.Rejected = op.rejected
		end(&event)
		if err != nil {
			level, message = slog.LevelError, "linkit: call failed"
		}
		c.log(ctx, level, message, op.attrs(res, noResponse(err, res.Status), slog.Duration("took", event.Duration))...)
	}
}

// observeAttempt returns what calls the hook around each attempt.
func (op *operation) observeAttempt(hook Hook, call Event) attemptFunc {
	return func(ctx context.Context, n int, waited time.Duration, header http.Header) (
		context.Context, func(*retry.Result), error,
	) {
		began, event := time.Now(), call
		event.Attempt, event.Wait = n, waited
		ctx, end := begin(ctx, hook, &event)
		if err := op.addContextHeader(ctx, header); err != nil {
			event.Err = err
			end(&event)
			return ctx, nil, err
		}
		return ctx, func(res *retry.Result) {
			secret := op.hidden()
			event.Duration, event.Err = time.Since(began), redact.Error(res.Err, secret)
			if abandoned(ctx, event.Err) {
				event.Err = nil
			}
			event.setResponse(res, secret)
			if res.Header != nil {
				event.Header = redact.Header(res.Header, secret)
			}
			end(&event)
		}, nil
	}
}

// setResponse fills in what an event shows of a response.
func (e *Event) setResponse(res *retry.Result, secret string) {
	e.StatusCode, e.RetryAfter = res.Status, res.RetryAfter
	e.RequestID = redact.Text(res.Header.Get("X-Request-Id"), secret)
}

// noResponse returns why there is no response; nil if there is one, which other errors quote.
func noResponse(err error, status int) error {
	var te *TransportError
	if status == 0 && errors.As(err, &te) {
		return te.Err
	}
	return nil
}

// renewalFailed logs a sign-in that failed while the old token is still good.
func (c *core) renewalFailed(ctx context.Context, err error) {
	attrs := []slog.Attr{slog.String("method", http.MethodPost), slog.String("route", loginRoute)}
	if refusal, ok := errors.AsType[*APIError](err); ok {
		attrs = append(attrs, slog.Int("attempts", refusal.Attempts), slog.Int("status", refusal.StatusCode))
	} else {
		why := cmp.Or(noResponse(err, 0), err)
		attrs = append(attrs, slog.String("error", redact.Line(why.Error(), maxErrorText)))
	}
	c.log(ctx, slog.LevelError, "linkit: renewing the sign-in failed; the old token is used until it expires", attrs...)
}

// attrs are those of a log line: never a header, query, body or id, except the request's.
func (op *operation) attrs(res *retry.Result, err error, more ...slog.Attr) []slog.Attr {
	attrs := []slog.Attr{slog.String("method", op.method), slog.String("route", op.route)}
	if res.Attempts > 0 {
		attrs = append(attrs, slog.Int("attempts", res.Attempts))
	}
	if res.Status > 0 {
		attrs = append(attrs, slog.Int("status", res.Status))
	}
	if id := res.Header.Get("X-Request-Id"); id != "" {
		attrs = append(attrs, slog.String("request_id", redact.Line(redact.Text(id, op.hidden()), 80)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", redact.Line(redact.Error(err, op.hidden()).Error(), maxErrorText)))
	}
	return append(attrs, more...)
}

func (c *core) log(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	if c.logger != nil {
		c.logger.LogAttrs(ctx, level, message, attrs...)
	}
}

// serverOf returns host and port of a base URL.
func serverOf(base *url.URL) string {
	port := base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[base.Scheme]
	}
	return net.JoinHostPort(base.Hostname(), port)
}
