package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// stream is a stream of events.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	id    string // of the latest event
}

func newStream(t *testing.T, b *sandbox, lastEvent string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.origin()+"/_control/events", http.NoBody)
	require.NoError(t, err)
	if lastEvent != "" {
		r.Header.Set("Last-Event-ID", lastEvent)
	}
	res, err := b.server.HTTPClient().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		_ = res.Body.Close()
	})
	assert.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 16<<20)
	return &stream{t: t, lines: lines}
}

// next returns the next event.
func (s *stream) next() (n news) {
	s.t.Helper()
	for s.lines.Scan() {
		if id, ok := strings.CutPrefix(s.lines.Text(), "id: "); ok {
			s.id = id
		}
		if data, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			require.NoError(s.t, json.Unmarshal([]byte(data), &n))
			return n
		}
	}
	require.Fail(s.t, "the stream ended", "%v", s.lines.Err())
	return n
}

func TestEventsShowRequestsAndChangesAsTheyHappen(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	client := b.server.Client()
	events := newStream(t, b, "")
	assert.Empty(t, events.next().Exchanges)

	_, err := client.Products.Get(t.Context(), "ITEM-1001")
	require.NoError(t, err)
	n := events.next()
	require.Len(t, n.Exchanges, 1)
	got := n.Exchanges[0]
	assert.Equal(t, "GET /products/ITEM-1001 /products/{iv_id} 200 org_123 API key", fmt.Sprint(
		got.Method, " ", got.Path, " ", got.Route, " ", got.Status, " ", got.Organization, " ", got.Credential))
	assert.Equal(t, 1, n.Counts.Requests)

	require.Equal(t, http.StatusCreated, call(t, b, http.MethodPost, "/_control/faults", `{"status": 500}`).status)
	n = events.next()
	require.NotNil(t, n.State)
	assert.Len(t, n.State.Faults, 1)

	_, err = client.Products.Get(t.Context(), "ITEM-1002") // meets the fault, and is retried
	require.NoError(t, err)
	resumed := newStream(t, b, events.id)
	assert.Len(t, resumed.next().Exchanges, 2, "those after the last event")
	assert.Len(t, newStream(t, b, "another-1").next().Exchanges, 3, "all, in another process")
}

func TestCloseEndsTheStreams(t *testing.T) {
	t.Parallel()
	b, err := start(config{addr: "127.0.0.1:0", tokenTTL: 1 << 40})
	require.NoError(t, err)
	events := newStream(t, b, "")
	events.next()
	b.close()
	for events.lines.Scan() {
		assert.Empty(t, events.lines.Text())
	}
}

func TestOnlyTheLatestExchangesAreKeptAndAllAreCounted(t *testing.T) {
	t.Parallel()
	l := newExchangeLog()
	body := strings.Repeat("x", 40<<10)
	const all = maxExchanges + 5
	for i := range all {
		e := exchange{summary: summary{Status: http.StatusOK, Method: "GET", Path: fmt.Sprint("/", i+1)}}
		if i%2 == 0 {
			e.Response.Body = body
		}
		l.add(e)
	}
	assert.Equal(t, all, l.totals().Requests)
	assert.Equal(t, all, l.totals().Statuses["200"])
	_, ok := l.get(5)
	assert.False(t, ok)
	oldest, ok := l.get(6)
	require.True(t, ok)
	assert.Equal(t, "/6", oldest.Path)
	newest, ok := l.get(all)
	require.True(t, ok)
	assert.Equal(t, body, newest.Response.Body)
	bytes := 0
	for id := 6; id <= all; id++ {
		e, _ := l.get(id)
		bytes += len(e.Response.Body)
	}
	assert.LessOrEqual(t, bytes, maxBodies)
	assert.Greater(t, bytes, maxBodies/2)
	assert.Equal(t, bytes, l.bytes)
	list, next := l.after(0, maxListed, nil)
	assert.Len(t, list, maxListed)
	assert.Equal(t, 6, list[0].ID)
	assert.Equal(t, 5+maxListed, next)
}

