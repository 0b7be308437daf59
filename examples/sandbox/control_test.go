package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestFaultFailsTheNextMatchingRequest(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	client := b.server.Client(linkit.WithRetries(0))
	added := call(
		t,
		b,
		http.MethodPost,
		"/_control/faults",
		`{"method": "GET", "path": "/products/{id}", "status": 503, "times": 2}`,
	)
	require.Equal(t, http.StatusCreated, added.status, added.body)
	assert.Equal(t, "503 Service Unavailable", into[fault](t, added).Name)

	_, err := client.Products.List(t.Context(), nil)
	require.NoError(t, err, "another route")
	_, err = client.Products.Get(t.Context(), "ITEM-1001")
	require.ErrorIs(t, err, linkit.ErrServer)
	left := into[[]fault](t, call(t, b, http.MethodGet, "/_control/faults", ""))
	require.Len(t, left, 1)
	assert.Equal(t, 1, left[0].Met)
	_, err = client.Products.Get(t.Context(), "ITEM-1002")
	require.ErrorIs(t, err, linkit.ErrServer)
	assert.JSONEq(t, `[]`, call(t, b, http.MethodGet, "/_control/faults", "").body)
	_, err = client.Products.Get(t.Context(), "ITEM-1001")
	require.NoError(t, err)

	list := into[[]summary](t, call(t, b, http.MethodGet, "/_control/exchanges?status=503", ""))
	require.Len(t, list, 2)
	assert.Equal(t, "503 Service Unavailable", list[0].Fault)
}

func TestFaultsAreToldApartInWhatTheyMet(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	client := b.server.Client(linkit.WithRetries(0))
	for _, f := range []string{
		`{"name": "late", "delay": "1ms", "times": -1}`,
		`{"name": "poison", "path": "/products/bulk", "body_contains": "BAD", "status": 422}`,
		`{"name": "second", "path": "/products/bulk", "status": 500}`,
		`{"name": "closed", "method": "POST", "path": "/products", "drop_before": true}`,
	} {
		require.Equal(t, http.StatusCreated, call(t, b, http.MethodPost, "/_control/faults", f).status)
	}
	met := func() string {
		list := into[[]summary](t, call(t, b, http.MethodGet, "/_control/exchanges?limit=1", ""))
		require.Len(t, list, 1)
		return list[0].Fault
	}
	bulk := func(ivID string) {
		_, _ = client.Products.Bulk(t.Context(), linkit.BulkCreate, []linkit.ProductParams{{IvID: ivID}})
	}
	bulk("GOOD")
	assert.Equal(t, "late; second", met())
	bulk("BAD")
	assert.Equal(t, "late; poison", met())
	bulk("BAD")
	assert.Equal(t, "late", met())
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "NEW"}) // net/http itself would retry a GET
	require.Error(t, err)
	assert.Equal(t, "late; closed", met())
}

func TestFaultsCanBeRemoved(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	for range 3 {
		require.Equal(
			t,
			http.StatusCreated,
			call(t, b, http.MethodPost, "/_control/faults", `{"status": 500, "times": -1}`).status,
		)
	}
	assert.Equal(t, http.StatusNoContent, call(t, b, http.MethodDelete, "/_control/faults/2", "").status)
	assert.Equal(t, http.StatusNotFound, call(t, b, http.MethodDelete, "/_control/faults/2", "").status)
	assert.Equal(t, http.StatusNotFound, call(t, b, http.MethodDelete, "/_control/faults/0", "").status)
	assert.Len(t, b.faults.all(), 2)
	assert.Equal(t, http.StatusNoContent, call(t, b, http.MethodDelete, "/_control/faults", "").status)
	_, err := b.server.Client(linkit.WithRetries(0)).Products.Count(t.Context(), nil)
	require.NoError(t, err)
}

