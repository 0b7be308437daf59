package retry_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A trace costs allocations, and whether a read arrived changes nothing.
func TestOnlyWritesAreTraced(t *testing.T) {
	t.Parallel()
	for method, traced := range map[string]bool{
		"GET": false, "HEAD": false, "POST": true, "PUT": true, "PATCH": true, "DELETE": true,
	} {
		policy(play(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, traced, httptrace.ContextClientTrace(r.Context()) != nil, method)
			return respond(200)(r)
		})).Do(t.Context(), request(method))
	}
}

func TestContextOfAnAttemptEndsWithIt(t *testing.T) {
	t.Parallel()
	var contexts []context.Context
	policy(play(func(r *http.Request) (*http.Response, error) {
		require.NoError(t, r.Context().Err())
		contexts = append(contexts, r.Context())
		return respond(503)(r)
	}), quick).Do(t.Context(), request("PUT"))
	require.Len(t, contexts, 4)
	for _, ctx := range contexts {
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
	}
}

// As a browser's fetch shows a redirect that it doesn't follow.
func TestResponseWithoutAStatusIsNone(t *testing.T) {
	t.Parallel()
	var closed atomic.Int64
	transport := play(func(*http.Request) (*http.Response, error) {
		return &http.Response{Header: http.Header{}, Body: counted{http.NoBody, &closed}}, nil
	})
	res := policy(transport, quick).Do(t.Context(), request("POST"))
	require.EqualError(t, res.Err, "the transport returned a response without a status")
	assert.Equal(t, 1, res.Attempts)
	assert.True(t, res.Sent)
	assert.Equal(t, int64(1), closed.Load())
}

// Transports that write requests out themselves, as a recorder does, find what net/http makes.
func TestTransportGetsARequestAsNetHTTPMakesIt(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "1", `{"a":1}`} {
		r := request("POST")
		r.Body = []byte(body)
		want, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL.String(), nil)
		require.NoError(t, err)
		policy(play(func(got *http.Request) (*http.Response, error) {
			assert.Equal(t, want.Method, got.Method)
			assert.Equal(t, want.URL, got.URL)
			assert.Equal(t, want.Host, got.Host)
			assert.Equal(t, want.Proto, got.Proto)
			assert.Equal(t, want.ProtoMajor, got.ProtoMajor)
			assert.Equal(t, want.ProtoMinor, got.ProtoMinor)
			assert.Equal(t, int64(len(body)), got.ContentLength)
			if body == "" {
				assert.Nil(t, got.Body, "it would be sent chunked")
				assert.Nil(t, got.GetBody)
				return respond(200)(got)
			}
			sent, err := io.ReadAll(got.Body)
			assert.NoError(t, err)
			assert.Equal(t, body, string(sent))
			again, err := got.GetBody()
			assert.NoError(t, err)
			sent, err = io.ReadAll(again)
			assert.NoError(t, err)
			assert.Equal(t, body, string(sent))
			return respond(200)(got)
		})).Do(t.Context(), r)
	}
}

// dueSoon is a context whose deadline has passed, and which ends a moment later.
type dueSoon struct{ context.Context } //nolint:containedctx // a test's

func (dueSoon) Deadline() (time.Time, bool) { return time.Now(), true }

func TestDeadlineThatATimerForestalledKeepsItsCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errShutdown)
		defer cancel()
		res := policy(play(fail(timeoutError{}))).Do(dueSoon{ctx}, request("GET"))
		require.ErrorIs(t, res.Err, context.DeadlineExceeded)
		require.ErrorIs(t, res.Err, errShutdown)
	})
}

// timeoutError is a network error.
type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
