package linkit_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// What a newcomer gets wrong: each message says what happened, where, and what to do.
func TestMessagesToANewcomer(t *testing.T) {
	t.Parallel()
	made := func(opts ...linkit.Option) error {
		_, err := linkit.NewClient(opts...)
		return err
	}
	for _, wrong := range []struct {
		program string
		run     func(ctx context.Context, server *linkittest.Server) error
		says    string
		is      error // nil: none of the Err values
	}{
		{
			program: "no credential",
			run:     func(context.Context, *linkittest.Server) error { return made() },
			says:    `linkit: no credential: pass one of WithAPIKey, WithAPIKeyFunc, WithLogin, WithLoginFunc, WithToken, FromEnv or WithoutCredentials to NewClient`,
			is:      linkit.ErrInvalid,
		},
		{
			program: "a key with Bearer",
			run: func(context.Context, *linkittest.Server) error {
				return made(linkit.WithAPIKey("Bearer eyJhbGciOiJIUzI1NiIs"))
			},
			says: `linkit: WithAPIKey: the key begins with "Bearer ": pass a bearer token to WithToken, without that word`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "an http URL",
			run: func(context.Context, *linkittest.Server) error {
				return made(linkit.WithAPIKey("your_api_key_here"), linkit.WithBaseURL("http://linkit.works/api/v1"))
			},
			says: `linkit: WithBaseURL: plain http would show the credential to the network; use https (http is for loopback hosts only)`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "an empty id",
			run: func(ctx context.Context, server *linkittest.Server) error {
				_, err := server.Client().Products.Get(ctx, "")
				return err
			},
			says: `linkit: GET /products/{iv_id}: iv_id is empty: pass the one that names the record`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "the wrong organization",
			run: func(ctx context.Context, server *linkittest.Server) error {
				_, err := server.Client(linkit.WithOrganization("org_456")).Products.List(ctx, nil)
				return err
			},
			says: `linkit: GET /products: 403 Forbidden: Insufficient permissions for this organization (organization org_456): has the credential access to that organization?`,
			is:   linkit.ErrForbidden,
		},
		{
			program: "a cancelled context",
			run: func(ctx context.Context, server *linkittest.Server) error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				_, err := server.Client().Products.Create(ctx, linkit.ProductParams{IvID: "ITEM-1"})
				return err
			},
			says: `linkit: POST /products: context canceled (not sent)`,
			is:   context.Canceled,
		},
		{
			program: "nil params are no mistake",
			run: func(ctx context.Context, server *linkittest.Server) error {
				_, err := server.Client().Products.List(ctx, nil)
				return err
			},
		},
		{
			program: "a nil context",
			run: func(_ context.Context, server *linkittest.Server) error {
				_, err := server.Client().Products.List(nil, nil) //nolint:staticcheck,contextcheck // the mistake
				return err
			},
			says: `linkit: GET /products: the context is nil: pass context.Background(), or one with a deadline`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "a nil context for a list",
			run: func(_ context.Context, server *linkittest.Server) error {
				_, err := linkit.Collect(server.Client().Products.All(nil, nil)) //nolint:staticcheck,contextcheck // the mistake
				return err
			},
			says: `linkit: GET /products: the context is nil: pass context.Background(), or one with a deadline`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "a nil context for a bulk of any size",
			run: func(_ context.Context, server *linkittest.Server) error {
				return server.Client().Products.BulkAll(nil, linkit.BulkUpsert, linkit.Records(linkit.ProductParams{}), nil) //nolint:staticcheck,contextcheck // the mistake
			},
			says: `linkit: POST /products/bulk: the context is nil: pass context.Background(), or one with a deadline`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "a response that can't be read into what was given for it",
			run: func(ctx context.Context, server *linkittest.Server) error {
				return server.Client().Do(ctx, http.MethodPost, "/products", nil, linkit.ProductParams{IvID: "ITEM-1"}, linkit.Product{})
			},
			says: `linkit: Do: out is linkit.Product, and must be a pointer that isn't nil`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "a nil pointer for the response",
			run: func(ctx context.Context, server *linkittest.Server) error {
				return server.Client().Integrations.Execute(ctx, linkittest.OrganizationID, "salla", nil, (*linkit.Product)(nil))
			},
			says: `linkit: Integrations.Execute: out is *linkit.Product, and must be a pointer that isn't nil`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "a base URL that lacks its path",
			run: func(ctx context.Context, server *linkittest.Server) error {
				_, err := server.Client(linkit.WithBaseURL(strings.TrimSuffix(server.URL, "/api/v1"))).Products.List(ctx, nil)
				return err
			},
			says: `linkit: GET /products: 404 Not Found: there is no such endpoint: does the base URL end in /api/v1?`,
			is:   linkit.ErrNotFound,
		},
		{
			program: "customers of no organization",
			run: func(ctx context.Context, server *linkittest.Server) error {
				_, err := server.Client().Customers.List(ctx, nil)
				return err
			},
			says: `linkit: GET /customers: 400 Bad Request: X-Organization-ID is required: if the credential isn't scoped to one organization, set it by WithOrganization or Client.ForOrganization`,
			is:   linkit.ErrBadRequest,
		},
		{
			program: "a whole URL for Do",
			run: func(ctx context.Context, server *linkittest.Server) error {
				return server.Client().Do(ctx, http.MethodGet, server.URL+"/products", nil, nil, nil)
			},
			says: `linkit: Do: the path must begin with "/", and lie below the base URL`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "a response of another type",
			run: func(ctx context.Context, server *linkittest.Server) error {
				server.Inject(linkittest.Fault{Body: `{"data":[{"id":"r1"},{"iv_id":{"is":7}}]}`})
				_, err := server.Client().Products.List(ctx, nil)
				return err
			},
			says: `linkit: GET /products: record 2 of page 1: the response is not the promised object: it lacks what identifies one`,
		},
		{
			program: "a bulk of 1,001",
			run: func(ctx context.Context, server *linkittest.Server) error {
				_, err := server.Client().Products.Bulk(ctx, linkit.BulkUpsert, make([]linkit.ProductParams, 1001))
				return err
			},
			says: `linkit: POST /products/bulk: 1001 records, and a request takes 1000 at most: use BulkAll`,
			is:   linkit.ErrInvalid,
		},
		{
			program: "a closed client",
			run: func(ctx context.Context, server *linkittest.Server) error {
				client := server.Client()
				if err := client.Close(); err != nil {
					return err
				}
				_, err := client.Products.List(ctx, nil)
				return err
			},
			says: `linkit: GET /products: the client is closed: call Close last`,
			is:   linkit.ErrClosed,
		},
		{
			program: "an expired token",
			run: func(ctx context.Context, server *linkittest.Server) error {
				server.AddToken("from-the-dashboard")
				client := server.Client(linkit.WithToken("from-the-dashboard"))
				server.ExpireTokens()
				_, err := client.Products.List(ctx, nil)
				return err
			},
			says: `linkit: GET /products: 401 Unauthorized: Invalid or expired token: the credential is wrong, revoked or expired; an API key goes to WithAPIKey, a bearer token to WithToken`,
			is:   linkit.ErrUnauthorized,
		},
		{
			program: "a wrong password",
			run: func(ctx context.Context, server *linkittest.Server) error {
				_, err := server.Client(linkit.WithLogin(linkittest.Email, "a guess")).Products.List(ctx, nil)
				return err
			},
			says: `linkit: sign-in refused, check the email and password: POST /auth/login: 400 Bad Request: Failed to authenticate.`,
			is:   linkit.ErrLogin,
		},
	} {
		t.Run(wrong.program, func(t *testing.T) {
			t.Parallel()
			server := linkittest.NewServer()
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := wrong.run(ctx, server)
			if wrong.says == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, wrong.says)
			if wrong.is != nil {
				assert.ErrorIs(t, err, wrong.is)
			}
		})
	}
}

func TestErrorTextsSayWhatHappenedToTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := roundTrip(
			func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		)
		client := newClient(t, hang, linkit.WithAttemptTimeout(2*time.Second), linkit.WithRetries(0))
		_, err := client.Products.List(t.Context(), nil)
		require.ErrorContains(t, err, "within 2s", "the attempt's own time was up")
		require.NotErrorIs(t, err, context.DeadlineExceeded)

		own := roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("inner: %w", context.DeadlineExceeded)
		})
		_, err = newClient(t, own, linkit.WithRetries(0)).Products.List(t.Context(), nil)
		require.ErrorContains(t, err, "the transport gave up: inner: context deadline exceeded")
		require.NotErrorIs(t, err, context.DeadlineExceeded, "which is only ever the caller's own")
	})

	notJSON := "upstream connect error " + strings.Repeat("x", 500)
	_, err := newClient(t, &replies{responses: []reply{{status: 400, body: notJSON}}}).Products.List(t.Context(), nil)
	require.EqualError(t, err, "linkit: GET /products: 400 Bad Request: "+notJSON[:120]+"...")

	synctest.Test(t, func(t *testing.T) {
		limited := reply{status: 429, body: `{"error":"slow down"}`, header: http.Header{"Retry-After": {"5"}}}
		client := newClient(t, &replies{responses: []reply{limited}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Products.List(ctx, nil)
		require.ErrorContains(t, err, "linkit: GET /products: 429 Too Many Requests: slow down (retry after 5s)")
		require.ErrorContains(t, err, "(not retried: context deadline exceeded)")
		_, err = client.Products.List(ctx, nil)
		require.ErrorContains(t, err, "(not sent: context deadline exceeded)")
		require.ErrorContains(t, err, "0 attempts")
	})

	for status, hint := range map[int]string{400: "check the email and password", 401: "check the email and password", 403: "", 422: ""} {
		_, err := newClient(
			t,
			&replies{responses: []reply{{status: status, body: `{"error":"no"}`}}},
		).Auth.Login(
			t.Context(),
			"a",
			"b-secret",
		)
		require.ErrorIs(t, err, linkit.ErrLogin)
		assert.Equal(t, hint != "", strings.Contains(err.Error(), "check the email"), err.Error())
		assert.NotContains(t, err.Error(), "WithAPIKey", "a sign-in's refusal is not a key's")
	}

	for name, opt := range map[string]linkit.Option{"WithAPIKey": linkit.WithAPIKey(testKey), "WithToken": linkit.WithToken(testKey)} {
		_, err := newClient(t, &replies{}, opt).Auth.Session(t.Context())
		require.ErrorIs(t, err, linkit.ErrNoSession)
		assert.ErrorContains(t, err, name)
	}
}

func TestResetMayBeCalledAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t)
		client.Auth.Reset()
		client.Auth.Reset()
		require.NoError(t, getOne(t.Context(), client))
		client.Auth.Reset()
		client.Auth.Reset()
		require.NoError(t, getOne(t.Context(), client))
		s.assertCounts(t, 2, 2)
	})
	keyed := newClient(t, &replies{})
	keyed.Auth.Reset()
	keyed.Auth.Reset()
}
