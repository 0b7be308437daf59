package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
)

// Product is one article of the catalogue. Its price and stock at a branch are a SKU's: creating a
// product creates one SKU at every branch.
type Product struct {
	ID             string `json:"id"`
	IvID           string `json:"iv_id"` // your own identifier, the key of every call on one product
	OrganizationID string `json:"organization_id"`
	NameEn         string `json:"name_en"`
	NameAr         string `json:"name_ar"`
	// money is a JSON number over a float64 column; it round-trips exactly
	AveragePrice float64         `json:"average_price"`
	VATValue     float64         `json:"vat_value"` // percent
	Barcode      string          `json:"barcode"`
	BrandID      string          `json:"brand_id"`
	CategoryID   string          `json:"category_id"`
	GenericID    string          `json:"generic_id"`
	IsEnabled    bool            `json:"is_enabled"`
	IsDeleted    bool            `json:"is_deleted"`
	Created      Time            `json:"created"`
	Updated      Time            `json:"updated"`
	Raw          json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (p Product) keys() (key, id string) { return p.IvID, p.ID }

func (p Product) organization() string { return p.OrganizationID }

func (p *Product) setRaw(text json.RawMessage) { p.Raw = text }

// Params returns the parameters that write p as it is. Change what should change, then pass them to
// [ProductsService.Update], which replaces the whole record. For a record that was read they lose
// nothing: what the response left out stays unset, members without a field are in Extra as
// json.RawMessage, and a value that couldn't be read is sent as it came unless its field or an
// entry of Extra is set. For a record made by hand, without Raw, they hold every field that isn't
// zero.
func (p Product) Params() ProductParams {
	params := ProductParams{
		IvID: p.IvID, NameEn: p.NameEn, NameAr: p.NameAr,
		AveragePrice: &p.AveragePrice, VATValue: &p.VATValue,
		Barcode: p.Barcode, BrandID: p.BrandID, CategoryID: p.CategoryID, GenericID: p.GenericID,
		IsEnabled: &p.IsEnabled,
	}
	params.Extra, params.carried = carry(p.Raw, (*plainProductParams)(&params))
	return params
}

// ProductParams is a product to write. An empty string and a nil pointer are left out of the
// request; a pointer sets its value even when that is zero.
type ProductParams struct {
	IvID         string   `json:"iv_id,omitempty"`
	NameEn       string   `json:"name_en,omitempty"`
	NameAr       string   `json:"name_ar,omitempty"`
	AveragePrice *float64 `json:"average_price,omitzero"`
	VATValue     *float64 `json:"vat_value,omitzero"` // percent
	Barcode      string   `json:"barcode,omitempty"`
	BrandID      string   `json:"brand_id,omitempty"`
	CategoryID   string   `json:"category_id,omitempty"`
	GenericID    string   `json:"generic_id,omitempty"`
	IsEnabled    *bool    `json:"is_enabled,omitzero"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`

	carried carried
}

type plainProductParams ProductParams // without methods

// MarshalJSON encodes the fields that are set, what Params has kept of the record, and Extra.
func (p ProductParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainProductParams)(&p), p.Extra, p.carried)
}

func (p ProductParams) recordKey() string { return memberKey("iv_id", p.IvID, p.Extra, p.carried) }

// ProductListParams selects products. The zero value, like nil, selects all.
type ProductListParams struct {
	ListParams        // Sort is documented for products: "name_en", "-created" (the server's default)
	Search     string // free text
	BrandID    string
	CategoryID string
	IsEnabled  *bool
}

func (p *ProductListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "search", p.Search)
	setText(q, "brand_id", p.BrandID)
	setText(q, "category_id", p.CategoryID)
	setBool(q, "is_enabled", p.IsEnabled)
	return p.ListParams, q
}

// ProductsService reads and writes the catalogue. Use it as Client.Products.
type ProductsService service

