package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// whole returns a sample as it stands in a response, without the line's end.
func whole(t *testing.T, name string) json.RawMessage {
	t.Helper()
	return json.RawMessage(strings.TrimSpace(sample(t, name)))
}

// cut returns the object of a sample that begins with from and holds no other.
func cut(t *testing.T, name, from string) json.RawMessage {
	t.Helper()
	text := sample(t, name)
	start := strings.Index(text, from)
	require.GreaterOrEqual(t, start, 0)
	length := strings.Index(text[start:], "}")
	require.GreaterOrEqual(t, length, 0)
	return json.RawMessage(text[start : start+length+1])
}

func envelopeOrder(t *testing.T) linkit.Order {
	t.Helper()
	return linkit.Order{
		SpecVersion:          "2026-04-01",
		ID:                   "o8r2d5e7r1a3b6c",
		OrganizationID:       "org_9f2",
		SourceReference:      "HS-99120",
		SourceTransactionID:  "tx-7781",
		SourceTimestamp:      linkit.Time{Time: time.Date(2026, 4, 10, 19, 2, 11, 0, time.UTC)},
		DestinationID:        "b4r7a2n9c6h1x3y",
		DestinationReference: "BR-07",
		OrderStatus:          linkit.OrderStatusPreparing,
		FulfillmentStatus:    "pending",
		PaymentStatus:        linkit.OrderPaymentStatusPaid,
		FulfillmentMethod:    "delivery",
		PaymentMethod:        "card",
		Currency:             "SAR",
		TotalAmount:          33.35,
		DiscountsAmount:      2,
		VATAmount:            4.35,
		CustomerName:         "Noura Salem",
		CustomerPhone:        "+966550001122",
		CustomerEmail:        "noura@example.com",
		SKUs:                 []string{"ITEM-4410_BR-07"},
		Products: []linkit.LineItem{{
			ProductID: "k7m2p9q4x1c8v5b", Name: "Adol 500 mg", Quantity: 3, Price: 7.25, Total: 21.75,
			Raw: cut(t, "order-envelope.json", `{
        "product_id"`),
		}},
		ShippingAddress: cut(t, "order-envelope.json", `{
      "city"`),
		OrderCode:       "99120",
		OrderType:       "online",
		TransportType:   "courier",
		PromisedFor:     linkit.Time{Time: time.Date(2026, 4, 10, 20, 0, 0, 0, time.UTC)},
		DeliveryFee:     9.25,
		Subtotal:        21.75,
		StoreName:       "Olaya",
		DispatchRouting: json.RawMessage("{}"),
		Raw:             whole(t, "order-envelope.json"),
	}
}

func olderOrder(t *testing.T) linkit.Order {
	t.Helper()
	return linkit.Order{
		ID: "o1l9d4f7o2r5m8x", OrganizationID: "org_9f2", Source: "manual", SourceReference: "M-17",
		CustomerName: "Faisal", CustomerPhone: "+966550003344",
		Products: []linkit.LineItem{{
			ProductID: "k7m2p9q4x1c8v5b", Name: "Adol 500 mg", Quantity: 1, Price: 7.25, Total: 7.25,
			Raw: cut(t, "order-older.json", `{
      "product_id"`),
		}},
		Subtotal: 7.25, VATAmount: 1.09, TotalAmount: 8.34, Currency: "SAR",
		OrderStatus: linkit.OrderStatusConfirmed, PaymentStatus: linkit.OrderPaymentStatusPending,
		FulfillmentStatus: linkit.OrderFulfillmentStatusFulfilled, Comment: "call first",
		Created: created, Updated: updated, Raw: whole(t, "order-older.json"),
	}
}

