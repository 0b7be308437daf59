package linkit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
)

// maxBulk is the most records that Linkit takes in one bulk request.
const maxBulk = 1000

// BulkMode says what a bulk request does with each record.
type BulkMode string

// The modes of bulk requests. After a failure that leaves open whether a request took effect, one
// of BulkUpdate or BulkUpsert may be retried; one of BulkCreate is not.
const (
	BulkCreate BulkMode = "create" // a record that exists is rejected
	BulkUpdate BulkMode = "update" // a record that doesn't exist is rejected
	BulkUpsert BulkMode = "upsert"
)

// BulkResult is the result of one bulk request.
//
// Linkit documents only success and message, and that one rejected record doesn't undo the others.
// Whatever else a response says about single records is read as far as it can be recognised: a
// status, an error or a success per record, lists of errors by index or key, numbers of failed or
// processed records, the status 207. It is in Rejected then, and Success is false. The whole
// response is in Raw.
type BulkResult struct {
	Success       bool             // nothing in the response says otherwise
	StatusCode    int              // 0: no response, or the request wasn't sent since none of its records could be written
	Message       string           // the response's "message"
	Offset, Count int              // the records it covers: [Offset, Offset+Count) of the sequence
	Keys          []string         // the records' own keys (iv_id, a code, external_id, an offer's name), in order
	Rejected      []RejectedRecord // in order; those that couldn't be written and those that the response rejects
	Raw           json.RawMessage  // the response's body
	Err           error            // BulkAll only: why this request failed, or a *[RejectedError]
}

// keyed is the parameters of a record that can be written in bulk.
type keyed interface {
	recordKey() string
}

// bulkTarget is a bulk endpoint, and what is asked of it.
type bulkTarget struct {
	route      string
	list       string   // the member that holds the records; "": the body is the list
	mode       BulkMode // "": the endpoint takes none
	idempotent bool
}

// inMode is an endpoint whose requests name a mode.
func inMode(route, list string, mode BulkMode) (bulkTarget, error) {
	switch mode {
	case BulkCreate, BulkUpdate, BulkUpsert:
		return bulkTarget{route: route, list: list, mode: mode, idempotent: mode != BulkCreate}, nil
	}
	return bulkTarget{}, invalid("POST %s: the mode %q is not one of create, update and upsert", route, mode)
}

// effectiveMode is what the endpoint does with records.
func (t *bulkTarget) effectiveMode() BulkMode {
	switch {
	case t.mode != "":
		return t.mode
	case t.idempotent:
		return BulkUpsert
	}
	return BulkCreate
}

// head is what a request has before its records.
func (t *bulkTarget) head() string {
	switch {
	case t.list == "":
		return "["
	case t.mode == "":
		return `{"` + t.list + `":[`
	}
	return `{"mode":"` + string(t.mode) + `","` + t.list + `":[`
}

// tail is what a request has after its records.
func (t *bulkTarget) tail() string {
	if t.list == "" {
		return "]"
	}
	return "]}"
}

// bulk writes records in one request: as {mode, <name>: [...]}.
func bulk[T keyed](
	ctx context.Context, c *Client, route, name string, mode BulkMode, records []T,
) (*BulkResult, error) {
	target, err := inMode(route, name, mode)
	if err != nil {
		return nil, err
	}
	return bulkTo(ctx, c, target, records)
}

// bulkTo writes records in one request. A record that can't be written fails the call before
// anything is sent.
func bulkTo[T keyed](ctx context.Context, c *Client, target bulkTarget, records []T) (*BulkResult, error) {
	switch n := len(records); {
	case n == 0:
		return nil, invalid("POST %s: no records", target.route)
	case n > maxBulk:
		return nil, invalid("POST %s: %d records, and a request takes %d at most: use BulkAll", target.route, n, maxBulk)
	}
	batch := newBulkBatch(&target, 0, len(records), 0)
	for i := range records {
		if err := addRecord(batch, fmt.Sprintf("%s[%d]", cmp.Or(target.list, "records"), i), &records[i]); err != nil {
			return nil, invalid("POST %s: %s", target.route, reason(err))
		}
	}
	result, err := sendBulk(ctx, c, &target, batch)
	if err != nil && result.Raw == nil {
		return nil, err
	}
	return result, err
}

// bulkAllOf is BulkAll for the resources whose bulk request names a mode.
func bulkAllOf[T keyed](
	ctx context.Context, c *Client, route, name string, mode BulkMode, records iter.Seq2[T, error], each func(BulkResult),
) error {
	target, err := inMode(route, name, mode)
	if err != nil {
		return err
	}
	return bulkAll(ctx, c, target, records, each)
}

// Records returns a sequence of items, as a source for BulkAll.
func Records[T any](items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// bulkAll reads records, sends them in requests of WithBulkSize side by side, and reports the
// results in order. Three parties: the source's goroutine reads and encodes, a goroutine a request
// sends, and the caller's reports.
func bulkAll[T keyed](
	ctx context.Context, c *Client, target bulkTarget, records iter.Seq2[T, error], each func(BulkResult),
) error {
	if err := c.usable(ctx, &operation{method: http.MethodPost, route: target.route}); err != nil {
		return err // before a source that can't be read twice is read
	}
	if records == nil {
		return invalid("POST %s: the records are nil", target.route)
	}
	ctx, stop := context.WithCancel(withoutResponse(ctx))
	sender := newBulkSender(c, &target)
	reader := &bulkReader[T]{sender: sender, linger: c.core.bulkLinger}
	go reader.run(ctx, records)
	defer func() {
		stop()
		for range sender.started { // what a panic of each left behind
		}
		sender.sending.Wait()
	}()
	failed := bulkError{route: target.route}
	for request := range sender.started {
		failed.report(<-request, each)
	}
	if reader.panicked != nil {
		panic(reader.panicked) // the source's
	}
	failed.final = reader.unsent(ctx)
	return failed.orNil()
}
