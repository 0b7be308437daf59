package linkit_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// refusedHeaders can't be set by a caller.
var refusedHeaders = []string{
	"Authorization",
	"authorization",
	"Host",
	"X-Organization-ID",
	"Idempotency-Key",
	"X-Idempotency-Key",
	"Cookie",
	"User-Agent",
	"Expect",
	"Range",
	"Content-Type",
	"Content-Length",
	"Content-Encoding",
	"content-md5",
	"Accept",
	"Accept-Encoding",
	"Accept-Language",
	"Proxy-Authorization",
	"Proxy-Connection",
	"Connection",
	"Keep-Alive",
	"TE",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
	"",
	" ",
	"X Tenant",
	"X-Tenant:",
	"X-Tenant\r\nX-Evil",
	"X-Ténant",
}

var refusedValues = []string{"a\r\nX-Evil: 1", "a\x00", "a\x7f", "é", " a", "a "}

func TestWithHeaderIsSentWithEveryRequest(t *testing.T) {
	t.Parallel()
	rs := &replies{
		responses: []reply{
			{status: 200, body: `{"token":"t0ken"}`},
			{status: 503},
			{status: 200, body: product1},
			{status: 200, body: `{"message":"pong"}`},
		},
	}
	client := newClient(t, rs, linkit.WithLogin("a@example.com", "b-secret"), linkit.WithHeader("x-tenant", "old"),
		linkit.WithHeader("X-Tenant", "shop 1"), linkit.WithHeader("X-Empty", ""))
	require.NoError(t, getOne(t.Context(), client.ForOrganization("org_1")))
	_, err := client.System.Ping(t.Context())
	require.NoError(t, err)
	require.Len(t, rs.requests, 4)
	for _, r := range rs.requests {
		assert.Equal(t, []string{"shop 1"}, r.Header["X-Tenant"], r.URL.Path)
		assert.Equal(t, []string{""}, r.Header["X-Empty"])
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
	}
}

func TestHeadersThatOnlyBeginLikeRefusedOnesAreSent(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: product1}}}
	client := newClient(t, rs, linkit.WithHeader("Te-Id", "1"), linkit.WithHeader("Connection-Id", "2"), linkit.WithHeader("X-Proxy-Id", "3"))
	require.NoError(t, getOne(t.Context(), client))
	header := rs.requests[0].Header
	assert.Equal(t, []string{"1", "2", "3"}, []string{header.Get("Te-Id"), header.Get("Connection-Id"), header.Get("X-Proxy-Id")})
}

func TestHeadersThatTheSDKNeedsAreRefused(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	for _, key := range refusedHeaders {
		_, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithHeader(key, "s3cr3t-value"))
		require.ErrorIs(t, err, linkit.ErrInvalid, key)
		require.ErrorContains(t, err, "WithHeader")
		assert.NotContains(t, err.Error(), "s3cr3t")
		assertOneLine(t, err)
		err = getOne(linkit.ContextWithHeader(t.Context(), key, "s3cr3t-value"), client)
		require.ErrorIs(t, err, linkit.ErrInvalid, key)
		require.ErrorContains(t, err, "ContextWithHeader")
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
	for _, value := range refusedValues {
		_, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithHeader("X-Tenant", value))
		require.ErrorIs(t, err, linkit.ErrInvalid, "%q", value)
		require.ErrorContains(t, err, "X-Tenant")
		ctx := linkit.ContextWithHeader(linkit.ContextWithHeader(t.Context(), "X-Tenant", value), "X-Other", "good")
		require.ErrorIs(t, getOne(ctx, client), linkit.ErrInvalid, "%q", value)
	}
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestContextWithHeaderIsForTheCallsMadeWithIt(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{
		{status: 200, body: `{"token":"t0ken"}`}, {status: 503}, {status: 200, body: product1}, {status: 200, body: product1},
	}}
	client := newClient(t, rs, linkit.WithLogin("a@example.com", "b-secret"), linkit.WithHeader("X-Tenant", "shop 1"))
	outer := linkit.ContextWithHeader(
		linkit.ContextWithHeader(t.Context(), "X-Correlation-Id", "outer"),
		"X-Other",
		"kept",
	)
	ctx := linkit.ContextWithHeader(outer, "x-correlation-id", "c-1")
	ctx = linkit.ContextWithHeader(ctx, "X-Tenant", "shop 2")
	require.NoError(t, getOne(ctx, client))
	require.NoError(t, getOne(outer, client))
	require.Len(t, rs.requests, 4)
	assert.Empty(t, rs.requests[0].Header.Get("X-Correlation-Id"), "a sign-in is for all calls")
	assert.Equal(t, "shop 1", rs.requests[0].Header.Get("X-Tenant"))
	for _, r := range rs.requests[1:3] {
		assert.Equal(t, []string{"c-1"}, r.Header["X-Correlation-Id"])
		assert.Equal(t, []string{"kept"}, r.Header["X-Other"])
		assert.Equal(t, []string{"shop 2"}, r.Header["X-Tenant"], "the call's own wins")
	}
	assert.Equal(t, []string{"outer"}, rs.requests[3].Header["X-Correlation-Id"], "an outer context isn't changed")
	assert.Equal(t, []string{"shop 1"}, rs.requests[3].Header["X-Tenant"])
	assert.NoError(t, ctx.Err())
}

