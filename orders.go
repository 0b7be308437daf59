package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/linkit-go/linkit/internal/lenient"
)

// Order is an order as Linkit tells of it: read from the envelope of the contract 2026-04-01, and
// from the older form, whose names for the same things are given at the fields. What neither names
// is in Raw.
type Order struct { //nolint:recvcheck // Placed is on the pointer, which is what Get returns
	// the envelope's: "2026-04-01"; "" for the older form
	SpecVersion    string `json:"spec_version,omitempty"`
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
	Source         string `json:"source,omitempty"` // the older form only
	// the order's number where it was placed; older: external_id
	SourceReference      string                 `json:"source_reference"`
	SourceTransactionID  string                 `json:"source_transaction_id"`
	SourceTimestamp      Time                   `json:"source_timestamp"`
	DestinationID        string                 `json:"destination_id"`        // a branch's ID
	DestinationReference string                 `json:"destination_reference"` // a branch's IvID
	OrderStatus          OrderStatus            `json:"order_status"`          // older: status
	FulfillmentStatus    OrderFulfillmentStatus `json:"fulfillment_status"`
	PaymentStatus        OrderPaymentStatus     `json:"payment_status"`
	FulfillmentMethod    string                 `json:"fulfillment_method"`
	PaymentMethod        string                 `json:"payment_method"`
	Currency             string                 `json:"currency"`
	TotalAmount          float64                `json:"total_amount"`
	DiscountsAmount      float64                `json:"discounts_amount"` // older: discount
	VATAmount            float64                `json:"vat_amount"`       // older: tax
	CustomerName         string                 `json:"customer_name"`
	CustomerPhone        string                 `json:"customer_phone"`
	CustomerEmail        string                 `json:"customer_email"`
	ReceiverName         string                 `json:"receiver_name"`
	ReceiverPhone        string                 `json:"receiver_phone"`
	SKUs                 []string               `json:"skus"` // SKUs' IvIDs
	Products             []LineItem             `json:"products"`
	ShippingAddress      json.RawMessage        `json:"shipping_address,omitempty"` // its form isn't documented
	OrderCode            string                 `json:"order_code"`
	OrderType            string                 `json:"order_type"`
	TransportType        string                 `json:"transport_type"`
	Comment              string                 `json:"comment"` // older: notes, as JSON where that isn't text
	PromisedFor          Time                   `json:"promised_for"`
	IsPreorder           bool                   `json:"is_preorder"`
	DeliveryFee          float64                `json:"delivery_fee"`
	ServiceFee           float64                `json:"service_fee"`
	Subtotal             float64                `json:"subtotal"`
	StoreName            string                 `json:"store_name"`
	DispatchRouting      json.RawMessage        `json:"dispatch_routing,omitempty"` // its form isn't documented
	Created              Time                   `json:"created"`                    // the older form only
	Updated              Time                   `json:"updated"`                    // the older form only
	// all of it as it came, the envelope included
	Raw json.RawMessage `json:"-"`
}

func (o Order) keys() (key, id string) { return "", o.ID }

func (o Order) organization() string { return o.OrganizationID }

// UnmarshalJSON reads either form, and what json.Marshal makes of an Order. A field that can't be
// read is zero.
func (o *Order) UnmarshalJSON(b []byte) error {
	_, err := o.readFrom(bytes.Clone(b))
	return err
}

// readFrom reads an order of either form and keeps text. What can't be read is zero: an order
// always has its Raw.
func (o *Order) readFrom(text []byte) (unread []string, err error) {
	*o = Order{}
	if isNull(text) {
		return nil, nil
	}
	outer, err := lenient.ReadObject(text)
	if err != nil {
		return nil, unreadable(text, err)
	}
	body, inner, enveloped := text, outer, false
	if member := outer.Get("order"); len(member) > 0 && member[0] == '{' {
		enveloped = true
		if inner, err = lenient.ReadObject(member); err != nil {
			return nil, unreadable(member, err)
		}
		body = member
	} else if outer.Has("spec_version") && member != nil {
		body, inner = []byte("{}"), nil // an envelope's own id is not the order's
	}
	unread, err = models.Read(body, (*plainOrder)(o))
	if err != nil {
		return nil, unreadable(body, err)
	}
	older := o.readOlder(inner, enveloped)
	if enveloped {
		older = nil // the older names are not the contract's: there they may hold anything
	}
	o.SpecVersion, _ = lenient.Text(outer.Get("spec_version"))
	o.Raw = bytes.TrimRight(text, " \t\r\n")
	return append(unread, older...), nil
}

