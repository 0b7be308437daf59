package stock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestClassifyTellsWhatIsKnownOfARequest(t *testing.T) {
	t.Parallel()
	record := func(i int) linkit.RejectedRecord {
		return linkit.RejectedRecord{Index: i, StatusCode: 422, Message: "no"}
	}
	result := &linkit.BulkResult{StatusCode: 200}
	status := func(code int, sent bool) error {
		return fmt.Errorf("call: %w", &linkit.APIError{StatusCode: code, Sent: sent, Method: "POST", Route: "/skus/bulk"})
	}
	for name, c := range map[string]struct {
		res  *linkit.BulkResult
		err  error
		want verdict
	}{
		"success":                  {result, nil, taken},
		"named":                    {&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{record(1)}}, &linkit.RejectedError{Count: 1}, taken},
		"all named":                {&linkit.BulkResult{StatusCode: 207, Rejected: []linkit.RejectedRecord{record(0), record(1), record(2)}}, &linkit.RejectedError{Count: 3}, taken},
		"counted":                  {result, &linkit.RejectedError{Count: 2}, partly},
		"one of two named":         {&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{record(1)}}, &linkit.RejectedError{Count: 2}, partly},
		"out of range":             {&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{record(9)}}, &linkit.RejectedError{Count: 1}, partly},
		"counted, with a 299":      {&linkit.BulkResult{StatusCode: 299}, &linkit.RejectedError{Count: 2}, partly},
		"counted, with a 300":      {&linkit.BulkResult{StatusCode: 300}, &linkit.RejectedError{Count: 2}, unsent},
		"more than there are":      {&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{record(0), record(1), record(2)}}, &linkit.RejectedError{Count: 9}, taken},
		"success is false":         {result, status(200, false), partly},
		"400":                      {nil, status(400, false), refused},
		"413":                      {nil, status(413, false), refused},
		"422":                      {nil, status(422, false), refused},
		"422 after a lost attempt": {nil, status(422, true), unknown},
		"not JSON":                 {nil, linkit.ErrInvalid, refused},
		"404":                      {nil, status(404, false), unsent},
		"429":                      {nil, status(429, false), unsent},
		"401":                      {nil, status(401, false), unsent},
		"suspended":                {nil, &linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED"}, unsent},
		"circuit open":             {nil, linkit.ErrCircuitOpen, unsent},
		"never sent":               {nil, &linkit.TransportError{Method: "POST", Route: "/skus/bulk"}, unsent},
		"cut off":                  {nil, &linkit.TransportError{Method: "POST", Route: "/skus/bulk", Sent: true}, unknown},
		"500":                      {nil, status(500, true), unknown},
		"503":                      {nil, status(503, false), unknown},
	} {
		out := classify(c.res, c.err, 1, 3)
		assert.Equal(t, c.want, out.verdict, name)
		assert.Equal(t, c.err != nil, out.err != nil, name)
		assert.False(t, out.retried)
	}
	assert.True(t, classify(result, nil, 2, 3).retried)
}

func TestARejectionsReasonIsWhatTheResponseSaysOfIt(t *testing.T) {
	t.Parallel()
	records := []linkit.RejectedRecord{
		{Index: 0, StatusCode: 422, Code: "closed", Message: "the branch is closed", Fields: map[string]string{"b": "2", "a": "1"}},
		{Index: 1},
		{Index: 2, StatusCode: 409, Code: "409", Fields: map[string]string{"sku": "taken"}},
		{Index: 3, Code: "409"},
		{Index: 4, Message: strings.Repeat("ä", 1000)},
		{Index: 5, Message: strings.Repeat("ä", 1001)},
		{Index: 6, Message: "there is none"}, {Index: -1, Message: "nor this"},
	}
	assert.Equal(t, map[int]string{
		0: "422 closed the branch is closed map[a:1 b:2]",
		1: "rejected, and the response doesn't say why",
		2: "409 map[sku:taken]",
		3: "409",
		4: strings.Repeat("ä", 1000),
		5: strings.Repeat("ä", 1000) + "…",
	}, classify(&linkit.BulkResult{StatusCode: 200, Rejected: records}, &linkit.RejectedError{Count: 8}, 1, 6).rejected)
}

func TestErrorsThatNeedAPersonEndTheRun(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		linkit.ErrServiceSuspended, linkit.ErrUnauthorized, linkit.ErrLogin, linkit.ErrForbidden, linkit.ErrClosed,
	} {
		assert.True(t, fatal(fmt.Errorf("call: %w", err)), "%v", err)
	}
	for _, err := range []error{nil, linkit.ErrServer, linkit.ErrRateLimited, linkit.ErrNotFound, linkit.ErrUncertain, context.Canceled} {
		assert.False(t, fatal(err), "%v", err)
	}
}

func TestAnErrorSaysOnceWhyItsContextEnded(t *testing.T) {
	t.Parallel()
	reason, broken := errors.New("told to stop"), errors.New("reset")
	ctx, cancel := context.WithCancelCause(t.Context())
	assert.Equal(t, broken, causeOf(ctx, broken), "it goes on")
	cancel(reason)
	require.EqualError(t, causeOf(ctx, broken), "told to stop: reset")
	require.ErrorIs(t, causeOf(ctx, broken), broken)
	require.EqualError(t, causeOf(ctx, fmt.Errorf("read: %w", reason)), "read: told to stop")
}