func TestNoCredentialIsShown(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	withLogin := b.server.Client(linkit.WithLogin(linkittest.Email, password))
	withToken := b.server.Client(linkit.WithToken(token))
	for _, client := range []*linkit.Client{b.server.Client(), withLogin, withToken} {
		_, err := client.Products.Count(t.Context(), nil)
		require.NoError(t, err)
	}
	_, _ = b.server.Client(linkit.WithLogin("user@example.com", "wrong-secret")).Products.Count(t.Context(), nil)
	call(
		t,
		b,
		http.MethodGet,
		"/api/v1/products?api_key=query-secret",
		"",
		"X-Api-Key",
		"header-secret",
		"Authorization",
		"foreign-secret",
	)
	call(
		t,
		b,
		http.MethodPost,
		"/api/v1/products",
		`{"iv_id": "A", "access_token": "body-secret", "secrets": ["list-secret"], "note": "`+token+`"}`,
		"Authorization",
		linkittest.APIKey,
	)
	call(t, b, http.MethodGet, "/api/v1/products/"+linkittest.APIKey, "", "Authorization", "Bearer "+token)
	require.Equal(
		t,
		http.StatusCreated,
		call(t, b, http.MethodPost, "/_control/faults", `{"status": 200, "body": "{\"token\": \"fault-secret\"}"}`).status,
	)
	call(t, b, http.MethodGet, "/api/v1/ping", "")

	total := b.exchanges.totals().Requests
	require.GreaterOrEqual(t, total, 9)
	kinds := map[string]bool{}
	for id := 1; id <= total; id++ {
		text := call(t, b, http.MethodGet, fmt.Sprint("/_control/exchanges/", id), "").body
		for _, secret := range []string{
			password, token, linkittest.APIKey, "wrong-secret", "query-secret", "header-secret", "foreign-secret",
			"body-secret", "list-secret", "fault-secret",
		} {
			assert.NotContains(t, text, secret)
		}
		kinds[into[exchange](t, result{body: text}).Credential] = true
	}
	assert.Equal(t, map[string]bool{"token": true, "API key": true, "password": true, "none": true}, kinds)
}

func TestExchangesCanBeSelected(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	client := b.server.Client()
	for _, ivID := range []string{"ITEM-1001", "NONE", "ITEM-1002"} {
		_, _ = client.Products.Get(t.Context(), ivID)
	}
	_, err := client.Branches.Count(t.Context(), nil)
	require.NoError(t, err)
	for query, want := range map[string]string{
		"":                          "ITEM-1001 NONE ITEM-1002 branches",
		"?limit=2":                  "ITEM-1002 branches",
		"?status=404":               "NONE",
		"?route=/products/{iv_id}":  "ITEM-1001 NONE ITEM-1002",
		"?after=2":                  "ITEM-1002 branches",
		"?after=1&limit=1":          "NONE",
		"?status=200&route=/nowhre": "",
	} {
		var got []string
		for _, e := range into[[]summary](t, call(t, b, http.MethodGet, "/_control/exchanges"+query, "")) {
			got = append(got, e.Path[strings.LastIndex(e.Path, "/")+1:])
		}
		assert.Equal(t, want, strings.Join(got, " "), query)
	}
	assert.Equal(t, http.StatusNotFound, call(t, b, http.MethodGet, "/_control/exchanges/99", "").status)
	assert.Equal(t, http.StatusNotFound, call(t, b, http.MethodGet, "/_control/exchanges/x", "").status)
}

func TestCatalogueHasStockInBothLanguages(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	require.Equal(
		t,
		http.StatusCreated,
		call(t, b, http.MethodPost, "/_control/faults", `{"status": 500, "times": -1}`).status,
	)
	shop := into[shopPage](t, call(t, b, http.MethodGet, "/_control/catalogue?search=ITEM-1001", ""))
	require.Len(t, shop.Products, 1)
	assert.Equal(t, "بنادول أدفانس 500 ملغ، 24 قرصًا", shop.Products[0].NameAr)
	assert.Equal(t, 33, shop.Products[0].Total)
	require.Len(t, shop.Products[0].Stock, 3)
	assert.NotEmpty(t, shop.Products[0].Stock[0].NameAr)
	assert.Equal(t, 3, shop.Branches)
	assert.Zero(t, b.exchanges.totals().Requests, "looking at it is no request")

	many := newSandbox(t, config{products: 45, branches: 120})
	shop = into[shopPage](t, call(t, many, http.MethodGet, "/_control/catalogue?page=3", ""))
	assert.Equal(t, 3, shop.Pages)
	require.Len(t, shop.Products, 5)
	assert.Len(t, shop.Products[0].Stock, 100)
	skus, err := many.server.Client().SKUs.Count(t.Context(), &linkit.SKUListParams{ProductIvID: shop.Products[0].IvID})
	require.NoError(t, err)
	assert.Equal(t, 120, skus)
}
