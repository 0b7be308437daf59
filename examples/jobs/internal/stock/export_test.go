package stock

import (
	"context"
	"fmt"

	"github.com/linkit-go/linkit/examples/jobs/internal/database/failing"
)

// Fail gives faults to what the state and the source read and write.
func Fail(faults *failing.Faults, state *State, source *Source) {
	oneDB := state.writer == state.db.DB
	state.db.DB = faults.Wrap(state.db.DB)
	if oneDB {
		state.writer = state.db.DB
	} else {
		state.writer = faults.Wrap(state.writer)
		state.writer.SetMaxOpenConns(1)
	}
	source.db.DB = faults.Wrap(source.db.DB)
}

// InUse is how many connections are in use.
func InUse(state *State, source *Source) int {
	n := state.db.Stats().InUse + source.db.Stats().InUse
	if state.writer != state.db.DB {
		n += state.writer.Stats().InUse
	}
	return n
}

// Changes is how many rows of a SQLite state were changed since it was opened.
func (s *State) Changes(ctx context.Context) (n int, err error) {
	err = s.writer.QueryRowContext(ctx, "SELECT total_changes()").Scan(&n)
	return n, err
}

// After is the figures of a shard that was read once more after others.
func After(s, before Summary) Summary { return s.after(&before) }

// Create makes the tables that aren't there.
func (s *State) Create(ctx context.Context) error { return s.create(ctx) }

// LimitPages makes the disk of a SQLite state full once it has n more pages; 0 lifts the limit.
func (s *State) LimitPages(ctx context.Context, n int) error {
	limit := 1 << 30
	if n > 0 {
		var pages int
		if err := s.writer.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
			return err
		}
		limit = pages + n
	}
	_, err := s.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", limit))
	return err
}

// BeginAfterLoss takes the lock of a shard, calls lose, and returns the error of writing down a
// request then.
func (s *State) BeginAfterLoss(ctx context.Context, lose func()) error {
	held, err := s.lock(ctx, lockName(0))
	if err != nil {
		return err
	}
	defer held.release()
	lose()
	_, err = s.begin(ctx, held, 0, []Key{{SKU: "A"}}, 0)
	return err
}

// LockClass is the first key of the advisory locks.
const LockClass = lockClass

// FinishFresh writes down a record as one that wasn't acknowledged before.
func (s *State) FinishFresh(ctx context.Context, sku string, qty int64) error {
	return s.finish(ctx, &result{fresh: true, sent: []Record{{Key: Key{SKU: sku}, Values: Values{Qty: &qty}}}})
}

// FinishSettled writes down a request, lets settle end it, and returns the error of writing down its
// result then.
func (s *State) FinishSettled(ctx context.Context, settle func()) error {
	held, err := s.lock(ctx, lockName(0))
	if err != nil {
		return err
	}
	defer held.release()
	id, err := s.begin(ctx, held, 0, []Key{{SKU: "A"}}, 0)
	if err != nil {
		return err
	}
	settle()
	return s.finish(ctx, &result{id: id, sent: []Record{{Key: Key{SKU: "A"}}}})
}

// FirstErrors is what a pass returns of the errors of its shards.
func FirstErrors(errs ...error) error { return firstErrors(errs) }
