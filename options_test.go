package linkit_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestExactlyOneCredentialIsNeeded(t *testing.T) {
	t.Parallel()
	keyFunc := linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return testKey, nil })
	loginFunc := linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "a", "b", nil })
	for _, row := range []struct {
		name  string
		opts  []linkit.Option
		names []string // what the error says; none: no error
	}{
		{"none", nil, []string{"WithAPIKey", "WithLogin", "WithToken", "FromEnv", "WithoutCredentials"}},
		{"key", []linkit.Option{linkit.WithAPIKey(testKey)}, nil},
		{"key func", []linkit.Option{keyFunc}, nil},
		{"login", []linkit.Option{linkit.WithLogin("a", "b")}, nil},
		{"login func", []linkit.Option{loginFunc}, nil},
		{"token", []linkit.Option{linkit.WithToken(testKey)}, nil},
		{"without", []linkit.Option{linkit.WithoutCredentials()}, nil},
		{"the same twice", []linkit.Option{linkit.WithAPIKey("first-k3y"), linkit.WithAPIKey(testKey)}, nil},
		{"nil option", []linkit.Option{nil, linkit.WithAPIKey(testKey), nil}, nil},
		{"key and token", []linkit.Option{linkit.WithAPIKey(testKey), linkit.WithToken(testKey)}, []string{"WithAPIKey", "WithToken"}},
		{"login and key func", []linkit.Option{linkit.WithLogin("a", testKey), keyFunc}, []string{"WithLogin", "WithAPIKeyFunc"}},
		{"without and token", []linkit.Option{linkit.WithoutCredentials(), linkit.WithToken(testKey)}, []string{"WithoutCredentials", "WithToken"}},
		{"login and login func", []linkit.Option{linkit.WithLogin("a", testKey), loginFunc}, []string{"WithLogin", "WithLoginFunc"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				client, err := linkit.NewClient(row.opts...)
				if row.names == nil {
					require.NoError(t, err)
					require.NoError(t, client.Close())
				} else {
					require.ErrorIs(t, err, linkit.ErrInvalid)
					for _, name := range row.names {
						assert.ErrorContains(t, err, name)
					}
					assert.NotContains(t, err.Error(), testKey)
				}
				slices.Reverse(row.opts) // the order never matters
			}
		})
	}
}

func TestLaterOfTheSameOptionWins(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: product1}}}
	client := newClient(
		t,
		rs,
		linkit.WithAPIKey("first-k3y"),
		linkit.WithOrganization("org_1"),
		linkit.WithAPIKey("second-k3y"),
		linkit.WithOrganization("org_2"),
	)
	_, err := client.Products.Get(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, "second-k3y", rs.requests[0].Header.Get("Authorization"))
	assert.Equal(t, "org_2", rs.requests[0].Header.Get("X-Organization-Id"))
}