// List returns one page of products. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /products
func (s *ProductsService) List(ctx context.Context, params *ProductListParams) (*Page[Product], error) {
	return list[Product](ctx, s.client, "/products", params)
}

// All returns a sequence of every product from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// product once, and an error at most once, last: after the products of the pages before it.
// Leaving the loop stops the requests. See [ListParams] for a list that changes meanwhile,
// which may end with [ErrListChanged]. The sequence can be ranged over again, and starts
// anew.
//
//	GET /products
func (s *ProductsService) All(ctx context.Context, params *ProductListParams) iter.Seq2[Product, error] {
	return all[Product](ctx, s.client, "/products", params)
}

// Count returns how many products params selects, as the total_count of a page of one record
// says. A response without one is an error.
//
//	GET /products
func (s *ProductsService) Count(ctx context.Context, params *ProductListParams) (int, error) {
	return count[Product](ctx, s.client, "/products", params)
}

// Get returns one product; ErrNotFound when there is none.
//
//	GET /products/{iv_id}   (inferred)
func (s *ProductsService) Get(ctx context.Context, ivID string) (*Product, error) {
	return do[Product](ctx, s.client, &operation{method: http.MethodGet, route: "/products/{iv_id}", ids: ids{ivID}})
}

// Create adds a product, and with it one SKU at every branch. An IvID in use is ErrConflict. It is
// not retried once it may have taken effect: see TransportError.Sent.
//
//	POST /products   (inferred)
func (s *ProductsService) Create(ctx context.Context, params ProductParams) (*Product, error) {
	return do[Product](ctx, s.client, &operation{method: http.MethodPost, route: "/products", body: params})
}

// Update replaces a product: what params leaves out may be lost, so start from [Product.Params]. To
// clear a text, set it to "" in Extra.
//
//	PUT /products/{iv_id}   (inferred)
func (s *ProductsService) Update(ctx context.Context, ivID string, params ProductParams) (*Product, error) {
	op := &operation{method: http.MethodPut, route: "/products/{iv_id}", ids: ids{ivID}, body: params}
	return do[Product](ctx, s.client, op)
}

// Delete removes a product; ErrNotFound when there is none.
//
//	DELETE /products/{iv_id}   (inferred)
func (s *ProductsService) Delete(ctx context.Context, ivID string) error {
	return doNoContent(ctx, s.client, &operation{method: http.MethodDelete, route: "/products/{iv_id}", ids: ids{ivID}})
}

// Bulk writes up to 1,000 products in one request. No records, more than 1,000, or one that
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
// Whether an update may leave fields out is not known: send whole records, made by the
// Params of a product that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /products/bulk
func (s *ProductsService) Bulk(ctx context.Context, mode BulkMode, products []ProductParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/products/bulk", "products", mode, products)
}

// BulkAll writes any number of products, in requests of [WithBulkSize] records and up to
// [WithMaxConcurrency] at a time: the rows of a database, the All of another list, or
// [Records] of a slice. The products must be distinct, since requests run side by side. Each
// is encoded as it is yielded, so records may reuse its variable. With [BulkCreate] a
// request is not retried once it may have taken effect, see [ErrUncertain]; with
// [BulkUpdate] and [BulkUpsert] it is.
//
// If each is not nil, it is called once per request, in order, on the calling goroutine. The
// records run on one other goroutine and have ended on return; a source that waits should
// watch ctx itself. A request that isn't full waits for more records, or for
// [WithBulkLinger].
//
// BulkAll goes on after a failed request, and after a product that can't be written, which
// is in [BulkResult.Rejected] of its request. A 413 halves the request until it fits. It
// ends early when ctx does, at an error of records, and at [ErrUnauthorized], [ErrLogin],
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
// Whether an update may leave fields out is not known: send whole records, made by the
// Params of a product that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /products/bulk
func (s *ProductsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[ProductParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/products/bulk", "products", mode, records, each)
}
