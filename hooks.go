package linkit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
)

// Hooks are called around every call and around each of its attempts. Either may be nil. The context returned, which must
// come of the one given, carries what follows: attempts see Call's, the transport sees Attempt's. The function returned
// runs at the end, with the same Event filled in; nil is fine. Hooks run on the call's goroutine, and calls run side by side.
type Hooks struct {
	Call, Attempt func(ctx context.Context, e *Event) (context.Context, func(*Event))
}

// Event is what a hook is told. StatusCode and Err are set at the end.
type Event struct {
	Method, Route, OrganizationID string        // GET, /products/{iv_id}
	SignIn                        bool          // an automatic sign-in
	Attempt                       int           // an attempt: its number, from 1. A call, at its end: how many there were
	StatusCode                    int           // 0: no answer
	Wait                          time.Duration // an attempt: how long it was held back: back-off, pause, queue and rate limit
	Err                           error
}

func (c *core) watched() bool {
	return c.logger != nil || c.hooks.Call != nil || c.hooks.Attempt != nil
}

// watch tells the hooks and the logger of a call. end is to be called with what came of it.
func (c *core) watch(ctx context.Context, op *operation, r *retry.Request, t *callAuth, organization string) (_ context.Context, end func(*retry.Result, error)) {
	began := time.Now()
	event := Event{Method: op.method, Route: op.route, OrganizationID: organization, SignIn: op.signIn}
	if c.hooks.Attempt != nil {
		r.Attempt = func(ctx context.Context, n int, waited time.Duration, _ http.Header) (context.Context, func(*retry.Result)) {
			e := event
			e.Attempt, e.Wait = n, waited
			ctx, done := start(ctx, c.hooks.Attempt, &e)
			return ctx, func(res *retry.Result) {
				e.StatusCode, e.Err = res.Status, redacted(res.Err, t.secret(op))
				if abandoned(ctx, res.Err) {
					e.Err = nil
				}
				done(&e)
			}
		}
	}
	told := r.Retry
	r.Retry = func(last *retry.Result, wait time.Duration) {
		c.log(ctx, slog.LevelWarn, "linkit: sending again", c.attrs(op, t, last.Attempts, last.Status, last.Err, slog.Duration("wait", wait))...)
		if told != nil {
			told(last, wait)
		}
	}
	r.Exhausted = func() {
		c.log(ctx, slog.LevelWarn, "linkit: the retry budget is used up: not sending again", c.attrs(op, t, 0, 0, nil)...)
	}
	ctx, done := start(ctx, c.hooks.Call, &event)
	return ctx, func(res *retry.Result, err error) {
		level, message := slog.LevelDebug, "linkit: call"
		if abandoned(ctx, err) { // All was left, and had read ahead
			err, message = nil, "linkit: call no longer needed"
		}
		event.Attempt, event.StatusCode, event.Err = res.Attempts, res.Status, err
		done(&event)
		if err != nil {
			level, message = slog.LevelError, "linkit: call failed"
		}
		c.log(ctx, level, message, c.attrs(op, t, res.Attempts, res.Status, unanswered(err, res.Status), slog.Duration("took", time.Since(began)))...)
	}
}

// unanswered is why there is no answer; nil where there is one, which other errors quote.
func unanswered(err error, status int) error {
	var te *TransportError
	if status == 0 && errors.As(err, &te) {
		return te.Err
	}
	return nil
}

// renewalFailed logs a sign-in that failed while the old token is still good.
func (c *core) renewalFailed(ctx context.Context, err error) {
	attrs := []slog.Attr{slog.String("method", http.MethodPost), slog.String("route", loginRoute)}
	var answer *APIError
	if errors.As(err, &answer) {
		attrs = append(attrs, slog.Int("attempts", answer.Attempts), slog.Int("status", answer.StatusCode))
	} else {
		why := cmp.Or(unanswered(err, 0), err)
		attrs = append(attrs, slog.String("error", oneLine(why.Error(), maxErrorText)))
	}
	c.log(ctx, slog.LevelError, "linkit: renewing the sign-in failed; the old token is used to its end", attrs...)
}

// start calls a hook, which may be nil or return nil.
func start(ctx context.Context, hook func(context.Context, *Event) (context.Context, func(*Event)), e *Event) (context.Context, func(*Event)) {
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

// attrs are a log line's: never a header, query, body or id.
func (c *core) attrs(op *operation, t *callAuth, attempts, status int, err error, more ...slog.Attr) []slog.Attr {
	attrs := []slog.Attr{slog.String("method", op.method), slog.String("route", op.route)}
	if attempts > 0 {
		attrs = append(attrs, slog.Int("attempts", attempts))
	}
	if status > 0 {
		attrs = append(attrs, slog.Int("status", status))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", oneLine(redacted(err, t.secret(op)).Error(), maxErrorText)))
	}
	return append(attrs, more...)
}

func (c *core) log(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	if c.logger != nil {
		c.logger.LogAttrs(ctx, level, message, attrs...)
	}
}
