package linkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/linkit-go/linkit/internal/retry"
)

// sendBulk sends the records of a batch in one request; none is sent where none can be written.
// With a *RejectedError the result is complete.
func sendBulk(ctx context.Context, c *Client, target *bulkTarget, batch *bulkBatch) (*BulkResult, error) {
	result := &BulkResult{Offset: batch.offset, Count: len(batch.keys), Keys: batch.keys}
	rejected := &RejectedError{Method: http.MethodPost, Route: target.route}
	rejected.Records, rejected.causes = batch.invalid()
	rejected.Count = len(rejected.Records)
	var err error
	reported := false
	if batch.size() > 0 {
		var report bulkReport
		report, err = target.send(ctx, c, batch, result)
		rejected.Records = merged(rejected.Records, batch, report.records())
		rejected.Count += report.count()
		reported = report.count() > 0
	}
	result.Rejected = rejected.Records
	switch {
	case rejected.Count == 0:
		return result, err
	case err != nil && !reported: // nothing is known of those that were sent
		return result, fmt.Errorf("%w; and %w", err, rejected)
	case err != nil:
		rejected.causes = append(rejected.causes, err)
	}
	result.Success = false
	return result, rejected
}

// send sends the good records of a batch and reads the response into result.
func (t *bulkTarget) send(
	ctx context.Context, c *Client, batch *bulkBatch, result *BulkResult,
) (report bulkReport, err error) {
	_, keys := batch.sent()
	op := &operation{
		method: http.MethodPost, route: t.route, idempotent: t.idempotent,
		body: batch.body(),
	}
	op.decode = func(res *retry.Result) (err error) {
		result.Raw, result.StatusCode = bytes.Clone(res.Body), res.Status
		report, err = readBulkReport(res.Status, res.Body, keys, t.effectiveMode())
		result.Message = report.message
		result.Success = err == nil && report.count() == 0
		op.rejected = report.count()
		return err
	}
	err = c.send(ctx, op)
	if refusal, ok := errors.AsType[*APIError](err); ok {
		result.StatusCode = refusal.StatusCode
	}
	if err == nil && report.unclear {
		c.core.warnUnclearReport(ctx, t.route)
	}
	return report, err
}

// merged adds the records that a response rejects to those that couldn't be written, in order.
// Their indexes are positions among the records that were sent.
func merged(invalid []RejectedRecord, batch *bulkBatch, reported []RejectedRecord) []RejectedRecord {
	positions, _ := batch.sent()
	for _, r := range reported {
		if positions != nil {
			r.Index = positions[r.Index]
		}
		r.Index += batch.offset
		invalid = append(invalid, r)
	}
	sortRejected(invalid)
	return invalid
}

func sortRejected(records []RejectedRecord) {
	slices.SortFunc(records, func(a, b RejectedRecord) int { return a.Index - b.Index })
}

// warnUnclearReport logs, once per client and route, that a report could not be read.
func (c *core) warnUnclearReport(ctx context.Context, route string) {
	if _, logged := c.unclear.LoadOrStore(route, true); !logged {
		c.log(ctx, slog.LevelWarn,
			"linkit: the response to a bulk request holds a report of an unknown form: see BulkResult.Raw",
			slog.String("method", http.MethodPost), slog.String("route", route))
	}
}
