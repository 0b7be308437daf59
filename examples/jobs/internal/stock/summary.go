package stock

import (
	"log/slog"
	"time"
)

// Summary accounts for the records of the source: each is unchanged, sent, rejected, waiting or
// failed.
type Summary struct {
	Rows      int // read
	Records   int // of different keys
	Unchanged int // acknowledged earlier, with these values
	Sent      int // acknowledged now
	Rejected  int // now or earlier, with these values
	Waiting   int // for the deadline of an earlier request
	Failed    int // read and not sent, or without a result
	Gone      int // acknowledged earlier, and no longer in the source
	Busy      int // shards that another process works on, whose records are in none of the figures

	Requests    int // sent
	RecordsSent int // in them

	NextDue time.Time // when the first of those that wait can be sent
}

// add adds the figures of another shard.
func (s *Summary) add(o *Summary) {
	s.Rows += o.Rows
	s.Records += o.Records
	s.Unchanged += o.Unchanged
	s.Sent += o.Sent
	s.Rejected += o.Rejected
	s.Waiting += o.Waiting
	s.Failed += o.Failed
	s.Gone += o.Gone
	s.Busy += o.Busy
	s.Requests += o.Requests
	s.RecordsSent += o.RecordsSent
	s.due(o.NextDue)
}

func (s *Summary) due(at time.Time) {
	if !at.IsZero() && (s.NextDue.IsZero() || at.Before(s.NextDue)) {
		s.NextDue = at
	}
}

// after returns the figures of a shard that was looked at once more: what was sent before and is
// unchanged now is counted as sent, and what another process works on now as it was found before.
func (s *Summary) after(before *Summary) Summary {
	if s.Busy > 0 {
		merged := *before
		merged.Busy = s.Busy
		return merged
	}
	merged := *s
	sent := min(before.Sent, s.Unchanged)
	merged.Sent += sent
	merged.Unchanged -= sent
	merged.Requests += before.Requests
	merged.RecordsSent += before.RecordsSent
	return merged
}

// InSync reports whether nothing is left to send.
func (s *Summary) InSync() bool { return s.Waiting+s.Failed+s.Busy == 0 }

// LogValue is the figures.
func (s *Summary) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("records", s.Records), slog.Int("unchanged", s.Unchanged), slog.Int("sent", s.Sent),
		slog.Int("rejected", s.Rejected), slog.Int("waiting", s.Waiting), slog.Int("failed", s.Failed),
		slog.Int("gone", s.Gone), slog.Int("busy_shards", s.Busy),
		slog.Int("requests", s.Requests), slog.Int("records_in_requests", s.RecordsSent),
	)
}
