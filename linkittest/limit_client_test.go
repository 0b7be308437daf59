package linkittest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestRateLimitRejectsBeforeTheHandlerWithoutRetryAfter(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithRateLimit(3, time.Hour))
	assert.Equal(t, 200, send(t, server, "GET", "/ping", "").status)
	assert.Equal(t, 401, send(t, server, "GET", "/products", "", "Authorization", "").status)
	signIn(t, server, linkittest.Email, linkittest.Password)
	for _, row := range [][2]string{{"POST", "/products"}, {"GET", "/ping"}, {"POST", "/auth/login"}, {"GET", "/nowhere"}} {
		res := send(t, server, row[0], row[1], `{"iv_id":"A"}`, "Authorization", "")
		assert.Equal(t, 429, res.status, row)
		assert.JSONEq(t, `{"code":429,"message":"Too many requests.","data":{}}`, res.body)
		assert.Empty(t, res.header.Get("Retry-After"))
	}
	assert.Len(t, server.Requests(), 7, "rejected requests are recorded too")
}

func TestSignInsHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithRateLimit(1, time.Hour), linkittest.WithLoginLimit(2, time.Hour))
	for range 2 {
		signIn(t, server, linkittest.Email, linkittest.Password)
	}
	assert.Equal(t, 429, send(t, server, "POST", "/auth/login", "").status)
	assert.Equal(t, 200, send(t, server, "GET", "/ping", "").status, "sign-ins don't count here")
	assert.Equal(t, 429, send(t, server, "GET", "/ping", "").status)
}

func TestFaultsDoNotCountAgainstALimit(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithRateLimit(1, time.Hour))
	server.Inject(linkittest.Fault{Status: 502, Times: 3})
	for range 3 {
		assert.Equal(t, 502, send(t, server, "GET", "/ping", "").status)
	}
	assert.Equal(t, 200, send(t, server, "GET", "/ping", "").status)
}

func TestJobsComeThroughALimit(t *testing.T) {
	t.Parallel()
	const window = 100 * time.Millisecond
	server := newServer(t, linkittest.WithRateLimit(8, window), linkittest.WithLoginLimit(1, window))
	for i := range 40 {
		server.AddProducts(linkit.Product{IvID: fmt.Sprint("P", i)})
	}
	for range 2 { // each client signs in
		client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithPrefetch(4))
		params := &linkit.ProductListParams{ListParams: linkit.ListParams{Limit: 2}}
		all, err := linkit.Collect(client.Products.All(t.Context(), params))
		require.NoError(t, err)
		assert.Len(t, all, 40)
	}
}
