package linkittest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkittest"
)

// observed starts a server and returns a function that takes the exchanges observed so far.
func observed(t *testing.T, opts ...linkittest.Option) (*linkittest.Server, func() []linkittest.Exchange) {
	t.Helper()
	var exchanges []linkittest.Exchange // calls of the observer don't overlap
	server := newServer(
		t,
		append(opts, linkittest.WithObserver(func(x linkittest.Exchange) { exchanges = append(exchanges, x) }))...)
	return server, func() []linkittest.Exchange {
		taken := exchanges
		exchanges = nil
		return taken
	}
}

func TestEachRequestIsObservedWithItsResponse(t *testing.T) {
	t.Parallel()
	server, take := observed(t, linkittest.WithoutRecording())
	began := time.Now()
	res := send(
		t,
		server,
		"POST",
		"/products?a=1",
		`{"iv_id":"A"}`,
		"X-Trace",
		"t1",
		"X-Organization-ID",
		linkittest.OrganizationID,
	)
	exchanges := take()
	require.Len(t, exchanges, 1, "before the response was written")
	x := exchanges[0]
	assert.Equal(t, "POST /products /products", x.Request.Method+" "+x.Request.Path+" "+x.Request.Route)
	assert.Equal(t, "1", x.Request.Query.Get("a"))
	assert.Equal(t, "t1 org_123", x.Request.Header.Get("X-Trace")+" "+x.Request.Header.Get("X-Organization-Id"))
	assert.JSONEq(t, `{"iv_id":"A"}`, string(x.Request.Body))
	assert.Equal(t, 201, x.StatusCode)
	assert.Equal(t, res.body, string(x.Body))
	for _, name := range []string{"Content-Type", "Content-Length", "Date"} {
		assert.Equal(t, res.header.Values(name), x.Header.Values(name), name)
	}
	assert.WithinDuration(t, began, x.Began, 10*time.Second)
	assert.Positive(t, x.Duration)
	assert.Nil(t, x.Fault)
	for path, status := range map[string]int{"/products/A": 200, "/products/B": 404, "/nowhere": 404} {
		send(t, server, "GET", path, "")
		exchanges = take()
		require.Len(t, exchanges, 1, path)
		assert.Equal(t, status, exchanges[0].StatusCode, path)
	}
	assert.Empty(t, server.Requests())
}

func TestObserversSeeTheFault(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault  linkittest.Fault
		status int
		body   string // "": not empty
	}{
		"status":      {linkittest.Fault{Path: "/products/{iv_id}", Status: 503, Body: "{}"}, 503, "{}"},
		"drop before": {linkittest.Fault{Path: "/products/{iv_id}", DropBefore: true}, 0, ""},
		"drop after":  {linkittest.Fault{Path: "/products/{iv_id}", DropAfter: true}, 0, ""},
		"truncate":    {linkittest.Fault{Path: "/products/{iv_id}", Truncate: true}, 404, `{"code":404,"error":"Not Found","details`},
		"header":      {linkittest.Fault{Path: "/products/{iv_id}", Header: http.Header{"X-One": {"1"}}}, 404, "any"},
		"delay":       {linkittest.Fault{Path: "/products/{iv_id}", Delay: time.Millisecond}, 404, "any"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var x linkittest.Exchange
			server := newServer(t, linkittest.WithObserver(func(seen linkittest.Exchange) {
				mu.Lock()
				defer mu.Unlock()
				x = seen
			}))
			server.Inject(row.fault)
			_, _ = trySend(t, server, "GET", "/products/A", "")
			mu.Lock()
			defer mu.Unlock()
			assert.Equal(t, row.status, x.StatusCode)
			require.NotNil(t, x.Fault)
			assert.Equal(t, row.fault.Path, x.Fault.Path)
			assert.Equal(t, row.fault.Header.Get("X-One"), x.Header.Get("X-One"))
			assert.GreaterOrEqual(t, x.Duration, row.fault.Delay)
			if row.body != "any" {
				assert.Equal(t, row.body, string(x.Body))
			}
		})
	}
}

func TestAClientThatLeavesIsObservedWithoutAResponse(t *testing.T) {
	t.Parallel()
	seen := make(chan linkittest.Exchange, 1)
	server := newServer(t, linkittest.WithObserver(func(x linkittest.Exchange) { seen <- x }))
	server.Inject(linkittest.Fault{Delay: time.Hour})
	client := server.Client()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	ended := make(chan error)
	go func() {
		_, err := client.Products.List(ctx, nil)
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(server.Requests()) == 1 }, time.Minute, time.Millisecond)
	leave()
	require.ErrorIs(t, <-ended, context.Canceled)
	x := <-seen
	assert.Zero(t, x.StatusCode)
	assert.Equal(t, time.Hour, x.Fault.Delay)
}

