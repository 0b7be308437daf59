package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
)

func TestAnErrorsOutcomeIsWhatHelps(t *testing.T) {
	t.Parallel()
	limited := func(after time.Duration) error {
		return fmt.Errorf("list: %w", &linkit.APIError{StatusCode: 429, RetryAfter: after})
	}
	suspended := &linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED"}
	const cancel, retry = -1, -2
	for name, row := range map[string]struct {
		err     error
		want    time.Duration // of a snooze
		stopped bool
	}{
		"not found":         {&linkit.APIError{StatusCode: 404}, cancel, false},
		"no id at all":      {linkit.ErrInvalid, cancel, false},
		"429":               {limited(90 * time.Second), 90 * time.Second, false},
		"429, no time":      {limited(0), pauseRateLimited, false},
		"429, absurd time":  {limited(1000 * time.Hour), maxRateLimited, false},
		"suspended":         {suspended, pauseRefused, true},
		"dead credential":   {&linkit.APIError{StatusCode: 401}, pauseRefused, true},
		"sign-in refused":   {linkit.ErrLogin, pauseRefused, true},
		"server error":      {&linkit.APIError{StatusCode: 503}, retry, false},
		"no response":       {io.ErrUnexpectedEOF, retry, false},
		"list that changes": {linkit.ErrListChanged, retry, false},
	} {
		f := &Feed{failed: make(chan struct{})}
		got := f.outcome(row.err)
		snooze, snoozed := errors.AsType[*river.JobSnoozeError](got)
		_, cancelled := errors.AsType[*river.JobCancelError](got)
		assert.Equal(t, row.want == cancel, cancelled, name)
		assert.Equal(t, row.want >= 0, snoozed, name)
		if snoozed {
			assert.Equal(t, row.want, snooze.Duration, name)
		}
		if row.want == retry {
			assert.Equal(t, row.err, got, name)
		}
		select {
		case <-f.failed:
			assert.True(t, row.stopped, name)
			assert.Equal(t, row.err, f.err, name)
		default:
			assert.False(t, row.stopped, name)
		}
	}
	assert.NoError(t, (&Feed{}).outcome(nil))
}

func TestBackoffIsRiversUpToALimit(t *testing.T) {
	t.Parallel()
	policy := &boundedRetry{most: 15 * time.Second}
	for attempt := 1; attempt <= 25; attempt++ {
		job := &rivertype.JobRow{Attempt: attempt, Errors: make([]rivertype.AttemptError, attempt-1)}
		wait := time.Until(policy.NextRetry(job))
		assert.LessOrEqual(t, wait, 15*time.Second, attempt)
		if attempt == 1 {
			assert.Less(t, wait, 2*time.Second)
		} else {
			assert.Greater(t, wait, 10*time.Second, attempt)
		}
	}
}

func TestOnlyWarningsOfRiverAreLogged(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]string{
		slog.LevelInfo:  "level=WARN msg=warn a=1 g.b=2\nlevel=ERROR msg=error a=1 g.b=2\n",
		slog.LevelError: "level=ERROR msg=error a=1 g.b=2\n",
	} {
		var text bytes.Buffer
		handler := slog.NewTextHandler(&text, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
		f := &Feed{Config: Config{Log: slog.New(handler)}}
		log := f.riverConfig().Logger.With("a", 1).WithGroup("g").With("b", 2)
		log.Debug("debug")
		log.Info("info")
		log.Warn("warn")
		log.Error("error")
		assert.Equal(t, want, text.String(), level)
	}
}
