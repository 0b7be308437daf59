package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
)

// Product is one article of the catalogue. Its price and stock at a branch are a SKU's: creating a product creates one
// SKU at every branch.
type Product struct {
	ID             string          `json:"id"`
	IvID           string          `json:"iv_id"` // your own identifier, the key of every call on one product
	OrganizationID string          `json:"organization_id"`
	NameEn         string          `json:"name_en"`
	NameAr         string          `json:"name_ar"`
	AveragePrice   float64         `json:"average_price"` // money is a JSON number over a float64 column; it round-trips exactly
	VATValue       float64         `json:"vat_value"`     // percent
	Barcode        string          `json:"barcode"`
	BrandID        string          `json:"brand_id"`
	CategoryID     string          `json:"category_id"`
	GenericID      string          `json:"generic_id"`
	IsEnabled      bool            `json:"is_enabled"`
	IsDeleted      bool            `json:"is_deleted"`
	Created        Time            `json:"created"`
	Updated        Time            `json:"updated"`
	Raw            json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (p Product) keys() (key, id string) { return p.IvID, p.ID }

func (p Product) organization() string { return p.OrganizationID }

func (p *Product) setRaw(text json.RawMessage) { p.Raw = text }

// Params returns everything of p that can be written. Change what should change, then Update: a PUT loses what is left
// out.
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

// ProductParams is a product to write. An empty string and a nil pointer are left out of the request; a pointer sets
// its value even when that is zero.
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

	// Extra is sent beside the fields: what has no field, "" to clear a text, nil for null. An entry replaces the field of its name.
	Extra map[string]any `json:"-"`

	carried carried
}

type plainProductParams ProductParams // without methods

// MarshalJSON writes the fields that are set, what Params carried over, and Extra.
func (p ProductParams) MarshalJSON() ([]byte, error) {
	return mergeParams(plainProductParams(p), p.Extra, p.carried)
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

// List returns one page of products.
//
//	GET /products
func (s *ProductsService) List(ctx context.Context, params *ProductListParams) (*Page[Product], error) {
	return list[Product](ctx, s.client, "/products", params)
}

// All walks every product from params.Page on, reading pages as it goes; see ListParams for what a list that changes
// meanwhile may do.
//
//	GET /products
func (s *ProductsService) All(ctx context.Context, params *ProductListParams) iter.Seq2[Product, error] {
	return all[Product](ctx, s.client, "/products", params)
}

// Count returns how many products params selects, for a progress bar, say. It reads one record.
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

// Create adds a product, and with it one SKU at every branch. An IvID in use is ErrConflict. It is not sent again once
// it may have taken effect: see TransportError.Sent.
//
//	POST /products   (inferred)
func (s *ProductsService) Create(ctx context.Context, params ProductParams) (*Product, error) {
	return do[Product](ctx, s.client, &operation{method: http.MethodPost, route: "/products", body: params})
}

// Update replaces a product: what params leaves out is lost, so start from Product.Params.
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

// Bulk writes up to 1,000 products in one request. One bad record doesn't undo the others: read the result's Raw. With
// BulkCreate it is not sent again once it may have taken effect.
//
//	POST /products/bulk
func (s *ProductsService) Bulk(ctx context.Context, mode BulkMode, products []ProductParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/products/bulk", "products", mode, products)
}

// BulkAll writes any number of products, in requests of WithBulkSize, several in flight: a database's rows, another list's All
// or Records(slice...). The products must be distinct, since requests run side by side. each, which may be nil, is called once
// per request, in order, on this goroutine. A failed request doesn't stop the others; the end of ctx does, and so does an error
// of the source, after what came before it. The error joins what failed, with the range of records of each. The source runs on
// one other goroutine and has ended on return; one that waits must heed ctx itself.
//
//	POST /products/bulk
func (s *ProductsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[ProductParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/products/bulk", "products", mode, records, each)
}