func TestBadSecretsAreNamedAndNeverShown(t *testing.T) {
	t.Parallel()
	for value, hint := range map[string]string{
		"":                    "empty",
		"   ":                 "blank",
		"\t\n":                "blank",
		"Bearer s3cr3t-value": "WithToken",
		"bearer s3cr3t-value": "WithToken",
		"s3cr3t-value\n":      "line break",
		"s3cr3t\x00value":     "control",
		"s3cr3t\x7fvalue":     "control",
		"s3cr3t-välue":        "non-ASCII",
		" s3cr3t-value":       "space",
		"s3cr3t-value ":       "space",
	} {
		for name, opt := range map[string]linkit.Option{"WithAPIKey": linkit.WithAPIKey(value), "WithToken": linkit.WithToken(value)} {
			_, err := linkit.NewClient(opt)
			require.ErrorIs(t, err, linkit.ErrInvalid)
			assert.ErrorContains(t, err, name)
			assert.ErrorContains(t, err, hint)
			assert.NotContains(t, err.Error(), "s3cr3t")
		}
	}
	for _, opt := range []linkit.Option{linkit.WithLogin("", "s3cr3t"), linkit.WithLogin("a@example.com", "")} {
		_, err := linkit.NewClient(opt)
		require.ErrorIs(t, err, linkit.ErrInvalid)
		assert.ErrorContains(t, err, "WithLogin")
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]linkit.Option{
		"WithAPIKeyFunc":     {linkit.WithAPIKeyFunc(nil)},
		"WithLoginFunc":      {linkit.WithLoginFunc(nil)},
		"WithHTTPClient":     {linkit.WithHTTPClient(nil)},
		"WithSessionStore":   {linkit.WithSessionStore(nil)},
		"WithUserAgent":      {linkit.WithUserAgent("a\r\nX: y"), linkit.WithUserAgent("a\x00"), linkit.WithUserAgent(" a"), linkit.WithUserAgent("é")},
		"WithAttemptTimeout": {linkit.WithAttemptTimeout(0), linkit.WithAttemptTimeout(-1)},
		"WithRetries":        {linkit.WithRetries(-1)},
		"WithRetryWait":      {linkit.WithRetryWait(-1, 1), linkit.WithRetryWait(2, 1)},
		"WithMaxRetryAfter":  {linkit.WithMaxRetryAfter(-1)},
		"WithMaxConcurrency": {linkit.WithMaxConcurrency(0), linkit.WithMaxConcurrency(-1)},
		"WithRateLimit":      {linkit.WithRateLimit(0, 1), linkit.WithRateLimit(-1, 1), linkit.WithRateLimit(math.NaN(), 1), linkit.WithRateLimit(math.Inf(1), 1), linkit.WithRateLimit(1, 0)},
		"WithLimiter":        {linkit.WithLimiter(nil)},
		"WithBulkLinger":     {linkit.WithBulkLinger(-1)},
		"WithPrefetch":       {linkit.WithPrefetch(-1)},
		"WithBulkSize":       {linkit.WithBulkSize(0), linkit.WithBulkSize(-1), linkit.WithBulkSize(1001)},
		"WithCircuitBreaker": {linkit.WithCircuitBreaker(0, time.Second), linkit.WithCircuitBreaker(-1, time.Second), linkit.WithCircuitBreaker(1, 0), linkit.WithCircuitBreaker(1, -1)},
		"WithOrganization":   {linkit.WithOrganization("org\x7f1")},
	} {
		for _, opt := range opts {
			_, err := linkit.NewClient(linkit.WithAPIKey(testKey), opt)
			require.ErrorIs(t, err, linkit.ErrInvalid, name)
			assert.ErrorContains(t, err, name+": ")
		}
	}
}

func TestOptionsAtTheirEdgesWork(t *testing.T) {
	t.Parallel()
	client := newClient(
		t,
		&replies{responses: []reply{{status: 200, body: product1}}},
		linkit.WithRetries(
			math.MaxInt,
		),
		linkit.WithRetryWait(0, 0),
		linkit.WithMaxRetryAfter(0),
		linkit.WithMaxConcurrency(math.MaxInt32),
		linkit.WithRateLimit(
			1e9,
			1,
		),
		linkit.WithUserAgent(""),
		linkit.WithOrganization(""),
		linkit.WithLogger(nil),
		linkit.WithLogger(slog.New(slog.DiscardHandler)),
		linkit.WithHooks(linkit.Hooks{}),
		linkit.WithAttemptTimeout(math.MaxInt64),
		linkit.WithPrefetch(0),
		linkit.WithBulkSize(1),
		linkit.WithCircuitBreaker(1, 1),
	)
	_, err := client.Products.Get(t.Context(), "x")
	require.NoError(t, err)
}

