package linkit_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestNewClientSendsAndStartsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a goroutine left behind fails the bubble
		mt := httpmock.NewMockTransport()
		client, err := linkit.NewClient(
			linkit.WithLogin("a@example.com", "pw"),
			linkit.WithHTTPClient(&http.Client{Transport: mt}),
		)
		require.NoError(t, err)
		assert.Zero(t, mt.GetTotalCallCount())
		require.NoError(t, client.Close())
	})
}

func TestHeadersAreExact(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		opts []linkit.Option
		want http.Header
	}{
		"key": {
			[]linkit.Option{linkit.WithAPIKey("odd key:/+=~")},
			http.Header{"Authorization": {"odd key:/+=~"}, "Accept": {"application/json"}, "User-Agent": {"linkit-go/" + linkit.Version}},
		},
		"token, organization, user agent": {
			[]linkit.Option{linkit.WithToken("t0ken"), linkit.WithOrganization("org_123"), linkit.WithUserAgent("pos-sync/2.1 (till 4)")},
			http.Header{
				"Authorization": {"Bearer t0ken"}, "X-Organization-Id": {"org_123"}, "Accept": {"application/json"},
				"User-Agent": {"pos-sync/2.1 (till 4) linkit-go/" + linkit.Version},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := &replies{responses: []reply{{status: 200, body: product1}}}
			client := newClient(t, rs, row.opts...)
			_, err := client.Products.Get(t.Context(), "ITEM-1")
			require.NoError(t, err)
			assert.Equal(t, row.want, rs.requests[0].Header)
			_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
			require.NoError(t, err)
			assert.Equal(t, "application/json", rs.requests[1].Header.Get("Content-Type"))
		})
	}
}

func TestRetriesCarryTheOrganizationAndViewsDoNotMix(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		organization := r.Header.Get("X-Organization-Id")
		mu.Lock()
		seen[organization]++
		first := seen[organization] == 1
		mu.Unlock()
		if first {
			return httpmock.NewStringResponse(503, ""), nil
		}
		return httpmock.NewStringResponse(
			200,
			fmt.Sprintf(`{"id":"x","iv_id":"%s","organization_id":"%s"}`, r.URL.Path[len("/api/v1/products/"):], organization),
		), nil
	}))
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			id := fmt.Sprint("org_", i)
			view := client.ForOrganization(id)
			for range 3 {
				p, err := view.Products.Get(t.Context(), id)
				if assert.NoError(t, err) {
					assert.Equal(t, id, p.OrganizationID)
				}
			}
			assert.NoError(t, view.Close())
		})
	}
	wg.Wait()
	_, err := client.Products.Get(t.Context(), "plain")
	require.NoError(t, err, "closing a view must not close the client")
	for i := range 100 {
		assert.Equal(t, 4, seen[fmt.Sprint("org_", i)])
	}
	assert.Contains(t, seen, "", "the client itself has no organization")
}

func TestMalformedOrganizationFailsBeforeTheNetwork(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"org 1", "org\r\nX-Evil: 1", "org\x00", "أورج", "org\t"} {
		_, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithOrganization(id))
		require.ErrorIs(t, err, linkit.ErrInvalid)
		assert.ErrorContains(t, err, "WithOrganization")
	}
	client, mt := newMockedClient(t)
	for _, id := range []string{"", "org 1", "org\r\nX-Evil: 1", "org\x00", "أورج"} {
		view := client.ForOrganization(id)
		_, err := view.Products.Get(t.Context(), "x")
		require.ErrorIs(t, err, linkit.ErrInvalid)
		assert.ErrorContains(t, err, "ForOrganization")
		require.ErrorIs(t, view.Do(t.Context(), "GET", "/x", nil, nil, nil), linkit.ErrInvalid)
	}
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestPublicEndpointsCarryNeitherCredentialNorOrganization(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: `{"token":"abcdef","message":"pong"}`}}}
	client := newClient(t, rs, linkit.WithOrganization("org_1"))
	require.NoError(t, client.Do(t.Context(), "GET", "/ping", nil, nil, nil))
	require.NoError(t, client.Do(t.Context(), "GET", "/health", nil, nil, nil))
	require.NoError(t, client.Do(t.Context(), "POST", "/auth/login", nil, nil, nil))
	_, err := client.Auth.Login(t.Context(), "a@example.com", "pw")
	require.NoError(t, err)
	require.Len(t, rs.requests, 4)
	for _, r := range rs.requests {
		assert.NotContains(t, r.Header, "Authorization", r.URL.Path)
		assert.NotContains(t, r.Header, "X-Organization-Id", r.URL.Path)
	}
}