func TestOrdersOnTheWire(t *testing.T) {
	t.Parallel()
	current, older := envelopeOrder(t), olderOrder(t)
	exchanges(t, []exchange{
		{
			name:     "get, envelope",
			line:     "GET /orders/o8r2d5e7r1a3b6c",
			response: sample(t, "order-envelope.json"),
			record:   true,
			want:     &current,
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.Orders.Get(ctx, "o8r2d5e7r1a3b6c") },
		},
		{
			name:     "get, older form",
			line:     "GET /orders/o1l9d4f7o2r5m8x",
			response: sample(t, "order-older.json"),
			record:   true,
			want:     &older,
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.Orders.Get(ctx, "o1l9d4f7o2r5m8x") },
		},
		{
			name: "bulk", line: "POST /orders/bulk", body: "orders-bulk.json", response: sample(t, "bulk.json"),
			want: &linkit.BulkResult{
				Success:    true,
				StatusCode: 200,
				Message:    "Processed 3 products",
				Count:      2,
				Keys:       []string{"M-17", "M-18"},
				Raw:        json.RawMessage(sample(t, "bulk.json")),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Orders.Bulk(ctx, []linkit.OrderParams{
					{
						Source:        "manual",
						ExternalID:    "M-17",
						CustomerName:  "Faisal",
						CustomerEmail: "f@example.com",
						CustomerPhone: "+966550003344",
						Products: []linkit.LineItem{
							{
								ProductID: "k7m2p9q4x1c8v5b",
								Name:      "Adol 500 mg",
								Quantity:  1,
								Price:     7.25,
								Total:     7.25,
								Raw:       json.RawMessage(`{"x":1}`),
							},
						},
						Subtotal: linkit.Ptr(
							7.25,
						),
						Discount:          linkit.Ptr(0.0),
						Tax:               linkit.Ptr(1.09),
						DeliveryFee:       linkit.Ptr(0.0),
						TotalAmount:       linkit.Ptr(8.34),
						Currency:          "SAR",
						Status:            linkit.OrderStatusConfirmed,
						PaymentStatus:     linkit.OrderPaymentStatusPending,
						FulfillmentStatus: linkit.OrderFulfillmentStatusFulfilled,
						Notes:             "call first",
					},
					{ExternalID: "M-18"},
				})
			},
		},
	})
}

func TestOrderListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.Order, *linkit.OrderListParams]{
		"nil": {record: sample(t, "order-envelope.json"), want: envelopeOrder(t)},
		"every parameter": {
			params: &linkit.OrderListParams{Status: linkit.OrderStatusReady}, query: "status=ready",
			record: sample(t, "order-older.json"), want: olderOrder(t),
		},
	} {
		row.line = "GET /orders"
		row.service = func(c *linkit.Client) lister[linkit.Order, *linkit.OrderListParams] { return c.Orders }
		t.Run(name, row.check)
	}
}

func TestAListMayMixBothFormsOfOrdersAndFieldsNobodyHasSeen(t *testing.T) {
	t.Parallel()
	odd := `{ "spec_version":"2027-01-01", "event":{"id":7},"order":{"id":"o3", "order_status" : "teleported","total_amount":1e2,` +
		`"skus":null,"products":[{"name":"Adol","batch":["a"]}],"source_timestamp":"","promised_for":null,"shipping_address":"Riyadh","drone":{"n":1}} }`
	w := newRecorder(
		t,
		http.StatusOK,
		`{"data":[`+sample(t, "order-envelope.json")+`,`+odd+`,`+sample(t, "order-older.json")+`],"total_count":3}`,
	)
	page, err := w.client.Orders.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []linkit.Order{
		envelopeOrder(t),
		{
			SpecVersion:     "2027-01-01",
			ID:              "o3",
			OrderStatus:     "teleported",
			TotalAmount:     100,
			ShippingAddress: json.RawMessage(`"Riyadh"`),
			Products:        []linkit.LineItem{{Name: "Adol", Raw: json.RawMessage(`{"name":"Adol","batch":["a"]}`)}},
			Raw:             json.RawMessage(odd),
		},
		olderOrder(t),
	}, page.Data)
}

func TestNotesOfAnyTypeBecomeTheComment(t *testing.T) {
	t.Parallel()
	for notes, want := range map[string]string{
		`"call first"`: "call first", `""`: "", `null`: "", `["a", "b"]`: `["a", "b"]`, `{"by":"Ops"}`: `{"by":"Ops"}`, `7`: "7",
	} {
		order, err := linkit.ParseOrder(strings.NewReader(`{"id":"o1","notes":` + notes + `}`))
		require.NoError(t, err, notes)
		assert.Equal(t, want, order.Comment)
	}
}

func TestTheNewNamesOfAnOrderWinOverTheOlder(t *testing.T) {
	t.Parallel()
	order, err := linkit.ParseOrder(
		strings.NewReader(`{"id":"o1","source_reference":"new","external_id":"old","order_status":"ready","status":"pending",
		"discounts_amount":1,"discount":2,"vat_amount":3,"tax":4,"comment":"new","notes":"old"}`),
	)
	require.NoError(t, err)
	order.Raw = nil
	assert.Equal(
		t,
		&linkit.Order{
			ID:              "o1",
			SourceReference: "new",
			OrderStatus:     "ready",
			DiscountsAmount: 1,
			VATAmount:       3,
			Comment:         "new",
		},
		order,
	)
}

