package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// SKU is a product at a branch: its stock and its price there. Linkit makes one for every product
// at every branch.
type SKU struct {
	ID             string          `json:"id"`
	IvID           string          `json:"iv_id"` // the key of every call on one SKU; usually "<product's>_<branch's>"
	OrganizationID string          `json:"organization_id"`
	ProductIvID    string          `json:"product_iv_id"`
	BranchIvID     string          `json:"branch_iv_id"`
	Barcode        string          `json:"barcode"` // can be written; responses are not documented to show it
	Qty            *int            `json:"qty"`     // nil: the server gave none
	Price          float64         `json:"price"`
	Cost           float64         `json:"cost"`
	Available      bool            `json:"available"`
	Created        Time            `json:"created"`
	Updated        Time            `json:"updated"`
	Raw            json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (s SKU) keys() (key, id string) { return s.IvID, s.ID }

func (s SKU) organization() string { return s.OrganizationID }

func (s *SKU) setRaw(text json.RawMessage) { s.Raw = text }

// Params returns the parameters that write s as it is. Change what should change, then pass them to
// [SKUsService.Update], which replaces the whole record. For a record that was read they lose
// nothing: what the response left out stays unset, members without a field are in Extra as
// json.RawMessage, and a value that couldn't be read is sent as it came unless its field or an
// entry of Extra is set. For a record made by hand, without Raw, they hold every field that isn't
// zero. Set Barcode where s has none: responses aren't documented to show it, so the barcode that
// Linkit has may be lost.
func (s SKU) Params() SKUParams {
	p := SKUParams{
		IvID: s.IvID, ProductIvID: s.ProductIvID, BranchIvID: s.BranchIvID, Barcode: s.Barcode,
		Price: &s.Price, Cost: &s.Cost, Available: &s.Available,
	}
	p.Extra, p.carried = carry(s.Raw, (*plainSKUParams)(&p))
	if s.Qty != nil { // the model tells none from 0
		p.Qty = Ptr(*s.Qty)
	}
	return p
}

// SKUParams is a SKU to write. An empty string and a nil pointer are left out of the request; a
// pointer sets its value even when that is zero: Qty: linkit.Ptr(0) says that the stock is out.
type SKUParams struct {
	IvID        string   `json:"iv_id,omitempty"`
	ProductIvID string   `json:"product_iv_id,omitempty"`
	BranchIvID  string   `json:"branch_iv_id,omitempty"`
	Barcode     string   `json:"barcode,omitempty"`
	Qty         *int     `json:"qty,omitzero"`
	Price       *float64 `json:"price,omitzero"`
	Cost        *float64 `json:"cost,omitzero"`
	Available   *bool    `json:"available,omitzero"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`

	carried carried
}

type plainSKUParams SKUParams // without methods

// MarshalJSON encodes the fields that are set, what Params has kept of the record, and Extra.
func (p SKUParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainSKUParams)(&p), p.Extra, p.carried)
}

func (p SKUParams) recordKey() string { return memberKey("iv_id", p.IvID, p.Extra, p.carried) }

// SKUListParams selects SKUs. The zero value, like nil, selects all.
type SKUListParams struct {
	ListParams
	ProductIvID string
	BranchIvID  string
	Available   *bool
	MinQty      *int
	MaxQty      *int
}

func (p *SKUListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "product_iv_id", p.ProductIvID)
	setText(q, "branch_iv_id", p.BranchIvID)
	setBool(q, "available", p.Available)
	if p.MinQty != nil {
		q.Set("min_qty", strconv.Itoa(*p.MinQty))
	}
	if p.MaxQty != nil {
		q.Set("max_qty", strconv.Itoa(*p.MaxQty))
	}
	return p.ListParams, q
}

// SKUsService reads and writes stock and prices per branch. Use it as Client.SKUs.
type SKUsService service

// List returns one page of SKUs. Nil params select the first page of all, 20 of them unless
// the server decides otherwise.
//
//	GET /skus
func (s *SKUsService) List(ctx context.Context, params *SKUListParams) (*Page[SKU], error) {
	return list[SKU](ctx, s.client, "/skus", params)
}

// All returns a sequence of every SKU from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// SKU once, and an error at most once, last: after the SKUs of the pages before it. Leaving
// the loop stops the requests. See [ListParams] for a list that changes meanwhile, which may
// end with [ErrListChanged]. The sequence can be ranged over again, and starts anew.
//
//	GET /skus
func (s *SKUsService) All(ctx context.Context, params *SKUListParams) iter.Seq2[SKU, error] {
	return all[SKU](ctx, s.client, "/skus", params)
}

