package feed

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
)

// unfinished are the states in which a job blocks another one like it. A finished one doesn't.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

const (
	// pauseRateLimited is how long a job waits after a 429 that names no time.
	pauseRateLimited = 10 * time.Second
	maxRateLimited   = time.Hour
	// pauseRefused is how long a job waits whose process stops since only a person can help.
	pauseRefused = 30 * time.Second
)

// outcome turns an error of a call to Linkit into what River should do with the job. Errors that
// are returned as they are make River retry.
func (f *Feed) outcome(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, linkit.ErrNotFound), errors.Is(err, linkit.ErrInvalid):
		return river.JobCancel(err)
	case program.Advice(err) != "":
		f.fail(err)
		return river.JobSnooze(pauseRefused)
	case errors.Is(err, linkit.ErrRateLimited):
		return river.JobSnooze(rateLimitPause(err))
	}
	return err
}

// rateLimitPause returns how long a 429 asks to wait.
func rateLimitPause(err error) time.Duration {
	api, ok := errors.AsType[*linkit.APIError](err)
	if !ok || api.RetryAfter <= 0 {
		return pauseRateLimited
	}
	return min(api.RetryAfter, maxRateLimited)
}

// boundedRetry is River's backoff, up to a limit: an outage of Linkit or of a receiver should be
// over soon after it ends. What River gives up after its 25 attempts is begun anew by the next walk.
type boundedRetry struct {
	river.DefaultClientRetryPolicy
	most time.Duration
}

// NextRetry implements [river.ClientRetryPolicy].
func (b *boundedRetry) NextRetry(job *rivertype.JobRow) time.Time {
	next, latest := b.DefaultClientRetryPolicy.NextRetry(job), time.Now().Add(b.most)
	if next.After(latest) {
		return latest
	}
	return next
}

// riverLog is where River logs.
func (f *Feed) riverLog() *slog.Logger { return slog.New(atLeastWarn{f.Log.Handler()}) }

// atLeastWarn keeps River's reports of its normal work out of the log.
type atLeastWarn struct{ slog.Handler }

// Enabled implements [slog.Handler].
func (h atLeastWarn) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (h atLeastWarn) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeastWarn{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h atLeastWarn) WithGroup(name string) slog.Handler {
	return atLeastWarn{h.Handler.WithGroup(name)}
}
