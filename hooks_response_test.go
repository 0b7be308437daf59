package linkit_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestEventsSayWhatTheResponseSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls, attempts []linkit.Event
		note := func(events *[]linkit.Event) linkit.Hook {
			return func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
				assert.Zero(t, e.Duration)
				assert.Equal(t, "linkit.test:443", e.Server)
				return ctx, func(e *linkit.Event) { *events = append(*events, *e) }
			}
		}
		rs := &replies{responses: []reply{
			{
				status: 429,
				header: http.Header{
					"Retry-After":  {"3"},
					"X-Request-Id": {"r-1"},
					"Set-Cookie":   {"a=b"},
					"X-Debug":      {"got " + testKey},
				},
			},
			{status: 404, header: http.Header{"X-Request-Id": {"r-2 " + testKey}}},
		}}
		slow := roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time
			return rs.RoundTrip(r)
		})
		client := newClient(t, slow, linkit.WithHooks(linkit.Hooks{Call: note(&calls), Attempt: note(&attempts)}))
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrNotFound)
		require.Len(t, attempts, 2)
		assert.Equal(t, 2*time.Second, attempts[0].Duration)
		assert.Equal(t, 3*time.Second, attempts[0].RetryAfter)
		assert.Equal(t, "r-1", attempts[0].RequestID)
		assert.Equal(
			t,
			http.Header{"Retry-After": {"3"}, "X-Request-Id": {"r-1"}, "X-Debug": {"got [redacted]"}},
			attempts[0].Header,
		)
		assert.Zero(t, attempts[1].RetryAfter)
		require.Len(t, calls, 1)
		assert.GreaterOrEqual(t, calls[0].Duration, 7*time.Second)
		assert.Equal(t, "r-2 [redacted]", calls[0].RequestID)
		assert.Equal(t, http.StatusNotFound, calls[0].StatusCode)
		assert.Nil(t, calls[0].Header, "attempts only")
	})
}

func TestContextWithResponseIsWrittenOnceForEachCall(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Request-Id": {"r-1"}, "Set-Cookie": {"a=b"}, "X-Debug": {testKey}}
	rs := &replies{responses: []reply{
		{
			status: 503,
		},
		{status: 200, body: product1, header: header},
		{status: 404, header: header},
		{err: io.ErrUnexpectedEOF},
	}}
	client := newClient(t, rs, linkit.WithRetries(1))
	response := linkit.Response{StatusCode: 7}
	ctx := linkit.ContextWithResponse(t.Context(), &response)
	clean := http.Header{"X-Request-Id": {"r-1"}, "X-Debug": {"[redacted]"}}

	require.NoError(t, getOne(ctx, client))
	assert.Equal(t, linkit.Response{StatusCode: 200, Attempts: 2, RequestID: "r-1", Header: clean}, response)
	require.Error(t, getOne(ctx, client))
	assert.Equal(
		t,
		linkit.Response{StatusCode: 404, Attempts: 1, RequestID: "r-1", Header: clean},
		response,
		"on errors too",
	)
	require.Error(t, getOne(ctx, client))
	assert.Equal(t, linkit.Response{Attempts: 2}, response, "no response")
	_, err := client.Products.Get(ctx, "")
	require.ErrorIs(t, err, linkit.ErrInvalid)
	assert.Zero(t, response, "not sent")
	require.Error(t, getOne(linkit.ContextWithResponse(t.Context(), nil), client))
}

func TestResponseIsLeftAloneByWhatMakesManyRequests(t *testing.T) {
	t.Parallel()
	response := linkit.Response{StatusCode: 7}
	ctx := linkit.ContextWithResponse(t.Context(), &response)
	page := `{"data":[` + product1 + `],"has_next":false,"success":true}`
	client := newClient(t, &replies{responses: []reply{{status: 200, body: page}}})
	_, err := linkit.Collect(client.Products.All(ctx, nil))
	require.NoError(t, err)
	require.NoError(
		t,
		client.Products.BulkAll(ctx, linkit.BulkUpsert, linkit.Records(linkit.ProductParams{IvID: "x"}), nil),
	)
	assert.Equal(t, linkit.Response{StatusCode: 7}, response)

	signedIn := newClient(
		t,
		&replies{
			responses: []reply{
				{status: 200, body: `{"token":"t0ken"}`, header: http.Header{"X-Request-Id": {"sign-in"}}},
				{status: 200, body: product1},
			},
		},
		linkit.WithLogin("a", "b-secret"),
	)
	require.NoError(t, getOne(ctx, signedIn))
	assert.Equal(t, 1, response.Attempts)
	assert.Empty(t, response.RequestID)
	signedIn.Auth.Reset()
}