func TestBaseURLMustBeSafe(t *testing.T) {
	t.Parallel()
	for base, hint := range map[string]string{
		"":                                 "absolute URL",
		"linkit.works/api/v1":              "absolute URL",
		"ftp://linkit.works":               "absolute URL",
		"https://":                         "absolute URL",
		"http://linkit.works/api/v1":       "https",
		"http://127.0.0.1.evil.example/":   "https",
		"http://localhost.evil.example/":   "https",
		"http://10.0.0.1/api/v1":           "https",
		"https://user:s3cr3t@linkit.works": "password",
		"https://linkit.works?key=s3cr3t":  "query",
		"https://linkit.works/?":           "query",
		"https://linkit.works#s3cr3t":      "fragment",
		"https://linkit.works/a/../s3cr3t": "segment",
		"https://linkit.works//s3cr3t":     "empty segment",
		"https://s3cr3t\x7f.works":         "can't be read",
		"://s3cr3t":                        "can't be read",
	} {
		_, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithBaseURL(base))
		require.ErrorIs(t, err, linkit.ErrInvalid, base)
		assert.ErrorContains(t, err, "WithBaseURL", base)
		assert.ErrorContains(t, err, hint, base)
		assert.NotContains(t, err.Error(), "s3cr3t", base)
	}
	for base, want := range map[string]string{
		"https://linkit.test":          "https://linkit.test/products/x",
		"https://linkit.test/":         "https://linkit.test/products/x",
		"https://linkit.test:8443/v2/": "https://linkit.test:8443/v2/products/x",
		"https://linkit.test/a%2Fb":    "https://linkit.test/a%2Fb/products/x",
		"http://localhost:8090/api/v1": "http://localhost:8090/api/v1/products/x",
		"http://127.9.8.7/api/v1":      "http://127.9.8.7/api/v1/products/x",
		"http://[::1]:80/api/v1":       "http://[::1]:80/api/v1/products/x",
	} {
		rs := &replies{responses: []reply{{status: 200, body: product1}}}
		client := newClient(t, rs, linkit.WithBaseURL(base))
		_, err := client.Products.Get(t.Context(), "x")
		require.NoError(t, err, base)
		assert.Equal(t, want, rs.requests[0].URL.String())
	}
}

func TestDefaultBaseURLIsLinkit(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: product1}}}
	client, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithHTTPClient(&http.Client{Transport: rs}))
	require.NoError(t, err)
	_, err = client.Products.Get(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, linkit.DefaultBaseURL+"/products/x", rs.requests[0].URL.String())
}

func TestOriginOfLinkitMeansItsAPI(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://linkit.works":              "https://linkit.works/api/v1/products/x",
		"https://linkit.works/":             "https://linkit.works/api/v1/products/x",
		"https://LINKIT.works":              "https://LINKIT.works/api/v1/products/x",
		"https://eu.linkit.works":           "https://eu.linkit.works/api/v1/products/x",
		"https://linkit.works:443":          "https://linkit.works:443/api/v1/products/x",
		"https://linkit.works/api/v2":       "https://linkit.works/api/v2/products/x",
		"https://notlinkit.works":           "https://notlinkit.works/products/x",
		"https://linkit.works.example":      "https://linkit.works.example/products/x",
		"https://linkit.works/api/v1/":      "https://linkit.works/api/v1/products/x",
		"http://localhost:8090":             "http://localhost:8090/products/x",
		"https://gateway.example/linkit/v1": "https://gateway.example/linkit/v1/products/x",
	} {
		rs := &replies{responses: []reply{{status: 200, body: product1}}}
		_, err := newClient(t, rs, linkit.WithBaseURL(base)).Products.Get(t.Context(), "x")
		require.NoError(t, err, base)
		assert.Equal(t, want, rs.requests[0].URL.String())
	}
}

func TestLimiterIsAskedBeforeEachAttemptAndOutsideItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		waits := 0
		slow := limiterFunc(func(context.Context) error {
			waits++
			time.Sleep(time.Second) //nolint:forbidigo // virtual time
			return nil
		})
		rs := &replies{responses: []reply{{status: 503}, {status: 200, body: product1}}}
		client := newClient(t, rs, linkit.WithLimiter(slow), linkit.WithAttemptTimeout(300*time.Millisecond))
		require.NoError(t, getOne(t.Context(), client))
		assert.Equal(t, 2, waits)

		failed := errors.New("redis is gone")
		client = newClient(t, rs, linkit.WithLimiter(limiterFunc(func(context.Context) error { return failed })))
		_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "x"})
		var te *linkit.TransportError
		require.ErrorAs(t, err, &te)
		require.ErrorIs(t, err, failed)
		require.NotErrorIs(t, err, linkit.ErrInvalid)
		require.NotErrorIs(t, err, linkit.ErrUncertain)
		assert.False(t, te.Sent)
		assert.Len(t, rs.requests, 2)
	})
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }
