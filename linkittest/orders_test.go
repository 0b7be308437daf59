package linkittest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestAnOrderWithARawIsReturnedAsThat(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	raw := json.RawMessage(`{"order":{"id":"inner","order_status":"pending"},"spec_version":"2026-04-01","more":[1]}`)
	server.AddOrders(
		linkit.Order{Raw: raw},
		linkit.Order{ID: "outer", OrderStatus: "shipped", Raw: raw},
		linkit.Order{ID: "odd", Raw: json.RawMessage(`["no order"]`)},
		linkit.Order{Raw: json.RawMessage(`["no id"]`)},
		linkit.Order{ID: "broken", Raw: json.RawMessage(`{`)},
	)
	for path, want := range map[string]string{
		"/orders/inner": string(raw), "/orders/outer": string(raw), "/orders/odd": `["no order"]`,
	} {
		res := send(t, server, "GET", path, "")
		require.Equal(t, http.StatusOK, res.status, path)
		assert.JSONEq(t, want, res.body, path)
	}
	for status, id := range map[string]float64{"pending": 1, "shipped": 1, "cancelled": 0} {
		assert.InDelta(t, id, send(t, server, "GET", "/orders?status="+status, "").at(t, "total_count"), 0, status)
	}
	broken := send(t, server, "GET", "/orders/broken", "")
	assert.Equal(t, http.StatusInternalServerError, broken.status)
	assert.Contains(t, broken.at(t, "details"), "JSON")
	_, err := server.SendOrder(t.Context(), server.URL, "broken") //nolint:bodyclose // there is none
	require.ErrorContains(t, err, "linkittest: SendOrder: ")
}

func TestAnOrdersVersionStays(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddOrders(linkit.Order{ID: "o1", SpecVersion: "2027-01-01"}, linkit.Order{ID: "o2"})
	for range 2 {
		assert.Equal(t, "2027-01-01", send(t, server, "GET", "/orders/o1", "").at(t, "spec_version"))
		assert.Equal(t, "2026-04-01", send(t, server, "GET", "/orders/o2", "").at(t, "spec_version"))
		assert.Empty(t, send(t, server, "GET", "/orders/o1", "").at(t, "order", "spec_version"), "it is the envelope's")
	}
}

func TestOrdersAreTakenInTheOlderForm(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`{"external_id":"M","status":"pending","discount":2,"tax":3,"notes":"ring"}`:   `{"source_reference":"M","order_status":"pending","discounts_amount":2,"vat_amount":3,"comment":"ring"}`,
		`{"order":{"external_id":"M","status":"pending"}}`:                             `{"source_reference":"M","order_status":"pending"}`,
		`{"external_id":"M","source_reference":""}`:                                    `{"source_reference":"M"}`,
		`{"external_id":"M","source_reference":null}`:                                  `{"source_reference":"M"}`,
		`{"external_id":"M","source_reference":"newer"}`:                               `{"source_reference":"newer"}`,
		`{"external_id":"M","notes":["ring","twice"]}`:                                 `{"comment":"[\"ring\",\"twice\"]"}`,
		`{"external_id":"M","notes":null}`:                                             `{"comment":""}`,
		`{"source_reference":"M","comment":"both","notes":"older","order_status":"x"}`: `{"source_reference":"M","comment":"both","order_status":"x"}`,
	} {
		server := newServer(t)
		res := send(t, server, "POST", "/orders/bulk", "["+sent+"]")
		require.EqualValues(t, 201, res.at(t, "records", 0, "status"), res.body)
		order := send(t, server, "GET", "/orders", "").at(t, "data", 0, "order")
		contains(t, want, order)
		for _, older := range []string{"external_id", "status", "discount", "tax", "notes", "order"} {
			assert.NotContains(t, order, older, sent)
		}
	}
}
