package stock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/linkit-go/linkit"
)

// verdict is what is known of a request that has ended.
type verdict int

const (
	taken   verdict = iota // but for the rejected records that are named
	partly                 // records were rejected, and which isn't known of all
	refused                // as a whole, for what its records are: nothing was taken
	unsent                 // nothing was taken, and the records are not the reason
	unknown                // it may have taken effect, or may still
)

// outcome is the result of one request.
type outcome struct {
	verdict  verdict
	rejected map[int]string // reasons by index
	retried  bool           // an earlier attempt of the call may still take effect
	err      error          // unless it was taken
	id       string         // of its row in linkit_inflight
}

// fatal reports whether an error leaves no hope for further requests.
func fatal(err error) bool {
	return errors.Is(err, linkit.ErrServiceSuspended) || errors.Is(err, linkit.ErrUnauthorized) ||
		errors.Is(err, linkit.ErrLogin) || errors.Is(err, linkit.ErrForbidden) || errors.Is(err, linkit.ErrClosed)
}

// classify reads the result of a bulk request of n records.
func classify(res *linkit.BulkResult, err error, attempts, n int) outcome {
	o := outcome{err: err, retried: attempts > 1}
	refusal, _ := errors.AsType[*linkit.APIError](err)
	rejection, rejected := errors.AsType[*linkit.RejectedError](err)
	switch {
	case err == nil:
		o.verdict = taken
	case rejected && res != nil && success(res.StatusCode):
		o.rejected, o.err = reasons(res.Rejected, n), rejection
		o.verdict = taken
		if len(o.rejected) < min(rejection.Count, n) {
			o.verdict = partly
		}
	case refusal != nil && success(refusal.StatusCode) && !fatal(err): // "success": false
		o.verdict = partly
	case errors.Is(err, linkit.ErrUncertain), errors.Is(err, linkit.ErrServer):
		o.verdict = unknown
	case errors.Is(err, linkit.ErrInvalid), refusal != nil && aboutRecords(refusal.StatusCode):
		o.verdict = refused
	default:
		o.verdict = unsent
	}
	return o
}

func success(status int) bool { return status >= 200 && status < 300 }

// aboutRecords reports whether a status refuses what was sent.
func aboutRecords(status int) bool {
	return slices.Contains([]int{
		http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
	}, status)
}

// reasons returns why records were rejected, by index.
func reasons(records []linkit.RejectedRecord, n int) map[int]string {
	found := map[int]string{}
	for i := range records {
		record := &records[i]
		if record.Index < 0 || record.Index >= n {
			continue
		}
		var parts []string
		if record.StatusCode > 0 {
			parts = append(parts, strconv.Itoa(record.StatusCode))
		}
		if record.Code != "" && record.Code != strconv.Itoa(record.StatusCode) {
			parts = append(parts, record.Code)
		}
		if record.Message != "" {
			parts = append(parts, record.Message)
		}
		if len(record.Fields) > 0 {
			parts = append(parts, fmt.Sprint(record.Fields)) // sorted by name
		}
		found[record.Index] = bounded(cmp.Or(strings.Join(parts, " "), "rejected, and the response doesn't say why"))
	}
	return found
}

// bounded shortens a text of the server's for the database.
func bounded(text string) string {
	const most = 1000
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// causeOf adds to an error of a call why its context ended.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}
