package linkit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RejectedRecord is a record of a bulk request that was not written.
type RejectedRecord struct {
	Index      int               // in the sequence or slice
	Key        string            // the record's own key
	StatusCode int               // as the response says; 0: it doesn't, or the record couldn't be written and wasn't sent
	Code       string            // as the response says
	Message    string            // why
	Fields     map[string]string // the reasons by field, where they are given so
}

// line describes the record in one bounded line.
func (r *RejectedRecord) line() string {
	var b strings.Builder
	b.WriteString("record " + strconv.Itoa(r.Index))
	if r.Key != "" {
		b.WriteString(" (" + oneLine(r.Key, 80) + ")")
	}
	b.WriteByte(':')
	if r.StatusCode > 0 {
		b.WriteString(" " + strconv.Itoa(r.StatusCode))
	}
	if r.Code != "" && r.Code != strconv.Itoa(r.StatusCode) {
		b.WriteString(" " + oneLine(r.Code, 60))
	}
	switch {
	case r.Message != "":
		b.WriteString(" " + oneLine(r.Message, 200))
	case len(r.Fields) > 0:
		b.WriteString(" " + oneLine(fmt.Sprint(r.Fields), 200)) // sorted by name
	case r.StatusCode == 0 && r.Code == "":
		b.WriteString(" rejected")
	}
	return b.String()
}

// RejectedError reports a bulk request of which some records were not written, though it was
// accepted. It matches [ErrRejected], and [ErrInvalid] too where a record couldn't be written as
// JSON.
type RejectedError struct {
	Method, Route string
	// rejected records, also where the response doesn't say which; a lower bound where it gives no
	// number
	Count   int
	Records []RejectedRecord // those that are known
	causes  []error
}

// Error is one bounded line: the call, how many records were rejected, and the first of them.
func (e *RejectedError) Error() string {
	var b strings.Builder
	verb := " were rejected"
	if e.Count == 1 {
		verb = " was rejected"
	}
	fmt.Fprintf(&b, "linkit: %s %s: %s%s", e.Method, oneLine(e.Route, maxErrorText), plural(e.Count, "record"), verb)
	for i := range e.Records {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", e.Count-i)
			break
		}
		b.WriteString("; " + e.Records[i].line())
	}
	if len(e.Records) == 0 {
		b.WriteString(", and the response doesn't say which")
	}
	return b.String()
}

// Is matches [ErrRejected].
func (e *RejectedError) Is(target error) bool { return target == ErrRejected }

// Unwrap returns why records couldn't be written, and the response's own error where it is one as
// a whole.
func (e *RejectedError) Unwrap() []error { return e.causes }

// maxFailures is how many failures the error of a BulkAll keeps.
const maxFailures = 20

// bulkError is the error of a BulkAll: errors.Is and errors.As look into each failure up to the
// twentieth, into the first of each kind from then on, and into the final one.
type bulkError struct {
	route    string
	requests int
	count    int     // of failures
	kept     []error // the first maxFailures, and then those of a kind that none before has
	final    error   // why BulkAll ended early
}

// failureKinds are the errors that the error of a BulkAll matches wherever one of its failures
// does.
var failureKinds = []error{
	ErrInvalid, ErrBadRequest, ErrUnauthorized, ErrForbidden, ErrServiceSuspended, ErrNotFound, ErrConflict, ErrValidation,
	ErrRateLimited, ErrServer, ErrLogin, ErrCircuitOpen, ErrClosed, ErrRejected, ErrUncertain,
	context.Canceled, context.DeadlineExceeded,
}

// report notes the results of one batch, and reports them.
func (e *bulkError) report(sent bulkSent, each func(BulkResult)) {
	if sent.panicked != nil {
		panic(sent.panicked) // on the goroutine of the caller, who may recover
	}
	for _, result := range sent.results {
		e.requests++
		if result.Err != nil {
			e.add(fmt.Errorf("records [%d, %d): %w", result.Offset, result.Offset+result.Count, result.Err))
		}
		if each != nil {
			each(result)
		}
	}
}

func (e *bulkError) add(err error) {
	e.count++
	isNew := func(kind error) bool {
		return errors.Is(err, kind) && !slices.ContainsFunc(e.kept, func(kept error) bool { return errors.Is(kept, kind) })
	}
	if len(e.kept) < maxFailures || slices.ContainsFunc(failureKinds, isNew) {
		e.kept = append(e.kept, err)
	}
}

func (e *bulkError) orNil() error {
	if e.count == 0 && e.final == nil {
		return nil
	}
	return e
}

func (e *bulkError) Error() string {
	var b strings.Builder
	failures := e.count
	if e.final != nil {
		failures++
	}
	fmt.Fprintf(&b, "linkit: POST %s: %s in %s", e.route, plural(failures, "failure"), plural(e.requests, "request"))
	for i, err := range e.kept {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", e.count-i)
			break
		}
		b.WriteString("; " + oneLine(err.Error(), 2*maxErrorText))
	}
	if e.final != nil {
		b.WriteString("; " + oneLine(e.final.Error(), 2*maxErrorText))
	}
	return b.String()
}

func (e *bulkError) Unwrap() []error {
	if e.final == nil {
		return e.kept
	}
	return append(slices.Clip(e.kept), e.final)
}

// isFatal reports whether an error leaves no hope for further requests.
func isFatal(err error) bool {
	return errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrLogin) || errors.Is(err, ErrServiceSuspended) ||
		errors.Is(err, ErrClosed)
}

// reason is the text of an error about an argument, without the package's name.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "linkit: ") }