func TestExpiryRevocationAndRestoring(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	withKey := b.server.Client()
	withToken := b.server.Client(linkit.WithToken(token))
	withLogin := b.server.Client(linkit.WithLogin(linkittest.Email, password))
	count := func(client *linkit.Client) error {
		_, err := client.Products.Count(t.Context(), nil)
		return err
	}
	for _, client := range []*linkit.Client{withKey, withToken, withLogin} {
		require.NoError(t, count(client))
	}
	require.Equal(t, http.StatusOK, call(t, b, http.MethodPost, "/_control/expire", "").status)
	require.ErrorIs(t, count(withToken), linkit.ErrUnauthorized)
	require.NoError(t, count(withLogin))
	require.NoError(t, count(withKey))
	assert.Equal(t, 2, into[counts](t, call(t, b, http.MethodGet, "/_control/counts", "")).SignIns, "it signed in again")

	require.True(t, into[state](t, call(t, b, http.MethodPost, "/_control/revoke", "{}")).Revoked)
	require.ErrorIs(t, count(withKey), linkit.ErrUnauthorized)
	require.False(t, into[state](t, call(t, b, http.MethodPost, "/_control/restore", "")).Revoked)
	require.NoError(t, count(b.server.Client()))
	require.NoError(t, count(b.server.Client(linkit.WithToken(token))))
}

func TestSuspensionIsSetAndLifted(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	client := b.server.Client()
	suspended := call(t, b, http.MethodPost, "/_control/suspension", `{"suspended": true}`)
	assert.Equal(t, []string{"org_123"}, into[state](t, suspended).Suspended)
	_, err := client.Products.Count(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrServiceSuspended)
	assert.Contains(t, call(t, b, http.MethodGet, "/_control/catalogue", "").body, "ITEM-1001", "the page still shows it")
	lifted := call(t, b, http.MethodPost, "/_control/suspension", `{"organization": "org_123", "suspended": false}`)
	assert.Empty(t, into[state](t, lifted).Suspended)
	_, err = client.Products.Count(t.Context(), nil)
	require.NoError(t, err)
}

func TestRefusedRecordIsRejectedAlone(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	client := b.server.Client()
	added := call(
		t,
		b,
		http.MethodPost,
		"/_control/refusals",
		`{"route": "/products", "key": "P-2", "details": "no such brand"}`,
	)
	require.Equal(t, http.StatusCreated, added.status, added.body)
	bulk := func() int {
		_, _ = client.Products.Bulk(t.Context(), linkit.BulkCreate, []linkit.ProductParams{{IvID: "P-1"}, {IvID: "P-2"}})
		products, err := client.Products.List(t.Context(), &linkit.ProductListParams{Search: "P-"})
		require.NoError(t, err)
		return len(products.Data)
	}
	assert.Equal(t, 1, bulk())
	path := fmt.Sprintf("/_control/refusals/%d", into[refusal](t, added).ID)
	require.Equal(t, http.StatusNoContent, call(t, b, http.MethodDelete, path, "").status)
	assert.Equal(t, 2, bulk())
}

func TestWebhookReachesAProgramOnThisMachine(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	orders := make(chan string, 1)
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		order, err := linkit.ParseOrder(r.Body)
		assert.NoError(t, err)
		orders <- order.ID
		w.WriteHeader(http.StatusAccepted)
	}))
	defer program.Close()
	shop := into[shopPage](t, call(t, b, http.MethodGet, "/_control/catalogue", ""))
	require.NotEmpty(t, shop.Orders)
	sent := call(
		t,
		b,
		http.MethodPost,
		"/_control/webhook",
		fmt.Sprintf(`{"url": %q, "order": %q}`, program.URL, shop.Orders[0]),
	)
	require.Equal(t, http.StatusOK, sent.status, sent.body)
	assert.Contains(t, sent.body, `"status":202`)
	assert.Equal(t, shop.Orders[0], <-orders)

	program.Close()
	gone := call(
		t,
		b,
		http.MethodPost,
		"/_control/webhook",
		fmt.Sprintf(`{"url": %q, "order": %q}`, program.URL+"/s3cret", shop.Orders[0]),
	)
	assert.Equal(t, http.StatusBadGateway, gone.status)
	assert.NotContains(t, gone.body, "s3cret")
}