type plainOrder Order // without methods

// readOlder reads the names of the older form, each where the newer one says nothing.
func (o *Order) readOlder(body lenient.Object, enveloped bool) (unread []string) {
	for _, text := range []struct {
		name string
		to   *string
	}{{"external_id", &o.SourceReference}, {"status", (*string)(&o.OrderStatus)}} {
		older := body.Get(text.name)
		if *text.to != "" || isBlank(older) {
			continue
		}
		var ok bool
		if *text.to, ok = lenient.Text(older); !ok {
			unread = append(unread, text.name)
		}
	}
	for _, number := range []struct {
		name string
		to   *float64
	}{{"discount", &o.DiscountsAmount}, {"tax", &o.VATAmount}} {
		older := body.Get(number.name)
		if *number.to != 0 || isBlank(older) {
			continue
		}
		var ok bool
		if *number.to, ok = lenient.Float(older); !ok {
			unread = append(unread, number.name)
		}
	}
	if notes := body.Get("notes"); o.Comment == "" && !enveloped && string(notes) != "null" {
		o.Comment = looseText(notes)
	}
	return unread
}

// Placed returns when the order was placed: SourceTimestamp, or Created where the vendor gave no
// time.
func (o *Order) Placed() time.Time {
	if !o.SourceTimestamp.IsZero() {
		return o.SourceTimestamp.Time
	}
	return o.Created.Time
}

// OrderStatus is how far an order has come. Values that are not listed here pass through.
type OrderStatus string

// The documented statuses.
const (
	OrderStatusPending   OrderStatus = "pending"
	OrderStatusConfirmed OrderStatus = "confirmed"
	OrderStatusPreparing OrderStatus = "preparing"
	OrderStatusReady     OrderStatus = "ready"
	OrderStatusShipped   OrderStatus = "shipped"
	OrderStatusDelivered OrderStatus = "delivered"
	OrderStatusCancelled OrderStatus = "cancelled"
	OrderStatusReturned  OrderStatus = "returned"
)

// OrderPaymentStatus says whether an order is paid. Values that are not listed here pass through.
type OrderPaymentStatus string

// The documented payment statuses.
const (
	OrderPaymentStatusPending           OrderPaymentStatus = "pending"
	OrderPaymentStatusPaid              OrderPaymentStatus = "paid"
	OrderPaymentStatusRefunded          OrderPaymentStatus = "refunded"
	OrderPaymentStatusPartiallyRefunded OrderPaymentStatus = "partially_refunded"
	OrderPaymentStatusFailed            OrderPaymentStatus = "failed"
)

// OrderFulfillmentStatus says whether an order was handed over. Values that are not listed here
// pass through.
type OrderFulfillmentStatus string

// OrderFulfillmentStatusFulfilled is the only documented fulfillment status.
const OrderFulfillmentStatusFulfilled OrderFulfillmentStatus = "fulfilled"

// OrderParams is an order to create, in the older form, which is what bulk creation takes. Empty
// strings, nil pointers and a nil slice are left out of the request.
type OrderParams struct {
	Source            string                 `json:"source,omitempty"`
	ExternalID        string                 `json:"external_id,omitempty"` // the order's number where it was placed
	CustomerName      string                 `json:"customer_name,omitempty"`
	CustomerEmail     string                 `json:"customer_email,omitempty"`
	CustomerPhone     string                 `json:"customer_phone,omitempty"`
	Products          []LineItem             `json:"products,omitzero"`
	Subtotal          *float64               `json:"subtotal,omitzero"`
	Discount          *float64               `json:"discount,omitzero"`
	Tax               *float64               `json:"tax,omitzero"`
	DeliveryFee       *float64               `json:"delivery_fee,omitzero"`
	TotalAmount       *float64               `json:"total_amount,omitzero"`
	Currency          string                 `json:"currency,omitempty"`
	Status            OrderStatus            `json:"status,omitempty"`
	PaymentStatus     OrderPaymentStatus     `json:"payment_status,omitempty"`
	FulfillmentStatus OrderFulfillmentStatus `json:"fulfillment_status,omitempty"`
	Notes             string                 `json:"notes,omitempty"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`
}

type plainOrderParams OrderParams // without methods

