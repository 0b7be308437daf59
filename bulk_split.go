package linkit

import (
	"context"
	"errors"
	"net/http"
)

// bulkSplit is one batch on its way, in as many requests as it takes.
type bulkSplit struct {
	*bulkSender
	results *[]BulkResult
	most    int // records of the largest request of this batch that was accepted
}

// send sends a batch in as many requests as it takes: one, unless that is too large. A 413 halves
// it until it fits.
func (s *bulkSender) send(ctx context.Context, batch *bulkBatch, results *[]BulkResult) {
	split := bulkSplit{bulkSender: s, results: results}
	split.sendAll(ctx, batch)
}

// sendAll sends the records of batch, in requests of the size that is now kept. It reports whether
// each request was let through: none held a record that is too large alone.
func (s *bulkSplit) sendAll(ctx context.Context, batch *bulkBatch) bool {
	passed := true
	for from := 0; from < len(batch.keys); {
		rest := batch.slice(from, len(batch.keys))
		if len(*s.results) > 0 && s.halted(ctx) != nil {
			s.skip(rest)
			return false
		}
		part := rest.slice(0, min(int(s.size.Load()), len(rest.keys)))
		if !s.sendPart(ctx, part) {
			passed = false
		}
		from += len(part.keys)
	}
	return passed
}

// sendPart sends the records of part, in one request unless that is too large.
func (s *bulkSplit) sendPart(ctx context.Context, part *bulkBatch) bool {
	_, sent := part.sent()
	result, err := sendBulk(ctx, s.client, s.target, part)
	response := tooLarge(err)
	if response != nil && len(sent) > 1 {
		return s.halve(ctx, part)
	}
	if response != nil {
		rejectTooLarge(part, result, &err, response)
	} else if result.StatusCode/100 == 2 {
		s.most = max(s.most, len(part.keys))
	}
	if isFatal(err) {
		s.stop(err)
	}
	result.Err = err
	*s.results = append(*s.results, *result)
	return response == nil && (result.StatusCode != 0 || len(sent) == 0)
}

// halve sends the halves of a part that was too large. The smaller size is kept only once both were
// let through, and if no request of as many records was: else a single record may be what was too large.
func (s *bulkSplit) halve(ctx context.Context, part *bulkBatch) bool {
	half := (len(part.keys) + 1) / 2
	left := s.sendAll(ctx, part.slice(0, half))
	right := s.sendAll(ctx, part.slice(half, len(part.keys)))
	if left && right && s.most < len(part.keys) {
		s.shrink(half)
	}
	return left && right
}

// shrink keeps a smaller size for the rest of the run.
func (s *bulkSender) shrink(size int) {
	for old := s.size.Load(); int64(size) < old && !s.size.CompareAndSwap(old, int64(size)); old = s.size.Load() {
	}
}

// tooLarge returns the response if it says that the request was too large.
func tooLarge(err error) *APIError {
	var response *APIError
	if errors.As(err, &response) && response.StatusCode == http.StatusRequestEntityTooLarge {
		return response
	}
	return nil
}

// rejectTooLarge makes the one record of a request that was too large a rejected one.
func rejectTooLarge(part *bulkBatch, result *BulkResult, err *error, response *APIError) {
	rejected, causes := part.invalid()
	for i, key := range part.keys {
		if part.errs[i] == nil {
			rejected = append(rejected, RejectedRecord{
				Index: part.offset + i, Key: key, StatusCode: response.StatusCode, Code: response.Code,
				Message: "the record alone is too large for a request",
			})
		}
	}
	sortRejected(rejected)
	result.Rejected = rejected
	*err = &RejectedError{
		Method:  response.Method,
		Route:   response.Route,
		Count:   len(rejected),
		Records: rejected,
		causes:  append(causes, response),
	}
}