func TestHeadersOfAContextAreReadForEachAttempt(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 503}, {status: 200, body: product1}}}
	hooks := linkit.Hooks{Attempt: func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
		return linkit.ContextWithHeader(ctx, "Traceparent", strings.Repeat("0", e.Attempt)), nil
	}}
	client := newClient(t, rs, linkit.WithHooks(hooks))
	require.NoError(t, getOne(linkit.ContextWithHeader(t.Context(), "X-Correlation-Id", "c-1"), client))
	require.Len(t, rs.requests, 2)
	assert.Equal(t, []string{"0"}, rs.requests[0].Header["Traceparent"])
	assert.Equal(t, []string{"00"}, rs.requests[1].Header["Traceparent"])
	assert.Equal(t, []string{"c-1"}, rs.requests[1].Header["X-Correlation-Id"])

	bad := linkit.Hooks{Attempt: func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) {
		return linkit.ContextWithHeader(ctx, "Authorization", "other"), nil
	}}
	rs = &replies{responses: []reply{{status: 200, body: product1}}}
	require.ErrorIs(t, getOne(t.Context(), newClient(t, rs, linkit.WithHooks(bad))), linkit.ErrInvalid)
	assert.Empty(t, rs.requests)
}

func TestHeaderOfOneCallIsNotSeenByAnother(t *testing.T) {
	t.Parallel()
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, r.URL.Path, r.Header.Get("X-Path"))
		r.Header["X-Path"][0] = "changed"
		r.Header["X-Tenant"][0] = "changed"
		assert.Equal(t, "changed", r.Header.Get("X-Tenant"))
		return (&replies{responses: []reply{{status: 200, body: product1}}}).RoundTrip(r)
	}), linkit.WithHeader("X-Tenant", "shop 1"))
	ctx := linkit.ContextWithHeader(t.Context(), "X-Path", "/api/v1/products/ITEM-1")
	for range 3 {
		require.NoError(t, getOne(ctx, client))
	}
}

func TestAttemptWhoseHookAddsARefusedHeaderEnds(t *testing.T) {
	t.Parallel()
	var ended error
	rs := &replies{responses: []reply{{status: 200, body: product1}}}
	client := newClient(t, rs, linkit.WithAPIKey(testKey), linkit.WithHooks(linkit.Hooks{
		Attempt: func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) {
			return linkit.ContextWithHeader(ctx, "Authorization", "x"), func(e *linkit.Event) { ended = e.Err }
		},
	}))
	err := getOne(t.Context(), client)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	require.ErrorIs(t, ended, linkit.ErrInvalid)
	assert.Empty(t, rs.requests, "nothing was sent")
}