// Count returns how many SKUs params selects, as the total_count of a page of one record
// says. A response without one is an error.
//
//	GET /skus
func (s *SKUsService) Count(ctx context.Context, params *SKUListParams) (int, error) {
	return count[SKU](ctx, s.client, "/skus", params)
}

// Get returns one SKU; ErrNotFound when there is none.
//
//	GET /skus/{iv_id}   (inferred)
func (s *SKUsService) Get(ctx context.Context, ivID string) (*SKU, error) {
	return do[SKU](ctx, s.client, &operation{method: http.MethodGet, route: "/skus/{iv_id}", ids: ids{ivID}})
}

// Create adds a SKU; rarely needed, as Linkit makes them with products and branches. An IvID in use
// is ErrConflict. It is not retried once it may have taken effect.
//
//	POST /skus   (inferred)
func (s *SKUsService) Create(ctx context.Context, params SKUParams) (*SKU, error) {
	return do[SKU](ctx, s.client, &operation{method: http.MethodPost, route: "/skus", body: params})
}

// Update replaces a SKU: what params leaves out may be lost, so start from [SKU.Params]. To clear a
// text, set it to "" in Extra. For many SKUs see Bulk.
//
//	PUT /skus/{iv_id}   (inferred)
func (s *SKUsService) Update(ctx context.Context, ivID string, params SKUParams) (*SKU, error) {
	return do[SKU](ctx, s.client, &operation{method: http.MethodPut, route: "/skus/{iv_id}", ids: ids{ivID}, body: params})
}

// Delete removes a SKU; ErrNotFound when there is none.
//
//	DELETE /skus/{iv_id}   (inferred)
func (s *SKUsService) Delete(ctx context.Context, ivID string) error {
	return doNoContent(ctx, s.client, &operation{method: http.MethodDelete, route: "/skus/{iv_id}", ids: ids{ivID}})
}

// Bulk writes up to 1,000 SKUs in one request. No records, more than 1,000, or one that
// can't be written (text that isn't UTF-8, NaN) is [ErrInvalid], and nothing is sent. With
// [BulkCreate] the request is not retried once it may have taken effect, see [ErrUncertain];
// with [BulkUpdate] and [BulkUpsert] it is. A 413 means that the records are too large for
// one request: send fewer.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError];
// result and error are then both non-nil. Anything else is left to [BulkResult.Raw], with
// one warning in the log per client and route.
//
// With [BulkUpdate] it is the way to push stock and prices. Linkit doesn't document whether
// such an update may leave fields out, that is, whether a record of iv_id and qty alone
// keeps its price. Until you have found out, on a scratch SKU or from Linkit, send whole
// records: read each SKU, take [SKU.Params], change qty and price, and send that.
//
//	POST /skus/bulk
func (s *SKUsService) Bulk(ctx context.Context, mode BulkMode, skus []SKUParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/skus/bulk", "skus", mode, skus)
}

// BulkAll writes any number of SKUs, in requests of [WithBulkSize] records and up to
// [WithMaxConcurrency] at a time: the rows of a database, the All of another list, or
// [Records] of a slice. The SKUs must be distinct, since requests run side by side. Each is
// encoded as it is yielded, so records may reuse its variable. With [BulkCreate] a request
// is not retried once it may have taken effect, see [ErrUncertain]; with [BulkUpdate] and
// [BulkUpsert] it is.
//
// If each is not nil, it is called once per request, in order, on the calling goroutine. The
// records run on one other goroutine and have ended on return; a source that waits should
// watch ctx itself. A request that isn't full waits for more records, or for
// [WithBulkLinger].
//
// BulkAll goes on after a failed request, and after a SKU that can't be written, which is in
// [BulkResult.Rejected] of its request. A 413 halves the request until it fits. It ends
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
// With [BulkUpdate] it is the way to push stock and prices. Linkit doesn't document whether
// such an update may leave fields out, that is, whether a record of iv_id and qty alone
// keeps its price. Until you have found out, on a scratch SKU or from Linkit, send whole
// records: read each SKU, take [SKU.Params], change qty and price, and send that.
//
//	POST /skus/bulk
func (s *SKUsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[SKUParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/skus/bulk", "skus", mode, records, each)
}