// The contract's list is cut, so that an older name in an envelope may be one of its own, of any
// type.
func TestOlderNamesInAnEnvelopeSpoilNothing(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]linkit.Order{
		`{"spec_version":20260401,"order":{"id":"o1","tax":["15%"],"status":{"is":1},"source":{"app":2},"external_id":["x"],"discount":"10%","created":7,"updated":"soon","notes":[]}}`: {SpecVersion: "20260401"},
		`{"spec_version":"2026-04-01","order":{"id":"o1","source":"web","external_id":77,"created":"2026-04-10T19:02:11Z"}}`: {
			SpecVersion: "2026-04-01", Source: "web", SourceReference: "77", Created: linkit.Time{Time: time.Date(2026, 4, 10, 19, 2, 11, 0, time.UTC)},
		},
		`{"id":"o1","order":null,"external_id":77,"status":"ready"}`: {SourceReference: "77", OrderStatus: "ready"},
	} {
		want.ID, want.Raw = "o1", json.RawMessage(body)
		order, err := linkit.ParseOrder(strings.NewReader(body))
		require.NoError(t, err, body)
		assert.Equal(t, &want, order)
	}
	order, err := linkit.ParseOrder(strings.NewReader(`{"id":"o1","tax":"15%"}`))
	require.NoError(t, err)
	assert.Zero(t, order.VATAmount)
}

func TestAnOrderThatIsKeptAsJSONIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]linkit.Order{"envelope": envelopeOrder(t), "older": olderOrder(t)} {
		kept, err := json.Marshal(order)
		require.NoError(t, err, name)
		var again linkit.Order
		require.NoError(t, json.Unmarshal(kept, &again), name)
		assert.Equal(t, json.RawMessage(kept), again.Raw)
		assert.NotSame(t, &kept[0], &again.Raw[0], "Raw must not change when the buffer that was read does")
		rewritten, err := json.Marshal(again)
		require.NoError(t, err)
		assert.JSONEq(t, string(kept), string(rewritten))
		assert.Equal(t, order.OrderStatus, again.OrderStatus)
		assert.Equal(t, order.SpecVersion, again.SpecVersion)
	}
}

func TestAWebhookBodyIsReadAsAnOrder(t *testing.T) {
	t.Parallel()
	order, err := linkit.ParseOrder(strings.NewReader(sample(t, "order-envelope.json")))
	require.NoError(t, err)
	want := envelopeOrder(t)
	assert.Equal(t, &want, order)

	body := `{"id":"o1","comment":"` + strings.Repeat("x", 8<<20-len(`{"id":"o1","comment":""}`)) + `"}`
	_, err = linkit.ParseOrder(strings.NewReader(body))
	require.NoError(t, err, "8 MiB is still read")
}

func TestABodyThatIsNoOrderIsRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body io.Reader
		says string
	}{
		"no reader":    {nil, "nil"},
		"nothing":      {strings.NewReader(""), "not an order"},
		"null":         {strings.NewReader("null"), "no id"},
		"a page":       {strings.NewReader("<html>"), "not an order"},
		"an array":     {strings.NewReader(`[{"id":"o1"}]`), "not an order"},
		"no id":        {strings.NewReader(`{"spec_version":"2026-04-01","order":{}}`), "no id"},
		"broken off":   {strings.NewReader(`{"id":"o1"`), "not an order"},
		"more behind":  {strings.NewReader(`{"id":"o1"}{"id":"o2"}`), "not an order"},
		"without end":  {&endless{}, "8 MiB"},
		"a byte above": {io.MultiReader(strings.NewReader(`{"id":"o1"}`), bytes.NewReader(bytes.Repeat([]byte(" "), 8<<20))), "8 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order, err := linkit.ParseOrder(row.body)
			require.ErrorIs(t, err, linkit.ErrInvalid)
			require.ErrorContains(t, err, "ParseOrder")
			require.ErrorContains(t, err, row.says)
			assert.Nil(t, order)
		})
	}
	broken := errors.New("connection lost")
	_, err := linkit.ParseOrder(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, linkit.ErrInvalid)
}

// endless is a sender that never stops.
type endless struct{}

func (*endless) Read(b []byte) (int, error) { return len(b), nil }

func TestOrdersAreNotCreatedTwice(t *testing.T) {
	t.Parallel()
	sentOnce(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Orders.Bulk(ctx, []linkit.OrderParams{{ExternalID: "M-17"}})
		return err
	})
}

func TestABulkOfNoOrdersOrTooManyIsNotSent(t *testing.T) {
	t.Parallel()
	for says, n := range map[string]int{"no records": 0, "1001": 1001} {
		invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Orders.Bulk(ctx, make([]linkit.OrderParams, n))
			return err
		}, []string{"/orders/bulk", says})
	}
}
