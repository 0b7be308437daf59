package linkit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// bulkReader reads the source of one BulkAll on a goroutine of its own, and fills batches. Its err
// and panicked may be read once the sender's started is closed.
type bulkReader[T keyed] struct {
	sender *bulkSender
	linger time.Duration // after its first record, a batch that isn't full is sent; 0: never

	mu       sync.Mutex // guards the next four: the linger's timer sends too
	batch    *bulkBatch // being filled; nil: none
	turn     chan<- bulkSent
	handed   int // records handed to the sender
	expected int // bytes of the next batch, from what the last one took

	record   T // being added: kept here, since encoding it needs it in the heap
	timer    *time.Timer
	read     int   // records
	err      error // why reading ended early
	panicked any
}

// run reads the source to its end, its first error, or the end of ctx.
func (r *bulkReader[T]) run(ctx context.Context, records iter.Seq2[T, error]) {
	defer close(r.sender.started)                        // last: the source has ended
	r.err = errors.New("the source ended its goroutine") // unless it ends otherwise
	defer func() {
		if r.panicked = recover(); r.panicked != nil {
			r.err = nil
		}
		_ = r.end(ctx, false)
	}()
	err := r.readAll(ctx, records)
	halted := r.end(ctx, true)
	r.err = cmp.Or(err, halted)
}

func (r *bulkReader[T]) readAll(ctx context.Context, records iter.Seq2[T, error]) error {
	for record, err := range records {
		if err != nil {
			return err
		}
		r.read++
		if err := r.add(ctx, record); err != nil {
			return err
		}
	}
	return nil
}

// add puts a record in the batch at hand, and sends that once it is full.
func (r *bulkReader[T]) add(ctx context.Context, record T) error {
	if err := r.sender.halted(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.batch == nil {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	r.record = record
	_ = addRecord(r.batch, theRecord, &r.record) // an error keeps the record's place
	if len(r.batch.keys) >= int(r.sender.size.Load()) {
		r.flush(ctx, true)
	}
	return nil
}

// begin begins a batch. Nobody else waits for mu then: no timer runs while there is no batch.
func (r *bulkReader[T]) begin(ctx context.Context) error {
	turn, err := r.sender.reserve(ctx)
	if err != nil {
		return err
	}
	batch := newBulkBatch(r.sender.target, r.handed, int(r.sender.size.Load()), r.expected)
	r.batch, r.turn = batch, turn
	if r.linger > 0 {
		r.timer = time.AfterFunc(r.linger, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.batch == batch { // it has not been sent meanwhile
				r.flush(ctx, true)
			}
		})
	}
	return nil
}

// end sends what is left, if send is set and the run goes on. It reports why the run was halted
// before that.
func (r *bulkReader[T]) end(ctx context.Context, send bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.batch == nil {
		return nil
	}
	err := r.sender.halted(ctx)
	r.flush(ctx, send)
	return err
}

// flush sends the batch at hand. Without send, or once the run is halted, it only ends the batch's
// turn.
func (r *bulkReader[T]) flush(ctx context.Context, send bool) {
	if r.timer != nil {
		r.timer.Stop()
	}
	batch, turn := r.batch, r.turn
	r.batch, r.turn = nil, nil
	if !send || r.sender.halted(ctx) != nil {
		close(turn)
		return
	}
	r.handed += len(batch.keys)
	r.expected = batch.size() + batch.size()/16 // records differ a little in length
	r.sender.start(ctx, batch, turn)
}

// unsent is the error of a source that wasn't read to its end, or whose records were not all sent.
// The run has ended.
func (r *bulkReader[T]) unsent(ctx context.Context) error {
	if r.handed < r.read {
		r.sender.skipped = append(r.sender.skipped, bulkRange{r.handed, r.read})
	}
	err, unsent := r.err, r.sender.unsent()
	switch {
	case err == nil && unsent == "":
		return nil
	case err == nil:
		err = r.sender.halted(ctx)
	}
	if errors.Is(err, errBulkStopped) && r.sender.fatal != nil {
		err = fmt.Errorf("%w: %w", err, r.sender.fatal)
	}
	return fmt.Errorf("after %d records: %w%s", r.handed, err, unsent)
}