func TestMistakesOfScriptsAreNamed(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	rows := []struct {
		path, body string
		status     int
		want       string
	}{
		{"/faults", `{"status": 42}`, http.StatusBadRequest, "status"},
		{"/faults", `{"status": 500, "path": "products"}`, http.StatusBadRequest, "path"},
		{"/faults", `{}`, http.StatusBadRequest, "does nothing"},
		{"/faults", `{"delay": "soon"}`, http.StatusBadRequest, "duration"},
		{"/faults", `{"delay": "-1s"}`, http.StatusBadRequest, "duration"},
		{"/faults", `{"staus": 500}`, http.StatusBadRequest, "staus"},
		{"/faults", `{"status": 500} {"status": 500}`, http.StatusBadRequest, "more than one"},
		{"/faults", `[]`, http.StatusBadRequest, "isn't valid"},
		{"/faults", `{"body": "` + strings.Repeat("x", maxControlBody) + `"}`, http.StatusBadRequest, "too large"},
		{"/expire", `{"all": true}`, http.StatusBadRequest, "all"},
		{"/suspension", `{}`, http.StatusBadRequest, "suspended"},
		{"/suspension", `{"organization": "org_9", "suspended": true}`, http.StatusBadRequest, "org_123"},
		{"/refusals", `{"route": "/products"}`, http.StatusBadRequest, "key"},
		{"/refusals", `{"route": "/nothing", "key": "a"}`, http.StatusBadRequest, "collection"},
		{"/refusals", `{"route": "/products", "key": "a", "status": 200}`, http.StatusBadRequest, "status"},
		{"/settings", `{"token_ttl": "0s"}`, http.StatusBadRequest, "token_ttl"},
		{"/webhook", `{"url": "http://example.com/", "order": "o1"}`, http.StatusBadRequest, "on this machine"},
		{"/webhook", `{"url": "http://127.0.0.1.example.com/", "order": "o1"}`, http.StatusBadRequest, "on this machine"},
		{"/webhook", `{"url": "file:///etc/hosts", "order": "o1"}`, http.StatusBadRequest, "on this machine"},
		{"/webhook", `{"url": "http://127.0.0.1:1/", "order": "none"}`, http.StatusNotFound, "none"},
		{"/nothing", `{}`, http.StatusNotFound, "/_control/"},
	}
	for _, row := range rows {
		got := call(t, b, http.MethodPost, "/_control"+row.path, row.body)
		assert.Equal(t, row.status, got.status, "%s %.40s", row.path, row.body)
		assert.Contains(t, into[map[string]string](t, got)["error"], row.want, "%s %.40s", row.path, row.body)
	}
	assert.Empty(t, b.state().Faults)
	assert.Empty(t, b.state().Refusals)
}

func TestSettingsChangeDelayAndTokenLifetime(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	got := into[state](t, call(t, b, http.MethodPost, "/_control/settings", `{"delay": "3ms", "token_ttl": "5m"}`))
	assert.Equal(t, duration(3*time.Millisecond), got.Delay)
	_, err := b.server.Client(linkit.WithLogin(linkittest.Email, password)).Products.Count(t.Context(), nil)
	require.NoError(t, err)
	list := into[[]summary](t, call(t, b, http.MethodGet, "/_control/exchanges", ""))
	require.Len(t, list, 2)
	assert.GreaterOrEqual(t, list[0].Milliseconds, 3.0)
	signIn := into[exchange](t, call(t, b, http.MethodGet, "/_control/exchanges/1", ""))
	var body struct {
		ExpiresAt time.Time `json:"expires_at"`
	}
	require.NoError(t, json.Unmarshal([]byte(signIn.Response.Body), &body))
	assert.WithinDuration(t, signIn.Time.Add(5*time.Minute), body.ExpiresAt, time.Minute)
}

func TestEveryEndpointIsListed(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	list := into[map[string]string](t, call(t, b, http.MethodGet, "/_control/", ""))
	assert.Len(t, list, len(b.endpoints()))
	assert.Contains(t, list, "POST /_control/faults")
}
