package linkit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxWaiting is how many results of one BulkAll may wait for their turn: a slow request holds back
// neither others nor, up to here, what follows them. Only results wait; what was sent is freed.
const maxWaiting = 512

// bulkSent is the results of one batch, in order: one, or more where the batch was too large for a
// request.
type bulkSent struct {
	results  []BulkResult
	panicked any
}

// bulkSender sends the batches of one BulkAll, each on a goroutine of its own.
type bulkSender struct {
	client  *Client
	target  *bulkTarget
	held    chan struct{}          // batches in memory: those in flight, and one more
	slots   chan struct{}          // requests in flight
	started chan (<-chan bulkSent) // batches in order, and not yet reported; closed by the reader
	begun   chan struct{}          // closed once the last batch has begun
	sending sync.WaitGroup
	size    atomic.Int64 // records in a request: fewer once good records needed it

	stopped chan struct{} // closed after an error that leaves no hope for further requests
	mu      sync.Mutex
	fatal   error       // that error
	skipped []bulkRange // what was read and not sent
}

type bulkRange struct{ from, to int }

func newBulkSender(c *Client, target *bulkTarget) *bulkSender {
	s := &bulkSender{
		client: c, target: target, stopped: make(chan struct{}),
		held: make(chan struct{}, c.core.bulkWidth+1), slots: make(chan struct{}, c.core.bulkWidth),
		started: make(chan (<-chan bulkSent), maxWaiting),
	}
	s.begun = make(chan struct{})
	close(s.begun)
	s.size.Store(int64(c.core.bulkSize))
	return s
}

// errBulkStopped is why nothing more is read.
var errBulkStopped = errors.New("no further request can succeed")

// halted reports why no further request may begin.
func (s *bulkSender) halted(ctx context.Context) error {
	select {
	case <-s.stopped:
		return errBulkStopped
	default:
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return nil
}

// wait waits to put into a channel of places. A place that comes free as the run ends is no use.
func (s *bulkSender) wait(ctx context.Context, places chan<- struct{}) error {
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
	case <-s.stopped:
	}
	return s.halted(ctx)
}

// reserve waits until another batch may be held, and gives it its turn among the results.
func (s *bulkSender) reserve(ctx context.Context) (chan<- bulkSent, error) {
	if err := s.wait(ctx, s.held); err != nil {
		return nil, err
	}
	turn := make(chan bulkSent, 1)
	select {
	case s.started <- turn:
		return turn, nil
	case <-ctx.Done():
	case <-s.stopped:
	}
	return nil, s.halted(ctx)
}

// start sends a batch, and its results to turn. Batches begin in order.
func (s *bulkSender) start(ctx context.Context, batch *bulkBatch, turn chan<- bulkSent) {
	before, begun := s.begun, make(chan struct{})
	s.begun = begun
	slot := s.tryBegin(before)
	if slot {
		close(begun)
	}
	s.sending.Go(func() {
		var sent bulkSent
		returned := false
		defer func() {
			if sent.panicked = recover(); sent.panicked == nil && !returned {
				sent.results = append(sent.results, s.lost(batch, sent.results))
			}
			turn <- sent
			if <-s.held; slot {
				<-s.slots
			}
		}()
		if !slot {
			slot = s.begin(ctx, before)
			close(begun)
		}
		if slot {
			s.send(ctx, batch, &sent.results)
		} else {
			s.skip(batch)
		}
		returned = true
	})
}

// tryBegin takes a slot if there is one and nothing waits for it.
func (s *bulkSender) tryBegin(before <-chan struct{}) bool {
	select {
	case <-before:
	default:
		return false
	}
	select {
	case s.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// begin waits for a slot, after the batch before has got one. It reports whether the run goes on.
func (s *bulkSender) begin(ctx context.Context, before <-chan struct{}) bool {
	select {
	case <-before:
	case <-ctx.Done():
	case <-s.stopped:
	}
	return s.wait(ctx, s.slots) == nil
}

// lost is the result of what a batch had left when its transport ended the goroutine.
func (s *bulkSender) lost(batch *bulkBatch, results []BulkResult) BulkResult {
	from := 0
	for _, result := range results {
		from += result.Count
	}
	rest := batch.slice(from, len(batch.keys))
	err := goexited(s.client, http.MethodPost, s.target.route)
	return BulkResult{Offset: rest.offset, Count: len(rest.keys), Keys: rest.keys, Err: err}
}

// stop ends the run after an error that leaves no hope: what is in flight finishes, and nothing
// else is begun.
func (s *bulkSender) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fatal == nil {
		s.fatal = err
		close(s.stopped)
	}
}

// skip notes a batch that was read and is not sent.
func (s *bulkSender) skip(batch *bulkBatch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped = append(s.skipped, bulkRange{batch.offset, batch.offset + len(batch.keys)})
}

// unsent says which records were read and not sent: "; records [10, 15) were read and not sent".
func (s *bulkSender) unsent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.skipped) == 0 {
		return ""
	}
	slices.SortFunc(s.skipped, func(a, b bulkRange) int { return a.from - b.from })
	var ranges []string
	for i, r := range s.skipped {
		if i > 0 && s.skipped[i-1].to == r.from {
			ranges = ranges[:len(ranges)-1]
			r.from = s.skipped[i-1].from
			s.skipped[i].from = r.from
		}
		ranges = append(ranges, fmt.Sprintf("[%d, %d)", r.from, r.to))
	}
	return "; records " + strings.Join(ranges, " and ") + " were read and not sent"
}