func TestObserversSeeNoCredential(t *testing.T) {
	t.Parallel()
	server, take := observed(t)
	const password, key, bearer = "a-secret-p\"assword", "lk_live_secret_71", "eyJ0.secret.sig"
	server.AddUser("buyer@example.com", password)
	server.AddAPIKey(key)
	server.AddToken(bearer)
	for name, row := range map[string]struct {
		authorization, secret, shown string
	}{
		"key":          {key, key, "[masked]"},
		"token":        {"Bearer " + bearer, bearer, "Bearer [masked]"},
		"wrong scheme": {"Basic dXNlcjpzZWNyZXQ=", "dXNlcjpzZWNyZXQ=", "[masked]"},
	} {
		server.Inject(
			linkittest.Fault{
				Status: 400,
				Body:   "you sent " + row.secret,
				Header: http.Header{"X-Debug": {row.authorization}, "Set-Cookie": {"sid=cookie-value"}},
			},
		)
		send(
			t,
			server,
			"POST",
			"/products?key="+row.secret,
			`{"iv_id":"`+row.secret+`"}`,
			"Authorization",
			row.authorization,
			"Cookie",
			"sid=cookie-value",
		)
		exchanges := take()
		require.Len(t, exchanges, 1)
		x := exchanges[0]
		text := fmt.Sprintf("%s %s %+v %+v", x.Body, x.Request.Body, x, x.Fault)
		assert.NotContains(t, text, row.secret, name)
		assert.NotContains(t, text, "cookie-value", name)
		assert.Equal(t, row.shown, exchanges[0].Request.Header.Get("Authorization"), name)
	}

	body, err := json.Marshal(map[string]any{"email": "buyer@example.com", "password": password})
	require.NoError(t, err)
	res := send(t, server, "POST", "/auth/login", string(body), "Authorization", "")
	token, _ := res.at(t, "token").(string)
	require.NotEmpty(t, token)
	x := take()[0]
	assert.JSONEq(t, `{"email":"buyer@example.com","password":"[masked]"}`, string(x.Request.Body))
	assert.NotContains(t, string(x.Body), token)
	assert.Contains(t, string(x.Body), `"token":"[masked]"`)
	assert.Contains(t, string(x.Body), "expires_at")

	server.Inject(linkittest.Fault{Path: "/auth/login", Body: `{"token":"eyJ0.another"}`})
	send(t, server, "POST", "/auth/login", string(body))
	x = take()[0]
	assert.JSONEq(t, `{"token":"[masked]"}`, string(x.Body))
	assert.JSONEq(t, `{"token":"[masked]"}`, x.Fault.Body)

	server.Inject(linkittest.Fault{Path: "/auth/login", Truncate: true})
	_, _ = trySend(t, server, "POST", "/auth/login", string(body))
	x = take()[0]
	assert.Equal(t, `"[masked]"`, string(x.Body), "half a token is a secret too")
	for _, sent := range []string{`{"a":{"Password":"secret"}}`, `[{"password":"secret"}]`, `password=secret`, `"secret"`, `{"password":"secret"`} {
		send(t, server, "POST", "/auth/login/", sent, "Authorization", "")
		assert.NotContains(t, string(take()[0].Request.Body), "secret", sent)
	}
	for _, request := range server.Requests() {
		assert.False(t, bytes.Contains(request.Body, []byte(`"secret`)), string(request.Body))
	}
}

func TestObserversGetCopies(t *testing.T) {
	t.Parallel()
	spoil := func(x linkittest.Exchange) {
		x.Request.Header.Set("Authorization", "spoiled")
		clear(x.Request.Body)
		clear(x.Body)
		x.Header.Set("Content-Type", "spoiled")
		if x.Fault != nil {
			x.Fault.Header.Set("X-One", "spoiled")
			x.Fault.Status = 500
		}
	}
	server := newServer(t, linkittest.WithObserver(nil), linkittest.WithObserver(spoil), linkittest.WithObserver(spoil))
	server.Inject(linkittest.Fault{Header: http.Header{"X-One": {"1"}}, Times: 2})
	for range 2 {
		res := send(t, server, "POST", "/brands", `{"brand_code":"A"}`)
		assert.Contains(t, res.body, `{`)
		assert.Equal(t, "application/json 1", res.header.Get("Content-Type")+" "+res.header.Get("X-One"))
	}
	requests := server.Requests()
	assert.Equal(t, `{"brand_code":"A"}`, string(requests[0].Body))
	assert.Equal(t, linkittest.APIKey, requests[0].Header.Get("Authorization"))
}

func TestCallsOfAnObserverDoNotOverlap(t *testing.T) {
	t.Parallel()
	server, take := observed(t)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { _, _ = trySend(t, server, "GET", "/ping", "") })
	}
	wait.Wait()
	assert.Len(t, take(), 20)
}
