package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"

	"github.com/linkit-go/linkit/internal/retry"
)

// maxBulk is the most records that Linkit takes in one bulk request.
const maxBulk = 1000

// BulkMode says what a bulk request does with each record.
type BulkMode string

// The modes of bulk requests. A request of BulkUpdate or BulkUpsert may be sent again after a failure that leaves open whether
// it arrived; one of BulkCreate is not.
const (
	BulkCreate BulkMode = "create"
	BulkUpdate BulkMode = "update"
	BulkUpsert BulkMode = "upsert"
)

func (m BulkMode) check(route string) error {
	switch m {
	case BulkCreate, BulkUpdate, BulkUpsert:
		return nil
	}
	return invalid("POST %s: the mode %q is not one of create, update and upsert", route, m)
}

// BulkResult is the answer to one bulk request. Success doesn't mean that every record was taken: Linkit's report per record
// isn't documented, so read Raw.
type BulkResult struct {
	Success       bool            `json:"success"`
	Message       string          `json:"message"` // "Processed 100 products ..."
	Offset, Count int             `json:"-"`       // the records it covers: [Offset, Offset+Count) of the sequence
	Raw           json.RawMessage `json:"-"`       // the whole answer
	Err           error           `json:"-"`       // BulkAll only: why this request failed
}

// bulk writes records in one request: as {mode, <name>: [...]}.
func bulk[T any](ctx context.Context, c *Client, route, name string, mode BulkMode, records []T) (*BulkResult, error) {
	if err := mode.check(route); err != nil {
		return nil, err
	}
	return sendBulk(ctx, c, route, mode != BulkCreate, map[string]any{"mode": mode, name: records}, len(records))
}

// bulkAllOf is BulkAll for the resources whose bulk request names a mode.
func bulkAllOf[T any](ctx context.Context, c *Client, route, name string, mode BulkMode, records iter.Seq2[T, error], each func(BulkResult)) error {
	if err := mode.check(route); err != nil {
		return err
	}
	return bulkAll(ctx, c, route, records, each, func(ctx context.Context, batch []T) (*BulkResult, error) {
		return bulk(ctx, c, route, name, mode, batch)
	})
}

// sendBulk sends one bulk request, whose body holds n records.
func sendBulk(ctx context.Context, c *Client, route string, idempotent bool, body any, n int) (*BulkResult, error) {
	switch {
	case n == 0:
		return nil, invalid("POST %s: no records", route)
	case n > maxBulk:
		return nil, invalid("POST %s: %d records, and a request takes %d at most: use BulkAll", route, n, maxBulk)
	}
	op := &operation{method: http.MethodPost, route: route, body: body, idempotent: idempotent}
	result := &BulkResult{Count: n}
	op.decode = func(res *retry.Result) error {
		result.Raw = bytes.Clone(res.Body)
		var said struct {
			*BulkResult
			Success *bool `json:"success"`
		}
		said.BulkResult = result
		if err := decode(res.Body, &said); err != nil {
			return err
		}
		if bytes.Equal(bytes.TrimSpace(res.Body), []byte("null")) {
			return errors.New("the answer is not the promised object: it is null")
		}
		result.Success = said.Success == nil || *said.Success
		return checkSuccess(res.Body)
	}
	err := c.send(ctx, op)
	if err != nil && result.Raw == nil {
		return nil, err
	}
	return result, err
}

// Records makes a sequence of items, as a source for BulkAll.
func Records[T any](items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// bulkAll cuts records into requests of WithBulkSize and sends them side by side. Three parties: the source's goroutine reads
// records and starts requests, a goroutine each sends one, and the caller's reports them in order. A place is taken before a
// request's records are read and given back when it has been reported, so that only what is in flight is held in memory.
func bulkAll[T any](ctx context.Context, c *Client, route string, records iter.Seq2[T, error], each func(BulkResult),
	send func(ctx context.Context, records []T) (*BulkResult, error),
) error {
	if err := c.usable(ctx, &operation{method: http.MethodPost, route: route}); err != nil {
		return err // before a source that can't be read twice is read
	}
	if records == nil {
		return invalid("POST %s: the records are nil", route)
	}
	ctx, stop := context.WithCancel(withoutResponse(ctx))
	b := &bulkRun[T]{
		client: c, route: route, size: c.core.bulkSize, send: send,
		places: make(chan struct{}, c.core.bulkWidth), started: make(chan chan bulkSent, c.core.bulkWidth),
	}
	go b.read(ctx, records)
	defer func() {
		stop()
		for range b.started { // what each left behind by a panic
		}
		b.sending.Wait()
	}()
	var failed failures
	for request := range b.started {
		result := <-request
		<-b.places
		if result.panicked != nil {
			panic(result.panicked) // on the goroutine of the caller, who may recover
		}
		if result.Err != nil {
			failed.add(fmt.Errorf("records [%d, %d): %w", result.Offset, result.Offset+result.Count, result.Err))
		}
		failed.requests++
		if each != nil {
			each(result.BulkResult)
		}
	}
	if b.panicked != nil {
		panic(b.panicked) // the source's
	}
	if b.err != nil {
		failed.add(fmt.Errorf("after %d records: %w", b.offset, b.err))
	}
	return failed.join(route)
}

// bulkRun is one BulkAll. The source's goroutine owns offset, err and panicked until started is closed.
type bulkRun[T any] struct {
	client   *Client
	route    string
	size     int
	send     func(ctx context.Context, records []T) (*BulkResult, error)
	places   chan struct{}      // requests in flight or not yet reported
	started  chan chan bulkSent // requests, in order; closed when the source has ended
	sending  sync.WaitGroup
	offset   int   // records handed to requests so far
	err      error // the source's, or the context's
	panicked any
}

// bulkSent is what came of one request.
type bulkSent struct {
	BulkResult
	panicked any
}

// read reads the source to its end, its first error, or the end of ctx.
func (b *bulkRun[T]) read(ctx context.Context, records iter.Seq2[T, error]) {
	defer close(b.started)                               // last: the source has ended
	b.err = errors.New("the source ended its goroutine") // unless it ends otherwise
	defer func() {
		if b.panicked = recover(); b.panicked != nil {
			b.err = nil
		}
	}()
	b.err = b.readAll(ctx, records)
}

func (b *bulkRun[T]) readAll(ctx context.Context, records iter.Seq2[T, error]) (err error) {
	var batch []T
	for record, failed := range records {
		switch {
		case failed != nil:
			err = failed
		case ctx.Err() != nil:
			err = ctx.Err()
		}
		if err != nil {
			break
		}
		if batch == nil {
			if err = b.place(ctx); err != nil {
				return err
			}
			batch = make([]T, 0, b.size)
		}
		if batch = append(batch, record); len(batch) == b.size {
			b.start(ctx, batch)
			batch = nil
		}
	}
	switch {
	case batch == nil:
	case ctx.Err() == nil:
		b.start(ctx, batch)
	case err == nil:
		err = ctx.Err()
	}
	return err
}

// place waits until another request may be held. One that comes free as ctx ends is no use.
func (b *bulkRun[T]) place(ctx context.Context) error {
	select {
	case b.places <- struct{}{}:
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (b *bulkRun[T]) start(ctx context.Context, batch []T) {
	request := make(chan bulkSent, 1)
	offset := b.offset
	b.offset += len(batch)
	b.sending.Go(func() {
		var sent bulkSent
		sent.Err = goexited(b.client, http.MethodPost, b.route) // unless it returns
		defer func() {
			sent.panicked = recover()
			sent.Offset, sent.Count = offset, len(batch)
			request <- sent
		}()
		answer, err := b.send(ctx, batch)
		if answer != nil {
			sent.BulkResult = *answer
		}
		sent.Err = err
	})
	b.started <- request
}

// failures joins what went wrong, within bounds.
type failures struct {
	requests int // in all
	count    int
	first    []error
}

const mostFailures = 20

func (f *failures) add(err error) {
	if f.count++; len(f.first) < mostFailures {
		f.first = append(f.first, err)
	}
}

func (f *failures) join(route string) error {
	if f.count == 0 {
		return nil
	}
	return &bulkError{route: route, failures: *f}
}

// bulkError is what BulkAll returns: errors.Is and errors.As look into each failure, up to the twentieth.
type bulkError struct {
	route string
	failures
}

func (e *bulkError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "linkit: POST %s: %s in %s", e.route, plural(e.count, "failure"), plural(e.requests, "request"))
	for i, err := range e.first {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", e.count-i)
			break
		}
		b.WriteString("; " + oneLine(err.Error(), 2*maxErrorText))
	}
	return b.String()
}

func (e *bulkError) Unwrap() []error { return e.first }