func TestWithoutCredentialsRefusesTenantCalls(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t, linkit.WithoutCredentials())
	_, err := client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	assert.ErrorContains(t, err, "WithoutCredentials")
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestContextsAreHeeded(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Products.Get(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
	var te *linkit.TransportError
	require.ErrorAs(t, err, &te)
	assert.Zero(t, te.Attempts)
	assert.False(t, te.Sent)
	_, err = client.Products.Get(nil, "x") //nolint:staticcheck // what a newcomer may do
	require.ErrorIs(t, err, linkit.ErrInvalid)
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestClosedClientRefusesCallsAndFinishesThoseInFlight(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
		close(entered)
		<-release
		return httpmock.NewStringResponse(200, product1), nil
	}))
	done := make(chan error)
	go func() {
		_, err := client.Products.Get(t.Context(), "ITEM-1")
		done <- err
	}()
	<-entered
	view := client.ForOrganization("org_2")
	require.NoError(t, client.Close())
	require.NoError(t, client.Close())
	close(release)
	require.NoError(t, <-done)
	_, err := client.Products.Get(t.Context(), "ITEM-1")
	require.ErrorIs(t, err, linkit.ErrClosed)
	_, err = view.Products.Get(t.Context(), "ITEM-1")
	require.ErrorIs(t, err, linkit.ErrClosed)
	for _, err := range view.Products.All(t.Context(), nil) {
		require.ErrorIs(t, err, linkit.ErrClosed)
	}
}

func TestCallersThingsAreNeverChanged(t *testing.T) {
	t.Parallel()
	rs := &replies{
		responses: []reply{
			{status: 302, header: http.Header{"Location": {"https://evil.example/"}}},
			{status: 200, body: product1},
		},
	}
	hc := &http.Client{
		Transport:     rs,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
	}
	before := *hc
	defaultClient, defaultTransport := *http.DefaultClient, http.DefaultTransport
	client, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithHTTPClient(hc))
	require.NoError(t, err)
	params := linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "name_en"}, IsEnabled: linkit.Ptr(true)}
	given := params
	query := url.Values{"a": {"b"}}
	in := []byte(`{"a":1}`)

	var ae *linkit.APIError
	require.ErrorAs(t, client.Do(t.Context(), "POST", "/x", query, in, nil), &ae)
	assert.Equal(t, 302, ae.StatusCode, "redirects are not followed")
	_, _ = client.Products.List(t.Context(), &params)
	_, _ = linkit.Collect(client.Products.All(t.Context(), &params))

	assert.Len(t, rs.requests, 3)
	assert.Equal(t, before.Timeout, hc.Timeout)
	assert.Same(t, before.Transport, hc.Transport)
	assert.Equal(t, fmt.Sprintf("%p", before.CheckRedirect), fmt.Sprintf("%p", hc.CheckRedirect))
	assert.Equal(t, given, params)
	assert.Equal(t, url.Values{"a": {"b"}}, query)
	assert.Equal(t, `{"a":1}`, string(in))
	assert.Equal(t, defaultClient, *http.DefaultClient)
	assert.Same(t, defaultTransport, http.DefaultTransport)
}

func TestHTTPClientsTimeoutBoundsAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := roundTrip(
			func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		)
		client, err := linkit.NewClient(
			linkit.WithAPIKey(testKey),
			linkit.WithHTTPClient(&http.Client{Transport: hang, Timeout: 2 * time.Second}),
			linkit.WithRetries(0),
		)
		require.NoError(t, err)
		began := time.Now()
		_, err = client.Products.Get(t.Context(), "x")
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}
