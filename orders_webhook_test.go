package linkit_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const webhook = `{"spec_version":"2026-04-01","event":"order.updated","order":{"id":"o00000000000001","order_status":"delivered","total_amount":1}}`

// deliver posts a webhook to a handler.
func deliver(ctx context.Context, h http.Handler, method, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, method, "/webhooks/secret", strings.NewReader(body)))
	return w
}

func TestWebhookIsConfirmedOnlyAfterTheOrderWasReadAnewAndHandled(t *testing.T) {
	t.Parallel()
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(linkit.Order{ID: "o00000000000001", OrderStatus: linkit.OrderStatusConfirmed, TotalAmount: 84.5})
	var handled []linkit.Order
	fail := errors.New("the database is away")
	h := server.Client().Orders.WebhookHandler(func(_ context.Context, o *linkit.Order) error {
		handled = append(handled, *o)
		return fail
	})
	w := deliver(t.Context(), h, http.MethodPost, webhook)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.NotContains(t, w.Body.String(), "database")
	fail = nil
	assert.Equal(t, http.StatusNoContent, deliver(t.Context(), h, http.MethodPost, webhook).Code)
	require.Len(t, handled, 2)
	// What the webhook says of the order isn't believed.
	assert.Equal(t, linkit.OrderStatusConfirmed, handled[1].OrderStatus)
	assert.InDelta(t, 84.5, handled[1].TotalAmount, 0)
}

func TestWebhookStatusSaysWhatTheSenderShouldDo(t *testing.T) {
	t.Parallel()
	server := linkittest.NewServer()
	defer server.Close()
	h := server.Client(linkit.WithRetries(0)).Orders.WebhookHandler(func(context.Context, *linkit.Order) error {
		t.Error("no order was to be handled")
		return nil
	})
	var compressed bytes.Buffer
	zip := gzip.NewWriter(&compressed)
	_, err := zip.Write([]byte(webhook))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	for name, row := range map[string]struct {
		method, body string
		status       int
	}{
		"unknown order": {http.MethodPost, webhook, http.StatusNotFound},
		"no id":         {http.MethodPost, `{"order":{"order_status":"pending"}}`, http.StatusBadRequest},
		"not JSON":      {http.MethodPost, "order=1", http.StatusBadRequest},
		"hostile id":    {http.MethodPost, `{"order":{"id":".."}}`, http.StatusBadRequest},
		"empty":         {http.MethodPost, "", http.StatusBadRequest},
		"gzip":          {http.MethodPost, compressed.String(), http.StatusBadRequest},
		"too large":     {http.MethodPost, `{"order":{"id":"o1","comment":"` + strings.Repeat("x", 8<<20) + `"}}`, http.StatusRequestEntityTooLarge},
		"GET":           {http.MethodGet, webhook, http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(server.Requests())
			response := deliver(t.Context(), h, row.method, row.body)
			assert.Equal(t, row.status, response.Code)
			assert.Len(t, strings.Split(strings.TrimSpace(response.Body.String()), "\n"), 1, "one response")
			if name != "unknown order" {
				assert.Len(t, server.Requests(), before, "nothing was read")
			}
		})
	}
	server.Inject(linkittest.Fault{Status: http.StatusBadGateway, Times: -1})
	assert.Equal(t, http.StatusServiceUnavailable, deliver(t.Context(), h, http.MethodPost, webhook).Code)
}

func TestWebhooksBeyondFourAtOnceAreToTryAgain(t *testing.T) {
	t.Parallel()
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(linkit.Order{ID: "o00000000000001"})
	running, release := make(chan struct{}), make(chan struct{})
	h := server.Client().Orders.WebhookHandler(func(context.Context, *linkit.Order) error {
		running <- struct{}{}
		<-release
		return nil
	})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { assert.Equal(t, http.StatusNoContent, deliver(t.Context(), h, http.MethodPost, webhook).Code) })
		<-running
	}
	w := deliver(t.Context(), h, http.MethodPost, webhook)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	close(release)
	group.Wait()
	go func() { <-running }()
	assert.Equal(t, http.StatusNoContent, deliver(t.Context(), h, http.MethodPost, webhook).Code)
}

func TestWebhookHandlerRefusesANilFunction(t *testing.T) {
	t.Parallel()
	client, _ := newMockedClient(t)
	assert.Panics(t, func() { client.Orders.WebhookHandler(nil) })
}

func TestParseOrderNamesACompressedBody(t *testing.T) {
	t.Parallel()
	_, err := linkit.ParseOrder(strings.NewReader("\x1f\x8b\x08\x00\x00"))
	require.ErrorIs(t, err, linkit.ErrInvalid)
	assert.ErrorContains(t, err, "gzip")
}

func TestPlacedIsTheVendorsTimeOrElseCreated(t *testing.T) {
	t.Parallel()
	vendor, own := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	order := linkit.Order{SourceTimestamp: linkit.Time{Time: vendor}, Created: linkit.Time{Time: own}}
	assert.Equal(t, vendor, order.Placed())
	order.SourceTimestamp = linkit.Time{}
	assert.Equal(t, own, order.Placed())
	assert.True(t, new(linkit.Order).Placed().IsZero())
}