// MarshalJSON encodes the fields that are set, and Extra.
func (p OrderParams) MarshalJSON() ([]byte, error) {
	for i := range p.Products {
		if line := &p.Products[i]; !line.readable() {
			if _, err := line.encode(); err != nil {
				return nil, invalidMember(fmt.Sprintf("products[%d]", i), err)
			}
		}
	}
	return mergeParams((*plainOrderParams)(&p), p.Extra, nil)
}

func (p OrderParams) recordKey() string {
	return memberKey("external_id", p.ExternalID, p.Extra, nil)
}

// OrderListParams selects orders. The zero value, like nil, selects all.
type OrderListParams struct {
	ListParams
	Status OrderStatus
}

func (p *OrderListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "status", string(p.Status))
	return p.ListParams, q
}

// OrdersService reads orders, and creates them in bulk. Use it as Client.Orders.
type OrdersService service

// List returns one page of orders. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /orders
func (s *OrdersService) List(ctx context.Context, params *OrderListParams) (*Page[Order], error) {
	return list[Order](ctx, s.client, "/orders", params)
}

// All returns a sequence of every order from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// order once, and an error at most once, last: after the orders of the pages before it.
// Leaving the loop stops the requests. See [ListParams] for a list that changes meanwhile,
// which may end with [ErrListChanged]. The sequence can be ranged over again, and starts
// anew.
//
//	GET /orders
func (s *OrdersService) All(ctx context.Context, params *OrderListParams) iter.Seq2[Order, error] {
	return all[Order](ctx, s.client, "/orders", params)
}

// Count returns how many orders params selects, as the total_count of a page of one record
// says. A response without one is an error.
//
//	GET /orders
func (s *OrdersService) Count(ctx context.Context, params *OrderListParams) (int, error) {
	return count[Order](ctx, s.client, "/orders", params)
}

// Get returns one order by Linkit's id; ErrNotFound when there is none.
//
//	GET /orders/{id}
func (s *OrdersService) Get(ctx context.Context, id string) (*Order, error) {
	return do[Order](ctx, s.client, &operation{method: http.MethodGet, route: "/orders/{id}", ids: ids{id}})
}

// Bulk creates up to 1,000 orders in one request. No records, more than 1,000, or one that
// can't be written (text that isn't UTF-8, NaN) is [ErrInvalid], and nothing is sent. The
// request is not retried once it may have taken effect: where errors.Is finds
// [ErrUncertain], check which orders exist before sending them again. A 413 means that the
// records are too large for one request: send fewer.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError];
// result and error are then both non-nil. Anything else is left to [BulkResult.Raw], with
// one warning in the log per client and route.
//
//	POST /orders/bulk
func (s *OrdersService) Bulk(ctx context.Context, orders []OrderParams) (*BulkResult, error) {
	return bulkTo(ctx, s.client, ordersBulk, orders)
}

// BulkAll creates any number of orders, in requests of [WithBulkSize] records and up to
// [WithMaxConcurrency] at a time: the rows of a database, the All of another list, or
// [Records] of a slice. The orders must be distinct, since requests run side by side. Each
// is encoded as it is yielded, so records may reuse its variable. A request that may have
// taken effect is not retried: where errors.Is finds [ErrUncertain], check which orders of
// its range exist before sending them again.
//
// If each is not nil, it is called once per request, in order, on the calling goroutine. The
// records run on one other goroutine and have ended on return; a source that waits should
// watch ctx itself. A request that isn't full waits for more records, or for
// [WithBulkLinger].
//
// BulkAll goes on after a failed request, and after an order that can't be written, which is
// in [BulkResult.Rejected] of its request. A 413 halves the request until it fits. It ends
// early when ctx does, at an error of records, and at [ErrUnauthorized], [ErrLogin],
// [ErrServiceSuspended] and [ErrClosed]. The error joins each failed request with its range,
// the [*RejectedError] of requests with rejected records, and the reason for an early end
// with the range of records read and not sent.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError].
// Anything else is left to [BulkResult.Raw], with one warning in the log per client and
// route.
//
//	POST /orders/bulk
func (s *OrdersService) BulkAll(
	ctx context.Context,
	records iter.Seq2[OrderParams, error],
	each func(BulkResult),
) error {
	return bulkAll(ctx, s.client, ordersBulk, records, each)
}

var ordersBulk = bulkTarget{route: "/orders/bulk"}
